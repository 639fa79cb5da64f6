//! Objects that a body names by their ids, and what the call does to each.
//!
//! What a path names is changed by every change; what a body names may only be referred to. So each such field of each
//! operation stands here once, and a test goes through the catalogue for those that do not.

use serde_json::Value;

use super::Role;
use crate::catalog::Operation;

/// One field of a body that names objects.
#[derive(Debug, Clone, Copy)]
pub struct Mention {
    /// The service without its version: older versions of an operation name the same.
    service: &'static str,
    operation: &'static str,
    /// Where in the body: `networking.nicIds[]`.
    pub field: &'static str,
    /// The path parameter that names such an object elsewhere: `nicId`.
    pub parameter: &'static str,
    /// What the call does to it; `None` if it only refers to it, or copies it.
    pub role: Option<Role>,
    /// A field of the body with values that make it a mere reference.
    unless: Option<(&'static str, &'static [&'static str])>,
}

const fn row(
    service: &'static str,
    operation: &'static str,
    field: &'static str,
    parameter: &'static str,
    role: Option<Role>,
) -> Mention {
    Mention { service, operation, field, parameter, role, unless: None }
}

const ENTERED: Option<Role> = Some(Role::Entered);
const TAKEN: Option<Role> = Some(Role::Taken);
/// It is named, and stays as it is.
const USED: Option<Role> = None;

/// Every such field.
///
/// Source: the bodies of the operations in STACKIT's documents; what happens to an object follows from the operation
/// that does the same by its path: `add_volume_to_server`, `add_nic_to_server`, `add_security_group_to_server`,
/// `create_nic`.
const MENTIONS: &[Mention] = &[
    row("alb", "create_load_balancer", "networks[].networkId", "networkId", ENTERED),
    row("alb", "update_load_balancer", "networks[].networkId", "networkId", ENTERED),
    row("automation", "create_volume_automation", "templateId", "templateId", USED),
    row("iaas", "create_backup", "source.id", "volumeId", USED),
    row("iaas", "create_isolated_network", "ipv4.vpcNetworkRangeId", "networkRangeId", USED),
    row("iaas", "create_network", "ipv4.vpcNetworkRangeId", "networkRangeId", USED),
    row("iaas", "create_network", "ipv6.vpcNetworkRangeId", "networkRangeId", USED),
    row("iaas", "create_network", "routingTableId", "routingTableId", USED),
    row("iaas", "create_network", "vpcId", "vpcId", USED),
    row("iaas", "create_nic", "securityGroups[]", "securityGroupId", ENTERED),
    row("iaas", "create_public_ip", "networkInterface", "nicId", TAKEN),
    row("iaas", "create_security_group_rule", "remoteSecurityGroupId", "securityGroupId", USED),
    row("iaas", "create_server", "affinityGroup", "affinityGroupId", ENTERED),
    // A new volume is made of an image, a snapshot or a backup; a volume is taken as it is.
    Mention {
        unless: Some(("bootVolume.source.type", &["image", "snapshot", "backup"])),
        ..row("iaas", "create_server", "bootVolume.source.id", "volumeId", TAKEN)
    },
    row("iaas", "create_server", "imageId", "imageId", USED),
    row("iaas", "create_server", "keypairName", "keypairName", USED),
    row("iaas", "create_server", "networking.networkId", "networkId", ENTERED),
    row("iaas", "create_server", "networking.nicIds[]", "nicId", TAKEN),
    // By name or by id.
    row("iaas", "create_server", "securityGroups[]", "securityGroupId", ENTERED),
    row("iaas", "create_server", "serviceAccountMails[]", "serviceAccountMail", USED),
    row("iaas", "create_server", "volumes[]", "volumeId", TAKEN),
    row("iaas", "create_snapshot", "volumeId", "volumeId", USED),
    row("iaas", "create_volume", "encryptionParameters.kekKeyId", "keyId", USED),
    row("iaas", "create_volume", "encryptionParameters.kekKeyringId", "keyRingId", USED),
    row("iaas", "create_volume", "encryptionParameters.kekProjectId", "projectId", USED),
    row("iaas", "create_volume", "encryptionParameters.serviceAccount", "serviceAccountMail", USED),
    row("iaas", "create_volume", "source.id", "volumeId", USED),
    row("iaas", "partial_update_network", "routingTableId", "routingTableId", USED),
    row("iaas", "rescue_server", "image", "imageId", USED),
    row("iaas", "set_image_share", "projects[]", "projectId", USED),
    row("iaas", "update_image_share", "projects[]", "projectId", USED),
    row("iaas", "update_nic", "securityGroups[]", "securityGroupId", ENTERED),
    row("iaas", "update_public_ip", "networkInterface", "nicId", TAKEN),
    row("intake", "create_intake", "intakeRunnerId", "intakeRunnerId", ENTERED),
    row("intake", "update_intake", "intakeRunnerId", "intakeRunnerId", ENTERED),
    row("kms", "import_key", "wrappingKeyId", "wrappingKeyId", USED),
    row("load-balancer", "create_load_balancer", "networks[].networkId", "networkId", ENTERED),
    row("load-balancer", "update_load_balancer", "networks[].networkId", "networkId", ENTERED),
    // The documents do not say which of the two instances is written to.
    row("mongodb-flex", "clone_instance", "instanceId", "instanceId", TAKEN),
    row("mongodb-flex", "restore_instance", "instanceId", "instanceId", TAKEN),
    row("mongodb-flex", "restore_instance", "backupId", "backupId", USED),
    row("scf", "apply_organization_quota", "quotaId", "quotaId", USED),
    row("scf", "create_organization", "platformId", "platformId", USED),
    row("server-backup", "create_backup", "volumeIds[]", "volumeId", USED),
    row("server-backup", "create_backup_schedule", "backupProperties.volumeIds[]", "volumeId", USED),
    row("server-backup", "restore_backup", "volumeIds[]", "volumeId", TAKEN),
    row("server-backup", "restore_volume_backup", "restoreVolumeId", "volumeId", TAKEN),
    row("server-backup", "update_backup_schedule", "backupProperties.volumeIds[]", "volumeId", USED),
    row("ske", "create_or_update_cluster", "network.id", "networkId", ENTERED),
];

impl Mention {
    /// The fields by which the body of an operation names objects.
    pub fn of(operation: &Operation) -> impl Iterator<Item = &'static Self> {
        let service = operation.module.split('/').next().unwrap_or(operation.module);
        let name = operation.name;
        MENTIONS.iter().filter(move |row| row.operation == name && row.service == service)
    }

    /// The ids in a body, or names where the API takes them; none where they are only referred to.
    pub fn ids<'b>(&self, body: &'b Value) -> Vec<&'b str> {
        let is_reference = self.unless.is_some_and(|(field, values)| {
            let given = texts(body, field);
            !given.is_empty() && given.iter().all(|given| values.contains(given))
        });
        if self.role.is_none() || is_reference { Vec::new() } else { texts(body, self.field) }
    }
}

/// The texts at a place in a body: one, or those of a list.
fn texts<'b>(body: &'b Value, field: &str) -> Vec<&'b str> {
    let mut found = vec![body];
    for name in field.split('.') {
        let next = found.into_iter().filter_map(|value| value.get(name.trim_end_matches("[]")));
        // A list where one is expected is looked into all the same.
        found =
            next.flat_map(|value| value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())).collect();
    }
    found.into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
#[path = "mentions_tests.rs"]
mod tests;
