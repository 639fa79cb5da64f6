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
    /// The budget of memory in bytes; see [`Limits::held_bytes`].
    pub memory_bytes: u64,
    /// How deep functions may call each other.
    pub call_depth: usize,
    /// How many threads all `parallel`s of the run may have, however many they ask for.
    pub workers: usize,
    /// How many bytes it may print, say and write to files, all together.
    pub output_bytes: u64,
    /// How many requests it may make with `http`; what it asks of the API is counted where it is sent.
    pub calls: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: None,
            operations: 2_000_000_000,
            memory_bytes: 512 << 20,
            call_depth: 64,
            workers: 512,
            output_bytes: 64 << 20,
            calls: 100_000,
        }
    }
}

/// The least stack of a script thread: rhai recurses on it, and a full one would abort the process.
pub(super) const STACK_BYTES: usize = 16 << 20;

impl Limits {
    /// How many bytes the values of a run may hold when it is looked at, which is before each step. A step may copy one
    /// value, and so double what is held, before the next look; the peak then stays within one and a half budgets.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.memory_bytes / 8 * 5
    }

    /// What the values of a run come to at most; see [`Limits::held_bytes`].
    pub(super) fn peak_bytes(&self) -> u64 {
        self.memory_bytes / 2 * 3
    }

    /// The most that one native may take at once.
    #[must_use]
    pub fn step_bytes(&self) -> u64 {
        self.memory_bytes / 4
    }

    /// The stack of a script thread. rhai drops a value by recursion, and closures that hold each other by the variables
    /// they share can lie in each other as deep as the memory goes: a level takes up to four times as much stack as
    /// memory. It is address space; memory is taken only for what is reached.
    pub(super) fn stack_bytes(&self) -> usize {
        let most = usize::try_from(self.held_bytes().saturating_mul(5)).unwrap_or(usize::MAX);
        STACK_BYTES.saturating_add(most)
    }

    /// The longest text. Texts are shared rather than copied, and what rhai does with one takes a few times its length.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        usize::try_from(self.memory_bytes / 8).unwrap_or(usize::MAX).max(1024)
    }

    pub(super) fn over_memory(&self) -> Error {
        Error::new(
            Kind::Limit,
            "memory_limit",
            format!("the run holds too much for its budget of {}", bytes(self.memory_bytes)),
        )
        .with_hint("keep less at a time, or raise the limit with `--max-memory`")
    }

    pub(super) fn over_text(&self) -> Error {
        let message = format!("a text became longer than {}", bytes(self.text_bytes() as u64));
        Error::new(Kind::Limit, "text_limit", message)
            .with_hint("keep less in one text, or raise the limit with `--max-memory`")
    }

    pub(super) fn over_output(&self) -> Error {
        let message = format!("the run printed and wrote more than {}", bytes(self.output_bytes));
        Error::new(Kind::Limit, "output_limit", message).with_hint("print less, or raise the limit with `--max-output`")
    }

    pub(super) fn over_calls(&self) -> Error {
        let message = format!("the run made more than {} requests", self.calls);
        Error::new(Kind::Limit, "call_limit", message)
            .with_hint("look for an endless loop, or raise the limit with `--max-calls`")
    }

    pub(super) fn over_levels(most: usize) -> Error {
        let message = format!("`parallel`s lie in each other more than {most} deep");
        Error::new(Kind::Limit, "parallel_depth", message)
            .with_hint("look for a function that calls itself in a `parallel`, or gather the items first")
    }

    pub(super) fn over_depth() -> Error {
        Error::new(Kind::Limit, "depth_limit", "values lie in each other too deep")
            .with_hint("look for a list or a map that is put into itself again and again")
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
