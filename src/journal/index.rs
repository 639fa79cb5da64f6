//! The index of a folder of journals: a chain of its own that names every run, so that a file that is gone is missed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::chain::{Chain, Link, NOTHING, hash_of};
use super::folder::{Folder, append_to};

/// More than any line of the index takes.
const LONGEST_LINE: u64 = 4_096;

/// What a line of the index says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// A run began; its records stand in this file, counted from the folder.
    Began { time: DateTime<Utc>, run: String, file: String },
    /// A run ended with so many records, of which the last has this hash.
    Ended { time: DateTime<Utc>, run: String, records: u64, hash: String },
    /// The runs before a day were thrown away, and with them so many lines of the index, counted from its first ever.
    Pruned { time: DateTime<Utc>, before: NaiveDate, lines: u64 },
}

impl Event {
    fn time(&self) -> DateTime<Utc> {
        match self {
            Self::Began { time, .. } | Self::Ended { time, .. } | Self::Pruned { time, .. } => *time,
        }
    }
}

/// The index, held so that nobody else writes it meanwhile.
pub(super) struct Index {
    path: PathBuf,
    _lock: File,
}

impl Index {
    /// The file of a folder's index.
    pub fn path_in(folder: &Folder) -> PathBuf {
        folder.path().join("index.ndjson")
    }

    /// Waits until nobody else writes the index.
    pub fn lock(folder: &Folder) -> io::Result<Self> {
        // The index is replaced when it is pruned: what is locked must stay.
        let lock = append_to(&folder.path().join("index.lock"))?;
        lock.lock()?;
        Ok(Self { path: Self::path_in(folder), _lock: lock })
    }

    /// Adds a line and gives its hash.
    pub fn add(&self, event: &Event) -> io::Result<String> {
        let mut file = append_to(&self.path)?;
        let Tail { mut chain, is_torn } = Tail::read(&mut file)?;
        let mut bytes = if is_torn { b"\n".to_vec() } else { Vec::new() };
        chain.add(&serde_json::to_vec(event)?, &mut bytes);
        file.write_all(&bytes)?;
        Ok(chain.last)
    }

    /// Throws away the lines before a day.
    pub fn prune(&self, before: NaiveDate, now: DateTime<Utc>) -> io::Result<()> {
        let text = std::fs::read_to_string(&self.path)?;
        let is_old = |line: &&str| {
            let event = serde_json::from_str::<Event>(line);
            event.is_ok_and(|event| event.time().date_naive() < before)
        };
        let old = text.split_inclusive('\n').take_while(is_old);
        let length: usize = old.clone().map(str::len).sum();
        let first: Option<Link> = text.lines().next().and_then(|line| serde_json::from_str(line).ok());
        let lines = first.map_or(0, |link| link.seq) + old.count() as u64;
        if length > 0 && length < text.len() {
            let fresh = self.path.with_extension("new");
            let _ = std::fs::remove_file(&fresh);
            append_to(&fresh)?.write_all(&text.as_bytes()[length..])?;
            std::fs::rename(&fresh, &self.path)?;
            self.add(&Event::Pruned { time: now, before, lines })?;
        }
        Ok(())
    }
}

/// The end of the index, where it goes on.
struct Tail {
    chain: Chain,
    /// Whether the last line was not written whole.
    is_torn: bool,
}

impl Tail {
    fn read(file: &mut File) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(2 * LONGEST_LINE)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let is_torn = tail.last().is_some_and(|last| *last != b'\n');
        // What is no line of the chain is passed over here, and told by `verify`.
        let whole = tail.split(|byte| *byte == b'\n').rev();
        let last = whole.filter(|line| !line.is_empty()).find_map(|line| {
            let link: Link = serde_json::from_slice(line).ok()?;
            Some((link.seq, hash_of(line)))
        });
        let chain = match last {
            Some((seq, hash)) => Chain { length: seq + 1, last: hash },
            None => Chain::after(NOTHING.to_owned()),
        };
        Ok(Self { chain, is_torn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: &str, run: &str) -> Event {
        let time = format!("{time}T12:00:00Z").parse().expect("a time");
        Event::Began { time, run: run.to_owned(), file: format!("{run}.ndjson") }
    }

    fn links(folder: &Folder) -> Vec<Link> {
        let text = std::fs::read_to_string(Index::path_in(folder)).expect("it is there");
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    #[test]
    fn the_index_goes_on_where_it_ended_also_after_a_torn_line() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path());
        let index = Index::lock(&folder).expect("locked");
        let first = index.add(&event("2026-11-21", "a")).expect("added");
        append_to(&Index::path_in(&folder)).expect("open").write_all(b"{\"seq\":1,\"prev").expect("written");
        index.add(&event("2026-11-21", "b")).expect("added");
        let links = links(&folder);
        assert_eq!((links.len(), links[1].seq, &links[1].previous), (2, 1, &first));
    }

    #[test]
    fn pruning_drops_the_lines_before_a_day_and_says_how_many() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path());
        let index = Index::lock(&folder).expect("locked");
        for day in ["2026-11-19", "2026-11-20", "2026-11-21"] {
            index.add(&event(day, "a")).expect("added");
        }
        let now = "2026-11-21T12:00:00Z".parse().expect("a time");
        index.prune("2026-11-21".parse().expect("a day"), now).expect("pruned");
        let links = links(&folder);
        assert_eq!(links.iter().map(|link| link.seq).collect::<Vec<_>>(), [2, 3]);
        let text = std::fs::read_to_string(Index::path_in(&folder)).expect("it is there");
        assert!(text.ends_with("\"before\":\"2026-11-21\",\"lines\":2}\n"), "{text}");
    }
}
