//! What a recipe keeps from run to run: read from a source, changed in the run alone, handed out at its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::error::{Error, Kind};

/// The longest key, in bytes.
pub const LONGEST_KEY: usize = 200;
/// The longest value, in bytes of JSON.
pub const LONGEST_VALUE: usize = 64 << 10;
/// The most lists and maps in each other: deeper ones are not read.
pub const DEEPEST_VALUE: usize = 127;
/// How many keys one run may change.
pub const MOST_CHANGED: usize = 1_000;

/// Where a run reads what earlier runs kept.
pub trait StateSource: Send + Sync {
    /// The value of a key as JSON, if it has one.
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<String>, Error>>;
}

/// A change of what is kept, to be made once the run has ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptChange {
    /// The key.
    pub key: String,
    /// What becomes of it.
    pub deed: KeptDeed,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptDeed {
    /// It gets this value, as JSON.
    Set(String),
    /// It is removed.
    Delete,
    /// So much is added to the number that it holds then; 0 if it holds none.
    Add(i64),
}

/// What a run sees of what is kept: the source, and its own changes on top.
#[derive(Default)]
pub struct Kept {
    source: Option<Arc<dyn StateSource>>,
    changes: Mutex<BTreeMap<String, KeptDeed>>,
}

impl Kept {
    /// What this source holds.
    #[must_use]
    pub fn of(source: Arc<dyn StateSource>) -> Self {
        Self { source: Some(source), changes: Mutex::default() }
    }

    /// The same as it was before this run.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { source: self.source.clone(), changes: Mutex::default() }
    }

    /// All changes so far, one a key.
    #[must_use]
    pub fn changes(&self) -> Vec<KeptChange> {
        self.lock().iter().map(|(key, deed)| KeptChange { key: key.clone(), deed: deed.clone() }).collect()
    }

    /// The value of a key as the run sees it.
    pub(super) async fn get(&self, key: &str) -> Result<Option<String>, Error> {
        let deed = self.lock().get(key).cloned();
        match deed {
            Some(KeptDeed::Set(value)) => Ok(Some(value)),
            Some(KeptDeed::Delete) => Ok(None),
            Some(KeptDeed::Add(number)) => {
                let sum = self.number(key).await?.checked_add(number);
                sum.map(|sum| Some(sum.to_string())).ok_or_else(|| too_large(key))
            }
            None => self.before(key).await,
        }
    }

    /// Gives a key another value, or none.
    pub(super) fn put(&self, key: &str, value: Option<String>) -> Result<(), Error> {
        let mut changes = self.lock();
        check_room(&changes, key)?;
        changes.insert(key.to_owned(), value.map_or(KeptDeed::Delete, KeptDeed::Set));
        Ok(())
    }

    /// Adds to the number that a key holds, and gives the sum.
    pub(super) async fn add(&self, key: &str, number: i64) -> Result<i64, Error> {
        let is_untouched = matches!(self.lock().get(key), None | Some(KeptDeed::Add(_)));
        let before = if is_untouched { self.number(key).await? } else { 0 };
        let mut changes = self.lock();
        check_room(&changes, key)?;
        let (deed, sum) = match changes.get(key) {
            // Other jobs may add to the same number meanwhile: what is kept is how much, not the sum.
            None => (KeptDeed::Add(number), before.checked_add(number)),
            Some(KeptDeed::Add(earlier)) => {
                let total = earlier.checked_add(number).ok_or_else(|| too_large(key))?;
                (KeptDeed::Add(total), before.checked_add(total))
            }
            Some(KeptDeed::Delete) => (KeptDeed::Set(number.to_string()), Some(number)),
            Some(KeptDeed::Set(value)) => {
                let sum = as_number(key, value)?.checked_add(number).ok_or_else(|| too_large(key))?;
                (KeptDeed::Set(sum.to_string()), Some(sum))
            }
        };
        let sum = sum.ok_or_else(|| too_large(key))?;
        changes.insert(key.to_owned(), deed);
        Ok(sum)
    }

    async fn before(&self, key: &str) -> Result<Option<String>, Error> {
        match &self.source {
            Some(source) => source.get(key).await,
            None => Ok(None),
        }
    }

    async fn number(&self, key: &str) -> Result<i64, Error> {
        self.before(key).await?.map_or(Ok(0), |value| as_number(key, &value))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, KeptDeed>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_room(changes: &BTreeMap<String, KeptDeed>, key: &str) -> Result<(), Error> {
    if changes.len() < MOST_CHANGED || changes.contains_key(key) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Script,
        "state_limit",
        format!("a run may change {MOST_CHANGED} keys of `state`, and no more"),
    )
    .with_hint("keep one map under one key"))
}

fn as_number(key: &str, value: &str) -> Result<i64, Error> {
    value.trim().parse().map_err(|_| {
        Error::new(Kind::Script, "no_number", format!("`state.incr`: `{key}` does not hold a whole number"))
            .with_hint("`state.set` gives it one, `state.delete` lets it begin at 0")
    })
}

fn too_large(key: &str) -> Error {
    Error::new(Kind::Script, "number_limit", format!("`state.incr`: the number under `{key}` would be too large"))
}
