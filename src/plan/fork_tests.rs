//! Tests of the fork: what goes where, and that nothing but reads reaches what is real.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::auth::{self, TokenSource};
use crate::catalog;
use crate::plan::Reads;
use crate::secret::Secret;
use crate::simulator::Faults;
use crate::simulator::world::{LiveLists, demo, demo_start};
use crate::transport::Call;

/// The real cloud: a simulator that notes what it was asked.
struct Real {
    simulator: Simulator,
    seen: Mutex<Vec<&'static Operation>>,
}

impl Backend for Real {
    fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
        Box::pin(async move {
            self.seen.lock().expect("unpoisoned").push(operation);
            match self.simulator.answer_operation(operation, request).await {
                Reply::Whole(response) => Ok(response),
                other => panic!("{other:?}"),
            }
        })
    }
}

#[derive(Debug)]
struct Token(String);

impl TokenSource for Token {
    fn token(&self) -> BoxFuture<'_, Result<Secret, auth::Error>> {
        Box::pin(std::future::ready(Ok(Secret::new(self.0.clone()))))
    }

    fn reject(&self, _: &Secret) {}
}

struct Stage {
    real: Arc<Real>,
    fork: Arc<Fork>,
    client: Client,
    target: Target,
    end: CancellationToken,
}

impl Stage {
    fn new(most_requests: u64) -> Self {
        let clock = Clock::starting_at(demo_start());
        let simulator = Simulator::new(demo(demo_start()), clock.clone());
        let (project, region) = simulator.first_place();
        let tokens = Arc::new(Token(simulator.current_token()));
        let real = Arc::new(Real { simulator, seen: Mutex::default() });
        let memory = Memory::of(Reads::from(real.clone()));
        let client = |backend: Arc<dyn Backend>| Client::builder(backend, tokens.clone(), clock.clone()).build();
        let end = CancellationToken::new();
        let fork = Arc::new(Fork::new(ForkOptions {
            surveyor: client(Arc::new(memory.clone())),
            memory,
            recipe_clock: clock.clone(),
            process_clock: clock.clone(),
            most_requests,
            end: end.clone(),
        }));
        let client = client(fork.clone());
        Self { real, fork, client, target: Target { project: Some(project), region: Some(region) }, end }
    }

    fn with_faults(self, rules: &Value) -> Self {
        let faults = Faults::parse(&json!({ "rules": rules }).to_string(), "faults.json").expect("good rules");
        self.real.simulator.set_faults(faults);
        self
    }

    fn call(&self, name: &str) -> Call {
        Call::new(catalog::operation("iaas", name).expect("in the catalogue"), self.target.clone())
    }

    fn send(&self, call: Call) -> Result<Value, crate::transport::Error> {
        let _busy = self.client.clock().busy();
        let operation = call.operation;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answer = runtime.block_on(self.client.send(call))?;
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.json(operation) }
    }

    fn ids(&self, list: &str) -> Vec<String> {
        let answer = self.send(self.call(list)).expect("a list");
        let items = answer["items"].as_array().expect("items").iter();
        items.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    }

    fn seen(&self) -> usize {
        self.real.seen.lock().expect("unpoisoned").len()
    }
}

#[test]
fn each_list_is_read_once_and_simulated_from_the_first_change_on() {
    let stage = Stage::new(1_000);
    let before = stage.ids("list_snapshots_in_project");
    stage.ids("list_snapshots_in_project");
    assert_eq!(stage.seen(), 1, "remembered");
    stage.send(stage.call("delete_snapshot").with("snapshotId", before[0].clone())).expect("it is deleted there");
    assert_eq!(stage.seen(), 4, "servers, volumes, quotas, and no snapshots again");
    let after = stage.ids("list_snapshots_in_project");
    assert!(after.len() <= before.len());
    assert_eq!(stage.seen(), 4, "it comes from the fork");
    // What takes more of the region reads the rest of it, once, and keeps what has changed.
    let server = stage.ids("list_servers")[0].clone();
    stage.send(stage.call("stop_server").with("serverId", server.clone())).expect("it stops there");
    let details = stage.call("list_servers").with("details", true);
    let servers = stage.send(details).expect("with details");
    let stopped = servers["items"].as_array().expect("items").iter().find(|one| one["id"] == *server).expect("there");
    assert!(stopped["status"] != "ACTIVE" && stopped["nics"][0]["nicId"].is_string(), "{stopped}");
    assert_eq!(stage.seen(), 1 + LiveLists::OPERATIONS.len());
    assert_eq!(stage.ids("list_snapshots_in_project"), after);
    let all = stage.real.seen.lock().expect("unpoisoned");
    assert!(all.iter().all(|operation| operation.effect == Effect::Read));
    assert_eq!((stage.fork.ended(), stage.fork.notes().len()), (None, 0));
}

#[test]
fn what_is_not_simulated_passes_and_what_depends_on_it_ends_it() {
    let stage = Stage::new(1_000);
    let dns = |name: &str| Call::new(catalog::operation("dns", name).expect(name), stage.target.clone());
    let zone = "00000000-0000-4000-8000-000000000000";
    stage.send(dns("delete_zone").with("zoneId", zone)).expect("it passes");
    let gone = stage.send(dns("get_zone").with("zoneId", zone)).expect_err("it is gone");
    assert_eq!(gone.status(), Some(404));
    let body = json!({ "name": "a", "dnsName": "a.example" });
    let made = stage.send(dns("create_zone").with_json(body)).expect("it passes");
    assert_eq!(made["zone"]["dnsName"], "a.example");
    let id = made["zone"]["id"].as_str().expect("an id").to_owned();
    assert_eq!((stage.fork.ended(), stage.seen()), (None, 0));
    stage.send(dns("get_zone").with("zoneId", id)).expect_err("nobody knows");
    assert_eq!(stage.fork.ended(), Some("what `dns.get_zone` answers after `dns.create_zone` cannot be foretold"));
    assert!(stage.end.is_cancelled());
    assert_eq!(stage.seen(), 0);
}

#[test]
fn an_older_version_and_what_hands_out_credentials_count_and_end_it() {
    let stage = Stage::new(1_000);
    let stop = catalog::operation("iaas/v1", "stop_server").expect("in the catalogue");
    let id = "00000000-0000-4000-8000-000000000000";
    stage.send(Call::new(stop, stage.target.clone()).with("serverId", id)).expect("it passes");
    assert_eq!(stage.fork.ended(), Some("what follows `iaas/v1.stop_server` cannot be foretold"));
    let stage = Stage::new(1_000);
    stage.send(stage.call("get_server_console").with("serverId", id)).ok();
    assert!(stage.fork.ended().is_none_or(|why| why.contains("get_server_console")), "{:?}", stage.fork.ended());
}

#[test]
fn a_list_that_cannot_be_had_hides_its_own_kind_alone() {
    for (status, why) in [(403, "the credential lacks `iaas.volume.list`"), (500, "the volumes are unknown: ")] {
        let rules = json!([{ "operation": "list_volumes", "status": status }]);
        let stage = Stage::new(1_000).with_faults(&rules);
        let server = stage.ids("list_servers")[0].clone();
        stage.send(stage.call("stop_server").with("serverId", server)).expect("it stops there");
        let notes = stage.fork.notes();
        assert!(notes.len() == 1 && notes[0].contains(why), "{notes:?}");
        stage.send(stage.call("list_volumes")).expect_err("as live");
        let volume = "00000000-0000-4000-8000-000000000000";
        stage.send(stage.call("delete_volume").with("volumeId", volume)).expect("it counts");
        assert_eq!(stage.fork.ended(), None);
    }
}

#[test]
fn it_ends_after_too_many_requests() {
    let stage = Stage::new(1);
    stage.ids("list_servers");
    stage.send(stage.call("list_servers")).expect_err("one too many");
    assert_eq!(stage.fork.ended(), Some("more than 1 requests"));
}

#[test]
fn nothing_but_reads_passes() {
    let stage = Stage::new(1);
    let reads = Reads::from(stage.real.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for operation in &catalog::service("iaas").expect("iaas").operations {
        if operation.effect != Effect::Read {
            let error = runtime.block_on(reads.send(operation, Request::default())).expect_err(operation.name);
            assert!(error.is_permanent && error.sent == crate::transport::Sent::No);
        }
    }
    assert_eq!(stage.seen(), 0);
}
