//! The answers of the canned server: servers as the API writes them, 1.1 KB each.

use serde_json::{Value, json};

/// How many servers the list holds.
pub const COUNT: usize = 10_000;

/// The project that they live in.
pub const PROJECT: &str = "00000000-0000-4000-8000-000000000001";

/// The identifier of a server.
pub fn id(number: usize) -> String {
    uuid(1, number)
}

/// The answer to a read of one server.
pub fn one_server(number: usize) -> String {
    server(number).to_string()
}

/// The answer to a list of all servers.
pub fn all_servers() -> String {
    let items: Vec<Value> = (0..COUNT).map(server).collect();
    json!({ "items": items }).to_string()
}

/// Every twelfth server is what the scripts look for: in team `search`, and inactive.
fn server(number: usize) -> Value {
    let name = format!("node-{:05}", (number * 7_919) % COUNT);
    let machine_type = ["g2i.1", "g2i.2", "c2i.2", "m2i.4"][number % 4];
    let team = ["search", "shop", "data", "platform"][number % 4];
    let status = if number.is_multiple_of(3) { "INACTIVE" } else { "ACTIVE" };
    let minute = number % 60;
    json!({
        "id": id(number),
        "name": name,
        "status": status,
        "powerStatus": if number.is_multiple_of(3) { "STOPPED" } else { "RUNNING" },
        "machineType": machine_type,
        "availabilityZone": format!("eu01-{}", number % 3 + 1),
        "createdAt": format!("2026-03-14T09:{minute:02}:26Z"),
        "launchedAt": format!("2026-03-14T09:{minute:02}:53Z"),
        "updatedAt": format!("2026-11-02T17:{minute:02}:01Z"),
        "affinityGroup": uuid(4, number % 50),
        "bootVolume": { "id": uuid(2, number), "deleteOnTermination": true },
        "volumes": [uuid(2, number), uuid(3, number)],
        "keypairName": "operations",
        "securityGroups": ["00000000-0000-4000-8005-000000000000"],
        "serviceAccountMails": ["shop-runtime-8zq2k1x@sa.stackit.cloud"],
        "metadata": { "image": "ubuntu-24.04", "owner": "platform-team" },
        "labels": {
            "team": team,
            "schedule": "office-hours",
            "cost-center": format!("{}", 4_000 + number % 90),
            "stage": if number.is_multiple_of(2) { "production" } else { "test" },
        },
        "nics": [{
            "networkId": "00000000-0000-4000-8006-000000000000",
            "networkName": "shop-internal",
            "nicId": uuid(7, number),
            "ipv4": format!("10.{}.{}.{}", number / 65_025, number / 255 % 255, number % 255 + 1),
            "mac": format!("fa:16:3e:00:{:02x}:{:02x}", number / 256 % 256, number % 256),
            "nicSecurity": true,
            "allowedAddresses": [],
            "securityGroups": ["00000000-0000-4000-8005-000000000000"],
        }],
    })
}

fn uuid(group: u16, number: usize) -> String {
    format!("00000000-0000-4000-8{group:03}-{number:012}")
}
