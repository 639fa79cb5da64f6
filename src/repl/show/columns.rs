//! Lists of objects: the columns that matter for each kind.

use serde_json::{Map, Value};

use super::Style;
use super::cell::{Cell, Look, at, cell};
use super::grid::{Column, lines};

/// One column of a kind.
struct Field {
    head: &'static str,
    path: &'static str,
    look: Look,
    rank: u8,
}

const fn field(head: &'static str, path: &'static str, look: Look, rank: u8) -> Field {
    Field { head, path, look, rank }
}

const NAME: Field = field("name", "name", Look::Name, 9);
const ID: Field = field("id", "id", Look::Faint, 1);
const AGE: Field = field("age", "createdAt", Look::Age, 6);
const LABELS: Field = field("labels", "labels", Look::Labels, 2);
const STATUS: Field = field("status", "status", Look::State, 8);

const SERVER: &[Field] = &[
    NAME,
    STATUS,
    field("power", "powerStatus", Look::State, 4),
    field("machineType", "machineType", Look::Plain, 7),
    field("zone", "availabilityZone", Look::Plain, 5),
    AGE,
    LABELS,
    ID,
];

const VOLUME: &[Field] = &[
    NAME,
    STATUS,
    field("size", "size", Look::Gigabytes, 7),
    field("server", "serverId", Look::Reference, 6),
    field("performanceClass", "performanceClass", Look::Plain, 4),
    field("zone", "availabilityZone", Look::Plain, 3),
    field("age", "createdAt", Look::Age, 5),
    LABELS,
    ID,
];

const VOLUME_ATTACHMENT: &[Field] = &[
    field("volume", "volumeId", Look::Reference, 9),
    field("server", "serverId", Look::Reference, 9),
    field("deleteOnTermination", "deleteOnTermination", Look::Plain, 5),
];

const SNAPSHOT: &[Field] = &[
    NAME,
    STATUS,
    field("size", "size", Look::Gigabytes, 7),
    field("volume", "volumeId", Look::Reference, 5),
    AGE,
    LABELS,
    ID,
];

const IMAGE: &[Field] = &[
    NAME,
    STATUS,
    field("os", "config.operatingSystemDistro", Look::Plain, 5),
    field("version", "config.operatingSystemVersion", Look::Plain, 4),
    field("size", "size", Look::Bytes, 6),
    field("minDiskSize", "minDiskSize", Look::Gigabytes, 3),
    field("scope", "scope", Look::Plain, 3),
    AGE,
    ID,
];

const NETWORK: &[Field] = &[
    NAME,
    STATUS,
    field("ipv4", "ipv4.prefixes", Look::Plain, 7),
    field("public", "ipv4.publicIp", Look::Plain, 4),
    field("routed", "routed", Look::Plain, 3),
    AGE,
    LABELS,
    ID,
];

const NETWORK_INTERFACE: &[Field] = &[
    field("ipv4", "ipv4", Look::Name, 9),
    STATUS,
    field("name", "name", Look::Plain, 4),
    field("network", "networkName", Look::Plain, 5),
    field("mac", "mac", Look::Plain, 3),
    field("server", "device", Look::Reference, 6),
    ID,
];

const PUBLIC_IP: &[Field] =
    &[field("ip", "ip", Look::Name, 9), field("networkInterface", "networkInterface", Look::Reference, 5), LABELS, ID];

const SECURITY_GROUP: &[Field] = &[
    NAME,
    field("description", "description", Look::Plain, 5),
    field("stateful", "stateful", Look::Plain, 4),
    AGE,
    LABELS,
    ID,
];

const KEY_PAIR: &[Field] = &[NAME, field("fingerprint", "fingerprint", Look::Plain, 5), AGE, LABELS];

const MACHINE_TYPE: &[Field] = &[
    NAME,
    field("vcpus", "vcpus", Look::Plain, 8),
    field("ram", "ram", Look::Mebibytes, 8),
    field("disk", "disk", Look::Gigabytes, 4),
    field("description", "description", Look::Faint, 2),
];

const VOLUME_PERFORMANCE_CLASS: &[Field] = &[
    NAME,
    field("iops", "iops", Look::Plain, 8),
    field("throughput", "throughput", Look::Plain, 8),
    field("description", "description", Look::Faint, 2),
];

/// The columns of a kind, from left to right.
///
/// Source: the fields of the answers of IaaS v2.
fn fields(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "Server" => SERVER,
        "Volume" => VOLUME,
        "VolumeAttachment" => VOLUME_ATTACHMENT,
        "Snapshot" | "Backup" => SNAPSHOT,
        "Image" => IMAGE,
        "Network" => NETWORK,
        "NetworkInterface" => NETWORK_INTERFACE,
        "PublicIp" => PUBLIC_IP,
        "SecurityGroup" => SECURITY_GROUP,
        "KeyPair" => KEY_PAIR,
        "MachineType" => MACHINE_TYPE,
        "VolumePerformanceClass" => VOLUME_PERFORMANCE_CLASS,
        _ => return None,
    })
}

/// Objects of a kind as a table; `None` for a kind without columns of its own. Columns that are empty in all rows are
/// left out.
pub fn table(kind: &str, rows: &[Value], style: &Style<'_>) -> Option<String> {
    let none = Map::new();
    let columns = fields(kind)?.iter().filter_map(|field| {
        let values: Vec<Option<&Value>> =
            rows.iter().map(|row| at(row.as_object().unwrap_or(&none), field.path)).collect();
        values.iter().any(Option::is_some).then(|| Column {
            head: field.head.to_owned(),
            cells: values
                .into_iter()
                .map(|value| value.map_or_else(Cell::none, |value| cell(value, field.look, style)))
                .collect(),
            rank: field.rank,
            is_number: matches!(field.look, Look::Age | Look::Gigabytes | Look::Bytes | Look::Mebibytes),
        })
    });
    Some(lines(columns.collect(), style.width.map(usize::from), style.has_colour).join("\n"))
}
