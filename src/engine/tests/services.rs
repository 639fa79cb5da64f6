//! The services of the API as modules, against canned answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::Bench;
use crate::catalog::Operation;
use crate::clock::Clock;
use crate::engine::{Outcome, Source, run};
use crate::error::{Error, Kind};
use crate::resources::{Api, Platform};
use crate::transport::{Answer, Backend, BackendError, Call, Client, Payload, Sending, Target};

/// Answers each call with the next of its answers, and keeps what was asked.
#[derive(Default)]
struct Canned {
    answers: Mutex<Vec<Value>>,
    asked: Mutex<Vec<Call>>,
}

impl Api for Canned {
    fn send(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + '_>> {
        self.asked.lock().unwrap().push(call);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.is_empty() { None } else { Some(answers.remove(0)) };
        Box::pin(async move {
            let answer = answer.ok_or_else(|| Error::new(Kind::Server, "canned", "there is no further answer"))?;
            let body = answer.to_string().into();
            Ok(Answer { status: 200, body, content_type: None, request_id: None, date: None })
        })
    }
}

/// The same answers at the end of the whole pipeline.
impl Backend for Canned {
    fn send<'b>(&'b self, operation: &'static Operation, _: http::Request<bytes::Bytes>) -> Sending<'b> {
        let answered = Api::send(self, Call::new(operation, Target::default()));
        Box::pin(async move {
            let body = answered.await.map_err(|error| BackendError::not_sent(error.message))?.body;
            Ok(http::Response::builder().header("content-type", "application/json").body(body).unwrap())
        })
    }
}

#[derive(Debug)]
struct NoTokens;

impl crate::auth::TokenSource for NoTokens {
    fn token(&self) -> futures_util::future::BoxFuture<'_, Result<crate::secret::Secret, crate::auth::Error>> {
        Box::pin(std::future::ready(Ok(crate::secret::Secret::new("token"))))
    }

    fn reject(&self, _: &crate::secret::Secret) {}
}

fn outcome_through_client(script: &str, answers: Vec<Value>) -> (Outcome, usize) {
    let canned = Arc::new(Canned { answers: Mutex::new(answers), ..Canned::default() });
    let bench = Bench { clock: Clock::starting_at("2026-11-22T12:00:00Z".parse().unwrap()), ..Bench::new() };
    let client = Client::builder(canned.clone(), Arc::new(NoTokens), bench.clock.clone()).build();
    let mut context = bench.context();
    let project = Some("11111111-1111-4111-8111-111111111111".into());
    let target = Target { project, region: Some("eu01".into()) };
    context.platform = Some(Platform::new(Arc::new(client), target, bench.clock.clone()));
    let outcome = run(&Source::inline("test.rhai", script), context);
    let asked = canned.asked.lock().unwrap().len();
    (outcome, asked)
}

fn outcome_of(script: &str, answers: Vec<Value>) -> (Outcome, Vec<Call>) {
    let canned = Arc::new(Canned { answers: Mutex::new(answers), ..Canned::default() });
    let bench = Bench::new();
    let mut context = bench.context();
    let target = Target { project: Some("p-1".into()), region: Some("eu01".into()) };
    context.platform = Some(Platform::new(canned.clone(), target, bench.clock.clone()));
    let outcome = run(&Source::inline("test.rhai", script), context);
    let asked = std::mem::take(&mut *canned.asked.lock().unwrap());
    (outcome, asked)
}

fn error_of(script: &str) -> Error {
    let (outcome, asked) = outcome_of(script, vec![json!({})]);
    assert!(asked.is_empty(), "{script} was sent");
    outcome.failure.unwrap_or_else(|| panic!("{script} gave {}", outcome.value)).error
}

#[test]
fn identifiers_go_by_position_and_the_rest_by_name() {
    let (outcome, asked) = outcome_of(
        "import \"stackit/dns\" as dns; let z = dns::get_zone(\"z-1\"); dns::get_zone(#{ zone_id: \"z-2\", project_id: \"p-2\" }); \
         dns::create_zone(#{ name: \"a\", dnsName: \"a.example\" }); \
         import \"stackit/iaas\" as iaas; let s = iaas::get_server(\"s\"); [z.zone.name, s.createdAt < now(), s]",
        vec![
            json!({ "zone": { "name": "a" } }),
            json!({ "zone": {} }),
            json!({ "zone": {} }),
            json!({ "id": "s", "createdAt": "2020-11-22T08:00:00.000Z" }),
        ],
    );
    // Times read as instants and print as they came.
    let expected = json!(["a", true, { "id": "s", "createdAt": "2020-11-22T08:00:00.000Z" }]);
    assert_eq!(outcome.value, expected, "{:?}", outcome.failure);
    assert_eq!(asked[0].parameters["zoneId"], "z-1");
    assert_eq!(
        (asked[1].parameters["zoneId"].clone(), asked[1].target.project.as_deref()),
        (json!("z-2"), Some("p-2"))
    );
    assert_eq!(asked[2].payload, Payload::Json(json!({ "name": "a", "dnsName": "a.example" })));
}

#[test]
fn lists_are_followed_to_their_end() {
    let (outcome, asked) = outcome_through_client(
        "import \"stackit/dns\" as dns; dns::list_zones().pluck(\"name\")",
        vec![
            json!({ "zones": [{ "name": "a" }, { "name": "b" }], "totalPages": 2, "totalItems": 3, "itemsPerPage": 2 }),
            json!({ "zones": [{ "name": "c" }], "totalPages": 2, "totalItems": 3, "itemsPerPage": 2 }),
        ],
    );
    assert_eq!((outcome.value, asked), (json!(["a", "b", "c"]), 2), "{:?}", outcome.failure);
    // Pages are asked for as large as they may be.
    let script = "import \"stackit/dns\" as dns; dns::list_zones()";
    let (_, asked) = outcome_of(script, vec![json!({ "zones": [] })]);
    assert!(asked[0].parameters["pageSize"].as_i64().unwrap() >= 100);
    // Who names a page gets that page, as the API answers it.
    let script = "import \"stackit/dns\" as dns; dns::list_zones(#{ page: 2 }).zones.len()";
    assert_eq!(outcome_of(script, vec![json!({ "zones": [{ "name": "c" }] })]).0.value, 1);
}

#[test]
fn a_list_that_cannot_be_whole_is_an_error() {
    for answers in
        [vec![json!({})], vec![json!({ "zones": 5, "totalPages": 1 })], vec![json!({ "zones": [], "totalPages": 2 })]]
    {
        let (outcome, _) = outcome_through_client("import \"stackit/dns\" as dns; dns::list_zones()", answers);
        assert!(outcome.failure.is_some(), "{}", outcome.value);
    }
}

#[test]
fn what_is_wrong_is_named_before_anything_is_sent() {
    for (call, message, hint) in [
        ("get_zone()", "`get_zone` needs `zone_id`", "get_zone(zone_id"),
        ("get_zone(())", "must be text", "get_zone(zone_id"),
        ("get_zone(\"z\", #{ zone: 1 })", "no parameter `zone`", ""),
        ("list_zones(#{ pag_size: 1 })", "no parameter `pag_size`", "page_size"),
        ("list_zones(#{ page_size: () })", "given `()`", "leave it out"),
        ("create_zone()", "needs the fields of its body", "name"),
        ("create_zone(#{ body: #{ name: \"a\" }, name: \"b\" })", "no parameter `name`", "beside `body`"),
        ("create_zone(#{ name: || 1 })", "a closure", ""),
        ("get_zone(1, 2, 3)", "get_zone", ""),
    ] {
        let error = error_of(&format!("import \"stackit/dns\" as dns; dns::{call}"));
        assert!(error.message.contains(message), "{call}: {}", error.message);
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{call}: {:?}", error.hint);
    }
}

#[test]
fn fields_that_come_only_on_request_are_incomplete_without() {
    let script = "import \"stackit/iaas\" as iaas; iaas::get_server(\"s\").nics";
    let error = outcome_of(script, vec![json!({ "id": "s" })]).0.failure.unwrap().error;
    assert_eq!(error.kind, Kind::Incomplete);
    assert!(error.hint.unwrap_or_default().contains("details: true"));
    let script = "import \"stackit/iaas\" as iaas; iaas::get_server(\"s\", #{ details: true }).nics";
    assert_eq!(outcome_of(script, vec![json!({ "id": "s" })]).0.value, Value::Null);
}

#[test]
fn secrets_of_answers_are_never_shown() {
    let script = "import \"stackit/ske\" as ske; let k = ske::create_kubeconfig(\"c\", #{ expirationSeconds: \"3600\" }); \
                  print(k); print(`${k.kubeconfig}`); [type_of(k.kubeconfig), k]";
    let answer = json!({ "kubeconfig": "apiVersion: v1 hunter2", "expirationTimestamp": "2026-11-22T08:00:00Z" });
    let (outcome, _) = outcome_of(script, vec![answer]);
    assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
    assert_eq!(outcome.value[0], "Secret", "{outcome:?}");
}

#[test]
fn services_and_versions_are_found() {
    for (path, part) in [("stackit/dsn", "stackit/dns"), ("stackit/iaas/v7", "v2, v1"), ("stackit/", "stackit")] {
        let error = error_of(&format!("import \"{path}\" as x;"));
        assert!(error.hint.as_deref().unwrap_or_default().contains(part), "{path}: {error:?}");
    }
    for path in ["stackit/iaas", "stackit/iaas/v1", "stackit/iaas/v2", "stackit/resource-manager"] {
        let (outcome, _) = outcome_of(&format!("import \"{path}\" as x; 1"), Vec::new());
        assert_eq!(outcome.value, 1, "{path}: {:?}", outcome.failure);
    }
}

#[test]
fn every_operation_of_every_service_has_a_function() {
    // Without a platform a function says so; one that is not there is unknown.
    let bench = Bench::new();
    for service in crate::catalog::services() {
        let calls =
            service.operations.iter().map(|operation| format!("attempt(|| x::{}()).error.code", operation.name));
        let codes = calls.collect::<Vec<_>>().join(", ");
        let codes = bench.value(&format!("import \"stackit/{}\" as x; [{codes}]", service.module));
        let codes = codes.as_array().unwrap();
        assert!(
            codes.len() == service.operations.len() && codes.iter().all(|code| code == "no_platform"),
            "{}",
            service.module
        );
    }
}

#[test]
fn every_field_of_the_api_is_read_with_a_dot() {
    // Whatever the language keeps for itself, as far as an answer or a request of any service has it as a field.
    let names: std::collections::BTreeSet<_> = crate::catalog::services()
        .flat_map(|service| {
            let operations = service.operations.iter().flat_map(|operation| {
                let answer = match operation.answer {
                    crate::catalog::Answer::Json(shape) => Some(shape),
                    _ => None,
                };
                answer.into_iter().chain(operation.body.as_ref().map(|body| body.shape))
            });
            operations.flat_map(|shape| service.shapes().field_names(shape)).collect::<Vec<_>>()
        })
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    assert!(names.contains("protected") && names.contains("default"), "the test looks at the wrong names");
    let bench = Bench::new();
    let reads: Vec<_> = names.iter().map(|name| format!("m.{name} = #{{ {name}: 1 }}.{name}; m?.{name};")).collect();
    for script in reads.chunks(200) {
        bench.value(&format!("let m = #{{}};\n{}", script.join("\n")));
    }
}
