//! Servers and what they can be told to do.

use serde_json::json;

use super::cloud::Cloud;

fn act(cloud: &Cloud, action: &str, id: &str) -> u16 {
    let body = match action {
        "rescue_server" => Some(json!({ "image": cloud.image() })),
        "resize_server" => Some(json!({ "machineType": "g2i.4" })),
        _ => None,
    };
    cloud.call(action, &[("serverId", id)], body).status
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
        assert_eq!(act(&cloud, action, &id), 202, "{server} {action}");
        let seen = cloud.call("get_server", &[("serverId", &id)], None);
        assert_eq!(seen.text("status"), during, "{server} {action}");
        cloud.seconds(300);
        let seen = cloud.call("get_server", &[("serverId", &id)], None);
        assert_eq!((seen.text("status"), seen.text("powerStatus")), (end, power), "{server} {action}");
        assert_eq!(seen.body.get("availabilityZone").is_none(), end == "DEALLOCATED", "{server} {action}");
    }
}
