//! The table of kinds. Source of names and statuses: iaas v2 (operations and the descriptions of the status fields).

use super::kind::{Functions, Kind, Operations, Row};

const SELECTOR: &[&str] = &["label_selector"];
const PLAIN: &[&str] = &[];

const NONE: Operations = Operations { list: None, get: None, create: None, update: None, delete: None };

const BARE: Row = Row {
    kind: Kind::Server,
    type_name: "",
    singular: "",
    plural: "",
    functions: Functions { one: "", all: "" },
    operations: NONE,
    id_parameter: "",
    id_field: "id",
    name_field: Some("name"),
    list_options: PLAIN,
    get_options: PLAIN,
    detail_fields: PLAIN,
    delete_options: PLAIN,
    stable: PLAIN,
    transitional: PLAIN,
};

/// The row of a kind.
pub(super) fn row(kind: Kind) -> &'static Row {
    match kind {
        Kind::Server => &SERVER,
        Kind::Volume => &VOLUME,
        Kind::VolumeAttachment => &VOLUME_ATTACHMENT,
        Kind::Snapshot => &SNAPSHOT,
        Kind::Backup => &BACKUP,
        Kind::Image => &IMAGE,
        Kind::Network => &NETWORK,
        Kind::NetworkInterface => &NETWORK_INTERFACE,
        Kind::PublicIp => &PUBLIC_IP,
        Kind::SecurityGroup => &SECURITY_GROUP,
        Kind::KeyPair => &KEY_PAIR,
        Kind::MachineType => &MACHINE_TYPE,
        Kind::VolumePerformanceClass => &VOLUME_PERFORMANCE_CLASS,
        Kind::Quota => &QUOTA,
    }
}

static SERVER: Row = Row {
    kind: Kind::Server,
    type_name: "Server",
    singular: "server",
    plural: "servers",
    functions: Functions { one: "server", all: "servers" },
    operations: Operations {
        list: Some("list_servers"),
        get: Some("get_server"),
        create: Some("create_server"),
        update: Some("update_server"),
        delete: Some("delete_server"),
    },
    id_parameter: "serverId",
    list_options: &["label_selector", "details"],
    get_options: &["details"],
    detail_fields: &["nics", "serviceAccountMails", "userData"],
    stable: &["ACTIVE", "INACTIVE", "DEALLOCATED", "RESCUE", "PAUSED"],
    transitional: &[
        "BACKING-UP",
        "CREATING",
        "DEALLOCATING",
        "DELETING",
        "MIGRATING",
        "REBOOT",
        "REBOOTING",
        "REBUILD",
        "REBUILDING",
        "RESCUING",
        "RESIZING",
        "RESTORING",
        "SNAPSHOTTING",
        "STARTING",
        "STOPPING",
        "UNRESCUING",
        "UPDATING",
    ],
    ..BARE
};

static VOLUME: Row = Row {
    kind: Kind::Volume,
    type_name: "Volume",
    singular: "volume",
    plural: "volumes",
    functions: Functions { one: "volume", all: "volumes" },
    operations: Operations {
        list: Some("list_volumes"),
        get: Some("get_volume"),
        create: Some("create_volume"),
        update: Some("update_volume"),
        delete: Some("delete_volume"),
    },
    id_parameter: "volumeId",
    list_options: SELECTOR,
    delete_options: &["cascade"],
    stable: &["AVAILABLE", "ATTACHED", "RESERVED"],
    transitional: &[
        "ATTACHING",
        "AWAITING-TRANSFER",
        "BACKING-UP",
        "CREATING",
        "DELETING",
        "DETACHING",
        "DOWNLOADING",
        "MAINTENANCE",
        "RESIZING",
        "RESTORING-BACKUP",
        "RETYPING",
        "UPLOADING",
    ],
    ..BARE
};

static VOLUME_ATTACHMENT: Row = Row {
    kind: Kind::VolumeAttachment,
    type_name: "VolumeAttachment",
    singular: "volume attachment",
    plural: "volume attachments",
    functions: Functions { one: "volume_attachment", all: "volume_attachments" },
    operations: Operations {
        list: Some("list_attached_volumes"),
        get: Some("get_attached_volume"),
        create: None,
        update: Some("update_attached_volume"),
        delete: Some("remove_volume_from_server"),
    },
    id_parameter: "volumeId",
    id_field: "volumeId",
    name_field: None,
    ..BARE
};

static SNAPSHOT: Row = Row {
    kind: Kind::Snapshot,
    type_name: "Snapshot",
    singular: "snapshot",
    plural: "snapshots",
    functions: Functions { one: "snapshot", all: "snapshots" },
    operations: Operations {
        list: Some("list_snapshots_in_project"),
        get: Some("get_snapshot"),
        create: Some("create_snapshot"),
        update: Some("update_snapshot"),
        delete: Some("delete_snapshot"),
    },
    id_parameter: "snapshotId",
    list_options: SELECTOR,
    stable: &["AVAILABLE"],
    transitional: &["BACKING-UP", "CREATING", "DELETING", "RESTORING", "UNMANAGING", "UPDATING"],
    ..BARE
};

static BACKUP: Row = Row {
    kind: Kind::Backup,
    type_name: "Backup",
    singular: "backup",
    plural: "backups",
    functions: Functions { one: "backup", all: "backups" },
    operations: Operations {
        list: Some("list_backups"),
        get: Some("get_backup"),
        create: Some("create_backup"),
        update: Some("update_backup"),
        delete: Some("delete_backup"),
    },
    id_parameter: "backupId",
    list_options: SELECTOR,
    delete_options: &["force"],
    stable: &["AVAILABLE"],
    transitional: &["CREATING", "DELETING", "RESTORING"],
    ..BARE
};

static IMAGE: Row = Row {
    kind: Kind::Image,
    type_name: "Image",
    singular: "image",
    plural: "images",
    functions: Functions { one: "image", all: "images" },
    operations: Operations {
        list: Some("list_images"),
        get: Some("get_image"),
        create: None,
        update: Some("update_image"),
        delete: Some("delete_image"),
    },
    id_parameter: "imageId",
    list_options: &["label_selector", "all"],
    stable: &["AVAILABLE", "DEACTIVATED"],
    transitional: &["CREATING", "DELETING"],
    ..BARE
};

static NETWORK: Row = Row {
    kind: Kind::Network,
    type_name: "Network",
    singular: "network",
    plural: "networks",
    functions: Functions { one: "network", all: "networks" },
    operations: Operations { list: Some("list_networks"), get: Some("get_network"), ..NONE },
    id_parameter: "networkId",
    list_options: SELECTOR,
    stable: &["CREATED", "UPDATED"],
    transitional: &["CREATING", "DELETING", "UPDATING"],
    ..BARE
};

static NETWORK_INTERFACE: Row = Row {
    kind: Kind::NetworkInterface,
    type_name: "NetworkInterface",
    singular: "network interface",
    plural: "network interfaces",
    functions: Functions { one: "network_interface", all: "network_interfaces" },
    operations: Operations { list: Some("list_project_nics"), get: Some("get_project_nic"), ..NONE },
    id_parameter: "nicId",
    list_options: SELECTOR,
    stable: &["ACTIVE", "DOWN"],
    ..BARE
};

static PUBLIC_IP: Row = Row {
    kind: Kind::PublicIp,
    type_name: "PublicIp",
    singular: "public IP",
    plural: "public IPs",
    functions: Functions { one: "public_ip", all: "public_ips" },
    operations: Operations {
        list: Some("list_public_ips"),
        get: Some("get_public_ip"),
        create: Some("create_public_ip"),
        update: Some("update_public_ip"),
        delete: Some("delete_public_ip"),
    },
    id_parameter: "publicIpId",
    name_field: Some("ip"),
    list_options: SELECTOR,
    ..BARE
};

static SECURITY_GROUP: Row = Row {
    kind: Kind::SecurityGroup,
    type_name: "SecurityGroup",
    singular: "security group",
    plural: "security groups",
    functions: Functions { one: "security_group", all: "security_groups" },
    operations: Operations {
        list: Some("list_security_groups"),
        get: Some("get_security_group"),
        create: Some("create_security_group"),
        update: Some("update_security_group"),
        delete: Some("delete_security_group"),
    },
    id_parameter: "securityGroupId",
    list_options: SELECTOR,
    ..BARE
};

static KEY_PAIR: Row = Row {
    kind: Kind::KeyPair,
    type_name: "KeyPair",
    singular: "key pair",
    plural: "key pairs",
    functions: Functions { one: "key_pair", all: "key_pairs" },
    operations: Operations {
        list: Some("list_key_pairs"),
        get: Some("get_key_pair"),
        create: Some("create_key_pair"),
        update: Some("update_key_pair"),
        delete: Some("delete_key_pair"),
    },
    id_parameter: "keypairName",
    id_field: "name",
    list_options: SELECTOR,
    ..BARE
};

static MACHINE_TYPE: Row = Row {
    kind: Kind::MachineType,
    type_name: "MachineType",
    singular: "machine type",
    plural: "machine types",
    functions: Functions { one: "machine_type", all: "machine_types" },
    operations: Operations { list: Some("list_machine_types"), get: Some("get_machine_type"), ..NONE },
    id_parameter: "machineType",
    id_field: "name",
    list_options: &["filter"],
    ..BARE
};

static VOLUME_PERFORMANCE_CLASS: Row = Row {
    kind: Kind::VolumePerformanceClass,
    type_name: "PerformanceClass",
    singular: "performance class",
    plural: "performance classes",
    functions: Functions { one: "performance_class", all: "performance_classes" },
    operations: Operations {
        list: Some("list_volume_performance_classes"),
        get: Some("get_volume_performance_class"),
        ..NONE
    },
    id_parameter: "volumePerformanceClass",
    id_field: "name",
    list_options: SELECTOR,
    ..BARE
};

static QUOTA: Row = Row {
    kind: Kind::Quota,
    type_name: "Quota",
    singular: "quota",
    plural: "quotas",
    functions: Functions { one: "quota", all: "quotas" },
    operations: Operations { list: Some("list_quotas"), ..NONE },
    id_field: "name",
    ..BARE
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_row() {
        for kind in Kind::ALL {
            assert_eq!(row(*kind).kind, *kind);
            assert!(!row(*kind).singular.is_empty());
        }
    }

    #[test]
    fn the_catalogue_knows_every_operation_and_its_parameters() {
        for kind in Kind::ALL {
            let row = row(*kind);
            let operations = row.operations;
            let named = [
                (operations.list, row.list_options, false),
                (operations.get, row.get_options, true),
                (operations.create, PLAIN, false),
                (operations.update, PLAIN, true),
                (operations.delete, row.delete_options, true),
            ];
            for (name, options, has_id) in named {
                let Some(name) = name else { continue };
                let operation = crate::catalog::operation("iaas", name).expect(name);
                let takes = |name: &&str| operation.parameters.iter().any(|parameter| parameter.name == *name);
                assert!(options.iter().all(&takes), "{name}");
                assert_eq!(takes(&row.id_parameter), has_id, "{name}");
                // A query parameter that the row leaves out would be out of a recipe's reach.
                let queries = operation.parameters.iter().filter(|one| one.place == crate::catalog::Place::Query);
                assert!(queries.clone().all(|one| options.contains(&one.name)), "{name}");
            }
            if let Some(list) = operations.list {
                let operation = crate::catalog::operation("iaas", list).expect(list);
                assert!(operation.list_key.is_some() || *kind == Kind::Quota, "{list}");
            }
        }
    }

    #[test]
    fn no_status_is_both_stable_and_transitional() {
        for kind in Kind::ALL {
            let row = row(*kind);
            assert!(row.stable.iter().all(|status| !row.transitional.contains(status)), "{}", row.singular);
        }
    }
}
