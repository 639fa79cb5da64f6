//! Which of its operations a native calls, for objects of a kind; what reads come with a change.

use super::need::Reason;
use crate::catalog::{self, Effect, Operation};
use crate::engine::native::{Native, NativeEffect};
use crate::resources::Kind;
use crate::transport::reads_around;

/// An operation that a native may call.
pub(super) struct Called {
    pub operation: &'static Operation,
    /// Whether it is called where it is granted only.
    pub is_help: bool,
}

/// The operation of `iaas.list_servers`.
pub(super) fn operation(name: &str) -> Option<&'static Operation> {
    let (module, name) = name.rsplit_once('.')?;
    catalog::operation(module, name)
}

/// All that a native may call.
pub(super) fn of(native: &Native) -> Vec<Called> {
    let operations = native.operations.iter().filter_map(|name| operation(name));
    operations.map(|operation| Called { operation, is_help: is_help(native, operation) }).collect()
}

/// What a native that takes objects of every kind calls for one of this kind.
pub(super) fn of_kind(native: &Native, kind: Kind) -> Vec<Called> {
    let row = kind.row().operations;
    let mut own = vec![row.create, row.update, row.delete];
    if native.effect == NativeEffect::Read {
        own.extend([row.get, row.list]);
    }
    if kind == Kind::VolumeAttachment {
        // Its outcome shows in its volume.
        own.extend([row.get, Some("get_volume"), Some("list_volumes")]);
    }
    let own: Vec<&str> = own.into_iter().flatten().collect();
    of(native).into_iter().filter(|called| own.contains(&called.operation.name)).collect()
}

/// A poll of many lists them where it may, and reads each else; some reads only tell more of a refusal.
fn is_help(native: &Native, operation: &Operation) -> bool {
    let is_list_of_poll = matches!(native.name, "wait" | "wait_all") && operation.list_key.is_some();
    is_list_of_poll
        || matches!((native.name, operation.name), ("restore", "get_backup") | ("attach", "get_attached_volume"))
}

/// What is read around a change beside what the recipe reads, each with the reason: by the belts before it, by the caps
/// where several of a kind are changed, and what helps: looks at what became of it, and at why it was refused.
pub(super) fn around(change: &'static Operation) -> Vec<(Reason, &'static Operation)> {
    if change.effect == Effect::Read {
        return Vec::new();
    }
    let reads = reads_around(change);
    let mut helps = reads.after;
    // What holds a volume is told with the refusal.
    if change.module == "iaas" && change.path.contains("{volumeId}") {
        helps.extend(catalog::operation("iaas", "get_server"));
        helps.extend(catalog::operation("iaas", "get_volume"));
    }
    let groups = [
        (Reason::Belts, reads.before),
        (Reason::Named, reads.reached),
        (Reason::Caps, reads.counted),
        (Reason::Help, helps),
    ];
    let each = groups.into_iter().flat_map(|(reason, all)| all.into_iter().map(move |read| (reason, read)));
    each.collect()
}
