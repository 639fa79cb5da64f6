//! Servers and what they can be told to do.

use serde_json::{Value, json};

use super::cloud::{Cloud, Told};

fn act(cloud: &Cloud, action: &str, id: &str) -> Told {
    let body = match action {
        "rescue_server" => Some(json!({ "image": cloud.id_of("list_images", "Ubuntu 24.04") })),
        "resize_server" => Some(json!({ "machineType": "g2i.4" })),
        _ => None,
    };
    cloud.call(action, &[("serverId", id)], body)
}

fn get(cloud: &Cloud, id: &str) -> Value {
    cloud.call("get_server", &[("serverId", id)], None).body
}

fn new_server(cloud: &Cloud, more: &Value) -> Value {
    let mut body = json!({
        "name": "new-1",
        "machineType": "g2i.1",
        "networking": { "networkId": cloud.id_of("list_networks", "net") },
        "bootVolume": {
            "size": 20,
            "source": { "type": "image", "id": cloud.id_of("list_images", "Ubuntu 24.04") },
        },
    });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

#[test]
fn actions_go_through_their_status_to_their_end() {
    for (server, action, during, end, power) in [
        ("web-1", "stop_server", "STOPPING", "INACTIVE", "STOPPED"),
        ("web-1", "deallocate_server", "DEALLOCATING", "DEALLOCATED", "STOPPED"),
        ("web-1", "reboot_server", "REBOOTING", "ACTIVE", "RUNNING"),
        ("web-1", "rescue_server", "RESCUING", "RESCUE", "RUNNING"),
        ("web-1", "resize_server", "RESIZING", "ACTIVE", "RUNNING"),
        ("web-2", "start_server", "STARTING", "ACTIVE", "RUNNING"),
        ("web-2", "deallocate_server", "DEALLOCATING", "DEALLOCATED", "STOPPED"),
        ("web-2", "resize_server", "RESIZING", "INACTIVE", "STOPPED"),
        ("web-3", "start_server", "STARTING", "ACTIVE", "RUNNING"),
        ("web-3", "stop_server", "STOPPING", "INACTIVE", "STOPPED"),
    ] {
        let cloud = Cloud::small();
        let id = cloud.server(server);
        assert_eq!(act(&cloud, action, &id).status, 202, "{server} {action}");
        assert_eq!(get(&cloud, &id)["status"], during, "{server} {action}");
        cloud.seconds(300);
        let seen = get(&cloud, &id);
        assert_eq!((&seen["status"], &seen["powerStatus"]), (&json!(end), &json!(power)), "{server} {action}");
        assert_eq!(seen.get("availabilityZone").is_none(), end == "DEALLOCATED", "{server} {action}");
    }
}

#[test]
fn a_status_that_does_not_accept_an_action_answers_409() {
    for (server, action) in [
        ("web-1", "start_server"),
        ("web-1", "unrescue_server"),
        ("web-2", "stop_server"),
        ("web-2", "reboot_server"),
        ("web-3", "deallocate_server"),
        ("web-3", "reboot_server"),
        ("web-3", "resize_server"),
        ("web-3", "rescue_server"),
    ] {
        let cloud = Cloud::small();
        let id = cloud.server(server);
        let before = get(&cloud, &id);
        let told = act(&cloud, action, &id);
        assert_eq!(told.status, 409, "{server} {action}");
        assert!(
            told.message().contains(&format!("while it is in status {}", before["status"].as_str().expect("text")))
        );
        assert_eq!(get(&cloud, &id), before);
    }
}

#[test]
fn a_busy_server_takes_no_second_action() {
    let cloud = Cloud::small();
    let id = cloud.server("web-1");
    assert_eq!(act(&cloud, "stop_server", &id).status, 202);
    for action in ["stop_server", "start_server", "deallocate_server", "resize_server", "reboot_server"] {
        assert_eq!(act(&cloud, action, &id).status, 409, "{action}");
    }
    assert_eq!(act(&cloud, "delete_server", &id).status, 204);
}

#[test]
fn a_hard_reboot_wakes_a_stopped_server() {
    let cloud = Cloud::small();
    let id = cloud.server("web-2");
    assert_eq!(cloud.call_with("reboot_server", &[("serverId", &id)], "action=hard", None).status, 202);
    assert_eq!(cloud.call_with("reboot_server", &[("serverId", &id)], "action=firm", None).status, 400);
    cloud.seconds(60);
    assert_eq!(get(&cloud, &id)["status"], "ACTIVE");
}

#[test]
fn resizing_is_seen_however_late_a_reader_comes() {
    for list in [false, true] {
        let cloud = Cloud::small();
        let id = cloud.server("web-1");
        act(&cloud, "resize_server", &id);
        cloud.seconds(86_400);
        let first = if list {
            let told = cloud.call("list_servers", &[], None);
            told.items().iter().find(|item| item["id"] == id.as_str()).cloned().expect("listed")
        } else {
            get(&cloud, &id)
        };
        assert_eq!(first["status"], "RESIZING");
        let second = get(&cloud, &id);
        assert_eq!((&second["status"], &second["machineType"]), (&json!("ACTIVE"), &json!("g2i.4")));
    }
}

#[test]
fn an_action_may_follow_a_resize_that_nobody_watched() {
    let cloud = Cloud::small();
    let id = cloud.server("web-1");
    act(&cloud, "resize_server", &id);
    assert_eq!(act(&cloud, "stop_server", &id).status, 409);
    cloud.seconds(600);
    assert_eq!(act(&cloud, "stop_server", &id).status, 202);
    cloud.seconds(600);
    assert_eq!(get(&cloud, &id)["machineType"], "g2i.4");
}

#[test]
fn a_server_is_made_with_its_boot_volume_and_interface() {
    let cloud = Cloud::small();
    let body =
        new_server(&cloud, &json!({ "labels": { "a": "1" }, "userData": "I2Nsb3Vk", "metadata": { "m": "x y" } }));
    let told = cloud.call("create_server", &[], Some(body));
    assert_eq!((told.status, told.text("status")), (201, "CREATING"));
    let id = told.text("id").to_owned();
    let volume = told.body["bootVolume"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(told.body["volumes"], json!([volume]));
    assert_eq!(cloud.status("get_volume", "volumeId", &volume), "CREATING");
    cloud.seconds(60);
    let plain = get(&cloud, &id);
    assert_eq!((&plain["status"], &plain["powerStatus"]), (&json!("ACTIVE"), &json!("RUNNING")));
    for hidden in ["nics", "userData", "serviceAccountMails", "networking", "errorMessage"] {
        assert!(plain.get(hidden).is_none(), "{hidden}");
    }
    let full = cloud.call_with("get_server", &[("serverId", &id)], "details=true", None).body;
    assert_eq!(full["userData"], "I2Nsb3Vk");
    assert_eq!(full["serviceAccountMails"], json!([]));
    assert_eq!(full["nics"][0]["networkName"], "net");
    assert_eq!(cloud.status("get_volume", "volumeId", &volume), "ATTACHED");
}

#[test]
fn what_the_documents_forbid_in_a_create_answers_400_or_404() {
    let cloud = Cloud::small();
    let image = cloud.id_of("list_images", "Ubuntu 24.04");
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (more, status, message) in [
        (json!({ "name": "under_score" }), 400, "Error at \"/name\": string doesn't match the regular expression"),
        (json!({ "name": 7 }), 400, "Error at \"/name\": value must be a string"),
        (json!({ "machineType": "x9" }), 400, "machine type is not valid"),
        (json!({ "networking": { "networkId": nobody } }), 404, "network not found"),
        (json!({ "networking": { "nicIds": [nobody] } }), 404, "nic not found"),
        (json!({ "bootVolume": null, "imageId": nobody }), 400, "Error at \"/bootVolume\""),
        (
            json!({ "bootVolume": { "source": { "type": "image", "id": image } } }),
            400,
            "boot device size is not valid or missing",
        ),
        (json!({ "bootVolume": { "size": 5, "source": { "type": "image", "id": image } } }), 400, "boot device size"),
        (json!({ "bootVolume": { "size": 20, "source": { "type": "image", "id": nobody } } }), 404, "image not found"),
        (json!({ "bootVolume": { "size": 20, "source": { "type": "tape", "id": image } } }), 400, "source type tape"),
        (json!({ "keypairName": "mine" }), 404, "keypair not found"),
        (json!({ "availabilityZone": "eu01-9" }), 400, "availability zone eu01-9 is not valid"),
        (json!({ "labels": { "a:b": "1" } }), 400, "/labels/a:b"),
        (json!({ "labels": { "stackit-x": "1" } }), 400, "reserved"),
        (json!({ "securityGroups": ["nope"] }), 404, "security group not found"),
        (json!({ "volumes": [nobody] }), 404, "volume not found"),
        (json!({ "serviceAccountMails": ["a@b.de", "c@d.de"] }), 400, "/serviceAccountMails"),
        (json!({ "userData": "?" }), 400, "/userData"),
        (json!({ "affinityGroup": nobody }), 404, "affinity group not found"),
    ] {
        let told = cloud.call("create_server", &[], Some(new_server(&cloud, &more)));
        assert_eq!(told.status, status, "{more}: {}", told.message());
        assert!(told.message().contains(message), "{more}: {}", told.message());
    }
    let without = |key: &str| {
        let mut body = new_server(&cloud, &json!({}));
        body.as_object_mut().expect("an object").remove(key);
        cloud.call("create_server", &[], Some(body))
    };
    assert!(without("networking").message().contains("Error at \"/networking\": property \"networking\" is missing"));
    assert!(without("name").message().contains("property \"name\" is missing"));
    assert!(without("bootVolume").message().contains("boot device size is not valid or missing"));
    assert_eq!(cloud.call("create_server", &[], None).status, 400);
    assert_eq!(cloud.call("list_servers", &[], None).items().len(), 3);
}

#[test]
fn a_server_from_an_image_has_no_boot_volume() {
    let cloud = Cloud::small();
    let image = cloud.id_of("list_images", "Ubuntu 24.04");
    let mut body = new_server(&cloud, &json!({ "imageId": image }));
    body.as_object_mut().expect("an object").remove("bootVolume");
    let told = cloud.call("create_server", &[], Some(body));
    assert_eq!((told.status, &told.body["volumes"]), (201, &json!([])));
    assert_eq!((told.text("availabilityZone"), told.body.get("bootVolume")), ("eu01-m", None));
}

#[test]
fn a_patch_changes_labels_and_null_removes_one() {
    let cloud = Cloud::small();
    let id = cloud.server("web-1");
    let patch = |body: Value| cloud.call("update_server", &[("serverId", &id)], Some(body));
    assert_eq!(patch(json!({ "labels": { "tier": "1" } })).body["labels"], json!({ "team": "web", "tier": "1" }));
    assert_eq!(patch(json!({ "labels": { "team": null } })).body["labels"], json!({ "tier": "1" }));
    assert_eq!(patch(json!({ "name": "web-9" })).text("name"), "web-9");
    assert_eq!(patch(json!({ "labels": { "a": "b c" } })).status, 400);
    assert_eq!(patch(json!({ "name": "-" })).status, 400);
}

#[test]
fn a_deleted_server_is_gone_and_its_volumes_are_free_or_gone_too() {
    for goes in [false, true] {
        let cloud = Cloud::small();
        let id = cloud.server("web-1");
        let volume = get(&cloud, &id)["bootVolume"]["id"].as_str().expect("an id").to_owned();
        let ids = [("serverId", id.as_str()), ("volumeId", volume.as_str())];
        cloud.call("update_attached_volume", &ids, Some(json!({ "deleteOnTermination": goes })));
        assert_eq!(get(&cloud, &id)["bootVolume"]["deleteOnTermination"], goes);
        assert_eq!(act(&cloud, "delete_server", &id).status, 204);
        assert_eq!(get(&cloud, &id)["status"], "DELETING");
        assert_eq!(act(&cloud, "delete_server", &id).status, 204, "twice is once");
        cloud.seconds(60);
        let told = cloud.call("get_server", &[("serverId", &id)], None);
        assert_eq!((told.status, told.message()), (404, "server not found"));
        assert_eq!(act(&cloud, "delete_server", &id).status, 404);
        let expected = if goes { "gone" } else { "AVAILABLE" };
        assert_eq!(cloud.status("get_volume", "volumeId", &volume), expected);
        let nics = cloud.call("list_project_nics", &[], None);
        assert!(nics.items().iter().all(|nic| nic["device"] != id.as_str()));
    }
}

#[test]
fn selectors_select_and_malformed_ones_are_refused() {
    let cloud = Cloud::small();
    for (query, count) in [
        ("", 3),
        ("label_selector=team%3Dweb", 3),
        ("label_selector=team%21%3Dweb", 0),
        ("label_selector=team+in+%28web%2Capi%29", 3),
        ("label_selector=!team", 0),
        ("label_selector=", 3),
        ("details=true&label_selector=team", 3),
    ] {
        let told = cloud.call_with("list_servers", &[], query, None);
        assert_eq!((told.status, told.items().len()), (200, count), "{query}");
    }
    for query in ["label_selector=team%3D%3D%3D", "label_selector=in+%28", "details=perhaps"] {
        assert_eq!(cloud.call_with("list_servers", &[], query, None).status, 400, "{query}");
    }
}

#[test]
fn console_and_log_are_there_while_it_runs() {
    let cloud = Cloud::small();
    let (on, off) = (cloud.server("web-1"), cloud.server("web-2"));
    assert!(cloud.call("get_server_console", &[("serverId", &on)], None).text("url").starts_with("https://"));
    assert_eq!(cloud.call("get_server_console", &[("serverId", &off)], None).status, 400);
    let log = cloud.call_with("get_server_log", &[("serverId", &on)], "length=1", None);
    assert!(log.text("output").contains("web-1"));
    assert_eq!(cloud.call_with("get_server_log", &[("serverId", &on)], "length=-1", None).status, 400);
}
