//! The effective grants of a run: what its sources together leave to it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::decision::{self, Decision};
use super::source::{Restriction, Sources};
use super::{Grant, LocalGrants};
use crate::catalog::Operation;

/// The effective grants of a run. Decides once an operation, and remembers.
#[derive(Debug)]
pub struct Grants {
    restrictions: Vec<Restriction>,
    deny: Vec<Grant>,
    local: Arc<LocalGrants>,
    /// By the operation's address: each stands once in the catalogue.
    decided: RwLock<HashMap<usize, Arc<Decision>>>,
}

impl Grants {
    /// What these sources together leave to a run.
    #[must_use]
    pub fn new(sources: &Sources) -> Self {
        Self {
            restrictions: sources.restrictions(),
            deny: sources.deny.clone(),
            local: Arc::new(LocalGrants::new(sources)),
            decided: RwLock::default(),
        }
    }

    /// Whether an operation may be called, and for which objects.
    #[must_use]
    pub fn decide(&self, operation: &'static Operation) -> Arc<Decision> {
        let address = std::ptr::from_ref(operation).addr();
        if let Some(decision) = self.decided.read().unwrap_or_else(PoisonError::into_inner).get(&address) {
            return decision.clone();
        }
        let decision = Arc::new(decision::decide(&self.restrictions, &self.deny, operation));
        self.decided.write().unwrap_or_else(PoisonError::into_inner).insert(address, decision.clone());
        decision
    }

    /// The grants for what is outside the API.
    #[must_use]
    pub fn local(&self) -> &Arc<LocalGrants> {
        &self.local
    }

    /// The keys of the labels that grants are narrowed by: a run that could set them could widen its own grants.
    #[must_use]
    pub fn deciding_labels(&self) -> BTreeSet<&str> {
        let lists = self.restrictions.iter().map(|restriction| &restriction.grants).chain([&self.deny]);
        lists.flatten().flat_map(|grant| &grant.labels).map(|(key, _)| key.as_str()).collect()
    }
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
