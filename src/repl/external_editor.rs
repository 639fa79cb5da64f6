//! An input that is written in the person's own editor.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use super::commands::usage;
use crate::config::Environment;
use crate::config::variables::{EDITOR, VISUAL};
use crate::error::{Result, io_cause};

/// What is used where nothing says otherwise.
const PLAIN: &str = "vi";

/// Opens a text in `$VISUAL` or `$EDITOR`, and gives what was made of it.
///
/// # Errors
/// Kind `usage` when the editor cannot be started or says that it failed, or the text cannot be kept meanwhile.
pub fn write(text: &str, environment: &Environment) -> Result<String> {
    let editor = environment.variable(VISUAL).or_else(|| environment.variable(EDITOR)).unwrap_or(PLAIN);
    let failed = |error: std::io::Error| usage("no_editor", &format!("`{editor}` is of no use: {}", io_cause(&error)));
    let file = Unfinished(std::env::temp_dir().join(format!("stackhand-{}.rhai", uuid::Uuid::new_v4())));
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&file.0).and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(failed)?;
    // The editor may be a command with options, as for git.
    let status =
        Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(&file.0).status().map_err(failed)?;
    if !status.success() {
        return Err(usage("no_editor", &format!("`{editor}` ended with {status}; nothing is evaluated")));
    }
    std::fs::read_to_string(&file.0).map_err(failed)
}

/// A file that goes when it is done with.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
