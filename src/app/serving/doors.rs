//! The server as it is seen from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Mutex, Notify, mpsc};

use super::figures::{Figures, Queue};
use super::questions::answer;
use super::telling::Telling;
use crate::app::jobs::{Runner, Surround};
use crate::clock::Clock;
use crate::dashboard::View;
use crate::schedule::executor::Command;
use crate::schedule::rows::Phase;
use crate::schedule::store::Store;

/// What is behind the doors.
pub(super) struct Doors<S> {
    pub store: Arc<S>,
    pub runner: Arc<Runner<S>>,
    pub surround: Surround,
    pub figures: Arc<Figures>,
    /// Nobody is told of what is simulated.
    pub telling: Option<Telling>,
    pub commands: mpsc::Sender<Command>,
    /// Held while the workspace is read again.
    pub reloading: Mutex<()>,
    /// Told once that is done.
    pub reloaded: Notify,
}

impl<S: Store> View for Doors<S> {
    fn readiness(&self) -> Result<(), String> {
        self.figures.readiness()
    }

    fn figures(&self) -> BoxFuture<'_, String> {
        Box::pin(async {
            let live = self.store.live().await.unwrap_or_else(|error| {
                self.figures.trouble(&error);
                Vec::new()
            });
            let running = live.iter().filter(|entry| entry.phase == Phase::Running).count();
            let jobs = self.runner.jobs();
            let posts = match &self.telling {
                Some(telling) => telling.figures(&jobs).await.unwrap_or_else(|error| {
                    self.figures.trouble(&error);
                    BTreeMap::new()
                }),
                None => BTreeMap::new(),
            };
            let queue = Queue { waiting: live.len() - running, running, posts };
            self.figures.page(&jobs.roster, &queue, Clock::process().now())
        })
    }

    fn answer(&self, question: Value) -> BoxFuture<'_, Value> {
        Box::pin(answer(self, question))
    }
}
