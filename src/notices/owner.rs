//! Who sends a notice, so that what a process that was killed had under way need not wait until its time is over.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// Tells of a process by what it said of itself whether it has gone.
pub type IsGone = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A process that sends notices.
#[derive(Clone)]
pub struct Owner {
    name: String,
    is_gone: IsGone,
}

impl Owner {
    /// This process, as it tells others of itself; `is_gone` is asked with what others said.
    #[must_use]
    pub fn new(process: &str, is_gone: IsGone) -> Self {
        Self { name: format!("{} {process}", Uuid::new_v4()), is_gone }
    }

    /// One of which others know nothing: what it had under way waits until its time is over.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new("", Arc::new(|_| false))
    }

    /// How claims name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether another one, by its name, has gone.
    pub(super) fn is_gone(&self, other: &str) -> bool {
        other.split_once(' ').is_some_and(|(_, process)| !process.is_empty() && (self.is_gone)(process))
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
