//! What the objects of the project are called: read in the background, for those who complete what is typed. They read
//! what is there and never wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::Session;
use crate::catalog;
use crate::resources::{Kind, Platform, Query};
use crate::transport::{Call, Target};

/// The functions that look an object up by its name, and the kind that each looks for.
const LOOKUPS: [(&str, Kind); 9] = [
    ("server", Kind::Server),
    ("volume", Kind::Volume),
    ("snapshot", Kind::Snapshot),
    ("backup", Kind::Backup),
    ("image", Kind::Image),
    ("network", Kind::Network),
    ("security_group", Kind::SecurityGroup),
    ("key_pair", Kind::KeyPair),
    ("public_ip", Kind::PublicIp),
];

/// The names of a project's objects. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    /// Wakes who waits for the project's name.
    named: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    project: Option<String>,
    lists: BTreeMap<&'static str, Arc<[LiveName]>>,
    by_id: HashMap<String, String>,
    under_way: Option<AbortHandle>,
}

/// An object's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveName {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state, if it has one.
    pub state: String,
}

#[derive(Deserialize)]
struct Project {
    name: String,
}

impl Names {
    /// The names that a function looks objects up by, such as `server`; none while they are not known.
    #[must_use]
    pub fn of(&self, function: &str) -> Arc<[LiveName]> {
        self.known().lists.get(function).cloned().unwrap_or_default()
    }

    /// The name of the object with this id, if it is known.
    #[must_use]
    pub fn name_of(&self, id: &str) -> Option<String> {
        self.known().by_id.get(id).cloned()
    }

    /// The project's name, once it is known.
    #[must_use]
    pub fn project(&self) -> Option<String> {
        self.known().project.clone()
    }

    /// The project's name, for which this waits so long at most.
    #[must_use]
    pub fn project_within(&self, span: Duration) -> Option<String> {
        let is_unknown = |known: &mut Known| known.project.is_none();
        let waited = self.0.named.wait_timeout_while(self.known(), span, is_unknown);
        waited.map_or_else(|poisoned| poisoned.into_inner().0, |(known, _)| known).project.clone()
    }

    /// Makes names known.
    pub fn set(&self, function: &'static str, names: Vec<LiveName>) {
        let mut known = self.known();
        known.by_id.extend(names.iter().map(|live| (live.id.clone(), live.name.clone())));
        known.lists.insert(function, names.into());
    }

    /// Forgets everything, for a session that goes on elsewhere.
    pub fn forget(&self) {
        let mut known = self.known();
        if let Some(task) = known.under_way.take() {
            task.abort();
        }
        (known.project, known.lists, known.by_id) = (None, BTreeMap::new(), HashMap::new());
    }

    /// Reads them anew in the background. What cannot be read stays as it was: nobody is told.
    pub fn refresh(&self, session: &Session, runtime: &Handle) {
        let Some(client) = session.background.clone().filter(|_| session.check_credential().is_ok()) else { return };
        let clock = client.clock().clone();
        let platform = Platform::new(Arc::new(client.clone()), session.target.clone(), clock.clone());
        let names = self.clone();
        let project = session.target.project.clone();
        let is_named = self.project().is_some();
        let work = async move {
            let _busy = clock.busy();
            if let Some(project) = project.filter(|_| !is_named)
                && let Some(operation) = catalog::operation("resource-manager", "get_project")
            {
                let call = Call::new(operation, Target { project: None, region: None }).with("id", project);
                let answer = client.send(call).await.ok();
                let read = answer.and_then(|answer| serde_json::from_slice::<Project>(&answer.body).ok());
                names.known().project = read.map(|project| project.name);
                names.0.named.notify_all();
            }
            for (function, kind) in LOOKUPS {
                let Ok(listing) = platform.list(kind, &Query::default()).await else { continue };
                let live = listing.objects.iter().filter_map(|object| {
                    let state = object.head().ok().and_then(|head| head.status.clone()).unwrap_or_default();
                    Some(LiveName { id: object.id().ok()?.to_owned(), name: object.name()?.to_owned(), state })
                });
                let live = live.collect();
                names.set(function, live);
            }
        };
        // What nobody asked for is not talked about.
        let task = runtime.spawn(work.with_subscriber(NoSubscriber::default()));
        if let Some(before) = self.known().under_way.replace(task.abort_handle()) {
            before.abort();
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        if let Some(task) = self.under_way.take() {
            task.abort();
        }
    }
}
