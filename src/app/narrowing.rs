//! The gate of a session: its own rules, and those of a file instead as long as that is loaded into it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::policy::{Admission, Rules};
use crate::transport::{Error, Gate, Intent, Subject};

/// A gate whose rules are a file's for a while.
pub(super) struct Narrowing {
    own: Arc<Rules>,
    of_file: RwLock<Option<Arc<Rules>>>,
}

impl Narrowing {
    /// A gate with the session's own rules.
    pub fn new(own: Arc<Rules>) -> Self {
        Self { own, of_file: RwLock::default() }
    }

    /// From now on these rules hold, or the session's own again.
    pub fn set(&self, of_file: Option<Arc<Rules>>) {
        *self.of_file.write().unwrap_or_else(PoisonError::into_inner) = of_file;
    }

    fn rules(&self) -> Arc<Rules> {
        let of_file = self.of_file.read().unwrap_or_else(PoisonError::into_inner);
        of_file.as_ref().unwrap_or(&self.own).clone()
    }
}

impl Gate for Narrowing {
    fn admit(&self, intent: &Intent<'_>) -> Admission {
        Gate::admit(&*self.rules(), intent)
    }

    fn weigh(&self, intent: &Intent<'_>, subject: &Subject) -> Result<(), Error> {
        Gate::weigh(&*self.rules(), intent, subject)
    }
}
