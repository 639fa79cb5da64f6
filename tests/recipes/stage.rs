//! Recipes run as a user runs them, against the simulator in process, on its virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use stackhand::app::Simulated;
use stackhand::catalog::{Effect, Operation};
use stackhand::clock::Clock;
use stackhand::engine::recipe::Header;
use stackhand::engine::{Kept, KeptChange, KeptDeed, LogLevel, Outcome, Output, RunContext, Source, StateSource, run};
use stackhand::error::Error;
use stackhand::policy::{Belts, Rules, Sources};
use stackhand::resources::Platform;
use stackhand::simulator::world::{World, demo, demo_start};
use stackhand::simulator::{Faults, Simulator};
use stackhand::transport::{Backend, Client, Sending, Target};
use tokio_util::sync::CancellationToken;

use crate::guarded::guarded;

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

/// A simulated world with everything that leads to it.
pub struct Stage {
    pub clock: Clock,
    pub simulator: Arc<Simulator>,
    calls: Arc<Calls>,
    target: Target,
    /// How many operations a recipe may carry out.
    pub max_operations: u64,
}

/// How a run of a recipe went.
pub struct Told {
    pub outcome: Outcome,
    /// What it printed and logged, in order.
    pub text: String,
}

/// What runs keep for the next ones.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<String, String>>>);

impl Memory {
    fn take_in(&self, changes: &[KeptChange]) {
        let mut values = self.0.lock().expect("unpoisoned");
        for change in changes {
            let KeptDeed::Set(value) = &change.deed else { panic!("no recipe that ships does {:?}", change.deed) };
            values.insert(change.key.clone(), value.clone());
        }
    }

    /// How many bytes the longest value has.
    pub fn longest(&self) -> usize {
        self.0.lock().expect("unpoisoned").values().map(String::len).max().unwrap_or_default()
    }
}

impl StateSource for Memory {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<String>, Error>> {
        let value = self.0.lock().expect("unpoisoned").get(key).cloned();
        Box::pin(async move { Ok(value) })
    }
}

/// Counts what goes out, and ends the run once so many calls were answered.
struct Calls {
    backend: Arc<dyn Backend>,
    state: Mutex<CallState>,
}

#[derive(Default)]
struct CallState {
    all: usize,
    changes: usize,
    permissions: BTreeSet<&'static str>,
    /// Another run makes each snapshot that this one makes: before it, after it.
    twins: Option<Twins>,
    twin_ids: Vec<String>,
    end: Option<(usize, CancellationToken)>,
}

/// When another run makes its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twins {
    Before,
    After,
}

impl Backend for Calls {
    fn send<'b>(&'b self, operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            let twins = self.state.lock().expect("unpoisoned").twins.filter(|_| operation.name == "create_snapshot");
            let twin = twins.map(|_| request.clone());
            let mut made = None;
            if twins == Some(Twins::Before) {
                made = Some(self.backend.send(operation, request.clone()).await?);
            }
            let answer = self.backend.send(operation, request).await;
            if let (Some(Twins::After), Some(twin)) = (twins, twin) {
                made = Some(self.backend.send(operation, twin).await?);
            }
            let made: Option<Value> = made.and_then(|made| serde_json::from_slice(made.body()).ok());
            let mut state = self.state.lock().expect("unpoisoned");
            state.twin_ids.extend(made.and_then(|made| made["id"].as_str().map(str::to_owned)));
            state.all += 1;
            state.changes += usize::from(operation.effect != Effect::Read);
            state.permissions.extend(operation.permissions.iter().map(|permission| permission.name));
            if let Some((last, cancel)) = &state.end
                && state.all >= *last
            {
                cancel.cancel();
            }
            answer
        })
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Output for Lines {
    fn print(&self, text: &str) {
        self.0.lock().expect("unpoisoned").push(text.to_owned());
    }

    fn say(&self, text: &str) {
        self.print(text);
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.print(&format!("[{level}] {text}"));
    }
}

impl Stage {
    /// The demo world.
    pub fn demo() -> Self {
        Self::of(demo(demo_start()))
    }

    /// The demo world with its region changed, as a world file spells it.
    pub fn demo_with(change: impl FnOnce(&mut Value)) -> Self {
        Self::demo_at(demo_start(), change)
    }

    /// The same at another time.
    pub fn demo_at(start: DateTime<Utc>, change: impl FnOnce(&mut Value)) -> Self {
        let mut world = demo(start).to_json(start);
        change(&mut world["projects"][0]["regions"]["eu01"]);
        Self::of(World::from_json(&world.to_string(), "test.json", start).expect("a world"))
    }

    pub fn of(world: World) -> Self {
        let clock = Clock::starting_at(world.time.expect("a world has a time"));
        let project = world.projects[0].id.clone();
        let simulator = Arc::new(Simulator::new(world, clock.clone()));
        let backend = Simulated::new(simulator.clone());
        let calls = Arc::new(Calls { backend: guarded(backend), state: Mutex::default() });
        let target = Target { project: Some(project), region: Some("eu01".to_owned()) };
        Self { clock, simulator, calls, target, max_operations: u64::MAX }
    }

    pub fn with_faults(self, rules: &Value) -> Self {
        let faults = Faults::parse(&json!({ "rules": rules }).to_string(), "faults.json").expect("good rules");
        self.simulator.set_faults(faults);
        self
    }

    /// From here on another run makes each snapshot too.
    pub fn with_twins(self, twins: Twins) -> Self {
        self.calls.state.lock().expect("unpoisoned").twins = Some(twins);
        self
    }

    /// The ids of what the other run made.
    pub fn twin_ids(&self) -> Vec<String> {
        self.calls.state.lock().expect("unpoisoned").twin_ids.clone()
    }

    /// Runs a recipe that ships, due at `fire_time`.
    pub fn run(&self, recipe: &str, arguments: Value, fire_time: DateTime<Utc>) -> Told {
        self.run_up_to(recipe, arguments, fire_time, None)
    }

    /// The same, but as if it were killed once so many calls were answered.
    pub fn run_up_to(&self, recipe: &str, arguments: Value, fire_time: DateTime<Utc>, calls: Option<usize>) -> Told {
        self.run_source(&Source::read(&path_of(recipe)).expect("a recipe"), arguments, fire_time, calls)
    }

    /// Runs a recipe that ships, now, with what earlier runs kept; keeps what it keeps.
    pub fn run_with(&self, memory: &Memory, recipe: &str, arguments: Value) -> Told {
        let source = Source::read(&path_of(recipe)).expect("a recipe");
        let kept = Arc::new(Kept::of(Arc::new(memory.clone())));
        let told = self.run_keeping(&source, arguments, self.clock.now(), None, kept);
        memory.take_in(&told.outcome.kept);
        told
    }

    /// The same with any recipe.
    pub fn run_source(
        &self,
        source: &Source,
        arguments: Value,
        fire_time: DateTime<Utc>,
        calls: Option<usize>,
    ) -> Told {
        self.run_keeping(source, arguments, fire_time, calls, Arc::default())
    }

    fn run_keeping(
        &self,
        source: &Source,
        arguments: Value,
        fire_time: DateTime<Utc>,
        calls: Option<usize>,
        kept: Arc<Kept>,
    ) -> Told {
        let lines = Arc::new(Lines::default());
        let mut context = RunContext::new(RUNTIME.handle().clone(), self.clock.clone());
        context.platform = Some(self.platform(source));
        context.is_simulated = true;
        context.limits.operations = self.max_operations;
        context.output = lines.clone();
        context.fire_time = Some(fire_time);
        context.kept = kept;
        let Value::Object(arguments) = arguments else { panic!("arguments are a map") };
        context.arguments = arguments.into_iter().collect();
        let before = self.calls();
        self.calls.state.lock().expect("unpoisoned").end = calls.map(|calls| (before + calls, context.cancel.clone()));
        let outcome = run(source, context);
        self.calls.state.lock().expect("unpoisoned").end = None;
        let mut text = lines.0.lock().expect("unpoisoned").join("\n");
        if !outcome.text.is_empty() {
            text.push('\n');
            text.push_str(&outcome.text);
        }
        Told { outcome, text }
    }

    /// The platform as a recipe sees it: through a gate that knows its header, and has seen nothing of other runs.
    fn platform(&self, source: &Source) -> Platform {
        let (header, _) = Header::read(&source.text);
        let sources = Sources { header: header.listed(&source.name), ..Sources::of_file(&source.name) };
        let sources = if sources.header.is_some() { sources } else { Sources::default() };
        let rules = Rules::new(&sources, Belts::default());
        let tokens = Arc::new(Simulated::new(self.simulator.clone()));
        let client = Client::builder(self.calls.clone(), tokens, self.clock.clone()).gate(Arc::new(rules)).build();
        Platform::new(Arc::new(client), self.target.clone(), self.clock.clone())
    }

    /// The objects of a kind in the region as a world file spells them: `servers`, `snapshots`.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        let world = self.simulator.to_json();
        world["projects"][0]["regions"]["eu01"][kind].as_array().cloned().unwrap_or_default()
    }

    /// Server by server: its name, its status and the night's mark.
    pub fn servers(&self) -> Vec<String> {
        let line = |server: &Value| {
            let mark = server["labels"]["stackhand.stopped-by"].as_str().map(|mark| format!(" {mark}"));
            format!("{} {}{}", server["name"].as_str().unwrap_or("?"), text(server, "status"), mark.unwrap_or_default())
        };
        let mut all: Vec<String> = self.objects("servers").iter().map(line).collect();
        all.sort();
        all
    }

    /// Snapshot by snapshot: volume, name, status and labels.
    pub fn snapshots(&self) -> Vec<String> {
        let line = |one: &Value| {
            format!("{} {} {} {}", text(one, "volumeId"), text(one, "name"), text(one, "status"), one["labels"])
        };
        let mut all: Vec<String> = self.objects("snapshots").iter().map(line).collect();
        all.sort();
        all
    }

    /// How many calls were answered so far.
    pub fn calls(&self) -> usize {
        self.calls.state.lock().expect("unpoisoned").all
    }

    /// What the calls needed.
    pub fn permissions(&self) -> BTreeSet<&'static str> {
        self.calls.state.lock().expect("unpoisoned").permissions.clone()
    }

    /// Gives what the calls needed so far, and begins anew.
    pub fn forget_permissions(&self) -> BTreeSet<&'static str> {
        std::mem::take(&mut self.calls.state.lock().expect("unpoisoned").permissions)
    }

    /// How many of them were no reads.
    pub fn changes(&self) -> usize {
        self.calls.state.lock().expect("unpoisoned").changes
    }
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or("?").to_owned()
}

/// Changes each object of a list in a world file.
pub fn each(list: &mut Value, change: impl FnMut(&mut Value)) {
    list.as_array_mut().expect("a list").iter_mut().for_each(change);
}

/// Keeps some objects of a list in a world file.
pub fn keep(list: &mut Value, wanted: impl FnMut(&Value) -> bool) {
    list.as_array_mut().expect("a list").retain(wanted);
}

/// The name of an object in a world file.
pub fn name_of(object: &Value) -> &str {
    object["name"].as_str().unwrap_or_default()
}

/// The snapshots of the last so many days alone, and those made by hand.
pub fn last_days(region: &mut Value, days: i64) {
    let oldest = demo_start() - TimeDelta::days(days);
    keep(&mut region["snapshots"], |snapshot| {
        let made: DateTime<Utc> = snapshot["createdAt"].as_str().expect("a time").parse().expect("a time");
        made > oldest || !name_of(snapshot).contains("-data-") && !name_of(snapshot).contains("uploads-")
    });
}

/// So many snapshots and GB are left, the reserve not counted.
pub fn with_room(region: &mut Value, snapshots: i64, gigabytes: i64) {
    let size = |list: &Value| -> i64 {
        list.as_array().expect("a list").iter().map(|one| one["size"].as_i64().unwrap_or(0)).sum()
    };
    let used = region["snapshots"].as_array().expect("snapshots").len();
    let gigabytes = size(&region["volumes"]) + size(&region["snapshots"]) + gigabytes;
    region["quotas"]["snapshots"] = json!(i64::try_from(used).expect("few") + snapshots);
    region["quotas"]["gigabytes"] = json!(gigabytes);
}

/// Where a recipe that ships lies.
pub fn path_of(recipe: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(recipe).with_extension("rhai")
}
