//! What a run did, put together from its records.

use chrono::{DateTime, Utc};

use super::alive::ProcessFacts;
use super::record::{After, Before, Began, Counts, Ended, Module, OUTSIDE, Outcome, Record, RunOutcome, Settled};
use super::run_file::RunFile;
use crate::policy::ObjectFacts;

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// How it began.
    pub began: Began,
    /// When.
    pub time: DateTime<Utc>,
    /// The files that it imported, in the order in which they were read.
    pub modules: Vec<Module>,
    /// Its changes, in the order in which they were begun.
    pub changes: Vec<Change>,
    /// How it ended, if it did in good order.
    pub ended: Option<Ended>,
    /// What a person should know of the file.
    pub notes: Vec<String>,
}

/// One change, with all its tries.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What was sent; of all tries the first.
    pub before: Before<'static>,
    /// Its tries.
    pub tries: Vec<Try>,
    /// What a look told later.
    pub settled: Option<Settled<'static>>,
}

/// One try of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    /// When it was about to be sent.
    pub time: DateTime<Utc>,
    /// Its number, from 1.
    pub attempt: u32,
    /// How it ended; `None` if the process ended first.
    pub after: Option<After<'static>>,
}

impl Change {
    /// What became of it: what a look told, else how the last try ended. A try that nobody knows the end of is not made
    /// known by a later one that was refused.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if let Some(settled) = &self.settled {
            return settled.outcome;
        }
        let outcome = |tried: &Try| tried.after.as_ref().map_or(Outcome::Unknown, |after| after.outcome);
        let Some((last, earlier)) = self.tries.split_last() else { return Outcome::Unknown };
        match outcome(last) {
            Outcome::Refused | Outcome::Unsent if earlier.iter().any(|tried| outcome(tried) == Outcome::Unknown) => {
                Outcome::Unknown
            }
            outcome => outcome,
        }
    }

    /// When it was first about to be sent.
    #[must_use]
    pub fn time(&self) -> DateTime<Utc> {
        self.tries.first().map_or(DateTime::UNIX_EPOCH, |first| first.time)
    }

    /// How the last try ended that did.
    #[must_use]
    pub fn last(&self) -> Option<&After<'static>> {
        self.tries.iter().rev().find_map(|tried| tried.after.as_ref())
    }

    /// The object that came of it: of a create, the new one.
    #[must_use]
    pub fn result(&self) -> Option<&ObjectFacts> {
        let settled = self.settled.as_ref().and_then(|settled| settled.result.as_ref());
        settled.or_else(|| self.tries.iter().rev().find_map(|tried| tried.after.as_ref()?.result.as_ref()))
    }

    /// Why it is not done, in a few words.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        let settled = self.settled.as_ref().and_then(|settled| settled.why.as_deref());
        settled.or_else(|| self.last()?.why.as_deref())
    }

    /// Names and ids of all that it touched or made.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let touched = self.before.objects.iter().flat_map(|object| {
            let was = object.was.as_deref();
            [Some(&*object.id), was.and_then(|was| was.name.as_deref())].into_iter().flatten()
        });
        let made = self.result().into_iter().flat_map(|made| [&made.id, &made.name]).flatten();
        let asked = self.before.body.as_deref().and_then(|body| body.get("name")?.as_str());
        touched.chain(made.map(String::as_str)).chain(asked)
    }
}

impl History {
    /// Puts a run together; `None` if the file does not say how it began.
    #[must_use]
    pub fn of(file: RunFile) -> Option<Self> {
        let mut entries = file.entries.into_iter();
        let (time, began) = entries.find_map(|entry| match entry.record {
            Record::Run(began) => Some((entry.time, *began)),
            _ => None,
        })?;
        let mut history =
            Self { began, time, modules: Vec::new(), changes: Vec::new(), ended: None, notes: file.notes };
        entries.for_each(|entry| history.add(entry.time, entry.record));
        Some(history)
    }

    fn add(&mut self, time: DateTime<Utc>, record: Record<'static>) {
        match record {
            Record::Run(_) => {}
            Record::Module(module) => self.modules.push(module),
            Record::Before(before) => {
                let tried = Try { time, attempt: before.attempt, after: None };
                match self.change(before.call) {
                    Some(change) => change.tries.push(tried),
                    None => self.changes.push(Change { before, tries: vec![tried], settled: None }),
                }
            }
            Record::After(after) => {
                let tried = self.change(after.call).map(|change| &mut change.tries);
                let tried = tried.and_then(|tries| tries.iter_mut().find(|tried| tried.attempt == after.attempt));
                if let Some(tried) = tried {
                    tried.after = Some(after);
                }
            }
            Record::Settled(settled) => {
                if let Some(change) = self.change(settled.call) {
                    change.settled = Some(settled);
                }
            }
            Record::End(ended) => self.ended = Some(*ended),
        }
    }

    /// Changes of one time stand close together.
    fn change(&mut self, call: u64) -> Option<&mut Change> {
        self.changes.iter_mut().rev().find(|change| change.before.call == call)
    }

    /// As what it ended.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        let Some(ended) = &self.ended else {
            let is_gone = self.began.process.as_ref().and_then(ProcessFacts::is_gone);
            return if is_gone == Some(true) { RunOutcome::Lost } else { RunOutcome::Open };
        };
        ended.outcome
    }

    /// Its changes of what the API holds: what it did outside, such as to tell people, is none.
    pub fn changes_inside(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.before.effect != OUTSIDE)
    }

    /// Its changes by what became of them, also of a run that did not end.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.outcome() {
                Outcome::Done => counts.done += 1,
                Outcome::Refused | Outcome::Unsent => counts.refused += 1,
                Outcome::Unknown => counts.unknown += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::super::chain::NOTHING;
    use super::super::run_file::Entry;
    use super::*;

    fn history(records: &[serde_json::Value]) -> History {
        let entry = |(seq, record): (usize, &serde_json::Value)| {
            let mut line = record.clone();
            line["seq"] = seq.into();
            line["previous"] = NOTHING.into();
            line["time"] = "2026-11-22T12:00:00Z".into();
            serde_json::from_value::<Entry>(line).expect("a record")
        };
        let began = json!({ "record": "run", "run": "r", "command": "run", "who": {}, "version": "0" });
        let records: Vec<_> = std::iter::once(&began).chain(records).collect();
        let entries = records.into_iter().enumerate().map(entry).collect();
        History::of(RunFile { path: PathBuf::new(), entries, notes: Vec::new() }).expect("it began")
    }

    fn before(attempt: u32) -> serde_json::Value {
        json!({ "record": "before", "call": 1, "attempt": attempt, "operation": "iaas.delete_server",
            "effect": "delete", "host": "h", "request": "DELETE /" })
    }

    fn after(attempt: u32, outcome: &str) -> serde_json::Value {
        json!({ "record": "after", "call": 1, "attempt": attempt, "outcome": outcome, "milliseconds": 1 })
    }

    #[test]
    fn what_became_of_a_change_follows_from_all_its_tries() {
        let settled = json!({ "record": "settled", "call": 1, "outcome": "done" });
        for (records, outcome) in [
            (vec![before(1)], Outcome::Unknown),
            (vec![before(1), after(1, "done")], Outcome::Done),
            (vec![before(1), after(1, "unknown"), before(2), after(2, "done")], Outcome::Done),
            (vec![before(1), after(1, "unknown"), before(2), after(2, "refused")], Outcome::Unknown),
            (vec![before(1), after(1, "unsent"), before(2), after(2, "refused")], Outcome::Refused),
            (vec![before(1), after(1, "unknown"), settled.clone()], Outcome::Done),
            (vec![before(1), after(1, "refused"), before(2)], Outcome::Unknown),
        ] {
            let history = history(&records);
            assert_eq!(history.changes.len(), 1);
            assert_eq!(history.changes[0].outcome(), outcome, "{records:?}");
        }
        assert_eq!(history(&[before(1)]).outcome(), RunOutcome::Open);
    }
}
