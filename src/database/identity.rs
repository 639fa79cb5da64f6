//! Whether a path still leads to the file that is open.

use std::path::Path;

/// What the system knows a file by, whatever its name. Where a file that is open cannot be removed there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    number: u64,
}

impl Identity {
    /// Of the file at this path.
    #[cfg(unix)]
    pub fn of(file: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let facts = std::fs::metadata(file).ok()?;
        Some(Self { device: facts.dev(), number: facts.ino() })
    }

    /// Of the file at this path.
    #[cfg(not(unix))]
    pub fn of(_: &Path) -> Option<Self> {
        None
    }
}
