//! The store of a workspace, opened.

use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::database::{Database, Options, Synchronous};
use crate::error::Result;
use crate::schedule::store::{ServeLock, Sqlite};

/// What is kept of a workspace's jobs.
pub type WorkspaceStore = Sqlite;

/// The folder of what a workspace keeps.
const FOLDER: &str = ".stackhand";
/// In it, what simulated jobs keep.
const SIMULATED: &str = "simulated";
/// The name of the file.
const FILE: &str = "state.db";
/// The name of the socket of the process that serves a workspace.
pub const SOCKET: &str = "serve.sock";

/// A store, and where it is.
pub struct OpenedStore {
    /// The store.
    pub store: WorkspaceStore,
    /// The folder that it lies in.
    pub folder: PathBuf,
    /// What happened on the way, each a sentence for people.
    pub notes: Vec<String>,
}

/// Where a workspace's state is; what simulated jobs keep is apart from what real ones do.
#[must_use]
pub fn state_folder(workspace: &Path, is_simulated: bool) -> PathBuf {
    let folder = workspace.join(FOLDER);
    if is_simulated { folder.join(SIMULATED) } else { folder }
}

/// Whether something was ever kept of a workspace.
#[must_use]
pub fn has_store(workspace: &Path, is_simulated: bool) -> bool {
    state_folder(workspace, is_simulated).join(FILE).is_file()
}

/// Who serves a workspace, in words; `None` if nobody does.
#[must_use]
pub fn server_of(workspace: &Path, is_simulated: bool) -> Option<String> {
    ServeLock::holder(&state_folder(workspace, is_simulated))
}

/// Where the output of simulated runs is kept, which have no journal.
#[must_use]
pub fn simulated_output(workspace: &Path) -> PathBuf {
    state_folder(workspace, true).join("output")
}

/// Opens the store of a workspace, which is made where there is none.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(workspace: &Path, is_simulated: bool) -> Result<OpenedStore> {
    let folder = state_folder(workspace, is_simulated);
    // What a runs' outcome says must hold after a power failure too.
    let options = Options::new(Synchronous::Full, Clock::process());
    let opened = Database::open(&folder.join(FILE), &options).await?;
    Ok(OpenedStore { store: Sqlite::new(opened.database).await?, folder, notes: opened.notes })
}

impl OpenedStore {
    /// Makes this the one process that serves the workspace, as long as what is given is kept.
    ///
    /// # Errors
    /// When another one does.
    pub async fn lock(&self, clock: &Clock) -> Result<ServeLock> {
        ServeLock::take(&self.folder, clock).await
    }
}
