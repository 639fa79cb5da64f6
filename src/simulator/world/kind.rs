//! The kinds of objects that a simulated region holds.

use serde::{Deserialize, Serialize};

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Server,
    Volume,
    Snapshot,
    Backup,
    Image,
    Network,
    Nic,
    PublicIp,
    SecurityGroup,
    SecurityGroupRule,
    AffinityGroup,
    Project,
}

impl Kind {
    /// As it reads in messages: `security group`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Volume => "volume",
            Self::Snapshot => "snapshot",
            Self::Backup => "backup",
            Self::Image => "image",
            Self::Network => "network",
            Self::Nic => "nic",
            Self::PublicIp => "public ip",
            Self::SecurityGroup => "security group",
            Self::SecurityGroupRule => "security group rule",
            Self::AffinityGroup => "affinity group",
            Self::Project => "project",
        }
    }

    /// As project requests name it. Source: `iaas.v2.json`, Resource.
    pub fn request_type(self) -> &'static str {
        match self {
            Self::Server | Self::AffinityGroup => "SERVER",
            Self::Volume => "VOLUME",
            Self::Snapshot => "SNAPSHOT",
            Self::Backup => "BACKUP",
            Self::Image => "IMAGE",
            Self::Network => "NETWORK",
            Self::Nic | Self::SecurityGroup | Self::SecurityGroupRule => "NIC",
            Self::PublicIp => "VIRTUALIP",
            Self::Project => "PROJECT",
        }
    }
}
