//! Where a run's lines go: a file, or what a test puts in its place.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use super::folder::sync_folder;
use super::syslog::Syslog;

/// Where a run's lines go.
pub(super) trait Sink: Send {
    /// Writes whole lines.
    fn write(&mut self, lines: &[u8]) -> io::Result<()>;

    /// Returns once they outlast a power failure.
    fn sync(&mut self) -> io::Result<()>;
}

/// The run's file, and the system's log if it is mirrored there.
pub(super) struct RunSink {
    pub file: File,
    /// The folders that got something new: the day's and the one around it. Synced once.
    pub folders: Vec<PathBuf>,
    pub mirror: Option<Syslog>,
}

impl Sink for RunSink {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        if let Some(mirror) = &mut self.mirror {
            mirror.send_lines(lines);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.folders.drain(..).for_each(|folder| sync_folder(&folder));
        Ok(())
    }
}
