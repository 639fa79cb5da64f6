//! Where a run's lines go: a file, or what a test puts in its place.

use std::fs::{File, Metadata};
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
    file: File,
    path: PathBuf,
    /// How long the file is: nobody else writes it.
    length: u64,
    /// The folders that got something new: the day's and the one around it. Synced once.
    folders: Vec<PathBuf>,
    mirror: Option<Syslog>,
}

impl RunSink {
    /// Writes to a file that was just made at this path.
    pub fn new(file: File, path: PathBuf, folders: Vec<PathBuf>, mirror: Option<Syslog>) -> Self {
        Self { file, path, length: 0, folders, mirror }
    }

    /// Makes sure that what is written will be found again: a file that was removed takes every line, and keeps none.
    fn check(&self) -> io::Result<()> {
        let there = std::fs::symlink_metadata(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::other("its file was removed while the run went on"),
            _ => error,
        })?;
        if !is_same(&there, &self.file.metadata()?) {
            return Err(io::Error::other("another file was put in its place while the run went on"));
        }
        if there.len() != self.length {
            return Err(io::Error::other("something else changed its file while the run went on"));
        }
        Ok(())
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, _: &Metadata) -> bool {
    one.is_file()
}

impl Sink for RunSink {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.check()?;
        self.file.write_all(lines)?;
        self.length += lines.len() as u64;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::folder::create_file;

    fn sink(folder: &std::path::Path) -> RunSink {
        let path = folder.join("run.ndjson");
        let mut sink = RunSink::new(create_file(&path).expect("made"), path, Vec::new(), None);
        sink.write(b"one\n").expect("written");
        sink
    }

    #[test]
    fn what_would_not_be_found_again_is_not_written() {
        type Harm = fn(&std::path::Path);
        let harms: [(Harm, &str); 4] = [
            (|file| std::fs::remove_file(file).expect("removed"), "removed"),
            (
                |file| {
                    std::fs::rename(file, file.with_extension("old")).expect("moved");
                    std::fs::write(file, "one\n").expect("replaced");
                },
                "put in its place",
            ),
            (|file| std::fs::write(file, "").expect("truncated"), "changed its file"),
            (|file| std::fs::write(file, "one\ntwo\nmore\n").expect("written"), "changed its file"),
        ];
        for (harm, why) in harms {
            let folder = tempfile::tempdir().expect("a folder");
            let mut sink = sink(folder.path());
            sink.write(b"two\n").expect("nobody was there");
            harm(&folder.path().join("run.ndjson"));
            let error = sink.write(b"three\n").expect_err(why);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
