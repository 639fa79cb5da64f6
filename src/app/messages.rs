//! What a run tells people: kept in the workspace's outbox at the call, delivered once its script has ended, or by
//! whoever delivers for all runs of a process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Session;
use super::channels::{Channels, this_process};
use crate::clock::Clock;
use crate::config::{Environment, Workspace, Zone};
use crate::database::{Database, Options, Synchronous};
use crate::engine::{Message, Notifier, Surroundings};
use crate::error::Result;
use crate::notices::{self, Courier, Delivered, Notice, Outbox, Topic, Waiting};
use crate::secret::Scrubber;
use crate::transport::Outside;

/// So long the end of a run waits for channels.
const PATIENCE: Duration = Duration::from_secs(10);
/// The file of a workspace's state, from its folder.
const STATE: &str = ".stackhand/state.db";

/// An outbox that somebody empties for all runs of a process.
pub(super) trait Counter: Send + Sync {
    /// The channels as they are now.
    fn channels(&self) -> Arc<Channels>;
    /// What takes notices in.
    fn outbox(&self) -> &Outbox;
    /// Says that there is something new in it.
    fn wake(&self);
}

/// Takes the messages of one run.
pub(super) struct Messages {
    runtime: Handle,
    /// What each of them says of the run.
    notice: Notice,
    way: Way,
    /// Whether something was said where there is nobody to tell.
    is_unheard: AtomicBool,
}

/// Where messages go.
enum Way {
    /// Into an outbox of the run's own. It is opened, and the channels' secrets read, when the first one comes.
    Own(Box<Own>),
    Shared(Arc<dyn Counter>),
}

struct Own {
    /// As the run's session knows it.
    workspace: Option<Workspace>,
    environment: Environment,
    scrubber: Scrubber,
    outside: Outside,
    opened: Mutex<Option<Arc<Desk>>>,
}

/// An opened outbox, and who empties it.
struct Desk {
    channels: Arc<Channels>,
    outbox: Outbox,
    courier: Courier,
    notes: Vec<String>,
}

impl Messages {
    /// Those of a run on the real project; a simulated one tells nobody.
    pub fn of(
        session: &Session,
        surroundings: &Surroundings,
        runtime: &Handle,
        counter: Option<Arc<dyn Counter>>,
    ) -> Option<Arc<Self>> {
        let outside = session.outside.clone()?;
        let identity = &surroundings.identity;
        let notice = Notice {
            job: identity.occasion.job.clone(),
            run: Some(identity.id.clone()),
            recipe: Some(identity.recipe.clone()),
            profile: identity.profile.clone(),
            project: identity.project.clone(),
            ..Notice::new(Topic::Message, session.process_clock.now())
        };
        let way = match counter {
            Some(counter) => Way::Shared(counter),
            None => Way::Own(Box::new(Own {
                workspace: session.settings.workspace.as_ref().map(Workspace::without_jobs),
                environment: surroundings.environment.clone(),
                scrubber: surroundings.scrubber.clone(),
                outside,
                opened: Mutex::default(),
            })),
        };
        Some(Arc::new(Self { runtime: runtime.clone(), notice, way, is_unheard: AtomicBool::new(false) }))
    }

    /// Delivers what the run said, if nobody else does, for ten seconds at most and no longer than until `cancel`; gives
    /// what a person should know of it. Blocks.
    pub fn deliver(&self, cancel: Option<&CancellationToken>) -> Vec<String> {
        let mut lines = Vec::new();
        if self.is_unheard.swap(false, Ordering::Relaxed) {
            lines.push("nobody was told by `notify`: there is no workspace with channels here".to_owned());
        }
        let Way::Own(own) = &self.way else { return lines };
        let opened = own.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(desk) = opened else { return lines };
        lines.extend(desk.notes.iter().cloned());
        match self.runtime.block_on(deliver(&desk, cancel)) {
            Ok(delivered) => lines.extend(delivered.remaining.iter().map(line_of)),
            Err(error) => lines.push(format!("notices stay in the outbox: {error}")),
        }
        lines
    }

    /// The channels, and what takes notices in for them; none where the workspace has no channels.
    fn here(&self) -> Result<Option<(Arc<Channels>, Outbox)>> {
        let here = match &self.way {
            Way::Shared(counter) => Some((counter.channels(), counter.outbox().clone())),
            Way::Own(own) => own.desk(&self.runtime)?.map(|desk| (desk.channels.clone(), desk.outbox.clone())),
        };
        Ok(here.filter(|(channels, _)| !channels.are_none()))
    }
}

async fn deliver(desk: &Desk, cancel: Option<&CancellationToken>) -> Result<Delivered> {
    let delivering = desk.courier.deliver_before_exit(PATIENCE);
    let Some(cancel) = cancel else { return delivering.await };
    tokio::select! {
        delivered = delivering => delivered,
        () = cancel.cancelled() => Ok(Delivered { remaining: desk.outbox.waiting().await?, ..Delivered::default() }),
    }
}

impl Own {
    /// The outbox of the workspace; none where it has no channels.
    fn desk(&self, runtime: &Handle) -> Result<Option<Arc<Desk>>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            let workspace = self.workspace.as_ref().filter(|workspace| !workspace.channels.is_empty());
            let Some(workspace) = workspace else { return Ok(None) };
            *opened = Some(Arc::new(runtime.block_on(self.open(workspace))?));
        }
        Ok(opened.clone())
    }

    async fn open(&self, workspace: &Workspace) -> Result<Desk> {
        let clock = Clock::process();
        let file = workspace.folder().join(STATE);
        let opened = Database::open(&file, &Options::new(Synchronous::Full, clock.clone())).await?;
        let outbox = Outbox::open(&opened.database, &self.scrubber).await?;
        let channels = Channels::of(workspace, &self.environment, &self.scrubber);
        let notes = [&opened.notes[..], &channels.unusable, &channels.warnings].concat();
        let surroundings = notices::Surroundings {
            outside: self.outside.clone(),
            clock,
            scrubber: self.scrubber.clone(),
            zone: workspace.timezone.unwrap_or(Zone::UTC),
            log: Arc::new(|text| tracing::info!("{text}")),
            owner: this_process(),
        };
        let courier = Courier::new(outbox.clone(), channels.all.clone(), surroundings);
        Ok(Desk { channels: Arc::new(channels), outbox, courier, notes })
    }
}

impl Notifier for Messages {
    fn reaches(&self, channel: &str) -> Result<bool> {
        let Some((channels, _)) = self.here()? else {
            self.is_unheard.store(true, Ordering::Relaxed);
            return Ok(false);
        };
        channels.find(channel).map(|_| true)
    }

    fn notify(&self, message: Message) -> Result<()> {
        let Some((channels, outbox)) = self.here()? else { return Ok(()) };
        let channel = channels.find(&message.channel)?;
        let notice = Notice {
            at: Clock::process().now(),
            text: Some(message.text),
            fields: message.fields.into_iter().collect(),
            ..self.notice.clone()
        };
        self.runtime.block_on(outbox.enqueue(&notice, std::slice::from_ref(channel), None))?;
        if let Way::Shared(counter) = &self.way {
            counter.wake();
        }
        Ok(())
    }
}

fn line_of(waiting: &Waiting) -> String {
    let notices =
        if waiting.count == 1 { "1 notice waits".to_owned() } else { format!("{} notices wait", waiting.count) };
    let why = waiting.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    format!("{notices} in the outbox for the channel `{}`{why}", waiting.channel)
}
