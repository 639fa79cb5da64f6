//! All journals of a folder, as those see them who read.

use std::io;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use super::folder::Folder;
use super::history::History;
use super::run_file::RunFile;
use crate::error::{Error, Kind, io_cause, nearest};

/// All journals of a folder.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: Folder,
}

/// Why an id names no run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSuchRun {
    /// None begins so; the latest run, and the nearest id.
    Unknown {
        /// The latest run's id.
        latest: Option<String>,
        /// The id that may be meant.
        nearest: Option<String>,
    },
    /// Several begin so.
    Ambiguous(Vec<String>),
}

impl Archive {
    /// The journals of a folder, which need not exist.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The runs that began at `since` or later, the latest first, at most so many.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn runs(&self, since: Option<DateTime<Utc>>, most: usize) -> Result<Vec<History>, Error> {
        let mut found: Vec<History> = Vec::new();
        for day in self.days(since)? {
            if found.len() >= most {
                break;
            }
            let mut runs = Vec::new();
            for path in files_of(&day).map_err(|error| unreadable(&day, &error))? {
                let file = RunFile::read(&path).map_err(|error| unreadable(&path, &error))?;
                let is_empty = file.entries.is_empty() && file.notes.is_empty();
                match History::of(file) {
                    Some(run) => runs.extend(Some(run).filter(|run| since.is_none_or(|since| run.time >= since))),
                    // Nothing stands in it yet; `verify` knows whether anything should.
                    None if is_empty => {}
                    None => tracing::warn!(
                        "{} does not say how its run began, and is left out: `stackhand journal verify` tells more",
                        path.display()
                    ),
                }
            }
            runs.sort_by(|one, other| other.time.cmp(&one.time).then_with(|| one.began.run.cmp(&other.began.run)));
            found.extend(runs);
        }
        found.truncate(most);
        Ok(found)
    }

    /// The file of the run whose id begins so.
    ///
    /// # Errors
    /// When none or several do, or a folder cannot be read.
    pub fn find(&self, prefix: &str) -> Result<Result<PathBuf, NoSuchRun>, Error> {
        let mut ids = Vec::new();
        for day in self.days(None)? {
            for path in files_of(&day).map_err(|error| unreadable(&day, &error))? {
                let id = path.file_stem().map(|id| id.to_string_lossy().into_owned()).unwrap_or_default();
                ids.push((id, path));
            }
        }
        let mut matching: Vec<_> = ids.iter().filter(|(id, _)| !prefix.is_empty() && id.starts_with(prefix)).collect();
        Ok(match matching.as_slice() {
            [(_, path)] => Ok(path.clone()),
            [] => {
                let latest = self.runs(None, 1)?.pop().map(|run| run.began.run);
                // As much of each id as was given: a slip in a shortened id is still a slip.
                let shortened = |id: &'_ str| id.get(..prefix.len()).map(str::to_owned);
                let heads: Vec<String> = ids.iter().filter_map(|(id, _)| shortened(id)).collect();
                let near = nearest(prefix, heads.iter().map(String::as_str)).map(str::to_owned);
                let nearest =
                    near.and_then(|near| ids.iter().find(|(id, _)| id.starts_with(&near)).map(|(id, _)| id.clone()));
                Err(NoSuchRun::Unknown { latest, nearest })
            }
            _ => {
                matching.sort();
                Err(NoSuchRun::Ambiguous(matching.into_iter().map(|(id, _)| id.clone()).collect()))
            }
        })
    }

    /// The run of this id that began at that time or a little later, if its journal is there; looks for no other.
    #[must_use]
    pub fn run_of(&self, run: &str, began: DateTime<Utc>) -> Option<History> {
        let next_day = began.checked_add_signed(TimeDelta::days(1));
        let days = std::iter::once(began).chain(next_day);
        let file = days.map(|day| self.folder.path().join(Folder::file_of(day, run))).find(|path| path.is_file())?;
        History::of(RunFile::read(&file).ok()?)
    }

    /// The days that may hold runs since then, the latest first.
    fn days(&self, since: Option<DateTime<Utc>>) -> Result<Vec<PathBuf>, Error> {
        let days = match self.folder.days() {
            Ok(days) => days,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unreadable(self.folder.path(), &error)),
        };
        let is_wanted = |day| since.is_none_or(|since| day >= since.date_naive());
        Ok(days.into_iter().rev().filter(|(day, _)| is_wanted(*day)).map(|(_, path)| path).collect())
    }
}

/// The runs' files of a day.
pub(super) fn files_of(day: &std::path::Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(day)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn unreadable(path: &std::path::Path, error: &io::Error) -> Error {
    Error::new(Kind::Config, "journal_unreadable", format!("the journal cannot be read: {}", io_cause(error)))
        .with_place(path.display().to_string())
}
