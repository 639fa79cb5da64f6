//! Whether the journals are as they were written: every line of every file against its chain, every file against the
//! index.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::archive::{Archive, files_of, unreadable};
use super::chain::{Link, NOTHING, hash_of};
use super::index::{Event, Index};
use super::run_file::{Line, lines_of};
use crate::error::Error;

/// What is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; `None` if the file is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// Whether it is no flaw but what a killed process leaves behind.
    pub is_harmless: bool,
}

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many files of runs there are.
    pub files: usize,
    /// How many records.
    pub records: usize,
    /// What is wrong, and what is merely unfinished.
    pub flaws: Vec<Flaw>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.flaws.iter().all(|flaw| flaw.is_harmless)
    }

    fn add(&mut self, file: &Path, line: Option<usize>, what: impl Into<String>) {
        self.flaws.push(Flaw { file: file.to_owned(), line, what: what.into(), is_harmless: false });
    }

    fn mention(&mut self, file: &Path, line: Option<usize>, what: &str) {
        self.flaws.push(Flaw { file: file.to_owned(), line, what: what.to_owned(), is_harmless: true });
    }
}

/// A run as the index knows it.
#[derive(Default)]
struct Indexed {
    file: PathBuf,
    /// The hash of the index's line, which the file's first line names.
    hash: String,
    end: Option<(u64, String)>,
}

/// Where a chain ended.
struct End {
    records: u64,
    first_previous: Option<String>,
    last: String,
    last_line: usize,
}

impl Archive {
    /// Looks at every line of every journal.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn verify(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        let index_path = Index::path_in(self.folder());
        let index = read(&index_path)?;
        let runs = indexed(&index_path, index.as_deref().unwrap_or_default(), &mut report);
        let mut seen = BTreeSet::new();
        for day in self.days_with_files()? {
            for path in day {
                let bytes = read(&path)?.unwrap_or_default();
                report.files += 1;
                let id = path.file_stem().map(|id| id.to_string_lossy().into_owned()).unwrap_or_default();
                let indexed = runs.get(&id);
                check_run(&path, &bytes, indexed, &mut report);
                if let Some(run) = indexed.filter(|run| !path.ends_with(&run.file)) {
                    report.add(&path, None, format!("the index names it as {}: it was moved", run.file.display()));
                }
                seen.insert(id);
            }
        }
        for (id, run) in &runs {
            if !seen.contains(id) {
                report.add(&self.folder().path().join(&run.file), None, "the file is missing: the index names it");
            }
        }
        Ok(report)
    }

    fn days_with_files(&self) -> Result<Vec<Vec<PathBuf>>, Error> {
        let days = match self.folder().days() {
            Ok(days) => days,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(self.folder().path(), &error)),
        };
        days.into_iter().map(|(_, day)| files_of(&day).map_err(|error| unreadable(&day, &error))).collect()
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The runs that the index names, by id.
fn indexed(path: &Path, bytes: &[u8], report: &mut Report) -> BTreeMap<String, Indexed> {
    let mut runs: BTreeMap<String, Indexed> = BTreeMap::new();
    let mut dropped = 0;
    let mut visit = |line: &[u8]| match serde_json::from_slice(line) {
        Ok(Event::Began { run, file, .. }) => {
            runs.insert(run, Indexed { file: file.into(), hash: hash_of(line), end: None });
        }
        Ok(Event::Ended { run, records, hash, .. }) => {
            if let Some(run) = runs.get_mut(&run) {
                run.end = Some((records, hash));
            }
        }
        Ok(Event::Pruned { lines, .. }) => dropped = lines,
        Err(_) => {}
    };
    let first = check_chain(path, bytes, None, &mut visit, report);
    let starts_at = lines_of(bytes).find_map(|(_, line)| link_of(line)).map_or(0, |link| link.seq);
    if starts_at != dropped {
        report.add(path, Some(1), format!("{starts_at} lines before this one are missing; {dropped} were thrown away"));
    }
    if starts_at == 0 && first.first_previous.as_deref().is_some_and(|previous| previous != NOTHING) {
        report.add(path, Some(1), "the first line is not the first that was written");
    }
    runs
}

fn check_run(path: &Path, bytes: &[u8], indexed: Option<&Indexed>, report: &mut Report) {
    let mut records = 0;
    let end = check_chain(path, bytes, Some(0), &mut |_| records += 1, report);
    report.records += records;
    let Some(indexed) = indexed else {
        if bytes.is_empty() {
            // The file is made before the index names it, and written after that.
            report.mention(path, None, "the run was ended from outside before it began: nothing is recorded");
            return;
        }
        report.add(path, None, "the index does not name this file");
        return;
    };
    if end.first_previous.as_ref().is_some_and(|previous| *previous != indexed.hash) {
        report.add(path, Some(1), "the first record does not go on from the index: this is another file");
    }
    match &indexed.end {
        None => report.mention(path, None, "the run has not ended: its last record cannot be verified"),
        Some((records, _)) if *records > end.records => {
            let missing = records - end.records;
            report.add(path, Some(end.last_line), format!("{missing} records are missing after this line"));
        }
        Some((records, hash)) if *records < end.records || *hash != end.last => {
            report.add(path, Some(end.last_line), "the last record is not the one that was written");
        }
        Some(_) => {}
    }
}

fn link_of(line: Line<'_>) -> Option<Link> {
    match line {
        Line::Whole(text) => serde_json::from_slice(text).ok(),
        Line::Torn => None,
    }
}

/// Holds each line against the one before it. Each flaw is told once: the chain goes on from what is there.
fn check_chain(
    path: &Path,
    bytes: &[u8],
    starts_at: Option<u64>,
    visit: &mut dyn FnMut(&[u8]),
    report: &mut Report,
) -> End {
    let mut end = End { records: 0, first_previous: None, last: String::new(), last_line: 0 };
    let mut expected = starts_at;
    for (number, line) in lines_of(bytes) {
        let Line::Whole(text) = line else {
            report.mention(path, Some(number), "the line was not written whole");
            continue;
        };
        let Ok(link) = serde_json::from_slice::<Link>(text) else {
            report.add(path, Some(number), "the line is no record");
            expected = None;
            end.last = String::new();
            continue;
        };
        match expected {
            Some(expected) if link.seq > expected => {
                let missing = link.seq - expected;
                report.add(path, Some(number), format!("{missing} records are missing before this line"));
            }
            Some(expected) if link.seq < expected => {
                report.add(path, Some(number), format!("record {} stands where {expected} belongs", link.seq));
            }
            Some(_) if end.last_line > 0 && link.previous != end.last => {
                report.add(path, Some(end.last_line), "the line was changed: the next one holds another hash of it");
            }
            _ => {}
        }
        end.first_previous.get_or_insert(link.previous);
        end.records = link.seq + 1;
        end.last = hash_of(text);
        end.last_line = number;
        expected = Some(end.records);
        visit(text);
    }
    end
}
