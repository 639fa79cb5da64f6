//! Quotas: computed from the world, enforced on the call that would go over.

use serde_json::{Value, json};

use super::cloud::Cloud;
use crate::simulator::world::{Limits, small};

fn with(limits: Limits) -> Cloud {
    let mut world = small();
    let project = &mut world.projects[0];
    project.regions.get_mut("eu01").expect("there").quotas = limits;
    Cloud::of(world)
}

fn usage(cloud: &Cloud) -> Value {
    cloud.call("list_quotas", &[], None).body["quotas"].clone()
}

#[test]
fn usage_counts_what_is_there() {
    let cloud = Cloud::small();
    let before = usage(&cloud);
    // web-3 is deallocated: two servers of 2 vCPUs and 8 GiB count, and all volumes.
    for (name, expected) in
        [("vcpu", 4), ("ram", 16_384), ("volumes", 4), ("gigabytes", 110), ("snapshots", 0), ("nics", 3)]
    {
        assert_eq!(before[name]["usage"], expected, "{name}");
    }
    let data = cloud.id_of("list_volumes", "data");
    cloud.call("create_snapshot", &[], Some(json!({ "volumeId": data })));
    cloud.call("start_server", &[("serverId", &cloud.server("web-3"))], None);
    let after = usage(&cloud);
    assert_eq!(
        (&after["gigabytes"]["usage"], &after["snapshots"]["usage"], &after["vcpu"]["usage"]),
        (&json!(160), &json!(1), &json!(6))
    );
}

#[test]
fn what_goes_over_a_quota_is_refused_and_changes_nothing() {
    let base = Limits::default();
    let zone = json!({ "availabilityZone": "eu01-1", "size": 10 });
    for (limits, name, call, quota) in [
        (Limits { gigabytes: 119, ..base }, "create_volume", zone.clone(), "gigabytes"),
        (Limits { volumes: 4, ..base }, "create_volume", zone.clone(), "volumes"),
        (Limits { gigabytes: 159, ..base }, "create_snapshot", json!({}), "gigabytes"),
        (Limits { snapshots: 0, ..base }, "create_snapshot", json!({}), "snapshots"),
        (Limits { backups: 0, ..base }, "create_backup", json!({}), "backups"),
        (Limits { backup_gigabytes: 49, ..base }, "create_backup", json!({}), "backupGigabytes"),
        (Limits { vcpu: 4, ..base }, "start_server", json!(null), "vcpu"),
        (Limits { ram: 16_384, ..base }, "resize_server", json!({ "machineType": "m2i.2" }), "ram"),
        (Limits { public_ips: 0, ..base }, "create_public_ip", json!({}), "publicIps"),
        (Limits { networks: 1, ..base }, "create_network", json!({ "name": "x" }), "networks"),
        (Limits { nics: 3, ..base }, "create_nic", json!({}), "nics"),
        (Limits { security_groups: 1, ..base }, "create_security_group", json!({ "name": "x" }), "securityGroups"),
    ] {
        let cloud = with(limits);
        let data = cloud.id_of("list_volumes", "data");
        let server = cloud.server(if name == "start_server" { "web-3" } else { "web-1" });
        let network = cloud.id_of("list_networks", "net");
        let body = match name {
            "create_snapshot" => Some(json!({ "volumeId": data })),
            "create_backup" => Some(json!({ "source": { "type": "volume", "id": data } })),
            "start_server" => None,
            _ => Some(call),
        };
        let before = usage(&cloud);
        let told = cloud.call(name, &[("serverId", &server), ("networkId", &network)], body);
        let status = match name {
            "start_server" | "resize_server" | "create_network" | "create_nic" => 409,
            "create_public_ip" | "create_security_group" => 400,
            _ => 413,
        };
        assert_eq!(told.status, status, "{name} {quota}: {}", told.body);
        assert!(told.message().starts_with(&format!("Quota exceeded for {quota}:")), "{}", told.message());
        assert_eq!(usage(&cloud), before);
    }
}

#[test]
fn what_just_fits_is_taken() {
    let cloud = with(Limits { gigabytes: 120, volumes: 5, ..Limits::default() });
    let told = cloud.call("create_volume", &[], Some(json!({ "availabilityZone": "eu01-1", "size": 10 })));
    assert_eq!(told.status, 201);
}
