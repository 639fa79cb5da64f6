//! The index of a folder of journals: a chain of its own that names every run, so that a file that is gone is missed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::chain::{Chain, Link, NOTHING, hash_of};
use super::folder::{DAY, Folder, append_to};

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

    /// The day under which the records of a run that begins stand.
    fn day(&self) -> Option<NaiveDate> {
        let Self::Began { file, .. } = self else { return None };
        NaiveDate::parse_from_str(file.split('/').next()?, DAY).ok()
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

    /// Throws away the lines before a day, and gives the days before it that are named all the same: after a clock that
    /// went back they stand behind later ones, and stay as long as these do.
    pub fn prune(&self, before: NaiveDate, now: DateTime<Utc>) -> io::Result<BTreeSet<NaiveDate>> {
        let text = std::fs::read_to_string(&self.path)?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let events: Vec<Option<Event>> = lines.iter().map(|line| serde_json::from_str(line).ok()).collect();
        let named = |events: &[Option<Event>]| -> BTreeSet<NaiveDate> {
            events.iter().flatten().filter_map(Event::day).filter(|day| *day < before).collect()
        };
        // A line that is none is as old as what is around it.
        let is_old = |event: &&Option<Event>| event.as_ref().is_none_or(|event| event.time().date_naive() < before);
        let mut old = events.iter().take_while(is_old).count();
        if old == lines.len() {
            return Ok(named(&events));
        }
        let kept = loop {
            let kept = named(&events[old..]);
            let is_kept =
                |event: &Option<Event>| event.as_ref().and_then(Event::day).is_some_and(|day| kept.contains(&day));
            match events[..old].iter().position(is_kept) {
                Some(first) => old = first,
                None => break kept,
            }
        };
        let link = lines[old..].iter().find_map(|line| serde_json::from_str::<Link>(line).ok());
        if let Some(Link { seq, .. }) = link.filter(|_| old > 0) {
            let fresh = self.path.with_extension("new");
            let _ = std::fs::remove_file(&fresh);
            append_to(&fresh)?.write_all(lines[old..].concat().as_bytes())?;
            std::fs::rename(&fresh, &self.path)?;
            self.add(&Event::Pruned { time: now, before, lines: seq })?;
        }
        Ok(kept)
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

    fn event(day: &str, run: &str) -> Event {
        let time = format!("{day}T12:00:00Z").parse().expect("a time");
        Event::Began { time, run: run.to_owned(), file: format!("{day}/{run}.ndjson") }
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
    #[test]
    fn days_that_a_clock_went_back_to_stay_as_long_as_what_stands_before_them() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path());
        let index = Index::lock(&folder).expect("locked");
        for (day, run) in [("2026-11-18", "a"), ("2026-11-19", "b"), ("2026-11-21", "c"), ("2026-11-19", "d")] {
            index.add(&event(day, run)).expect("added");
        }
        let prune = |day: &str| {
            let now = format!("{day}T12:00:00Z").parse().expect("a time");
            let kept = index.prune(day.parse().expect("a day"), now).expect("pruned");
            let seqs: Vec<u64> = links(&folder).iter().map(|link| link.seq).collect();
            (kept.iter().map(ToString::to_string).collect::<Vec<_>>(), seqs)
        };
        // The day of `d` stays, and so does `b`, which lies in it.
        assert_eq!(prune("2026-11-20"), (vec!["2026-11-19".to_owned()], vec![1, 2, 3, 4]));
        index.add(&event("2026-11-23", "e")).expect("added");
        assert_eq!(prune("2026-11-22"), (vec![], vec![5, 6]));
    }
}
