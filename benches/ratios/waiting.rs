//! What it costs to wait for a thousand servers: calls are counted, not timed, so this is the same on every machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use stackhand::app::Simulated;
use stackhand::catalog::Operation;
use stackhand::clock::Clock;
use stackhand::engine::{self, RunContext, Source};
use stackhand::resources::Platform;
use stackhand::simulator::Simulator;
use stackhand::simulator::world::large;
use stackhand::transport::{Backend, Client, Sending, Target};

use super::raw::runtime;
use super::report::Figure;

/// Counts the reads, by the time at which they came.
struct Counting {
    backend: Simulated,
    clock: Clock,
    reads: Mutex<BTreeMap<u128, (u32, u32)>>,
}

impl Backend for Counting {
    fn send<'b>(&'b self, operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b> {
        let counts = match operation.name {
            "list_servers" => (1, 0),
            "get_server" => (0, 1),
            _ => (0, 0),
        };
        if counts != (0, 0) {
            let mut reads = self.reads.lock().expect("unpoisoned");
            let at = reads.entry(self.clock.monotonic().as_millis()).or_default();
            *at = (at.0 + counts.0, at.1 + counts.1);
        }
        self.backend.send(operation, request)
    }
}

pub fn measure() -> Vec<Figure> {
    let world = large(1_000);
    let clock = Clock::starting_at(world.time.expect("a world has a time"));
    let target = Target { project: Some(world.projects[0].id.clone()), region: Some("eu01".to_owned()) };
    let simulator = Arc::new(Simulator::new(world, clock.clone()));
    let backend = Simulated::new(simulator);
    let counting = Arc::new(Counting { backend: backend.clone(), clock: clock.clone(), reads: Mutex::default() });
    let client = Client::builder(counting.clone(), Arc::new(backend), clock.clone()).build();
    let runtime = runtime();
    let mut context = RunContext::new(runtime.handle().clone(), clock.clone());
    context.platform = Some(Platform::new(Arc::new(client), target, clock));
    let script = "let all = servers(); \
                  let asleep = all.filter(|s| s.status == \"DEALLOCATED\").start(); \
                  let awake = all.filter(|s| s.status != \"DEALLOCATED\").deallocate(); \
                  wait_all(asleep + awake, hours(1)).len()";
    let outcome = engine::run(&Source::inline("bench.rhai", script), context);
    assert_eq!(outcome.value, 1_000, "{:?}", outcome.error());
    let reads = counting.reads.lock().expect("unpoisoned");
    let sum = |of: fn(&(u32, u32)) -> u32| reads.values().map(of).sum::<u32>();
    let (lists, gets) = (sum(|counts| counts.0), sum(|counts| counts.1));
    // Each instant at which something was read is a poll; the first also holds the script's own list.
    let polls = u32::try_from(reads.len()).unwrap_or(u32::MAX);
    vec![
        Figure::count("waiting: reads of the API for 1,000 servers", lists + gets)
            .at_most(f64::from(polls + 2))
            .note(format!("{lists} lists, {gets} reads of one server, {polls} polls; limit: polls + 2")),
    ]
}
