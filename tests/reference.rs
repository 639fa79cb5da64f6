//! `docs/reference.md` says what the declarations say. `UPDATE_REFERENCE=1 cargo test reference` writes it anew.

use std::fs;
use std::path::Path;

use stackhand::engine::doc::reference;

#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let wanted = reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        fs::write(&path, &wanted).expect("the file can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == wanted, "docs/reference.md is out of date: run `UPDATE_REFERENCE=1 cargo test reference`");
}
