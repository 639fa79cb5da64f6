//! What a run by hand keeps from run to run: the store of the workspace, opened once something is asked of it.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{WorkspaceStore, open_store, state_changes};
use crate::app::Session;
use crate::engine::{Kept, KeptChange, Source, StateSource};
use crate::error::{Error, Result};
use crate::schedule::store::Store as _;

/// The state of a scope in a workspace. Cheap to clone.
#[derive(Clone)]
pub struct HandState(Arc<Place>);

struct Place {
    folder: PathBuf,
    scope: String,
    store: OnceCell<WorkspaceStore>,
}

impl HandState {
    /// What a run shares: the scope that was named, else the one of its recipe's file. Nothing outside of a workspace, in a
    /// simulated world, and for a line that was typed.
    #[must_use]
    pub fn of(session: &Session, named: Option<&str>, source: Option<&Source>) -> Option<Self> {
        let workspace = session.settings.workspace.as_ref().filter(|_| !session.is_simulated())?;
        let file = source.filter(|source| source.folder.is_some());
        let stem = file.and_then(|source| std::path::Path::new(&source.name).file_stem());
        let scope = named.map(str::to_owned).or_else(|| Some(stem?.to_string_lossy().into_owned()))?;
        Some(Self(Arc::new(Place { folder: workspace.folder().to_owned(), scope, store: OnceCell::new() })))
    }

    /// What a run sees of it.
    #[must_use]
    pub fn kept(state: Option<&Self>) -> Arc<Kept> {
        state.map_or_else(Arc::default, |state| Arc::new(Kept::of(Arc::new(state.clone()))))
    }

    /// Keeps what a run wants kept.
    ///
    /// # Errors
    /// When the store cannot be opened or written.
    pub async fn keep(&self, changes: &[KeptChange]) -> Result<()> {
        self.0.store().await?.keep(&state_changes(&self.0.scope, changes)).await
    }
}

impl Place {
    async fn store(&self) -> Result<&WorkspaceStore> {
        self.store.get_or_try_init(|| async { Ok(open_store(&self.folder, false).await?.store) }).await
    }
}

impl StateSource for HandState {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<String>, Error>> {
        let (place, key) = (self.0.clone(), key.to_owned());
        Box::pin(async move { place.store().await?.state(&place.scope, &key).await })
    }
}
