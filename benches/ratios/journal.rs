//! What it costs to record a change: the two records that its caller makes, without waiting for the disk; and with it.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use stackhand::clock::Clock;
use stackhand::journal::{After, Before, Began, Folder, Journal, Keeping, Opened, Outcome, Touched, Written};
use stackhand::policy::ObjectFacts;
use stackhand::secret::Scrubber;

use super::Scale;
use super::raw::runtime;
use super::report::Figure;
use super::rounds::interleave;

/// Changes of one round without waiting for the disk.
const RECORDED: u32 = 1_000;
/// Changes of one round that wait for it, one after the other.
const SYNCED: u32 = 20;

const ID: &str = "22222222-2222-4222-8222-222222222222";

/// What is known of a change before it is sent.
struct Change {
    parameters: Map<String, Value>,
    facts: ObjectFacts,
}

impl Change {
    fn new() -> Self {
        let object = json!({ "id": ID, "name": "web-1", "status": "ACTIVE", "machineType": "c1.2",
            "labels": { "team": "web", "schedule": "office-hours" } });
        let facts = ObjectFacts::of(object.as_object().expect("an object"));
        Self { parameters: Map::from_iter([("serverId".to_owned(), Value::from(ID))]), facts }
    }

    fn before<'j>(&self, journal: &'j Opened, call: u64) -> Written<'j> {
        let before = Before {
            call,
            attempt: 1,
            operation: "iaas.stop_server".into(),
            effect: "update".into(),
            host: "iaas.api.stackit.cloud".into(),
            request: "POST /v2/projects/p/regions/eu01/servers/s/stop".into(),
            project: Some(ID.into()),
            region: Some("eu01".into()),
            parameters: Cow::Borrowed(&self.parameters),
            body: None,
            objects: vec![Touched { kind: "server".into(), id: ID.into(), was: Some(Cow::Borrowed(&self.facts)) }],
        };
        journal.before(before).expect("it is recorded")
    }
}

fn after(journal: &Opened, call: u64) {
    journal.after(After {
        call,
        attempt: 1,
        outcome: Outcome::Done,
        status: Some(202),
        request_id: Some("req-701a3c25e82546bca41e68137e14db22".into()),
        milliseconds: 12,
        result: None,
        why: None,
    });
}

/// The figure, and the time that it tells.
pub fn measure(scale: Scale) -> (Figure, Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let scrubber = Scrubber::new();
    for secret in ["canary-of-a-password", "canary-of-a-token"] {
        scrubber.learn(secret);
    }
    let keeping = Keeping {
        folder: Some(Folder::new(folder.path())),
        days: 400,
        syslog: None,
        clock: Clock::process(),
        scrubber,
    };
    let journal = Journal::begin(&keeping, Began { run: "bench".to_owned(), ..Began::default() });
    let journal = journal.opened().expect("it is open");
    let (change, runtime) = (Change::new(), runtime());
    let timed = |count: u32, work: &dyn Fn(u64)| {
        let started = Instant::now();
        (0..count).for_each(|_| work(journal.next_call()));
        started.elapsed() / count
    };
    let [recorded, synced] = interleave(
        scale.of(10, 50),
        2,
        [
            Box::new(|| {
                timed(RECORDED, &|call| {
                    drop(change.before(journal, call));
                    after(journal, call);
                })
            }),
            Box::new(|| {
                timed(SYNCED, &|call| {
                    runtime.block_on(change.before(journal, call).wait()).expect("it is written");
                    after(journal, call);
                })
            }),
        ],
    );
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let figure = Figure::microseconds("belts: the journal's two records of one change, without fsync", recorded.p10())
        .note(format!("p10; {:.0} µs with the fsync that one call alone waits for", micros(synced.median())));
    (figure, recorded.p10())
}
