//! Sets a damaged file aside, never deleting anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

/// What SQLite keeps beside a file; the endings are its own.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Renames a file and what SQLite keeps beside it; gives the file's new name.
pub(super) fn set_aside(file: &Path, now: DateTime<Utc>) -> io::Result<PathBuf> {
    let aside = free_name(file, now);
    // The log goes first: left beside a new file, it would be taken for that file's.
    for ending in BESIDE {
        match fs::rename(with_ending(file, ending), with_ending(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(file, &aside)?;
    Ok(aside)
}

fn free_name(file: &Path, now: DateTime<Utc>) -> PathBuf {
    let name = with_ending(file, &format!(".damaged-{}", now.format("%Y%m%dT%H%M%SZ")));
    let taken = |name: &Path| ["", "-wal", "-shm"].iter().any(|ending| with_ending(name, ending).exists());
    let numbered = (2..).map(|number: u32| with_ending(&name, &format!("-{number}")));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
