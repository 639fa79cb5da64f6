//! What recipes keep from run to run, as the store keeps it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::engine::{KeptChange, KeptDeed, StateSource};
use crate::error::Error;
use crate::schedule::decision::{StateChange, StateDeed};
use crate::schedule::store::Store;

/// One scope of a store, as a run reads it.
pub struct ScopedState<S> {
    store: Arc<S>,
    scope: String,
}

impl<S> ScopedState<S> {
    /// What the store holds of a scope.
    #[must_use]
    pub fn of(store: Arc<S>, scope: impl Into<String>) -> Self {
        Self { store, scope: scope.into() }
    }
}

impl<S: Store> StateSource for ScopedState<S> {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<String>, Error>> {
        let (store, scope, key) = (self.store.clone(), self.scope.clone(), key.to_owned());
        Box::pin(async move { store.state(&scope, &key).await })
    }
}

/// What a run wants kept, for its scope.
#[must_use]
pub fn state_changes(scope: &str, changes: &[KeptChange]) -> Vec<StateChange> {
    let deed = |deed: &KeptDeed| match deed {
        KeptDeed::Set(value) => StateDeed::Set(value.clone()),
        KeptDeed::Delete => StateDeed::Delete,
        KeptDeed::Add(number) => StateDeed::Add(*number),
    };
    let change = |change: &KeptChange| StateChange {
        scope: scope.to_owned(),
        key: change.key.clone(),
        deed: deed(&change.deed),
    };
    changes.iter().map(change).collect()
}
