//! What a run printed and logged, beside its journal, for `runs logs`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::folder::{create_file, create_folder};
use super::run_file::{Line, lines_of};
use crate::clock::Clock;
use crate::secret::Scrubber;

/// No more of a run's output is kept.
const MOST_BYTES: usize = 1 << 20;

/// A line of a run's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLine {
    /// When it came.
    pub time: DateTime<Utc>,
    /// `print`, `talk`, or the level of a log line.
    pub stream: String,
    /// The text, without secrets.
    pub text: String,
}

/// Keeps a run's output; the file is made with its first line.
pub struct OutputFile {
    path: PathBuf,
    clock: Clock,
    scrubber: Scrubber,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    written: usize,
    is_over: bool,
}

impl OutputFile {
    pub(super) fn new(path: PathBuf, clock: Clock, scrubber: Scrubber) -> Self {
        Self { path, clock, scrubber, state: Mutex::default() }
    }

    /// The output of a run that has no journal, in a folder that is made if need be.
    #[must_use]
    pub fn alone(folder: &Path, run: &str, clock: Clock, scrubber: Scrubber) -> Self {
        Self::new(alone(folder, run), clock, scrubber)
    }

    /// Keeps a line. What cannot be kept is lost: it was shown all the same.
    pub fn keep(&self, stream: &str, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_over {
            return;
        }
        // Scrubbed before it is cut: half a secret is not recognised.
        let text = self.scrubber.scrub(text);
        let room = MOST_BYTES.saturating_sub(state.written);
        let is_last = text.len() > room;
        let text = &text[..text.floor_char_boundary(room)];
        let mut lines = self.line(stream, text);
        if is_last {
            lines.extend(self.line("talk", "(the rest of the output is not kept: it is longer than 1 MiB)"));
        }
        state.written += lines.len();
        state.is_over = self.write(&mut state, &lines).is_err() || is_last;
    }

    fn line(&self, stream: &str, text: &str) -> Vec<u8> {
        let line = OutputLine { time: self.clock.now(), stream: stream.to_owned(), text: text.to_owned() };
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    fn write(&self, state: &mut State, lines: &[u8]) -> io::Result<()> {
        if state.file.is_none() {
            self.path.parent().map_or(Ok(()), create_folder)?;
            state.file = Some(create_file(&self.path)?);
        }
        state.file.as_mut().map_or(Ok(()), |file| file.write_all(lines))
    }
}

/// Reads what a run printed and logged; nothing if it did neither.
///
/// # Errors
/// When the file cannot be read.
pub fn read_output(journal: &Path) -> io::Result<Vec<OutputLine>> {
    Ok(read(&path_beside(journal))?.unwrap_or_default())
}

/// Reads what a run without a journal printed and logged; `None` if nothing of it is kept in the folder.
///
/// # Errors
/// When the file cannot be read.
pub fn read_kept(folder: &Path, run: &str) -> io::Result<Option<Vec<OutputLine>>> {
    read(&alone(folder, run))
}

/// Throws away what was kept without a journal before a time, and of the rest all but the latest `most`.
///
/// # Errors
/// When the folder cannot be read.
pub fn prune_kept(folder: &Path, before: DateTime<Utc>, most: usize) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let modified = |entry: &std::fs::DirEntry| Some(DateTime::<Utc>::from(entry.metadata().ok()?.modified().ok()?));
    let mut files: Vec<_> =
        entries.filter_map(|entry| entry.ok().and_then(|entry| Some((modified(&entry)?, entry.path())))).collect();
    files.sort_by(|one, other| other.cmp(one));
    for (_, path) in files.iter().enumerate().filter(|(index, (at, _))| *index >= most || *at < before).map(|it| it.1) {
        // Another process may be as tidy.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Option<Vec<OutputLine>>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let whole = lines_of(&bytes).filter_map(|(_, line)| match line {
        Line::Whole(text) => serde_json::from_slice(text).ok(),
        Line::Torn => None,
    });
    Ok(Some(whole.collect()))
}

/// The file of a run's output that has no journal.
fn alone(folder: &Path, run: &str) -> PathBuf {
    folder.join(format!("{run}.output"))
}

/// The file of the output beside a run's journal.
pub(super) fn path_beside(journal: &Path) -> PathBuf {
    journal.with_extension("output")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(folder: &Path) -> (OutputFile, PathBuf) {
        let journal = folder.join("run.ndjson");
        let scrubber = Scrubber::new();
        scrubber.learn("hunter22");
        let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time"));
        (OutputFile::new(path_beside(&journal), clock, scrubber), journal)
    }

    #[test]
    fn lines_are_kept_with_their_stream_and_without_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let (output, journal) = output(folder.path());
        assert_eq!(read_output(&journal).expect("read"), []);
        output.keep("print", "a\nb hunter22");
        output.keep("warning", "c");
        let lines = read_output(&journal).expect("read");
        let seen: Vec<_> = lines.iter().map(|line| (line.stream.as_str(), line.text.as_str())).collect();
        assert_eq!(seen, [("print", "a\nb ***"), ("warning", "c")]);
    }

    #[test]
    fn output_without_a_journal_is_kept_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("made");
        assert_eq!(read_kept(&folder, "a").expect("read"), None);
        prune_kept(&folder, Clock::process().now(), 0).expect("nothing to be pruned");
        for run in ["a", "b", "c"] {
            OutputFile::alone(&folder, run, Clock::process(), Scrubber::new()).keep("print", run);
        }
        let kept = |run: &str| read_kept(&folder, run).expect("read").map(|lines| lines[0].text.clone());
        assert_eq!(kept("a").as_deref(), Some("a"));
        let hour = chrono::TimeDelta::hours(1);
        prune_kept(&folder, Clock::process().now() - hour, 2).expect("pruned");
        assert_eq!(["a", "b", "c"].iter().filter(|run| kept(run).is_some()).count(), 2);
        prune_kept(&folder, Clock::process().now() + hour, 2).expect("pruned");
        assert_eq!(["a", "b", "c"].iter().filter(|run| kept(run).is_some()).count(), 0);
    }

    #[test]
    fn endless_output_is_cut_with_a_note() {
        let folder = tempfile::tempdir().expect("a folder");
        let (output, journal) = output(folder.path());
        for _ in 0..40 {
            output.keep("print", &"é".repeat(50_000));
        }
        let lines = read_output(&journal).expect("read");
        assert!(lines.last().expect("lines").text.contains("not kept"), "the last line says it");
        let size = std::fs::metadata(path_beside(&journal)).expect("there").len();
        assert!(size < 2 * MOST_BYTES as u64, "{size}");
    }
}
