//! Files with secrets that others can read.

use std::fs::Metadata;
use std::path::Path;

/// A warning if every user of the machine may read a file.
#[cfg(unix)]
#[must_use]
pub fn openness(path: &Path, metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o777;
    let path = path.display();
    (mode & 0o004 != 0)
        .then(|| format!("{path} can be read by every user of this machine (mode {mode:03o}): `chmod 600 {path}`"))
}

/// A warning if every user of the machine may read a file; not known here.
#[cfg(not(unix))]
#[must_use]
pub fn openness(_path: &Path, _metadata: &Metadata) -> Option<String> {
    None
}
