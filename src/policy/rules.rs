//! All that a run must obey, asked before each call.

use std::collections::BTreeSet;

use super::refused::{fits_along, narrowed, ungranted, ungranted_along};
use super::{Belts, Decision, Deed, Grants, Reason, Refusal, Restrictor, Sources, labels};
use crate::catalog::{Effect, Operation};

/// All that a run must obey.
#[derive(Debug)]
pub struct Rules {
    grants: Grants,
    belts: Belts,
    /// The labels that decide what it may do.
    deciding: BTreeSet<String>,
}

/// What the rules say of a call before its objects are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may be sent.
    Granted,
    /// It depends on its objects.
    Weighed,
    /// It may not be sent.
    Refused,
}

impl Rules {
    /// The rules of a run with these grants, held by these belts.
    #[must_use]
    pub fn new(sources: &Sources, belts: Belts) -> Self {
        let grants = Grants::new(sources);
        let deciding = grants.deciding_labels().into_iter().map(str::to_owned).collect();
        Self { grants, belts, deciding }
    }

    /// The run's grants.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// What can be said of a call by its operation alone.
    #[must_use]
    pub fn admit(&self, operation: &'static Operation) -> Admission {
        match &*self.grants.decide(operation) {
            Decision::Refused(_) => Admission::Refused,
            Decision::Granted if operation.effect == Effect::Read => Admission::Granted,
            Decision::Granted | Decision::Narrowed(_) => Admission::Weighed,
        }
    }

    /// Weighs a call whose objects are known.
    ///
    /// # Errors
    /// Why it may not be sent.
    pub fn weigh(&self, deed: &Deed<'_>) -> Result<(), Refusal> {
        match &*self.grants.decide(deed.operation) {
            Decision::Refused(reasons) => return Err(ungranted(deed, reasons)),
            Decision::Narrowed(conditions) => {
                for condition in conditions {
                    narrowed(deed, condition)?;
                }
            }
            Decision::Granted => {}
        }
        if deed.operation.effect == Effect::Read {
            return Ok(());
        }
        self.weigh_along(deed)?;
        labels::keep_deciding(deed, &self.deciding)?;
        self.belts.hold(deed)
    }

    /// Weighs what is deleted along with what the path names: who may not delete such objects may not do it by a detour.
    /// What goes without being asked for needs no permission of its own, as with STACKIT; it may be taken away, or
    /// narrowed, all the same.
    fn weigh_along(&self, deed: &Deed<'_>) -> Result<(), Refusal> {
        for (operation, object) in deed.deleted_along() {
            match &*self.grants.decide(operation) {
                Decision::Granted => {}
                Decision::Narrowed(conditions) => {
                    for condition in conditions {
                        fits_along(deed, condition, object)?;
                    }
                }
                Decision::Refused(reasons) => {
                    let counts = |reason: &&Reason| deed.asks_for_more() || matches!(reason.by, Restrictor::Deny(_));
                    let reasons: Vec<Reason> = reasons.iter().filter(counts).cloned().collect();
                    if !reasons.is_empty() {
                        return Err(ungranted_along(deed, object, &reasons));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
