//! How to see that an update took effect whose answer did not come, or whose repeat was refused.

use serde_json::Value;

use crate::transport::neighbours::read_of_parent;
use crate::transport::{Call, Payload, Settlement};

/// IaaS actions, by the states that they lead to and through.
///
/// Source: facts of the wire, 3.3: our own model, after the waiters of the official clients; no document says it.
const STATES: &[(&str, &[&str])] = &[
    ("deallocate_server", &["DEALLOCATING", "DEALLOCATED"]),
    ("reboot_server", &["REBOOT", "REBOOTING"]),
    ("rescue_server", &["RESCUING", "RESCUE"]),
    ("start_server", &["STARTING", "ACTIVE"]),
    ("stop_server", &["STOPPING", "INACTIVE"]),
    ("unrescue_server", &["UNRESCUING", "ACTIVE"]),
    ("restore_backup", &["RESTORING"]),
];

/// IaaS actions that set fields of the object to those of their body.
const FIELDS: &[(&str, &[&str])] = &[("resize_server", &["machineType"]), ("resize_volume", &["size"])];

/// How to see that `call` took effect: what it says itself, else what is known of its operation.
pub(super) fn settlement(call: &Call) -> Option<Settlement> {
    if let Some(settles) = &call.settles {
        return Some((**settles).clone());
    }
    if !call.operation.module.starts_with("iaas") {
        return None;
    }
    let of = |table: &'static [(&str, &[&str])]| {
        table.iter().find(|(name, _)| *name == call.operation.name).map(|(_, entries)| *entries)
    };
    let states = of(STATES).unwrap_or_default();
    let mut shows: Vec<_> = states.iter().map(|state| ("status", Value::from(*state))).collect();
    if let Payload::Json(body) = &call.payload {
        for field in of(FIELDS).unwrap_or_default() {
            shows.extend(body.get(field).map(|value| (*field, value.clone())));
        }
    }
    if shows.is_empty() {
        return None;
    }
    Some(Settlement { read: read_of_parent(call)?, shows })
}
