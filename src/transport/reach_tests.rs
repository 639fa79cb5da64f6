//! What a change reaches beside its path, weighed by the rules of a run.

use serde_json::{Value, json};

use crate::catalog;
use crate::config::{Environment, OwnServer};
use crate::policy::{Belts, Grant, Place, Protected, Rules, Sources};
use crate::transport::testing::{ID, OTHER_ID, Stage, Step, answer, call, empty, target};
use crate::transport::{Call, Payload};

const NIC: &str = "44444444-4444-4444-8444-444444444444";
const SERVER: &str = "55555555-5555-4555-8555-555555555555";
const GROUP: &str = "66666666-6666-4666-8666-666666666666";

fn held() -> Value {
    json!({ "stackhand.protect": "true" })
}

fn object(id: &str, labels: &Value, more: &Value) -> Step {
    let mut object = json!({ "id": id, "name": format!("n-{}", &id[..2]), "labels": labels });
    for (field, value) in more.as_object().expect("fields") {
        object[field] = value.clone();
    }
    answer(200, &object)
}

fn plain(id: &str) -> Step {
    object(id, &json!({}), &json!({}))
}

/// How a call ends under these rules, and what was asked for before.
fn told(sources: &Sources, belts: Belts, call: Call, steps: Vec<Step>) -> (String, Vec<String>) {
    let stage = Stage::with(steps, |builder| builder.gate(std::sync::Arc::new(Rules::new(sources, belts))));
    let end = match stage.send(call) {
        Ok(_) => "passes".to_owned(),
        Err(error) => format!("{}: {}", error.code, error.message),
    };
    assert_eq!(stage.left(), 0, "{end}; {:?}", stage.lines());
    (end, stage.lines())
}

fn weighed(call: Call, steps: Vec<Step>) -> (String, Vec<String>) {
    told(&Sources::default(), Belts::default(), call, steps)
}

fn server(more: &Value) -> Call {
    let mut body = json!({ "name": "new", "machineType": "g2i.1", "networking": { "nicIds": [NIC] } });
    for (field, value) in more.as_object().expect("fields") {
        body[field] = value.clone();
    }
    Call { payload: Payload::Json(body), ..call("create_server") }
}

#[test]
fn a_protected_volume_cannot_be_taken_by_a_new_server() {
    for more in [
        json!({ "volumes": [ID] }),
        json!({ "bootVolume": { "source": { "type": "volume", "id": ID } } }),
        // However it is spelled.
        json!({ "volumes": [ID.to_uppercase()] }),
    ] {
        let networking = json!({ "networking": { "networkId": OTHER_ID } });
        let mut more = more;
        more["networking"] = networking["networking"].clone();
        let is_boot = more.get("bootVolume").is_some();
        let steps = if is_boot {
            vec![object(ID, &held(), &json!({})), plain(OTHER_ID)]
        } else {
            vec![plain(OTHER_ID), object(ID, &held(), &json!({}))]
        };
        let (end, lines) = weighed(server(&more), steps);
        assert!(end.starts_with("protected: `iaas.create_server` is refused: `n-22` is protected"), "{end}");
        assert!(lines.contains(&format!("GET /volumes/{ID}")) && lines.len() == 2, "{lines:?}");
    }
    // A copy leaves its source as it is.
    let copy = json!({ "bootVolume": { "size": 5, "source": { "type": "snapshot", "id": ID } } });
    let (end, _) = weighed(server(&copy), vec![plain(NIC), answer(201, &json!({ "id": ID, "name": "new" }))]);
    assert_eq!(end, "passes");
}

#[test]
fn what_a_new_server_is_put_into_counts_and_what_cannot_be_read_does_not_pass() {
    let network = || server(&json!({ "networking": { "networkId": ID } }));
    let (end, _) = weighed(network(), vec![object(ID, &held(), &json!({}))]);
    assert!(end.starts_with("protected"), "{end}");
    let forbidden = answer(403, &json!({ "code": 403, "msg": "no" }));
    let (end, _) = weighed(network(), vec![forbidden]);
    assert!(end.starts_with("unreadable_object"), "{end}");
    let groups = answer(
        200,
        &json!({ "items": [
        { "id": OTHER_ID, "name": "db", "labels": {} }, { "id": GROUP, "name": "web", "labels": held() },
    ] }),
    );
    let by_name = server(&json!({ "securityGroups": ["web"] }));
    let (end, lines) = weighed(by_name, vec![plain(NIC), groups]);
    assert!(end.contains("`web` is protected"), "{end}");
    assert_eq!(lines, [format!("GET /nics/{NIC}"), "GET /security-groups".to_owned()]);
}

#[test]
fn who_loses_or_gets_a_public_ip_counts() {
    let nic_of_server = || object(NIC, &json!({}), &json!({ "device": SERVER }));
    let ip = || object(ID, &json!({}), &json!({ "networkInterface": NIC }));
    let protected = || object(SERVER, &held(), &json!({}));
    let of_ip = |name: &str| call(name).with("publicIpId", ID);
    let (away, nobody) = (json!({ "networkInterface": null }), json!({ "labels": { "a": "b" } }));
    for call in [of_ip("delete_public_ip"), of_ip("update_public_ip").with_json(away)] {
        let (end, lines) = weighed(call, vec![ip(), nic_of_server(), protected()]);
        assert!(end.contains("`n-55` is protected"), "{end}");
        assert_eq!(lines[1..], [format!("GET /nics/{NIC}"), format!("GET /servers/{SERVER}")]);
    }
    let to_it = json!({ "networkInterface": NIC });
    let (end, _) = weighed(call("create_public_ip").with_json(to_it), vec![nic_of_server(), protected()]);
    assert!(end.contains("`n-55` is protected"), "{end}");
    let (end, _) = weighed(of_ip("update_public_ip").with_json(nobody), vec![ip(), answer(200, &json!({ "id": ID }))]);
    assert_eq!(end, "passes", "its labels are its own");
    let elsewhere = of_ip("add_public_ip_to_server").with("serverId", OTHER_ID);
    let (end, _) = weighed(elsewhere, vec![plain(OTHER_ID), ip(), nic_of_server(), protected()]);
    assert!(end.contains("`n-55` is protected"), "{end}");
}

#[test]
fn an_interface_that_leaves_a_protected_server_or_group_does_not() {
    let delete = call("delete_nic").with("networkId", OTHER_ID).with("nicId", NIC);
    let nic = object(NIC, &json!({}), &json!({ "device": SERVER, "securityGroups": [GROUP] }));
    let (end, _) = weighed(delete, vec![plain(OTHER_ID), nic.clone(), object(SERVER, &held(), &json!({}))]);
    assert!(end.contains("`n-55` is protected"), "{end}");
    let leave = call("update_nic").with("networkId", OTHER_ID).with("nicId", NIC);
    let leave = leave.with_json(json!({ "securityGroups": [] }));
    let (end, _) = weighed(leave, vec![plain(OTHER_ID), nic, object(GROUP, &held(), &json!({}))]);
    assert!(end.contains("`n-66` is protected"), "{end}");
}

#[test]
fn a_narrowed_grant_reaches_what_is_taken_and_not_what_is_entered() {
    let grants = ["iaas.server.create where team=web", "iaas.public-ip.update where team=web"];
    let allow = grants.iter().map(|text| Grant::parse(text).expect(text)).collect();
    let sources = Sources { allow, ..Sources::default() };
    let mine = json!({ "team": "web" });
    let create = || {
        let more = json!({ "labels": { "team": "web" }, "volumes": [ID], "networking": { "networkId": OTHER_ID } });
        server(&more)
    };
    let steps = |labels: &Value| vec![plain(OTHER_ID), object(ID, labels, &json!({}))];
    let (end, _) = told(&sources, Belts::default(), create(), steps(&json!({ "team": "db" })));
    assert!(end.starts_with("narrowed: `n-22` lacks team=web"), "{end}");
    let mut all = steps(&mine);
    all.push(answer(201, &json!({ "id": SERVER, "name": "new" })));
    assert_eq!(told(&sources, Belts::default(), create(), all).0, "passes");
    // Of an interface that is a server's, it is the server that counts.
    let lead = call("update_public_ip").with("publicIpId", ID).with_json(json!({ "networkInterface": NIC }));
    let nic = object(NIC, &mine, &json!({ "device": SERVER }));
    let steps = vec![object(ID, &mine, &json!({})), nic, object(SERVER, &json!({ "team": "db" }), &json!({}))];
    let (end, _) = told(&sources, Belts::default(), lead, steps);
    assert!(end.starts_with("narrowed: `n-55` lacks team=web"), "{end}");
}

#[test]
fn the_profile_and_the_server_underneath_count_as_well() {
    let protected = Protected::parse(&["n-22".to_owned()], Place::new("prod", "stackhand.toml:7")).expect("good");
    let belts = Belts { protected: Some(protected), ..Belts::default() };
    let network = json!({ "networking": { "networkId": OTHER_ID }, "volumes": [ID] });
    let (end, _) = told(&Sources::default(), belts, server(&network), vec![plain(OTHER_ID), plain(ID)]);
    assert!(end.contains("protected by `n-22` of the profile"), "{end}");
    let own = OwnServer::new(&Environment::empty("/").with("STACKHAND_SERVER_ID", SERVER)).expect("an id");
    let belts = Belts { own_server: Some(own), ..Belts::default() };
    let volume = object(ID, &json!({}), &json!({ "serverId": SERVER }));
    let (end, _) = told(&Sources::default(), belts, server(&network), vec![plain(OTHER_ID), volume, plain(SERVER)]);
    assert!(end.starts_with("own_server"), "{end}");
}

#[test]
fn older_versions_are_held_by_what_the_newest_tells() {
    let operation = |name: &str| catalog::operation("iaas/v1", name).unwrap_or_else(|| panic!("no {name}"));
    let stop = Call::new(operation("stop_server"), target()).with("serverId", SERVER);
    let (end, lines) = weighed(stop.clone(), vec![object(SERVER, &held(), &json!({}))]);
    assert!(end.contains("`n-55` is protected"), "{end}");
    assert_eq!(lines, [format!("GET /servers/{SERVER}")], "of the newest");
    let (end, lines) = weighed(stop, vec![plain(SERVER), empty(202)]);
    assert_eq!((end.as_str(), lines.len()), ("passes", 2));
    assert!(lines[1].contains("/v1/projects/"), "{lines:?}");
    let delete = Call::new(operation("delete_server"), target()).with("serverId", SERVER);
    let attached =
        answer(200, &json!({ "items": [{ "serverId": SERVER, "volumeId": ID, "deleteOnTermination": true }] }));
    let (end, _) = weighed(delete, vec![plain(SERVER), attached, object(ID, &held(), &json!({}))]);
    assert!(end.contains("`n-22` is protected"), "{end}");
}

#[test]
fn volumes_that_another_service_writes_back_to_count() {
    let operation = catalog::operation("server-backup", "restore_volume_backup").expect("it is there");
    let restore = Call::new(operation, target())
        .with("serverId", SERVER)
        .with("backupId", OTHER_ID)
        .with("volumeBackupId", NIC)
        .with_json(json!({ "restoreVolumeId": ID }));
    let stage_steps = vec![plain(SERVER), object(ID, &held(), &json!({}))];
    let (end, _) = weighed(restore, stage_steps);
    assert!(end.contains("`n-22` is protected"), "{end}");
}

#[test]
fn the_snapshots_that_a_cascade_deletes_count() {
    let snapshot = |id: &str, volume: &str, labels: &Value| json!({ "id": id, "name": format!("s-{}", &id[..2]), "volumeId": volume, "labels": labels });
    let listed = |labels: &Value| {
        answer(200, &json!({ "items": [snapshot(OTHER_ID, GROUP, &held()), snapshot(NIC, ID, labels)] }))
    };
    for module in ["iaas", "iaas/v1"] {
        let operation = catalog::operation(module, "delete_volume").expect("it is there");
        let delete = || Call::new(operation, target()).with("volumeId", ID);
        let cascade = |value: Value| {
            let mut call = delete();
            call.parameters.insert("cascade".to_owned(), value);
            call
        };
        let (end, lines) = weighed(cascade(json!(true)), vec![plain(ID), listed(&held())]);
        assert!(end.contains("is refused: `s-44` is protected"), "{end}, {lines:?}");
        assert_eq!(lines, [format!("GET /volumes/{ID}"), "GET /snapshots".to_owned()]);
        let (end, _) = weighed(cascade(json!(true)), vec![plain(ID), listed(&json!({})), empty(204)]);
        assert_eq!(end, "passes", "a snapshot of another volume stays");
        let grants = |text: &str| text.split(", ").map(|one| Grant::parse(one).expect(one)).collect::<Vec<_>>();
        for (allow, deny, code) in [
            ("iaas.volume.delete", "", "not_granted"),
            ("iaas.volume.delete, iaas.snapshot.delete", "", "passes"),
            ("iaas.volume.delete, iaas.snapshot.delete where keep=no", "", "narrowed"),
            ("*", "iaas.snapshot.delete", "denied"),
        ] {
            let deny = if deny.is_empty() { Vec::new() } else { grants(deny) };
            let sources = Sources { allow: grants(allow), deny, ..Sources::default() };
            let mut steps = vec![plain(ID), listed(&json!({ "keep": "yes" }))];
            if code == "passes" {
                steps.push(empty(204));
            }
            let (end, _) = told(&sources, Belts::default(), cascade(json!(true)), steps);
            assert_eq!(end.split(':').next(), Some(code), "{allow}: {end}");
            if code == "not_granted" {
                let told = "which deletes the snapshot `s-44` too, needs `iaas.snapshot.delete`";
                assert!(end.contains(told), "{end}");
            }
        }
        let forbidden = answer(403, &json!({ "code": 403, "msg": "no" }));
        let (end, _) = weighed(cascade(json!(true)), vec![plain(ID), forbidden]);
        assert!(end.starts_with("unreadable_object"), "{end}");
        for call in [delete(), cascade(json!(false))] {
            let (end, lines) = weighed(call, vec![plain(ID), empty(204)]);
            assert_eq!((end.as_str(), lines.len()), ("passes", 2));
        }
    }
}

#[test]
fn the_interfaces_that_a_server_loses_with_a_network_count() {
    let nic = |id: &str, network: &str, labels: &Value| json!({ "id": id, "name": format!("n-{}", &id[..2]), "networkId": network, "labels": labels });
    let remove = || {
        let operation = catalog::operation("iaas", "remove_network_from_server").expect("it is there");
        Call::new(operation, target()).with("serverId", SERVER).with("networkId", GROUP)
    };
    let listed =
        |labels: &Value| answer(200, &json!({ "items": [nic(OTHER_ID, ID, &held()), nic(NIC, GROUP, labels)] }));
    let steps = |labels: &Value| vec![plain(SERVER), plain(GROUP), listed(labels)];
    let (end, lines) = weighed(remove(), steps(&held()));
    assert!(end.contains("is refused: `n-44` is protected"), "{end}, {lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some(format!("GET /servers/{SERVER}/nics").as_str()));
    let (end, _) = weighed(remove(), [steps(&json!({})), vec![empty(204)]].concat());
    assert_eq!(end, "passes", "the interface in another network stays");
    let deny = vec![Grant::parse("iaas.nic.delete").expect("a grant")];
    let (end, _) = told(&Sources { deny, ..Sources::default() }, Belts::default(), remove(), steps(&json!({})));
    assert!(end.starts_with("denied:"), "{end}");
}

#[test]
fn the_network_of_a_load_balancer_counts() {
    let operation = catalog::operation("load-balancer", "create_load_balancer").expect("it is there");
    let body = json!({ "name": "lb", "networks": [{ "networkId": GROUP, "role": "ROLE_LISTENERS_AND_TARGETS" }] });
    let (end, lines) =
        weighed(Call::new(operation, target()).with_json(body), vec![object(GROUP, &held(), &json!({}))]);
    assert!(end.contains("`n-66` is protected"), "{end}");
    assert_eq!(lines, [format!("GET /networks/{GROUP}")]);
}
