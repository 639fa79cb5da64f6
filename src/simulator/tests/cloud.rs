//! A simulated cloud as the tests call it.

use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use http::{Request, Response, header};
use serde_json::{Value, json};

use crate::catalog::{self, Answer, Operation};
use crate::clock::Clock;
use crate::simulator::world::{World, small};
use crate::simulator::{Faults, Reply, Simulator};

/// A simulator, its clock, and the ids of its first project.
pub struct Cloud {
    pub simulator: Simulator,
    pub project: String,
}

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub status: u16,
    pub body: Value,
    pub request_id: String,
}

impl Told {
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    pub fn items(&self) -> &[Value] {
        self.body["items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.text("msg")
    }
}

impl Cloud {
    pub fn small() -> Self {
        Self::of(small())
    }

    pub fn of(world: World) -> Self {
        let start = world.time.expect("complete");
        let project = world.projects[0].id.clone();
        Self { simulator: Simulator::new(world, Clock::starting_at(start)), project }
    }

    pub fn with_faults(self, rules: &Value) -> Self {
        let faults = Faults::parse(&json!({ "rules": rules }).to_string(), "faults.json").expect("good rules");
        self.simulator.set_faults(faults);
        self
    }

    /// Lets world time pass.
    pub fn pass(&self, span: Duration) {
        self.simulator.advance(TimeDelta::from_std(span).expect("a short span"));
    }

    pub fn seconds(&self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// Calls an operation of the IaaS API.
    pub fn call(&self, name: &str, ids: &[(&str, &str)], body: Option<Value>) -> Told {
        self.call_with(name, ids, "", body)
    }

    /// Calls with a query.
    pub fn call_with(&self, name: &str, ids: &[(&str, &str)], query: &str, body: Option<Value>) -> Told {
        let operation = catalog::operation("iaas", name).expect("in the catalogue");
        match self.reply(operation, ids, query, body) {
            Reply::Whole(response) => checked(operation, &response),
            other => panic!("no whole answer: {other:?}"),
        }
    }

    pub fn reply(
        &self,
        operation: &'static Operation,
        ids: &[(&str, &str)],
        query: &str,
        body: Option<Value>,
    ) -> Reply {
        let mut path = operation.path.replace("{projectId}", &self.project).replace("{region}", "eu01");
        for (name, id) in ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let request = Request::builder()
            .method(operation.method.as_str())
            .uri(format!("{}{path}{query}", operation.base_url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.simulator.current_token()))
            .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default())
            .expect("a good request");
        futures_util::future::FutureExt::now_or_never(self.simulator.answer_operation(operation, request))
            .expect("nothing to wait for")
    }

    pub fn id_of(&self, list: &str, name: &str) -> String {
        let answer = self.call(list, &[], None);
        let found = answer.items().iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{name}"));
        found["id"].as_str().expect("an id").to_owned()
    }

    /// Puts bytes where an answer said; gives the status.
    pub fn put(&self, url: &str, bytes: &'static [u8]) -> u16 {
        let operation = catalog::operation("iaas", "upload_image").expect("in the catalogue");
        let request = Request::put(url).body(Bytes::from_static(bytes)).expect("a good request");
        let reply = futures_util::future::FutureExt::now_or_never(self.simulator.answer_operation(operation, request));
        match reply.expect("nothing to wait for") {
            Reply::Whole(response) => response.status().as_u16(),
            other => panic!("no whole answer: {other:?}"),
        }
    }

    pub fn server(&self, name: &str) -> String {
        self.id_of("list_servers", name)
    }

    pub fn status(&self, get: &str, parameter: &str, id: &str) -> String {
        let answer = self.call(get, &[(parameter, id)], None);
        if answer.status == 404 { "gone".into() } else { answer.text("status").to_owned() }
    }
}

/// Takes an answer apart, and checks what every answer has in common.
pub fn checked(operation: &'static Operation, response: &Response<Bytes>) -> Told {
    let status = response.status().as_u16();
    let name = operation.name;
    let request_id = response.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert!(request_id.starts_with("req-") && request_id.len() == 36, "{request_id}");
    let body = if response.body().is_empty() {
        Value::Null
    } else {
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json", "{name}");
        serde_json::from_slice(response.body()).expect("JSON")
    };
    if status < 300 {
        assert!(operation.success.contains(&status), "{name} answers {status}");
        // The simulator holds its answers against the catalogue itself, see `catalog::CHECKS_MESSAGES`.
        if operation.answer == Answer::Empty {
            assert_eq!(body, Value::Null, "{name}");
        }
        assert!(body.get("networking").is_none(), "official clients cannot read it");
    } else {
        assert_eq!(body["code"], status, "{name}: {body}");
        assert!(body["msg"].is_string(), "{name}: {body}");
    }
    Told { status, body, request_id }
}
