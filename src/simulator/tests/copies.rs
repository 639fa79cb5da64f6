//! Snapshots, backups and images.

use serde_json::json;

use super::cloud::Cloud;

#[test]
fn a_snapshot_is_made_used_and_deleted() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let boot = cloud.id_of("list_volumes", "web-1-boot");
    let labels = json!({ "stackhand.recipe": "snapshot-rotation" });
    let told = cloud.call("create_snapshot", &[], Some(json!({ "volumeId": data, "name": "one", "labels": labels })));
    assert_eq!((told.status, told.text("status"), &told.body["size"]), (201, "CREATING", &json!(50)));
    let id = told.text("id").to_owned();
    let ids = [("snapshotId", id.as_str())];
    assert_eq!(cloud.call("delete_snapshot", &ids, None).status, 400);
    cloud.seconds(60);
    assert_eq!(cloud.status("get_snapshot", "snapshotId", &id), "AVAILABLE");
    // Of an attached volume too: crash-consistent at best.
    assert_eq!(cloud.call("create_snapshot", &[], Some(json!({ "volumeId": boot }))).status, 201);
    let found =
        cloud.call_with("list_snapshots_in_project", &[], "label_selector=stackhand.recipe%3Dsnapshot-rotation", None);
    assert_eq!(found.items().len(), 1);
    let body = json!({ "availabilityZone": "eu01-1", "name": "copy", "source": { "type": "snapshot", "id": id } });
    let copy = cloud.call("create_volume", &[], Some(body)).text("id").to_owned();
    let told = cloud.call("delete_snapshot", &ids, None);
    assert_eq!(told.status, 400);
    assert!(told.message().contains(&copy));
    cloud.seconds(60);
    assert_eq!(cloud.call("delete_volume", &[("volumeId", &copy)], None).status, 204);
    cloud.seconds(60);
    assert_eq!(cloud.call("update_snapshot", &ids, Some(json!({ "name": "two" }))).text("name"), "two");
    assert_eq!(cloud.call("delete_snapshot", &ids, None).status, 204);
    assert_eq!(cloud.status("get_snapshot", "snapshotId", &id), "DELETING");
    cloud.seconds(60);
    assert_eq!(cloud.status("get_snapshot", "snapshotId", &id), "gone");
}

#[test]
fn a_snapshot_of_a_volume_at_work_is_refused() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    cloud.call("resize_volume", &[("volumeId", &data)], Some(json!({ "size": 60 })));
    assert_eq!(cloud.call("create_snapshot", &[], Some(json!({ "volumeId": data }))).status, 409);
    assert_eq!(cloud.call("create_snapshot", &[], Some(json!({ "volumeId": cloud.server("web-1") }))).status, 404);
    assert_eq!(cloud.call("create_snapshot", &[], Some(json!({ "volumeId": "7" }))).status, 400);
    assert_eq!(cloud.call("create_snapshot", &[], Some(json!({}))).status, 400);
}

#[test]
fn a_backup_is_made_restored_and_deleted() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let body = json!({ "name": "weekly", "source": { "type": "volume", "id": data } });
    let told = cloud.call("create_backup", &[], Some(body));
    assert_eq!((told.status, told.text("status")), (201, "CREATING"));
    let id = told.text("id").to_owned();
    let ids = [("backupId", id.as_str())];
    assert_eq!(cloud.status("get_volume", "volumeId", &data), "BACKING-UP");
    assert_eq!(cloud.call("restore_backup", &ids, None).status, 400);
    cloud.seconds(600);
    assert_eq!(cloud.status("get_backup", "backupId", &id), "AVAILABLE");
    assert_eq!(cloud.call("restore_backup", &ids, None).status, 202);
    assert_eq!(cloud.status("get_backup", "backupId", &id), "RESTORING");
    assert_eq!(cloud.status("get_volume", "volumeId", &data), "RESTORING-BACKUP");
    cloud.seconds(600);
    assert_eq!(
        cloud.call("update_backup", &ids, Some(json!({ "labels": { "a": "1" } }))).body["labels"],
        json!({ "a": "1" })
    );
    cloud.call("add_volume_to_server", &[("serverId", &cloud.server("web-1")), ("volumeId", &data)], None);
    cloud.seconds(60);
    assert_eq!(cloud.call("restore_backup", &ids, None).status, 400, "its volume is attached");
    assert_eq!(cloud.call("delete_backup", &ids, None).status, 204);
    cloud.seconds(60);
    assert_eq!(cloud.status("get_backup", "backupId", &id), "gone");
}

#[test]
fn a_backup_of_a_snapshot_keeps_it_busy() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let snapshot = cloud.call("create_snapshot", &[], Some(json!({ "volumeId": data }))).text("id").to_owned();
    cloud.seconds(60);
    let body = json!({ "source": { "type": "snapshot", "id": snapshot } });
    let told = cloud.call("create_backup", &[], Some(body.clone()));
    assert_eq!((told.text("snapshotId"), told.text("volumeId")), (snapshot.as_str(), data.as_str()));
    assert_eq!(cloud.status("get_snapshot", "snapshotId", &snapshot), "BACKING-UP");
    assert_eq!(cloud.call("delete_snapshot", &[("snapshotId", &snapshot)], None).status, 400);
    assert_eq!(cloud.call("create_backup", &[], Some(body)).status, 400);
    assert_eq!(cloud.call_with("delete_backup", &[("backupId", told.text("id"))], "force=true", None).status, 204);
}

#[test]
fn an_image_becomes_available_once_its_bytes_have_come() {
    let cloud = Cloud::small();
    let told = cloud.call("create_image", &[], Some(json!({ "name": "golden", "diskFormat": "qcow2" })));
    assert_eq!(told.status, 201);
    let id = told.text("id").to_owned();
    cloud.seconds(600);
    assert_eq!(cloud.status("get_image", "imageId", &id), "CREATING");
    let put = |url: &str| cloud.put(url, b"bytes");
    assert_eq!(put(&told.text("uploadUrl").replace("signature=", "signature=0")), 403);
    assert_eq!(put(told.text("uploadUrl")), 200);
    assert_eq!(put(told.text("uploadUrl")), 409);
    cloud.seconds(60);
    let image = cloud.call("get_image", &[("imageId", &id)], None).body;
    assert_eq!(
        (&image["status"], &image["importProgress"], &image["size"]),
        (&json!("AVAILABLE"), &json!(100), &json!(5))
    );
    assert_eq!(image["checksum"]["algorithm"], "sha512");
    let ids = [("imageId", id.as_str())];
    assert_eq!(cloud.call("update_image", &ids, Some(json!({ "protected": true }))).body["protected"], true);
    assert_eq!(cloud.call("delete_image", &ids, None).status, 400);
    cloud.call("update_image", &ids, Some(json!({ "protected": false })));
    assert_eq!(cloud.call("delete_image", &ids, None).status, 204);
    cloud.seconds(60);
    assert_eq!(cloud.status("get_image", "imageId", &id), "gone");
    let public = cloud.id_of("list_images", "Ubuntu 24.04");
    assert_eq!(cloud.call("delete_image", &[("imageId", &public)], None).status, 403);
}

#[test]
fn an_image_is_made_of_a_volume() {
    let cloud = Cloud::small();
    let data = cloud.id_of("list_volumes", "data");
    let body = json!({ "name": "from-data", "diskFormat": "raw" });
    let told = cloud.call("image_from_volume", &[("volumeId", &data)], Some(body));
    assert_eq!((told.status, told.text("status")), (201, "CREATING"));
    assert_eq!(cloud.status("get_volume", "volumeId", &data), "UPLOADING");
    cloud.seconds(600);
    assert_eq!(cloud.status("get_image", "imageId", told.text("id")), "AVAILABLE");
    let body = json!({ "name": "from-data", "diskFormat": "vhd" });
    assert_eq!(cloud.call("image_from_volume", &[("volumeId", &data)], Some(body)).status, 400);
}
