//! What every object of the platform can do: `refresh`, `update`, `delete`.

use super::deed::{deed, verb};
use super::script::{fields, options};
use crate::engine::native::{Native, NativeEffect, Type};

pub(super) fn natives() -> Vec<Native> {
    [refresh(), update(), delete()].into_iter().flatten().collect()
}

fn refresh() -> [Native; 2] {
    verb(
        None,
        "refresh",
        |native| {
            native
                .effect(NativeEffect::Read)
                .calls(&[
                    "iaas.get_server",
                    "iaas.get_volume",
                    "iaas.get_attached_volume",
                    "iaas.get_snapshot",
                    "iaas.get_backup",
                    "iaas.get_image",
                    "iaas.get_network",
                    "iaas.get_project_nic",
                    "iaas.get_public_ip",
                    "iaas.get_security_group",
                    "iaas.get_key_pair",
                    "iaas.get_machine_type",
                    "iaas.get_volume_performance_class",
                    "iaas.list_quotas",
                ])
                .doc("Reads the object again, with the details that it has; the receiver stays as it is.")
                .errors(&["not_found: it does not exist any more"])
                .example("servers()[0].refresh().status")
        },
        |_| Ok(deed(|platform, object| async move { platform.refresh(&object).await })),
    )
}

fn update() -> [Native; 2] {
    verb(
        None,
        "update",
        |native| {
            native
                .takes("fields", Type::Map)
                .effect(NativeEffect::Update)
                .calls(&[
                    "iaas.update_server",
                    "iaas.update_volume",
                    "iaas.update_attached_volume",
                    "iaas.update_snapshot",
                    "iaas.update_backup",
                    "iaas.update_image",
                    "iaas.update_public_ip",
                    "iaas.update_security_group",
                    "iaas.update_key_pair",
                ])
                .doc(
                    "Sends these fields and gives the object as it is then; fields that are not named stay. A label \
                     given `()` is removed. Assigning a field, in contrast, changes the script's copy alone.",
                )
                .errors(&[
                    "invalid: a field is wrong or unknown; nothing is sent",
                    "policy: a Kubernetes cluster manages it, and `--allow-managed` was not given",
                ])
                .example("volumes()[0].update(#{ labels: #{ team: \"web\" } }).labels.team == \"web\"")
        },
        |call| {
            let fields = fields(call, 1)?;
            Ok(deed(move |platform, object| {
                let fields = fields.clone();
                async move { platform.update(&object, fields).await }
            }))
        },
    )
}

fn delete() -> [Native; 2] {
    verb(
        None,
        "delete",
        |native| {
            native
                .may_take("options", Type::Map)
                .effect(NativeEffect::Delete)
                .calls(&[
                    "iaas.delete_server",
                    "iaas.delete_volume",
                    "iaas.remove_volume_from_server",
                    "iaas.get_volume",
                    "iaas.delete_snapshot",
                    "iaas.delete_backup",
                    "iaas.delete_image",
                    "iaas.delete_public_ip",
                    "iaas.delete_security_group",
                    "iaas.delete_key_pair",
                ])
                .doc(
                    "Asks for the object to be deleted. `wait` then waits until it is gone and gives the last copy. \
                     Options: `cascade` of a volume (its snapshots too), `force` of a backup. The volumes of a server \
                     stay unless `deleteOnTermination` was set.",
                )
                .errors(&[
                    "conflict: it is in use; the hint says by what",
                    "policy: a Kubernetes cluster manages it, and `--allow-managed` was not given",
                    "not_found: it does not exist any more",
                ])
                .example("snapshots()[0].delete().wait().status == \"DELETED\"")
        },
        |call| {
            let options = options(call, 1)?;
            Ok(deed(move |platform, object| {
                let options = options.clone();
                async move { platform.delete(&object, &options).await }
            }))
        },
    )
}
