//! Volumes and what they are attached to.

use serde_json::{Value, json};

use super::cloud::{Cloud, Told};

fn get(cloud: &Cloud, id: &str) -> Value {
    cloud.call("get_volume", &[("volumeId", id)], None).body
}

fn create(cloud: &Cloud, body: &Value) -> Told {
    cloud.call("create_volume", &[], Some(body.clone()))
}

#[test]
fn a_volume_is_made_from_nothing_and_from_each_source() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let image = cloud.id_of("list_images", "Ubuntu 24.04");
    let snapshot = cloud.call("create_snapshot", &[], Some(json!({ "volumeId": data, "name": "one" })));
    let snapshot = snapshot.text("id").to_owned();
    cloud.seconds(60);
    let backup = cloud.call("create_backup", &[], Some(json!({ "source": { "type": "volume", "id": data } })));
    let backup = backup.text("id").to_owned();
    cloud.seconds(600);
    for (source, size, expected, bootable) in [
        (None, Some(5), 5, false),
        (Some(("image", &image)), Some(12), 12, true),
        (Some(("volume", &data)), None, 50, false),
        (Some(("snapshot", &snapshot)), Some(60), 60, false),
        (Some(("snapshot", &snapshot)), None, 50, false),
        (Some(("backup", &backup)), None, 50, false),
    ] {
        let mut body = json!({ "availabilityZone": "eu01-1", "name": "new" });
        if let Some((kind, id)) = source {
            body["source"] = json!({ "type": kind, "id": id });
        }
        if let Some(size) = size {
            body["size"] = json!(size);
        }
        let told = create(&cloud, &body);
        assert_eq!((told.status, told.text("status")), (201, "CREATING"), "{body}: {}", told.body);
        cloud.seconds(60);
        let made = get(&cloud, told.text("id"));
        assert_eq!(
            (&made["status"], &made["size"], &made["bootable"]),
            (&json!("AVAILABLE"), &json!(expected), &json!(bootable))
        );
        assert_eq!(made.get("source"), body.get("source"));
    }
}

#[test]
fn what_the_documents_forbid_in_a_create_is_refused() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let image = cloud.id_of("list_images", "Ubuntu 24.04");
    for (body, status, message) in [
        (json!({ "size": 5 }), 400, "property \"availabilityZone\" is missing"),
        (json!({ "availabilityZone": "eu01-1" }), 400, "property \"size\" is missing"),
        (json!({ "availabilityZone": "eu01-7", "size": 5 }), 400, "eu01-7"),
        (json!({ "availabilityZone": "eu01-1", "size": 0 }), 400, "at least 1"),
        (json!({ "availabilityZone": "eu01-1", "size": 17_000 }), 400, "at most 16000"),
        (json!({ "availabilityZone": "eu01-1", "size": 5, "performanceClass": "fast" }), 400, "performance class fast"),
        (
            json!({ "availabilityZone": "eu01-1", "source": { "type": "image", "id": image } }),
            400,
            "\"size\" is missing",
        ),
        (
            json!({ "availabilityZone": "eu01-1", "size": 4, "source": { "type": "image", "id": image } }),
            400,
            "at least 10",
        ),
        (json!({ "availabilityZone": "eu01-2", "source": { "type": "volume", "id": data } }), 400, "source differ"),
        (
            json!({ "availabilityZone": "eu01-1", "size": 20, "source": { "type": "volume", "id": data } }),
            400,
            "at least 50",
        ),
        (
            json!({ "availabilityZone": "eu01-1", "source": { "type": "snapshot", "id": image } }),
            404,
            "snapshot not found",
        ),
        (json!({ "availabilityZone": "eu01-1", "size": 5, "name": "a:b" }), 400, "/name"),
    ] {
        let told = create(&cloud, &body);
        assert_eq!(told.status, status, "{body}: {}", told.message());
        assert!(told.message().contains(message), "{body}: {}", told.message());
    }
}

#[test]
fn a_volume_grows_only_and_only_while_it_is_attached_to_nothing() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let boot = cloud.id_of("list_volumes", "web-1-boot");
    let resize =
        |id: &str, size: i64| cloud.call("resize_volume", &[("volumeId", id)], Some(json!({ "size": size }))).status;
    assert_eq!(resize(&data, 50), 400);
    assert_eq!(resize(&data, 40), 400);
    assert_eq!(resize(&boot, 80), 409);
    assert_eq!(resize(&data, 80), 202);
    assert_eq!((&get(&cloud, &data)["status"], &get(&cloud, &data)["size"]), (&json!("RESIZING"), &json!(50)));
    assert_eq!(resize(&data, 90), 409);
    cloud.seconds(30);
    assert_eq!((&get(&cloud, &data)["status"], &get(&cloud, &data)["size"]), (&json!("AVAILABLE"), &json!(80)));
}

#[test]
fn a_volume_is_attached_and_detached() {
    let cloud = Cloud::small();
    let (server, other) = (cloud.server("web-1"), cloud.server("web-2"));
    let data = cloud.id_of("list_volumes", "data");
    let ids = [("serverId", server.as_str()), ("volumeId", data.as_str())];
    let told = cloud.call("add_volume_to_server", &ids, None);
    assert_eq!(told.status, 202);
    assert_eq!(told.body, json!({ "serverId": server, "volumeId": data, "deleteOnTermination": false }));
    assert_eq!(get(&cloud, &data)["status"], "ATTACHING");
    assert_eq!(cloud.call("add_volume_to_server", &[("serverId", &other), ids[1]], None).status, 409);
    let request = cloud.call("get_project_request", &[("requestId", &told.request_id)], None);
    assert_eq!((request.text("requestAction"), request.text("status")), ("UPDATE", "UPDATING"));
    cloud.seconds(10);
    assert_eq!((&get(&cloud, &data)["status"], &get(&cloud, &data)["serverId"]), (&json!("ATTACHED"), &json!(server)));
    let request = cloud.call("get_project_request", &[("requestId", &told.request_id)], None);
    assert_eq!(request.text("status"), "UPDATED");
    assert_eq!(cloud.call("list_attached_volumes", &ids[..1], None).items().len(), 2);
    assert_eq!(cloud.call("get_attached_volume", &ids, None).status, 200);

    assert_eq!(cloud.call("delete_volume", &ids[1..], None).status, 409);
    assert_eq!(cloud.call("remove_volume_from_server", &ids, None).status, 204);
    assert_eq!(get(&cloud, &data)["status"], "DETACHING");
    cloud.seconds(10);
    assert_eq!((&get(&cloud, &data)["status"], get(&cloud, &data).get("serverId")), (&json!("AVAILABLE"), None));
    let told = cloud.call("get_attached_volume", &ids, None);
    assert_eq!((told.status, told.message()), (404, "volume attachment not found"));
    assert_eq!(cloud.call("list_attached_volumes", &ids[..1], None).items().len(), 1);
}

#[test]
fn a_boot_volume_stays_while_its_server_runs() {
    let cloud = Cloud::small();
    let (running, stopped) = (cloud.server("web-1"), cloud.server("web-2"));
    let (first, second) = (cloud.id_of("list_volumes", "web-1-boot"), cloud.id_of("list_volumes", "web-2-boot"));
    let detach = |server: &str, volume: &str| {
        cloud.call("remove_volume_from_server", &[("serverId", server), ("volumeId", volume)], None).status
    };
    assert_eq!((detach(&running, &first), detach(&stopped, &second)), (409, 204));
    cloud.seconds(10);
    assert!(cloud.call("get_server", &[("serverId", &stopped)], None).body.get("bootVolume").is_none());
}

#[test]
fn a_volume_with_snapshots_goes_only_with_them() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let snapshot = cloud.call("create_snapshot", &[], Some(json!({ "volumeId": data, "name": "one" })));
    cloud.seconds(60);
    let delete = |query: &str| cloud.call_with("delete_volume", &[("volumeId", &data)], query, None).status;
    assert_eq!(delete(""), 409);
    assert_eq!(delete("cascade=true"), 204);
    assert_eq!(get(&cloud, &data)["status"], "DELETING");
    assert_eq!(delete(""), 204, "twice is once");
    cloud.seconds(60);
    assert_eq!(cloud.status("get_volume", "volumeId", &data), "gone");
    assert_eq!(cloud.status("get_snapshot", "snapshotId", snapshot.text("id")), "gone");
}

#[test]
fn a_patch_changes_a_volume() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let body = json!({ "name": "renamed", "labels": { "a": "1" }, "bootable": true, "imageConfig": { "uefi": true } });
    let told = cloud.call("update_volume", &[("volumeId", &data)], Some(body));
    assert_eq!((told.text("name"), &told.body["bootable"]), ("renamed", &json!(true)));
    assert_eq!(told.body["imageConfig"], json!({ "uefi": true }));
}
