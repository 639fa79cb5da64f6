//! What a run may use up.

use std::time::Duration;

use crate::error::{Error, Kind};

/// The limits of a run. Over one of them the run ends with kind `limit`, exit code 6; scripts cannot catch that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take, in real time, whatever clock the recipe sees.
    pub deadline: Option<Duration>,
    /// How many operations of the script engine, callbacks and workers counted; roughly 20 million a second.
    pub operations: u64,
    /// How many bytes its values may hold.
    pub memory_bytes: u64,
    /// How deep functions may call each other.
    pub call_depth: usize,
    /// How many threads all `parallel`s of the run may have, however many they ask for.
    pub workers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: None, operations: 2_000_000_000, memory_bytes: 512 << 20, call_depth: 64, workers: 512 }
    }
}

/// The stack of a script thread: rhai recurses on it, and a full one would abort the process.
pub(super) const STACK_BYTES: usize = 16 << 20;

impl Limits {
    /// The longest text: joining two makes a quarter of the budget at most.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        usize::try_from(self.memory_bytes / 8).unwrap_or(usize::MAX).max(1024)
    }

    /// The most elements of a list with all lists in it, at 16 bytes each, doubled while it grows.
    #[must_use]
    pub fn list_elements(&self) -> usize {
        usize::try_from(self.memory_bytes / 256).unwrap_or(usize::MAX).max(256)
    }

    /// The most entries of a map with all maps in it; one alone in its map takes half a kilobyte.
    #[must_use]
    pub fn map_entries(&self) -> usize {
        usize::try_from(self.memory_bytes / 2048).unwrap_or(usize::MAX).max(64)
    }

    pub(super) fn over_memory(&self) -> Error {
        Error::new(Kind::Limit, "memory_limit", format!("the run holds more than {}", bytes(self.memory_bytes)))
            .with_hint("keep less at a time, or raise the limit with `--max-memory`")
    }

    pub(super) fn over_operations(&self) -> Error {
        let message = format!("the run took more than {} operations", self.operations);
        Error::new(Kind::Limit, "operation_limit", message)
            .with_hint("look for an endless loop, or raise the limit with `--max-operations`")
    }

    pub(super) fn over_time(&self) -> Error {
        let seconds = self.deadline.unwrap_or_default().as_secs_f64();
        Error::new(Kind::Limit, "deadline", format!("the run was not done after {seconds} s"))
            .with_hint("raise the deadline with `--timeout`")
    }
}

fn bytes(count: u64) -> String {
    if count >= 1 << 20 { format!("{} MiB", count >> 20) } else { format!("{} KiB", count >> 10) }
}
