//! What a change does to each object that it touches.

use super::deed::{Deed, Knowledge, Object, Role};
use crate::catalog::{Effect, Operation};

/// What a change does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Anything that is none of the others.
    Change,
    /// Starts it, which nothing that runs can lose by.
    Start,
    /// Another change of its power state, or one that needs it: stop, deallocate, reboot, resize, rescue.
    Power,
    /// Takes something off it, or it off something.
    Detach,
    /// Removes it.
    Delete,
}

/// The operations of servers that change their power state.
const POWER: [&str; 6] =
    ["stop_server", "deallocate_server", "reboot_server", "resize_server", "rescue_server", "unrescue_server"];

impl<'d> Deed<'d> {
    /// The objects that are changed, with what is done to each. An object that has no labels is a part of the one that
    /// it lies in: a rule of its security group.
    pub(super) fn acts(&self) -> Vec<(Act, &Object<'d>)> {
        let operation = self.operation;
        let also = self.also.iter().map(|(role, object)| {
            let act = match role {
                Role::Deleted => Act::Delete,
                Role::Robbed => Act::Detach,
                Role::Along | Role::Taken | Role::Entered => Act::Change,
            };
            (act, object)
        });
        if changes_none(operation) {
            return also.collect();
        }
        let act = act_of(operation);
        let joins = ["add_", "remove_", "update_attached_"].iter().any(|start| operation.name.starts_with(start));
        let mut acts = Vec::new();
        for object in self.objects.iter().rev() {
            let act = if acts.is_empty() || joins { act } else { Act::Change };
            acts.push((act, object));
            if !joins && object.knowledge != Knowledge::Unlabelled {
                break;
            }
        }
        acts.extend(also);
        acts
    }
}

fn act_of(operation: &Operation) -> Act {
    let name = operation.name;
    let is_of_servers = operation.module == "iaas" || operation.module.starts_with("iaas/");
    if is_of_servers && POWER.contains(&name) {
        Act::Power
    } else if is_of_servers && name == "start_server" {
        Act::Start
    } else if name.starts_with("remove_") {
        Act::Detach
    } else if operation.effect == Effect::Delete && operation.path.ends_with('}') {
        Act::Delete
    } else {
        Act::Change
    }
}

/// Whether what an operation's path names stays as it is: a copy is made of it, or a credential for it.
fn changes_none(operation: &Operation) -> bool {
    let is_backup = operation.module.starts_with("server-backup") && operation.effect != Effect::Update;
    matches!(operation.effect, Effect::Read | Effect::Mint) || operation.name == "image_from_volume" || is_backup
}
