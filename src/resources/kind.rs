//! The kinds of objects that the platform has, and what is known of each: a row of [`Row`].

use super::table;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Server,
    Volume,
    VolumeAttachment,
    Snapshot,
    Backup,
    Image,
    Network,
    NetworkInterface,
    PublicIp,
    SecurityGroup,
    KeyPair,
    MachineType,
    VolumePerformanceClass,
    Quota,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Server,
        Self::Volume,
        Self::VolumeAttachment,
        Self::Snapshot,
        Self::Backup,
        Self::Image,
        Self::Network,
        Self::NetworkInterface,
        Self::PublicIp,
        Self::SecurityGroup,
        Self::KeyPair,
        Self::MachineType,
        Self::VolumePerformanceClass,
        Self::Quota,
    ];

    /// What is known of the kind.
    #[must_use]
    pub fn row(self) -> &'static Row {
        table::row(self)
    }

    /// The name that scripts see as `type_of(x)`: `Server`.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        self.row().type_name
    }

    /// What a status of this kind means.
    #[must_use]
    pub fn phase(self, status: &str) -> Phase {
        let row = self.row();
        if row.stable.contains(&status) {
            Phase::Stable
        } else if status.starts_with("ERROR") || status == "FAILED" {
            Phase::Failed
        } else if row.transitional.contains(&status) {
            Phase::Moving
        } else {
            Phase::Unknown
        }
    }
}

/// What a status says of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It stays so until somebody acts.
    Stable,
    /// It is on its way somewhere.
    Moving,
    /// It failed.
    Failed,
    /// The documents do not name this status; a wait goes on.
    Unknown,
}

/// What is known of a kind.
#[derive(Debug)]
pub struct Row {
    /// The kind itself.
    pub kind: Kind,
    /// As `type_of` names it.
    pub type_name: &'static str,
    /// For messages: `server`.
    pub singular: &'static str,
    /// For messages: `servers`.
    pub plural: &'static str,
    /// The script's functions that read one and list all.
    pub functions: Functions,
    /// The operations of the service `iaas`, by their names in the catalogue.
    pub operations: Operations,
    /// The path parameter that names an object.
    pub id_parameter: &'static str,
    /// The field that holds the object's identifier.
    pub id_field: &'static str,
    /// The field that holds its name, if it has one.
    pub name_field: Option<&'static str>,
    /// The options that a list takes, by the names of its query parameters.
    pub list_options: &'static [&'static str],
    /// The options that reading one object takes.
    pub get_options: &'static [&'static str],
    /// The fields that a plain answer leaves out, and only `details` brings. Source: iaas v2, `Server`.
    pub detail_fields: &'static [&'static str],
    /// The options that a delete takes.
    pub delete_options: &'static [&'static str],
    /// Statuses in which an object stays. Source: iaas v2, the descriptions of the status fields.
    pub stable: &'static [&'static str],
    /// Statuses on the way to another.
    pub transitional: &'static [&'static str],
}

/// The names of the script's functions of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Functions {
    /// `server`, by id or name.
    pub one: &'static str,
    /// `servers`.
    pub all: &'static str,
}

/// The names of a kind's operations; what the API does not offer is `None`.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Operations {
    pub list: Option<&'static str>,
    pub get: Option<&'static str>,
    pub create: Option<&'static str>,
    pub update: Option<&'static str>,
    pub delete: Option<&'static str>,
}

impl Row {
    /// Whether a list of this kind can be narrowed by labels.
    #[must_use]
    pub fn takes_selector(&self) -> bool {
        self.list_options.contains(&"label_selector")
    }
}
