//! What it costs to hold a change against grants, protection and caps: the same calls with and without them, answered
//! at once in the same process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use http::{Request, Response};
use serde_json::json;
use stackhand::auth::{self, TokenSource};
use stackhand::catalog::{self, Operation};
use stackhand::clock::Clock;
use stackhand::policy::{Belts, Cap, CapSources, Caps, Grant, Reach, Rules, Sources, Tally};
use stackhand::secret::Secret;
use stackhand::transport::{Backend, Call, Client, Sending, Target};
use tokio::runtime::Runtime;

use super::Scale;
use super::raw::runtime;
use super::report::Figure;
use super::rounds::interleave;

/// How many servers there are.
const SERVERS: usize = 1_000;
/// How many of them are stopped: as many as the caps allow. Who may stop all of them counts no shares.
const STOPPED: usize = 990;

/// Answers at once.
struct Prompt {
    list: Bytes,
}

impl Backend for Prompt {
    fn send<'b>(&'b self, operation: &'static Operation, _: Request<Bytes>) -> Sending<'b> {
        let (status, body) =
            if operation.name == "list_servers" { (200, self.list.clone()) } else { (202, Bytes::new()) };
        let answer = Response::builder().status(status).header("content-type", "application/json").body(body);
        Box::pin(ready(Ok(answer.expect("a good answer"))))
    }
}

#[derive(Debug)]
struct Token;

impl TokenSource for Token {
    fn token(&self) -> BoxFuture<'_, Result<Secret, auth::Error>> {
        Box::pin(ready(Ok(Secret::new("token".to_owned()))))
    }

    fn reject(&self, _: &Secret) {}
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn call(name: &str) -> Call {
    let operation = catalog::operation("iaas", name).expect("in the catalogue");
    let project = "11111111-1111-4111-8111-111111111111".to_owned();
    Call::new(operation, Target { project: Some(project), region: Some("eu01".to_owned()) })
}

/// Reads all servers, then stops most; the time of the stops.
fn stop_all(client: &Client, runtime: &Runtime) -> Duration {
    runtime.block_on(async {
        client.send(call("list_servers").with("details", true)).await.expect("a list");
        let calls: Vec<Call> = (0..STOPPED).map(|number| call("stop_server").with("serverId", id(number))).collect();
        let started = Instant::now();
        for call in calls {
            client.send(call).await.expect("it is stopped");
        }
        started.elapsed()
    })
}

/// The figure, and the time that it tells.
pub fn measure(scale: Scale) -> (Figure, Duration) {
    let server =
        |number: usize| json!({ "id": id(number), "name": format!("web-{number}"), "labels": { "team": "web" } });
    let list = json!({ "items": (0..SERVERS).map(server).collect::<Vec<_>>() }).to_string();
    let backend = Arc::new(Prompt { list: list.into() });
    let builder = || Client::builder(backend.clone(), Arc::new(Token), Clock::process());
    let belted = || {
        let grants = ["iaas.server.list", "iaas.server.stop where team=web"];
        let allow = grants.iter().map(|text| Grant::parse(text).expect("a grant")).collect();
        let rules = Rules::new(&Sources { allow, ..Sources::default() }, Belts::default());
        let flag = Cap::parse_all("changes=100000, share=99%, iaas.server.*=100000").expect("caps");
        let caps = Caps::of(&CapSources { flag, ..CapSources::default() });
        builder().gate(Arc::new(rules)).tally(Arc::new(Tally::new(caps, Reach::Stops))).build()
    };
    let runtime = runtime();
    let [bare, belted] = interleave(
        scale.of(10, 50),
        2,
        [Box::new(|| stop_all(&builder().build(), &runtime)), Box::new(|| stop_all(&belted(), &runtime))],
    );
    let calls = u32::try_from(STOPPED).unwrap_or(u32::MAX);
    let cost = belted.p10().saturating_sub(bare.p10()) / calls;
    let figure = Figure::microseconds("belts: grants, protection and caps for one change", cost)
        .note(format!("{:.1} µs with them", (belted.p10() / calls).as_secs_f64() * 1e6));
    (figure, cost)
}
