//! Ten thousand servers: what reading them costs in time and memory, and what a whole small report costs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use stackhand::catalog::Operation;
use stackhand::memory::charge_to;
use stackhand::meter::Meter;
use stackhand::transport::{Backend, Endpoints, Sending};

use super::Scale;
use super::python::python;
use super::raw::{Raw, runtime, timed};
use super::report::Figure;
use super::rounds::{Samples, interleave};
use super::script::{Script, live_platform, platform};
use super::server::Server;
use super::servers::{COUNT, all_servers};

pub fn measure(server: &Server, scale: Scale) -> Vec<Figure> {
    let mut figures = parse(scale);
    figures.extend(report(server, scale));
    figures
}

/// Answers every call with the same bytes, without a network.
pub struct Canned(pub Bytes);

impl Backend for Canned {
    fn send<'b>(&'b self, _: &'static Operation, _: http::Request<Bytes>) -> Sending<'b> {
        let mut answer = http::Response::new(self.0.clone());
        answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        Box::pin(std::future::ready(Ok(answer)))
    }
}

/// From the answer's bytes to values: everything that `servers()` does but the network.
fn parse(scale: Scale) -> Vec<Figure> {
    let body = Bytes::from(all_servers());
    let script = Script::start(
        platform(Arc::new(Canned(body.clone())), Endpoints::new()),
        // The second turn of each pair is the list's end.
        "loop { print(\"turn\"); let all = servers(); print(\"turn\"); }",
    );
    let empty = script.held();
    let (mut ours, mut theirs) = (0, 0);
    let [value_times, script_times] = interleave(
        scale.of(5, 21),
        2,
        [
            Box::new(|| {
                let (took, held) = parse_value(&body);
                theirs = held;
                took
            }),
            Box::new(|| {
                let took = script.turn();
                ours = script.held().saturating_sub(empty);
                script.turn();
                took
            }),
        ],
    );
    script.end();
    #[expect(clippy::cast_precision_loss, reason = "a few MiB")]
    let (ours, theirs) = (ours as f64, theirs as f64);
    let mebibytes = |bytes: f64| bytes / f64::from(1 << 20);
    vec![
        Figure::ratio(
            format!("data: `servers()` of {COUNT} / serde_json::Value, time"),
            script_times.ratio_to(&value_times),
        )
        .at_most(0.8)
        .note(format!(
            "{}, {} MB of JSON",
            times(&script_times, ("Value", &value_times)),
            body.len() / 1_000_000
        )),
        Figure::ratio(format!("data: `servers()` of {COUNT} / serde_json::Value, memory held"), ours / theirs)
            .at_most(0.6)
            .note(format!("{:.1} MiB, Value {:.1} MiB", mebibytes(ours), mebibytes(theirs))),
    ]
}

fn parse_value(body: &[u8]) -> (Duration, u64) {
    let meter = Arc::new(Meter::default());
    let began = Instant::now();
    let value: Value = charge_to(&meter, || serde_json::from_slice(body).expect("JSON"));
    let took = began.elapsed();
    let held = meter.used();
    drop(value);
    (took, held)
}

/// Fetches the list over loopback, filters, sorts and prints it, and lets go of it.
fn report(server: &Server, scale: Scale) -> Vec<Figure> {
    let base = server.after(Duration::ZERO);
    let url = Server::all(&base);
    let (raw, runtime) = (Raw::new(), runtime());
    let by_closure = Script::start(
        live_platform(&base),
        r#"loop { print("turn");
            for s in servers().filter(|s| s.status == "INACTIVE" && s.labels.team == "search").sort_by("name") {
                print(`${s.name} ${s.id} ${s.status}`);
            } }"#,
    );
    let by_where = Script::start(
        live_platform(&base),
        r#"loop { print("turn");
            for s in servers().where(#{ status: "INACTIVE", labels: #{ team: "search" } }).sort_by("name") {
                print(`${s.name} ${s.id} ${s.status}`);
            } }"#,
    );
    let mut python = python("pass").map(|program| Python::start(&program, &url));
    let rounds = scale.of(5, 21);
    let [value_times, closure_times, where_times, python_times] = interleave(
        rounds,
        2,
        [
            Box::new(|| timed(|| in_rust(&runtime.block_on(raw.get(&url))))),
            Box::new(|| by_closure.turn()),
            Box::new(|| by_where.turn()),
            Box::new(|| python.as_mut().map_or(Duration::ZERO, Python::turn)),
        ],
    );
    by_closure.end();
    by_where.end();
    let mut figures = Vec::new();
    for (how, samples) in [("closure", &closure_times), ("`where`", &where_times)] {
        figures.push(
            Figure::ratio(
                format!("data: fetch, filter by {how}, sort, print / reqwest + serde_json"),
                samples.ratio_to(&value_times),
            )
            .note(times(samples, ("reqwest + Value", &value_times))),
        );
        if python_times.median() > Duration::ZERO {
            figures.push(
                Figure::ratio(
                    format!("data: fetch, filter by {how}, sort, print / Python's json"),
                    samples.ratio_to(&python_times),
                )
                .note(times(samples, ("Python", &python_times))),
            );
        }
    }
    figures
}

fn in_rust(answer: &Value) -> String {
    let items = answer["items"].as_array().expect("a list");
    let wanted = |server: &&Value| server["status"] == "INACTIVE" && server["labels"]["team"] == "search";
    let mut found: Vec<&Value> = items.iter().filter(wanted).collect();
    found.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    let field = |server: &Value, name: &str| server[name].as_str().unwrap_or_default().to_owned();
    let lines = found
        .iter()
        .map(|server| format!("{} {} {}\n", field(server, "name"), field(server, "id"), field(server, "status")));
    lines.collect()
}

/// A Python that does the same whenever it is told.
struct Python {
    child: Child,
    output: BufReader<ChildStdout>,
}

const PYTHON: &str = r#"
import json, os, sys, time, urllib.request
nowhere = open(os.devnull, "w")
for line in sys.stdin:
    began = time.perf_counter()
    request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer a-token-that-nobody-checks"})
    servers = json.loads(urllib.request.urlopen(request).read())["items"]
    found = [s for s in servers if s["status"] == "INACTIVE" and s["labels"]["team"] == "search"]
    for s in sorted(found, key=lambda s: s["name"]):
        print(s["name"], s["id"], s["status"], file=nowhere)
    del servers, found, s
    print(time.perf_counter() - began, flush=True)
"#;

impl Python {
    fn start(program: &str, url: &str) -> Self {
        let mut command = Command::new(program);
        command.args(["-c", PYTHON, url]).stdin(Stdio::piped()).stdout(Stdio::piped()).env("NO_PROXY", "127.0.0.1");
        let mut child = command.spawn().expect("it ran before");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Self { child, output }
    }

    fn turn(&mut self) -> Duration {
        let input = self.child.stdin.as_mut().expect("its input is piped");
        input.write_all(b"\n").and_then(|()| input.flush()).expect("it reads");
        let mut seconds = String::new();
        self.output.read_line(&mut seconds).expect("it answers");
        Duration::from_secs_f64(seconds.trim().parse().expect("a time"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn times(samples: &Samples, (name, other): (&str, &Samples)) -> String {
    let milliseconds = |samples: &Samples| samples.median().as_secs_f64() * 1_000.0;
    format!("{:.0} ms, {name} {:.0} ms", milliseconds(samples), milliseconds(other))
}
