//! Regenerates `catalog/*.json` from STACKIT's API documents: `cargo run --example import_catalog -- DIR`.
//!
//! DIR holds one document a file, named `<service>.<version>.json`. Facts are taken over, sentences are not.

use std::path::Path;
use std::process::ExitCode;

use stackhand::catalog as operation;

mod document;
mod import;
mod lists;
mod names;
mod shapes;
#[path = "../../build/source.rs"]
mod source;

#[expect(clippy::print_stderr, reason = "an example prints for itself")]
fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: cargo run --example import_catalog -- DIR");
        return ExitCode::from(2);
    };
    match regenerate(Path::new(&folder)) {
        Ok(count) => {
            eprintln!("{count} operations");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn regenerate(folder: &Path) -> Result<usize, String> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let mut count = 0;
    for (name, document) in import::folder(folder)? {
        count += document.operations.len();
        let text = document.to_text().map_err(|error| format!("{name}: {error}"))?;
        std::fs::write(target.join(&name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(count)
}
