//! From a call to what goes out: addresses, queries, headers, bodies, and everything that is refused before.

use serde_json::{Value, json};

use crate::catalog;
use crate::error::Kind;
use crate::transport::testing::{ID, PROJECT, Stage, answer, call, empty, target};
use crate::transport::{Call, Endpoints, Payload, Target};

fn of(module: &str, name: &str) -> Call {
    let operation = catalog::operation(module, name).unwrap_or_else(|| panic!("the catalogue has no {module}.{name}"));
    Call::new(operation, target())
}

/// Method and address of the request, and its body.
fn sent(call: Call, endpoints: Endpoints) -> (String, Vec<u8>) {
    let stage = Stage::with([empty(204)], |builder| builder.endpoints(endpoints));
    // What comes back is not the point.
    let _ = stage.send(call);
    let seen = stage.seen();
    (seen[0].line.clone(), seen[0].body.to_vec())
}

fn line(call: Call) -> String {
    sent(call, Endpoints::new()).0
}

/// The code and message of a refusal, and that nothing was sent.
fn refusal(call: Call) -> (Kind, &'static str, String, Option<String>) {
    let stage = Stage::new([]);
    let error = stage.send(call).expect_err("it is refused");
    assert!(stage.seen().is_empty());
    (error.kind, error.code, error.message, error.hint)
}

#[test]
fn project_and_region_come_from_the_target_unless_the_call_says_them() {
    let prefix = format!("GET https://iaas.api.stackit.cloud/v2/projects/{PROJECT}/regions");
    assert_eq!(line(call("list_servers")), format!("{prefix}/eu01/servers"));
    assert_eq!(line(call("list_servers").with("region", "eu02")), format!("{prefix}/eu02/servers"));
    let (kind, code, message, hint) = refusal(Call::new(call("list_servers").operation, Target::default()));
    assert_eq!((kind, code), (Kind::Config, "no_project"));
    assert_eq!(message, "`iaas.list_servers` needs a project, and none is set");
    assert_eq!(hint.as_deref(), Some("give it with `--project-id` or `STACKIT_PROJECT_ID`"));
    let nowhere = Target { region: None, ..target() };
    assert_eq!(refusal(Call::new(call("list_servers").operation, nowhere)).1, "no_region");
    let misspelt = Target { project: Some("my project".into()), ..target() };
    let (kind, code, ..) = refusal(Call::new(call("list_servers").operation, misspelt));
    assert_eq!((kind, code), (Kind::Invalid, "wrong_parameter"));
}

#[test]
fn a_region_in_the_host_is_filled_in_and_a_base_url_of_its_own_replaces_the_host() {
    let v1 = || of("iaas/v1", "list_servers");
    assert_eq!(line(v1()), format!("GET https://iaas.api.eu01.stackit.cloud/v1/projects/{PROJECT}/servers"));
    let everything = || Endpoints::new().with_everything_at("http://127.0.0.1:8080").expect("a base URL");
    assert_eq!(sent(v1(), everything()).0, format!("GET http://127.0.0.1:8080/v1/projects/{PROJECT}/servers"));
    let own = everything().with_service("iaas/v1", "https://{region}iaas.example/p/").expect("a base URL");
    assert_eq!(sent(v1(), own).0, format!("GET https://eu01.iaas.example/p/v1/projects/{PROJECT}/servers"));
}

#[test]
fn queries_take_texts_numbers_booleans_and_lists() {
    let servers = call("list_servers").with("details", true).with("label_selector", "team=web,env in (a b)");
    let query = line(servers).split_once('?').expect("a query").1.to_owned();
    assert_eq!(query, "details=true&label_selector=team%3Dweb%2Cenv%20in%20%28a%20b%29");
    assert!(line(call("get_server_log").with("serverId", ID).with("length", 7)).ends_with("/log?length=7"));
    let projects = of("resource-manager", "list_projects").with("containerIds", json!(["a-1", "b&2"])).with("limit", 5);
    assert!(line(projects).ends_with("/v2/projects?containerIds=a-1&containerIds=b%262&limit=5"));
}

#[test]
fn path_parameters_are_encoded() {
    let call = call("get_key_pair").with("keypairName", "me@home");
    assert_eq!(line(call), "GET https://iaas.api.stackit.cloud/v2/keypairs/me%40home");
}

#[test]
fn an_unknown_parameter_is_named_with_the_nearest() {
    let (kind, code, message, hint) = refusal(call("list_servers").with("labelselector", "a=b"));
    assert_eq!((kind, code), (Kind::Invalid, "unknown_parameter"));
    assert_eq!(message, "`iaas.list_servers` has no parameter `labelselector`");
    assert_eq!(hint.as_deref(), Some("did you mean `label_selector`?"));
    let (.., hint) = refusal(call("list_servers").with("zzz", 1));
    assert!(hint.expect("a hint").starts_with("it takes `projectId`, "));
}

#[test]
fn a_missing_parameter_is_named() {
    let (kind, code, message, _) = refusal(call("get_server"));
    assert_eq!(
        (kind, code, message.as_str()),
        (Kind::Invalid, "missing_parameter", "`iaas.get_server` needs the parameter `serverId`")
    );
}

#[test]
fn nothing_empty_is_ever_sent_as_if_it_meant_everything() {
    for empty in [json!(""), json!("  "), json!([]), json!([""]), json!({})] {
        assert_eq!(refusal(call("list_servers").with("label_selector", empty)).1, "empty_parameter");
    }
    assert_eq!(refusal(call("list_servers").with("label_selector", Value::Null)).1, "null_parameter");
    assert_eq!(refusal(call("delete_server").with("serverId", "")).1, "empty_parameter");
    let ids = of("resource-manager", "list_projects").with("containerIds", json!([]));
    assert_eq!(refusal(ids).1, "empty_parameter");
}

#[test]
fn a_parameter_of_the_wrong_type_is_told_what_it_must_be() {
    let (kind, code, message, _) = refusal(call("list_servers").with("details", "yes"));
    assert_eq!((kind, code), (Kind::Invalid, "wrong_parameter"));
    assert_eq!(message, "parameter `details` of `iaas.list_servers` must be true or false");
    assert_eq!(refusal(call("get_server").with("serverId", "web-1")).1, "wrong_parameter");
    let backups = of("observability", "list_backups").with("instanceId", ID).with("backupTarget", json!(["grafna"]));
    assert!(refusal(backups).2.contains("`[0]` must be one of"));
    for dots in [".", ".."] {
        assert_eq!(refusal(call("get_key_pair").with("keypairName", dots)).1, "wrong_parameter");
    }
}

#[test]
fn a_body_is_checked_and_sent_as_it_is() {
    let body = json!({ "name": "data", "availabilityZone": "eu01-1", "size": 1 });
    let stage = Stage::new([answer(201, &json!({ "id": ID }))]);
    stage.send(call("create_volume").with_json(body.clone())).expect("it is made");
    assert_eq!(stage.seen()[0].headers["content-type"], "application/json");
    assert_eq!(serde_json::from_slice::<Value>(&stage.seen()[0].body).expect("JSON"), body);
    let (kind, code, message, _) = refusal(call("create_volume").with_json(json!({ "name": "a(b)", "siez": 1 })));
    assert_eq!((kind, code), (Kind::Invalid, "wrong_body"));
    assert!(
        message.contains("`siez` is no field here; `size` is") && message.contains("`availabilityZone`"),
        "{message}"
    );
    assert_eq!(refusal(call("create_volume")).1, "missing_body");
    assert_eq!(refusal(call("start_server").with("serverId", ID).with_json(json!({}))).1, "unexpected_body");
    let mut bytes = call("create_volume");
    bytes.payload = Payload::Bytes("data".into());
    assert_eq!(refusal(bytes).1, "wrong_body");
}

#[test]
fn a_form_is_written_as_one_and_carries_no_token() {
    let form = of("service-account", "create_short_lived_access_token");
    let form =
        form.with_json(json!({ "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a b&c" }));
    let stage = Stage::new([empty(200)]);
    let _ = stage.send(form);
    let seen = &stage.seen()[0];
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(seen.headers["content-type"], "application/x-www-form-urlencoded");
    let body = String::from_utf8(seen.body.to_vec()).expect("text");
    assert_eq!(body, "assertion=a%20b%26c&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
}

#[test]
fn an_upload_goes_without_token_and_only_where_the_create_said() {
    let upload = |url: &str| {
        let mut call = call("upload_image").with("uploadUrl", url);
        call.payload = Payload::Bytes("bits".into());
        call
    };
    let url = "https://storage.example/bucket/golden?signature=abc";
    let created = |url: &str| answer(201, &json!({ "id": ID, "uploadUrl": url }));
    let create = || call("create_image").with_json(json!({ "name": "golden", "diskFormat": "raw" }));

    let stage = Stage::new([created(url), empty(200)]);
    let stranger = stage.send(upload(url)).expect_err("nothing was created yet");
    assert_eq!((stranger.kind, stranger.code), (Kind::Policy, "foreign_upload"));
    stage.send(create()).expect("it is created");
    let foreign = stage.send(upload("https://evil.example/bucket")).expect_err("another host");
    assert_eq!(foreign.code, "foreign_upload");
    assert!(!foreign.message.contains("signature"));
    stage.send(upload(url)).expect("it is uploaded");
    let seen = &stage.seen()[1];
    assert_eq!((seen.line.as_str(), &seen.body[..]), (format!("PUT {url}").as_str(), &b"bits"[..]));
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(seen.headers["content-type"], "application/octet-stream");

    let plain = "http://storage.example/golden";
    let stage = Stage::new([created(plain)]);
    stage.send(create()).expect("it is created");
    assert_eq!(stage.send(upload(plain)).expect_err("anyone could read it").code, "plain_http");
    let local = "http://127.0.0.1:8080/upload/golden";
    let stage = Stage::new([created(local), empty(200)]);
    stage.send(create()).expect("it is created");
    stage.send(upload(local)).expect("this machine is safe");
}

#[test]
fn the_gate_sees_the_object_and_stops_the_call_before_it_is_sent() {
    use std::sync::{Arc, Mutex};

    use crate::policy::{Admission, Belts, Place, Rules, Sources};
    use crate::transport::{Error, Gate, Intent, Subject};

    struct Watching(Mutex<Vec<String>>, Rules);
    impl Gate for Watching {
        fn admit(&self, intent: &Intent<'_>) -> Admission {
            let project = intent.target.project.as_deref().unwrap_or_default();
            let seen = format!("{} {:?} {project} {:?}", intent.operation.name, intent.effect, intent.object);
            self.0.lock().expect("unpoisoned").push(seen);
            Gate::admit(&self.1, intent)
        }

        fn weigh(&self, intent: &Intent<'_>, subject: &Subject) -> Result<(), Error> {
            Gate::weigh(&self.1, intent, subject)
        }
    }
    let read_only = Some(Place::new("audit", "stackhand.toml:3"));
    let gate = Arc::new(Watching(
        Mutex::default(),
        Rules::new(&Sources { read_only, ..Sources::default() }, Belts::default()),
    ));
    let stage = Stage::with([answer(200, &json!({ "items": [] }))], |builder| builder.gate(gate.clone()));
    stage.send(call("list_servers")).expect("reading is allowed");
    let error = stage.send(call("start_server").with("serverId", ID)).expect_err("changing is not");
    assert_eq!((error.kind, error.code), (Kind::Policy, "read_only"));
    assert_eq!(error.facts.permission.as_deref(), Some("iaas.server.start"));
    assert_eq!(
        error.message,
        format!(
            "`iaas.start_server` on `{ID}` needs `iaas.server.start`, which `read_only` of the profile `audit` \
             (stackhand.toml:3) rules out"
        )
    );
    assert_eq!(stage.seen().len(), 1);
    assert_eq!(
        *gate.0.lock().expect("unpoisoned"),
        [format!("list_servers Read {PROJECT} None"), format!("start_server Update {PROJECT} Some(\"{ID}\")")]
    );
}
