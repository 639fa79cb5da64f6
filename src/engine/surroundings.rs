//! What a run has around it besides the platform: variables, the terminal, and what it is called.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::config::Environment;
use crate::policy::{LocalGrant, LocalGrants};
use crate::secret::Scrubber;

/// What a run has around it.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The environment variables, for `env` and `secret`.
    pub environment: Environment,
    /// Learns the secrets that the recipe reads, and cleans what it logs.
    pub scrubber: Scrubber,
    /// What the run may do outside the API; nothing that is not given.
    pub local: Arc<LocalGrants>,
    /// Who looks on. Where somebody does, nothing is sent or written outside the API.
    pub witness: Option<Arc<Witness>>,
    /// The columns of the terminal that tables must fit into; `None` if there is no terminal.
    pub terminal_width: Option<u16>,
    /// Whether tables may have colour.
    pub has_colour: bool,
    /// What the run is called.
    pub identity: Identity,
}

/// Notes what a run touches outside the API, or would touch.
#[derive(Debug, Default)]
pub struct Witness {
    used: Mutex<BTreeSet<LocalGrant>>,
    /// The files that would be written, as they would be then: the run may read them.
    files: Mutex<BTreeMap<PathBuf, String>>,
}

impl Witness {
    pub(super) fn note(&self, used: &LocalGrant) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(used.clone());
    }

    /// Keeps a file that would be written.
    pub(super) fn write(&self, path: PathBuf, text: String) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path, text);
    }

    /// Adds to a file that would be written; to what `is_there`, the first time.
    pub(super) fn append(&self, path: PathBuf, text: &str, is_there: impl FnOnce() -> String) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(path).or_insert_with(is_there).push_str(text);
    }

    /// A file that would be written, as it would be.
    pub(super) fn file(&self, path: &Path) -> Option<String> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// All that was noted.
    #[must_use]
    pub fn seen(&self) -> BTreeSet<LocalGrant> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a run is called and where it acts: the constant `run`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The run's own id.
    pub id: String,
    /// The recipe's name.
    pub recipe: String,
    /// The profile that it acts with, if any.
    pub profile: Option<String>,
    /// The project that it acts in, if any.
    pub project: Option<String>,
    /// The region that it acts in, if any.
    pub region: Option<String>,
    /// When it began, on the recipe's clock; the first reading of the clock if `None`.
    pub started_at: Option<DateTime<Utc>>,
    /// What made it run.
    pub occasion: Occasion,
}

/// What made a run begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// The job that it is a run of, if any.
    pub job: Option<String>,
    /// Which run for its fire time it is, from 1.
    pub attempt: u32,
    /// The id of the run before it for the same fire time.
    pub previous: Option<String>,
    /// `schedule`, `hand`, `rerun`, `retry` or `recovery`.
    pub scheduled_by: String,
}

/// A person typed it.
impl Default for Occasion {
    fn default() -> Self {
        Self { job: None, attempt: 1, previous: None, scheduled_by: "hand".to_owned() }
    }
}
