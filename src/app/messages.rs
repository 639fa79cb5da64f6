//! What a run tells people: kept in the workspace's outbox at the call, delivered once its script has ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::Session;
use super::channels::channels;
use crate::clock::Clock;
use crate::config::{Environment, Workspace, Zone};
use crate::database::{Database, Options, Synchronous};
use crate::engine::{Message, Notifier, Surroundings};
use crate::error::{Error, Kind, Result, nearest};
use crate::notices::{self, Channel, Courier, Notice, Outbox, Topic, Waiting};
use crate::secret::Scrubber;
use crate::transport::Outside;

/// So long the end of a run waits for channels.
const PATIENCE: Duration = Duration::from_secs(10);
/// The file of a workspace's state, from its folder.
const STATE: &str = ".stackhand/state.db";

/// Takes the messages of one run. The state is opened, and the channels' secrets read, when the first one comes.
pub(super) struct Messages {
    environment: Environment,
    /// As the run's session knows it.
    workspace: Option<Workspace>,
    scrubber: Scrubber,
    outside: Outside,
    runtime: Handle,
    /// What each of them says of the run.
    notice: Notice,
    opened: Mutex<Option<Arc<Desk>>>,
}

/// An opened outbox, and who empties it.
struct Desk {
    workspace: Workspace,
    channels: Vec<Channel>,
    outbox: Outbox,
    courier: Courier,
    notes: Vec<String>,
}

impl Messages {
    /// Those of a run on the real project; a simulated one tells nobody.
    pub fn of(session: &Session, surroundings: &Surroundings, runtime: &Handle) -> Option<Arc<Self>> {
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
        Some(Arc::new(Self {
            workspace: session.settings.workspace.as_ref().map(Workspace::without_jobs),
            environment: surroundings.environment.clone(),
            scrubber: surroundings.scrubber.clone(),
            outside,
            runtime: runtime.clone(),
            notice,
            opened: Mutex::default(),
        }))
    }

    /// Delivers what the run said, for ten seconds at most; gives what a person should know of it. Blocks.
    pub fn deliver(&self) -> Vec<String> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(desk) = opened else { return Vec::new() };
        let mut lines = desk.notes.clone();
        match self.runtime.block_on(desk.courier.deliver_before_exit(PATIENCE)) {
            Ok(delivered) => lines.extend(delivered.remaining.iter().map(line_of)),
            Err(error) => lines.push(format!("notices stay in the outbox: {error}")),
        }
        lines
    }

    /// The outbox of the workspace; none where it has no channels.
    fn desk(&self) -> Result<Option<Arc<Desk>>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            let workspace = self.workspace.as_ref().filter(|workspace| !workspace.channels.is_empty());
            let Some(workspace) = workspace.cloned() else { return Ok(None) };
            *opened = Some(Arc::new(self.runtime.block_on(self.open(workspace))?));
        }
        Ok(opened.clone())
    }

    async fn open(&self, workspace: Workspace) -> Result<Desk> {
        let clock = Clock::process();
        let file = workspace.folder().join(STATE);
        let opened = Database::open(&file, &Options::new(Synchronous::Full, clock.clone())).await?;
        let outbox = Outbox::open(&opened.database, &self.scrubber).await?;
        let (channels, unusable) = channels(&workspace, &self.environment, &self.scrubber);
        let notes = [opened.notes, unusable].concat();
        let zone = workspace.timezone.unwrap_or(Zone::UTC);
        let surroundings = notices::Surroundings {
            outside: self.outside.clone(),
            clock,
            scrubber: self.scrubber.clone(),
            zone,
            log: Arc::new(|text| tracing::info!("{text}")),
        };
        let courier = Courier::new(outbox.clone(), channels.clone(), surroundings);
        Ok(Desk { workspace, channels, outbox, courier, notes })
    }
}

impl Notifier for Messages {
    fn notify(&self, message: Message) -> Result<()> {
        let Some(desk) = self.desk()? else { return Ok(()) };
        let named = desk.channels.iter().find(|channel| channel.name == message.channel);
        let Some(channel) = named else { return Err(desk.no_channel(&message.channel)) };
        let notice = Notice {
            at: Clock::process().now(),
            text: Some(message.text),
            fields: message.fields.into_iter().collect(),
            ..self.notice.clone()
        };
        let taken = desk.outbox.enqueue(&notice, std::slice::from_ref(channel), None);
        self.runtime.block_on(taken).map(drop)
    }
}

impl Desk {
    /// Why a channel cannot be told anything.
    fn no_channel(&self, name: &str) -> Error {
        let names: Vec<&str> = self.workspace.channels.keys().map(String::as_str).collect();
        if names.contains(&name) {
            let said = self.notes.iter().find(|note| note.starts_with(&format!("the channel `{name}`")));
            let message = said.cloned().unwrap_or_else(|| format!("the channel `{name}` cannot be used"));
            return Error::new(Kind::Config, "channel_unusable", message);
        }
        let error = Error::new(Kind::Invalid, "no_such_channel", format!("the workspace has no channel `{name}`"));
        error.with_hint(match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names.join(", ")),
        })
    }
}

fn line_of(waiting: &Waiting) -> String {
    let notices =
        if waiting.count == 1 { "1 notice waits".to_owned() } else { format!("{} notices wait", waiting.count) };
    let why = waiting.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    format!("{notices} in the outbox for the channel `{}`{why}", waiting.channel)
}
