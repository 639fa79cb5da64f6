//! A run against the simulator in process, on its virtual clock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};
use stackhand::app::Simulated;
use stackhand::catalog::{Effect, Operation};
use stackhand::clock::Clock;
use stackhand::engine::{Outcome, Output, RunContext, Source, run};
use stackhand::policy::{Belts, LocalGrant, LocalGrants, ManagedObjects, Rules, Sources};
use stackhand::resources::Platform;
use stackhand::simulator::world::{DEMO_PROJECT, World, demo, demo_start};
use stackhand::simulator::{Faults, Simulator};
use stackhand::transport::{Backend, Client, Sending, Target};

use crate::guarded::guarded;

/// A simulated world and everything that leads to it.
pub struct Stage {
    pub platform: Platform,
    pub clock: Clock,
    pub simulator: Arc<Simulator>,
    pub runtime: tokio::runtime::Runtime,
    calls: Arc<Calls>,
    said: Arc<Said>,
}

/// Counts what goes out, by operation.
struct Calls {
    backend: Arc<dyn Backend>,
    counts: Mutex<BTreeMap<&'static str, usize>>,
    changes: AtomicUsize,
}

impl Backend for Calls {
    fn send<'b>(&'b self, operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b> {
        *self.counts.lock().expect("unpoisoned").entry(operation.name).or_default() += 1;
        self.changes.fetch_add(usize::from(operation.effect != Effect::Read), Ordering::Relaxed);
        self.backend.send(operation, request)
    }
}

/// Keeps what a run says.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    /// Cancelled when a script prints `cancel`.
    cancel: Mutex<Option<tokio_util::sync::CancellationToken>>,
}

impl Said {
    fn keep(&self, text: &str) {
        if text == "cancel"
            && let Some(cancel) = &*self.cancel.lock().expect("unpoisoned")
        {
            cancel.cancel();
        }
        self.lines.lock().expect("unpoisoned").push(text.to_owned());
    }
}

impl Output for Said {
    fn print(&self, text: &str) {
        self.keep(text);
    }

    fn say(&self, text: &str) {
        self.keep(text);
    }
}

impl Stage {
    /// The demo world.
    pub fn demo() -> Self {
        Self::of(demo(demo_start()))
    }

    pub fn of(world: World) -> Self {
        let clock = Clock::starting_at(world.time.expect("a world has a time"));
        let project = world.projects[0].id.clone();
        let simulator = Arc::new(Simulator::new(world, clock.clone()));
        let backend = Simulated::new(simulator.clone());
        let calls =
            Arc::new(Calls { backend: guarded(backend), counts: Mutex::default(), changes: AtomicUsize::new(0) });
        let target = Target { project: Some(project), region: Some("eu01".to_owned()) };
        let rules = Rules::new(&Sources::default(), Belts::default());
        let platform = platform(&simulator, &calls, &clock, target, rules);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        Self { platform, clock, simulator, runtime, calls, said: Arc::default() }
    }

    pub fn with_faults(self, rules: &Value) -> Self {
        let faults = Faults::parse(&json!({ "rules": rules }).to_string(), "faults.json").expect("good rules");
        self.simulator.set_faults(faults);
        self
    }

    pub fn allowing_managed(self) -> Self {
        self.obeying(Rules::new(&Sources::default(), Belts { managed: ManagedObjects::Allowed, ..Belts::default() }))
    }

    /// The same under other rules than those that hold by default.
    pub fn obeying(mut self, rules: Rules) -> Self {
        let target = self.platform.target().clone();
        self.platform = platform(&self.simulator, &self.calls, &self.clock, target, rules);
        self
    }

    /// Runs a script; printing `cancel` cancels it from outside.
    pub fn run(&self, script: &str) -> Outcome {
        let mut context = RunContext::new(self.runtime.handle().clone(), self.clock.clone());
        context.platform = Some(self.platform.clone());
        context.is_simulated = true;
        context.surroundings.local = Arc::new(LocalGrants {
            given: vec![LocalGrant::Environment("*".to_owned()), LocalGrant::Secret("*".to_owned())],
            ..LocalGrants::default()
        });
        context.output = self.said.clone();
        *self.said.cancel.lock().expect("unpoisoned") = Some(context.cancel.clone());
        run(&Source::inline("test.rhai", script), context)
    }

    /// Runs a script that must end well, and gives its value.
    pub fn eval(&self, script: &str) -> Value {
        let outcome = self.run(script);
        assert!(outcome.failure.is_none(), "{script}\n{:#?}", outcome.error());
        outcome.value
    }

    /// Runs a script that must throw, and gives its error.
    pub fn fail(&self, script: &str) -> stackhand::error::Error {
        let outcome = self.run(script);
        outcome.error().cloned().unwrap_or_else(|| panic!("{script}\nends well: {}", outcome.value))
    }

    /// How often an operation was sent.
    pub fn count(&self, operation: &str) -> usize {
        self.calls.counts.lock().expect("unpoisoned").get(operation).copied().unwrap_or_default()
    }

    /// How many requests were sent that are no reads.
    pub fn changes(&self) -> usize {
        let counts = self.calls.counts.lock().expect("unpoisoned");
        let is_read = |name: &str| name.starts_with("get_") || name.starts_with("list_");
        counts.iter().filter(|(name, _)| !is_read(name)).map(|(_, count)| count).sum()
    }

    /// How many requests were sent whose effect is no read.
    pub fn sent_changes(&self) -> usize {
        self.calls.changes.load(Ordering::Relaxed)
    }

    /// What was printed and said.
    pub fn said(&self) -> Vec<String> {
        self.said.lines.lock().expect("unpoisoned").clone()
    }

    /// Seconds since the stage was set.
    pub fn seconds(&self) -> u64 {
        self.clock.monotonic().as_secs()
    }
}

fn platform(simulator: &Arc<Simulator>, calls: &Arc<Calls>, clock: &Clock, target: Target, rules: Rules) -> Platform {
    let tokens = Arc::new(Simulated::new(simulator.clone()));
    let client = Client::builder(calls.clone(), tokens, clock.clone()).gate(Arc::new(rules)).build();
    Platform::new(Arc::new(client), target, clock.clone())
}

/// The demo project's id, so that tests need not name the simulator.
pub const PROJECT: &str = DEMO_PROJECT;
