//! Where to act and as whom, opened: settings become a client on a backend, with its clocks.

use std::sync::Arc;

use super::caps::GivenCaps;
use super::credential::{Authenticated, authenticated};
use super::locked::Locked;
use super::narrowing::Narrowing;
use super::progress::{Progress, Watched};
use super::recording::{Recording, ended_at_once, keeping};
use super::rules::rules;
use super::simulated::Simulated;
use super::simulation::{SharedWorlds, Simulation, open_world};
use crate::auth::{self, LiveEndpoint, SystemPrograms};
use crate::catalog;
use crate::clock::Clock;
use crate::config::{Environment, Given, Settings, Workspace};
use crate::engine::{Identity, Surroundings};
use crate::error::{Error, Kind, Result};
use crate::journal::{Ended, Journal};
use crate::policy::{Caps, LocalGrant, ManagedObjects, Reach, Rules, Sources, Tally};
use crate::resources::{Api, Platform};
use crate::secret::Scrubber;
use crate::simulator::Simulator;
use crate::simulator::world::demo_start;
use crate::transport::{
    Backend, Client, ClientBuilder, Consent, Endpoints, Gate, Limits, Live, LiveOptions, Outside, Target,
};

/// What a session is opened with.
#[derive(Clone)]
pub struct Opening {
    /// The process's variables and folders.
    pub environment: Environment,
    /// What the options said of where to act and as whom.
    pub given: Given,
    /// The workspace, if it was read already; else it is the one around the current folder, as its file is now.
    pub workspace: Option<Workspace>,
    /// What the options said of the simulator.
    pub simulation: Simulation,
    /// Learns every secret.
    pub scrubber: Scrubber,
    /// The most requests under way at once.
    pub max_in_flight: Option<usize>,
    /// The most calls that a run may make.
    pub max_calls: Option<u64>,
    /// What is run, and what everybody but the profile says that it may do.
    pub sources: Sources,
    /// Whether objects that something else manages may be changed.
    pub managed: ManagedObjects,
    /// Whether the server that this runs on may be stopped and deleted too.
    pub includes_self: bool,
    /// How much may be changed.
    pub caps: GivenCaps,
    /// The seed of jitter.
    pub seed: u64,
    /// Watches the calls.
    pub progress: Option<Arc<dyn Progress>>,
    /// Asked before each change.
    pub consent: Option<Arc<dyn Consent>>,
    /// What the session is recorded as. Without it nothing real can be changed in it.
    pub recording: Option<Recording>,
    /// The simulated worlds that it shares with others; one of its own if `None`.
    pub worlds: Option<Arc<SharedWorlds>>,
}

/// A way to the API, with all that belongs to it.
pub struct Session {
    /// What was resolved, each value with its origin.
    pub settings: Settings,
    /// Sends calls.
    pub client: Client,
    /// Where calls act.
    pub target: Target,
    /// Tokens, timeouts, retries.
    pub process_clock: Clock,
    /// `now()`, waits, the simulated world.
    pub recipe_clock: Clock,
    /// The simulator behind the client, if there is one.
    pub simulator: Option<Arc<Simulator>>,
    /// What a run in it must obey.
    pub rules: Arc<Rules>,
    /// The network outside the API; none for a simulated world.
    pub outside: Option<Outside>,
    /// What a person should know before anything is done.
    pub warnings: Vec<String>,
    /// The id of the run.
    pub run: String,
    /// What the run did; nothing on the simulator, where nothing real changes.
    pub journal: Option<Journal>,
    /// What was changed, held against the caps.
    pub tally: Arc<Tally>,
    /// What leads to the real API, if it is that.
    pub(super) live: Option<Way>,
    pub(super) caps: Caps,
    /// Reads what nobody waits for; only where a person is asked before changes, who is not to wait for that either.
    pub(super) background: Option<Client>,
    /// Where a file's own rules hold while it is loaded.
    pub(super) gate: Arc<Narrowing>,
    scrubber: Scrubber,
    /// Why no call can be made, if no credential was given.
    lock: Option<Error>,
}

impl Session {
    /// Opens a session. Nothing is sent, and no token asked for, before the first call; without any credential only the
    /// first call fails, as many a script makes none.
    ///
    /// # Errors
    /// When a setting is wrong, the credential that was given is unusable, the world cannot be read, or was given
    /// without `--sim`.
    pub fn open(opening: &Opening) -> Result<Self> {
        let settings = match &opening.workspace {
            Some(workspace) => settings_in(workspace, &opening.environment, &opening.given)?,
            None => settings(&opening.environment, &opening.given)?,
        };
        settings.guard_secrets(&opening.scrubber);
        if settings.is_simulated {
            return Self::simulated(opening, settings);
        }
        // Who names a world does not mean the real one.
        if let Some(option) = opening.simulation.first_option() {
            let message = format!("`{option}` is for the simulator, and this would act on the real project");
            return Err(Error::new(Kind::Usage, "not_simulated", message).with_hint("add `--sim`"));
        }
        Self::live(opening, settings)
    }

    fn simulated(opening: &Opening, settings: Settings) -> Result<Self> {
        let (simulator, clock) = match &opening.worlds {
            Some(shared) => (shared.simulator(settings.stands_in_for.as_deref())?, Clock::process()),
            None => own_world(opening)?,
        };
        let simulated = Arc::new(Simulated::new(simulator.clone()));
        let way = Way {
            backend: simulated.clone(),
            tokens: simulated,
            clock: clock.clone(),
            endpoints: Endpoints::new(),
            limits: limits(opening),
            seed: opening.seed,
        };
        let rules = rules(opening, &settings)?;
        let caps = opening.caps.resolve(&settings)?;
        let tally = Arc::new(Tally::new(caps.clone(), Reach::Stops));
        let gate = Arc::new(Narrowing::new(rules.clone()));
        let client = way.watched(opening, gate.clone()).tally(tally.clone()).build();
        let background = way.background(opening, &rules, &clock);
        let project = settings.project.as_ref().map(|project| project.value.clone());
        let target = Target {
            project: Some(project.unwrap_or_else(|| simulator.first_project())),
            region: Some(settings.region.value.clone()),
        };
        Ok(Self {
            warnings: settings.warnings.clone(),
            settings,
            client,
            target,
            process_clock: clock.clone(),
            recipe_clock: clock,
            simulator: Some(simulator),
            outside: None,
            rules,
            run: run_id(opening),
            journal: None,
            tally,
            live: None,
            caps,
            background,
            gate,
            scrubber: opening.scrubber.clone(),
            lock: None,
        })
    }

    fn live(opening: &Opening, settings: Settings) -> Result<Self> {
        // Who is asked is asked about all that waits, once all of the run does.
        let clock = if opening.consent.is_some() { Clock::counting() } else { Clock::process() };
        let live = live(&opening.environment, &settings)?;
        let surroundings = auth_surroundings(&live, Clock::process(), opening.scrubber.clone());
        let Authenticated { source, mut warnings, lock, identity } = authenticated(opening, &settings, &surroundings)?;
        let outside = live.outside();
        let way = Way {
            backend: Arc::new(live),
            tokens: source,
            clock: clock.clone(),
            endpoints: endpoints(&settings)?,
            limits: limits(opening),
            seed: opening.seed,
        };
        let rules = rules(opening, &settings)?;
        learn_granted(&rules, opening);
        let caps = opening.caps.resolve(&settings)?;
        let run = run_id(opening);
        // Last of all that can fail: a run that is on record as begun must also come to its end there.
        let journal = begin_journal(opening, &settings, &clock, &run, identity.as_ref())?;
        warnings.extend(
            opening
                .recording
                .as_ref()
                .and(journal.unwritable())
                .map(|why| format!("{why}: nothing can be changed; {}", why.hint())),
        );
        let tally = Arc::new(Tally::new(caps.clone(), Reach::Stops));
        let gate = Arc::new(Narrowing::new(rules.clone()));
        let client = way.watched(opening, gate.clone()).tally(tally.clone()).journal(Some(journal.clone())).build();
        let background = way.background(opening, &rules, &Clock::process());
        let target = Target {
            project: settings.project.as_ref().map(|project| project.value.clone()),
            region: Some(settings.region.value.clone()),
        };
        Ok(Self {
            warnings: settings.warnings.iter().chain(&warnings).cloned().collect(),
            settings,
            client,
            target,
            process_clock: clock.clone(),
            recipe_clock: clock,
            simulator: None,
            outside: Some(outside),
            rules,
            run,
            journal: Some(journal),
            tally,
            live: Some(way),
            caps,
            background,
            gate,
            scrubber: opening.scrubber.clone(),
            lock,
        })
    }

    /// The platform at the session's project and region.
    #[must_use]
    pub fn platform(&self) -> Platform {
        let api: Arc<dyn Api> = match &self.lock {
            Some(why) => Arc::new(Locked(why.clone())),
            None => Arc::new(self.client.clone()),
        };
        Platform::new(api, self.target.clone(), self.recipe_clock.clone())
    }

    /// What a run of this recipe has around it: what it is called, and what it is given outside the API.
    pub(super) fn around(&self, mut surroundings: Surroundings, recipe: &str) -> Surroundings {
        surroundings.identity = Identity {
            id: self.run.clone(),
            recipe: recipe.to_owned(),
            profile: self.settings.profile.as_ref().map(|profile| profile.value.clone()),
            project: self.target.project.clone(),
            region: self.target.region.clone(),
            started_at: None,
            occasion: surroundings.identity.occasion,
        };
        surroundings.local = self.rules.grants().local().clone();
        surroundings
    }

    /// Makes sure that calls can be made, for who makes one in any case.
    ///
    /// # Errors
    /// When no credential was given.
    pub fn check_credential(&self) -> Result<()> {
        self.lock.clone().map_or(Ok(()), Err)
    }

    /// Records how the run ended.
    pub fn end(&self, ended: Ended) {
        if let Some(Ok(journal)) = self.journal.as_ref().map(Journal::opened)
            && let Err(why) = journal.end(ended)
        {
            tracing::warn!("how the run ended is not recorded: {why}");
        }
    }

    /// Records that the run ends at once, without waiting for what is under way.
    pub fn last_words(&self) -> impl FnOnce(u8) + Send + 'static {
        let journal = self.journal.clone();
        move |exit_code| {
            if let Some(Ok(journal)) = journal.as_ref().map(Journal::opened) {
                let _ = journal.end(ended_at_once(exit_code));
            }
        }
    }

    /// Whether the world is simulated.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.simulator.is_some()
    }

    /// Writes the simulated world to the file that was asked for, if one was.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_world(&self, simulation: &Simulation) -> Result<()> {
        match &self.simulator {
            Some(simulator) => simulation.save(simulator, &self.scrubber),
            None => Ok(()),
        }
    }
}

/// A simulated world with a virtual clock.
fn own_world(opening: &Opening) -> Result<(Arc<Simulator>, Clock)> {
    let (world, start) = open_world(&opening.simulation, demo_start())?;
    let clock = Clock::starting_at(start);
    let simulator = Arc::new(Simulator::new(world, clock.clone()));
    if let Some(faults) = opening.simulation.read_faults()? {
        simulator.set_faults(faults);
    }
    Ok((simulator, clock))
}

fn run_id(opening: &Opening) -> String {
    let given = opening.recording.as_ref().and_then(|recording| recording.run.clone());
    given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
}

/// Teaches the scrubber the secrets that the run may read, before it reads them: an option or `--reason` may hold one, and
/// is on record before. Of those that only a pattern names, such as all variables, those that are written there.
fn learn_granted(rules: &Rules, opening: &Opening) {
    for grant in &rules.grants().local().given {
        let LocalGrant::Secret(given) = grant else { continue };
        let is_told = |value: &str| opening.recording.as_ref().is_some_and(|recording| recording.tells(value));
        for (name, value) in opening.environment.variables() {
            let is_covered = grant.covers(&LocalGrant::Secret(name.to_owned()));
            if is_covered && (given == name || is_told(value)) {
                opening.scrubber.learn(value);
            }
        }
    }
}

/// Begins the journal of a run that acts on the real project.
fn begin_journal(
    opening: &Opening,
    settings: &Settings,
    clock: &Clock,
    run: &str,
    identity: Option<&auth::Identity>,
) -> Result<Journal> {
    let Some(recording) = &opening.recording else { return Ok(Journal::shut("this only reads, and keeps none")) };
    let keeping = keeping(settings, &opening.environment, clock.clone(), &opening.scrubber)?;
    Ok(Journal::begin(&keeping, recording.began(run, settings, &opening.environment, identity)))
}

/// Joins the settings of flags, environment, workspace and the STACKIT CLI.
///
/// # Errors
/// When a setting is wrong.
pub fn settings(environment: &Environment, given: &Given) -> Result<Settings> {
    Ok(Settings::resolve(environment, given, &services())?)
}

/// The same in a workspace that was read already.
///
/// # Errors
/// When a setting is wrong.
pub fn settings_in(workspace: &Workspace, environment: &Environment, given: &Given) -> Result<Settings> {
    Ok(Settings::resolve_in(Some(workspace.clone()), environment, given, &services())?)
}

fn services() -> Vec<&'static str> {
    catalog::modules().filter(|module| !module.contains('/')).collect()
}

/// The backend that talks to the network, as the settings and the environment want it.
///
/// # Errors
/// When the file of certificate authorities or a proxy is unusable.
pub fn live(environment: &Environment, settings: &Settings) -> Result<Live> {
    let proxies = environment.proxies();
    Live::new(&LiveOptions {
        ca_file: settings.ca_file.as_ref().map(|file| file.value.clone()),
        https_proxy: proxies.https,
        http_proxy: proxies.http,
        no_proxy: proxies.except,
        ..LiveOptions::default()
    })
}

/// What authenticating needs, over the network.
#[must_use]
pub fn auth_surroundings(live: &Live, clock: Clock, scrubber: Scrubber) -> auth::Surroundings {
    auth::Surroundings {
        clock,
        scrubber,
        endpoint: Arc::new(LiveEndpoint::new(live.client_source())),
        programs: Arc::new(SystemPrograms),
    }
}

/// What a client is built on.
pub(super) struct Way {
    pub backend: Arc<dyn Backend>,
    tokens: Arc<dyn auth::TokenSource>,
    clock: Clock,
    endpoints: Endpoints,
    limits: Limits,
    seed: u64,
}

impl Way {
    /// A client of another backend than this way's own.
    pub fn client(&self, backend: Arc<dyn Backend>, session: &Session) -> ClientBuilder {
        self.builder(backend, &session.scrubber)
    }

    /// A client behind this gate that tells of its calls to whoever watches.
    fn watched(&self, opening: &Opening, gate: Arc<dyn Gate>) -> ClientBuilder {
        let backend: Arc<dyn Backend> = match &opening.progress {
            Some(progress) => Arc::new(Watched { backend: self.backend.clone(), progress: progress.clone() }),
            None => self.backend.clone(),
        };
        self.builder(backend, &opening.scrubber).gate(gate).consent(opening.consent.clone())
    }

    /// A client for what nobody waits for, if somebody is asked before changes: it tells of no calls and takes none from
    /// the run's, and where it is not counted by the run's clock no question waits for it.
    fn background(&self, opening: &Opening, rules: &Arc<Rules>, clock: &Clock) -> Option<Client> {
        opening.consent.as_ref()?;
        let builder = self.builder_on(clock, self.backend.clone(), &opening.scrubber);
        Some(builder.gate(rules.clone()).build())
    }

    fn builder(&self, backend: Arc<dyn Backend>, scrubber: &Scrubber) -> ClientBuilder {
        self.builder_on(&self.clock, backend, scrubber)
    }

    fn builder_on(&self, clock: &Clock, backend: Arc<dyn Backend>, scrubber: &Scrubber) -> ClientBuilder {
        Client::builder(backend, self.tokens.clone(), clock.clone())
            .scrubber(scrubber.clone())
            .endpoints(self.endpoints.clone())
            .limits(self.limits.clone())
            .seed(self.seed)
    }
}

/// Where the services are reached, if not where the catalogue says.
fn endpoints(settings: &Settings) -> Result<Endpoints> {
    settings.endpoints.iter().try_fold(Endpoints::new(), |endpoints, (service, url)| {
        endpoints.with_service(service, &url.value).map_err(|error| {
            Error::new(Kind::Config, "bad_endpoint", error.to_string()).with_place(url.origin.to_string())
        })
    })
}

/// How many requests are under way at once, and all that has no option.
fn limits(opening: &Opening) -> Limits {
    let defaults = Limits::default();
    Limits {
        in_flight: opening.max_in_flight.unwrap_or(defaults.in_flight),
        calls: opening.max_calls.unwrap_or(defaults.calls),
        ..defaults
    }
}
