//! Networks, interfaces, public addresses, security groups, affinity groups, service accounts, keys.

use serde_json::json;

use super::cloud::Cloud;

#[test]
fn a_network_is_made_changed_and_deleted() {
    let cloud = Cloud::small();
    let told = cloud.call("create_network", &[], Some(json!({ "name": "back", "ipv4": { "prefixLength": 26 } })));
    assert_eq!((told.status, told.text("status")), (202, "CREATING"));
    let id = told.text("id").to_owned();
    let ids = [("networkId", id.as_str())];
    assert_eq!(told.body["ipv4"]["prefixes"], json!(["10.0.1.0/26"]));
    assert_eq!(told.body["ipv4"]["gateway"], "10.0.1.1");
    cloud.seconds(30);
    assert_eq!(cloud.status("get_network", "networkId", &id), "CREATED");
    let change = json!({ "name": "rear", "ipv4": { "gateway": null } });
    assert_eq!(cloud.call("partial_update_network", &ids, Some(change)).status, 202);
    assert_eq!(cloud.status("get_network", "networkId", &id), "UPDATING");
    cloud.seconds(30);
    let seen = cloud.call("get_network", &ids, None).body;
    assert_eq!(
        (&seen["name"], &seen["status"], &seen["ipv4"]["gateway"]),
        (&json!("rear"), &json!("CREATED"), &json!(null))
    );
    let nic = cloud.call("create_nic", &ids, Some(json!({}))).text("id").to_owned();
    assert_eq!(cloud.call("delete_network", &ids, None).status, 409);
    assert_eq!(cloud.call("delete_nic", &[ids[0], ("nicId", &nic)], None).status, 204);
    assert_eq!(cloud.call("delete_network", &ids, None).status, 202);
    cloud.seconds(30);
    assert_eq!(cloud.status("get_network", "networkId", &id), "gone");
    let overlapping = json!({ "name": "x", "ipv4": { "prefix": "10.0.0.0/16" } });
    assert_eq!(cloud.call("create_network", &[], Some(overlapping)).status, 409);
    let ipv6 = json!({ "name": "x", "ipv6": { "prefixLength": 64 } });
    let told = cloud.call("create_network", &[], Some(ipv6));
    assert_eq!(told.status, 501);
    assert!(told.message().starts_with("the simulator does not model IPv6 networks: it has servers"), "{}", told.body);
    assert_eq!(cloud.call("create_isolated_network", &[], Some(json!({ "name": "island" }))).body["routed"], false);
}

#[test]
fn interfaces_are_attached_and_detached() {
    let cloud = Cloud::small();
    let server = cloud.server("web-1");
    let network = cloud.id_of("list_networks", "net");
    let body = json!({ "name": "second", "ipv4": "10.0.0.77", "allowedAddresses": ["10.9.0.0/24"] });
    let told = cloud.call("create_nic", &[("networkId", &network)], Some(body.clone()));
    assert_eq!((told.status, told.text("status"), told.text("type")), (201, "DOWN", "none"));
    assert_eq!(cloud.call("create_nic", &[("networkId", &network)], Some(body)).status, 409);
    let nic = told.text("id").to_owned();
    let ids = [("serverId", server.as_str()), ("nicId", nic.as_str())];
    assert_eq!(cloud.call("add_nic_to_server", &ids, None).status, 202);
    assert_eq!(cloud.call("add_nic_to_server", &ids, None).status, 409);
    let seen = cloud.call("get_project_nic", &ids[1..], None);
    assert_eq!((seen.text("status"), seen.text("device"), seen.text("type")), ("ACTIVE", server.as_str(), "server"));
    assert_eq!(cloud.call("list_server_nics", &ids[..1], None).items().len(), 2);
    assert_eq!(cloud.call("remove_nic_from_server", &ids, None).status, 204);
    assert_eq!(cloud.call("list_server_nics", &ids[..1], None).items().len(), 1);

    let both = [ids[0], ("networkId", network.as_str())];
    for _ in 0..4 {
        assert_eq!(cloud.call("add_network_to_server", &both, None).status, 202);
    }
    assert_eq!(cloud.call("add_network_to_server", &both, None).status, 400, "five at most");
    assert_eq!(cloud.call("remove_network_from_server", &both, None).status, 204);
    assert_eq!(cloud.call("list_server_nics", &ids[..1], None).items().len(), 0);
    assert_eq!(cloud.call("remove_network_from_server", &both, None).status, 404);
    let body = json!({ "nicSecurity": false });
    let told = cloud.call("update_nic", &[("networkId", &network), ids[1]], Some(body));
    assert_eq!(told.body["securityGroups"], json!([]));
}

#[test]
fn a_public_address_is_bound_and_freed_both_ways() {
    let cloud = Cloud::small();
    let (server, other) = (cloud.server("web-1"), cloud.server("web-2"));
    let told = cloud.call("create_public_ip", &[], Some(json!({ "labels": { "a": "1" } })));
    assert_eq!((told.status, &told.body["networkInterface"]), (201, &json!(null)));
    let id = told.text("id").to_owned();
    let ids = [("serverId", server.as_str()), ("publicIpId", id.as_str())];
    assert_eq!(cloud.call("add_public_ip_to_server", &ids, None).status, 202);
    assert_eq!(cloud.call("add_public_ip_to_server", &[("serverId", &other), ids[1]], None).status, 409);
    let full = cloud.call_with("get_server", &ids[..1], "details=true", None).body;
    assert_eq!(full["nics"][0]["publicIp"], told.body["ip"]);
    let wrong = cloud.call("remove_public_ip_from_server", &[("serverId", &other), ids[1]], None);
    assert_eq!((wrong.status, wrong.message()), (404, "ServerOrPublicIPNotFound"));
    assert_eq!(cloud.call("remove_public_ip_from_server", &ids, None).status, 204);
    let nic = cloud.call("list_server_nics", &ids[..1], None).items()[0]["id"].clone();
    let patch = |body| cloud.call("update_public_ip", &ids[1..], Some(body)).body["networkInterface"].clone();
    assert_eq!(patch(json!({ "networkInterface": nic })), nic);
    assert_eq!(patch(json!({ "labels": { "b": "2" } })), nic);
    assert_eq!(patch(json!({ "networkInterface": null })), json!(null));
    assert_eq!(cloud.call("delete_public_ip", &ids[1..], None).status, 204);
    assert_eq!(cloud.call("get_public_ip", &ids[1..], None).status, 404);
}

#[test]
fn security_groups_and_rules_come_and_go() {
    let cloud = Cloud::small();
    let server = cloud.server("web-1");
    let told = cloud.call("create_security_group", &[], Some(json!({ "name": "web", "description": "doors" })));
    assert_eq!((told.status, told.body["rules"].as_array().map(Vec::len)), (201, Some(4)));
    let id = told.text("id").to_owned();
    let group = ("securityGroupId", id.as_str());
    let rule = json!({ "direction": "ingress", "protocol": "tcp", "portRange": { "min": 443, "max": 443 }, "ipRange": "0.0.0.0/0" });
    let told = cloud.call("create_security_group_rule", &[group], Some(rule));
    assert_eq!(told.body["protocol"], json!({ "name": "tcp", "number": 6 }));
    assert_eq!(told.text("ethertype"), "IPv4");
    let rule = ("securityGroupRuleId", told.text("id"));
    assert_eq!(cloud.call("get_security_group_rule", &[group, rule], None).status, 200);
    let numbered = json!({ "direction": "egress", "protocol": 17, "portRange": { "min": 0, "max": 65535 } });
    let told = cloud.call("create_security_group_rule", &[group], Some(numbered));
    assert_eq!((&told.body["protocol"]["name"], told.body.get("portRange")), (&json!("udp"), None));
    for bad in [
        json!({}),
        json!({ "direction": "up" }),
        json!({ "direction": "ingress", "protocol": "http" }),
        json!({ "direction": "ingress", "portRange": { "min": 9, "max": 1 } }),
        json!({ "direction": "ingress", "ipRange": "here" }),
    ] {
        assert_eq!(cloud.call("create_security_group_rule", &[group], Some(bad.clone())).status, 400, "{bad}");
    }
    assert_eq!(cloud.call("delete_security_group_rule", &[group, rule], None).status, 204);
    assert_eq!(cloud.call("list_security_group_rules", &[group], None).items().len(), 5);
    let both = [("serverId", server.as_str()), group];
    assert_eq!(cloud.call("add_security_group_to_server", &both, None).status, 202);
    assert_eq!(cloud.call("delete_security_group", &[group], None).status, 409);
    assert_eq!(cloud.call("remove_security_group_from_server", &both, None).status, 204);
    assert_eq!(cloud.call("update_security_group", &[group], Some(json!({ "name": "web2" }))).text("name"), "web2");
    assert_eq!(cloud.call("delete_security_group", &[group], None).status, 204);
    let default = cloud.id_of("list_security_groups", "default");
    assert_eq!(cloud.call("delete_security_group", &[("securityGroupId", &default)], None).status, 409);
}

#[test]
fn affinity_groups_service_accounts_and_keys_come_and_go() {
    let cloud = Cloud::small();
    let server = cloud.server("web-1");
    let create =
        |policy: &str| cloud.call("create_affinity_group", &[], Some(json!({ "name": "apart", "policy": policy })));
    let told = create("hard-anti-affinity");
    assert_eq!((told.status, create("loose").message()), (201, "The affinity group policy is not supported"));
    assert_eq!(cloud.call("list_affinity_groups", &[], None).items().len(), 1);
    assert_eq!(cloud.call("delete_affinity_group", &[("affinityGroupId", told.text("id"))], None).status, 204);

    let mail = |mail| [("serverId", server.as_str()), ("serviceAccountMail", mail)];
    assert_eq!(cloud.call("add_service_account_to_server", &mail("a-1@sa.stackit.cloud"), None).status, 201);
    assert_eq!(cloud.call("add_service_account_to_server", &mail("b-1@sa.stackit.cloud"), None).status, 409);
    assert_eq!(cloud.call("list_server_service_accounts", &mail("x")[..1], None).items().len(), 1);
    assert_eq!(cloud.call("remove_service_account_from_server", &mail("a-1@sa.stackit.cloud"), None).items().len(), 0);

    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIDsPd27M449akqCtdFg2+AmRVJz6eWio0oMP9dVg7Xe me";
    let body = json!({ "name": "mine", "publicKey": key });
    let told = cloud.call("create_key_pair", &[], Some(body.clone()));
    assert_eq!((told.status, told.text("fingerprint").len()), (201, 47));
    assert_eq!(cloud.call("create_key_pair", &[], Some(body)).status, 409);
    for bad in ["ssh-dss AAAA", "ssh-rsa AAAA", &key.replace("ssh-ed25519", "ssh-rsa")] {
        let bad = json!({ "name": "bad", "publicKey": bad });
        assert_eq!(cloud.call("create_key_pair", &[], Some(bad)).status, 400);
    }
    let named = [("keypairName", "mine")];
    assert_eq!(
        cloud.call("update_key_pair", &named, Some(json!({ "labels": { "a": "1" } }))).body["labels"],
        json!({ "a": "1" })
    );
    assert_eq!(cloud.call("get_key_pair", &named, None).status, 200);
    assert_eq!(cloud.call("delete_key_pair", &named, None).status, 204);
    assert_eq!(cloud.call("get_key_pair", &named, None).message(), "keypair not found");
}

#[test]
fn what_is_on_offer_is_listed() {
    let cloud = Cloud::small();
    assert!(cloud.call("list_machine_types", &[], None).items().len() > 10);
    let few = cloud.call_with("list_machine_types", &[], "filter=vcpus+%3D%3D+2+%26%26+ram+%3E+8000", None);
    assert_eq!(few.items().iter().map(|item| item["name"].clone()).collect::<Vec<_>>(), ["g2i.2", "m2i.2"]);
    assert_eq!(cloud.call_with("list_machine_types", &[], "filter=cpus+%3D%3D+2", None).status, 400);
    assert_eq!(cloud.call("get_machine_type", &[("machineType", "g2i.2")], None).body["ram"], 8_192);
    assert_eq!(cloud.call("get_machine_type", &[("machineType", "x")], None).status, 404);
    assert!(cloud.call("list_volume_performance_classes", &[], None).items().len() > 5);
    let zones = cloud.call("list_availability_zones", &[], None);
    assert_eq!(zones.body["items"], json!(["eu01-1", "eu01-2", "eu01-3", "eu01-m"]));
}
