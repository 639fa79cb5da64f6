//! The state of a simulated cloud, as a world file spells it.
//!
//! Field names are those of the API where they mean the same. What can be derived from other fields (a server's list
//! of volumes, what is due when) is kept beside them, rebuilt on load and never written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::access::{Member, Role};
use super::kind::Kind;
use super::platform::{MachineType, PerformanceClass};
use super::quotas::Limits;
use super::table::{Row, Table};

/// A status word of the API; the lists are open, so a world may use words that the state machines never reach.
pub type Status = Cow<'static, str>;

/// Labels, or another map of texts.
pub type Labels = BTreeMap<String, String>;

/// A simulated cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct World {
    /// What it shows, for people.
    pub name: String,
    /// The time at which it starts; absent, it starts now.
    pub time: Option<DateTime<Utc>>,
    /// What ids, addresses and chance are drawn from.
    pub seed: u64,
    /// The account that the key file is for.
    pub service_account: ServiceAccount,
    /// How long an access token lives, in seconds; an hour unless it says otherwise.
    pub token_lifetime_seconds: Option<u64>,
    /// The projects.
    pub projects: Vec<Project>,
    /// SSH keys; they belong to the user, not to a project.
    pub keypairs: Vec<Keypair>,
    /// Machine types on offer; absent, the usual ones.
    pub machine_types: Vec<MachineType>,
    /// Volume performance classes on offer; absent, the usual ones.
    pub performance_classes: Vec<PerformanceClass>,
}

/// Who acts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ServiceAccount {
    /// Its UUID, the `sub` of its tokens.
    pub id: String,
    /// Its e-mail address.
    pub email: String,
    /// What it may do in every project, besides what roles give it; `iaas.server.*` are all of servers. Absent, it may do
    /// everything.
    pub permissions: Option<Vec<String>>,
}

/// A project.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Project {
    /// Its UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The other id that the resource manager knows it by.
    pub container_id: String,
    /// Its labels in the resource manager.
    pub labels: Labels,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// The roles that were made in it.
    pub roles: Vec<Role>,
    /// Who has which of them.
    pub members: Vec<Member>,
    /// What it holds, by region.
    pub regions: BTreeMap<String, Region>,
}

/// What a project holds in one region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Region {
    /// What the project may use at most.
    pub quotas: Limits,
    /// Networks.
    pub networks: Table<Network>,
    /// Security groups with their rules.
    pub security_groups: Table<SecurityGroup>,
    /// Affinity groups.
    pub affinity_groups: Table<AffinityGroup>,
    /// Images.
    pub images: Table<Image>,
    /// Volumes with their attachment.
    pub volumes: Table<Volume>,
    /// Servers.
    pub servers: Table<Server>,
    /// Network interfaces.
    pub nics: Table<Nic>,
    /// Public IP addresses.
    pub public_ips: Table<PublicIp>,
    /// Snapshots.
    pub snapshots: Table<Snapshot>,
    /// Backups.
    pub backups: Table<Backup>,
    /// Which transition ends when; earliest first.
    #[serde(skip)]
    pub due: BTreeSet<(DateTime<Utc>, Kind, String)>,
    /// Servers in a transition that a reader must see before it ends.
    #[serde(skip)]
    pub unseen: BTreeSet<String>,
}

/// A transition under way; its first status is the object's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Pending {
    /// Which row of the state machine.
    pub action: String,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// The status to go back to, where the row says so.
    pub back: Option<Status>,
    /// If it ends in ERROR: the message.
    pub error: Option<String>,
    /// What changes at its end: the machine type of a resize, the size of a grown volume.
    pub change: Option<String>,
}

/// A server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Server {
    pub id: String,
    pub name: String,
    pub status: Status,
    pub power_status: Option<Status>,
    pub error_message: Option<String>,
    pub machine_type: String,
    pub availability_zone: Option<String>,
    pub boot_volume: Option<BootVolume>,
    pub image_id: Option<String>,
    pub keypair_name: Option<String>,
    pub labels: Labels,
    pub metadata: Labels,
    pub affinity_group: Option<String>,
    pub config_drive: bool,
    pub agent_provisioned: Option<bool>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub launched_at: Option<DateTime<Utc>>,
    pub maintenance_window: Option<MaintenanceWindow>,
    pub user_data: Option<String>,
    pub service_account_mails: Vec<String>,
    /// What its console has shown, a line each.
    pub log: Vec<String>,
    /// The transition under way.
    pub pending: Option<Pending>,
    /// Ids of attached volumes, the boot volume first.
    #[serde(skip)]
    pub volumes: Vec<String>,
    /// Ids of attached network interfaces.
    #[serde(skip)]
    pub nics: Vec<String>,
}

/// Which volume a server boots from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BootVolume {
    /// The volume.
    pub id: String,
    /// Whether it goes with the server.
    pub delete_on_termination: bool,
}

/// A planned or running maintenance of a server's host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct MaintenanceWindow {
    pub status: Status,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// A volume and what it is attached to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Volume {
    pub id: String,
    pub name: Option<String>,
    pub status: Status,
    pub size: i64,
    pub availability_zone: String,
    pub performance_class: Option<String>,
    pub bootable: bool,
    pub encrypted: bool,
    pub image_config: Option<serde_json::Map<String, serde_json::Value>>,
    pub labels: Labels,
    pub source: Option<Source>,
    pub server_id: Option<String>,
    pub delete_on_termination: bool,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub pending: Option<Pending>,
}

/// What a volume or backup was made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Source {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
}

/// A snapshot of a volume.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Snapshot {
    pub id: String,
    pub name: Option<String>,
    pub status: Status,
    pub volume_id: String,
    pub size: i64,
    pub availability_zone: String,
    pub labels: Labels,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub pending: Option<Pending>,
}

/// A backup of a volume.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Backup {
    pub id: String,
    pub name: Option<String>,
    pub status: Status,
    pub volume_id: Option<String>,
    pub snapshot_id: Option<String>,
    pub size: i64,
    pub availability_zone: String,
    pub encrypted: bool,
    pub labels: Labels,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub pending: Option<Pending>,
}

/// An image.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Image {
    pub id: String,
    pub name: String,
    pub status: Status,
    pub scope: String,
    pub disk_format: String,
    pub min_disk_size: i64,
    pub min_ram: i64,
    pub size: Option<i64>,
    pub protected: bool,
    pub owner: Option<String>,
    pub import_progress: Option<i64>,
    pub checksum: Option<Checksum>,
    pub config: serde_json::Map<String, serde_json::Value>,
    pub agent: Option<Agent>,
    pub labels: Labels,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether its bytes are still to come.
    pub awaits_upload: bool,
    pub pending: Option<Pending>,
}

/// The checksum of an image's bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Checksum {
    pub algorithm: String,
    pub digest: String,
}

/// Whether an image brings the server agent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Agent {
    pub supported: bool,
    pub provision_by_default: bool,
}

/// A network.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Network {
    pub id: String,
    pub name: String,
    pub status: Status,
    pub routed: bool,
    pub dhcp: bool,
    /// An IPv4 network in CIDR notation.
    pub prefix: String,
    pub gateway: Option<String>,
    pub nameservers: Vec<String>,
    pub public_ip: Option<String>,
    pub labels: Labels,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub pending: Option<Pending>,
}

/// A network interface.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Nic {
    pub id: String,
    pub name: Option<String>,
    pub network_id: String,
    pub ipv4: String,
    pub mac: String,
    pub nic_security: bool,
    pub security_groups: Vec<String>,
    pub allowed_addresses: Vec<String>,
    pub labels: Labels,
    /// The server that it is attached to.
    pub device: Option<String>,
    /// `server`, `gateway`, `metadata` or `none`.
    #[serde(rename = "type")]
    pub purpose: Status,
    /// Whether it was made for its server and goes with it.
    pub goes_with_server: bool,
}

/// A public IP address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct PublicIp {
    pub id: String,
    pub ip: String,
    pub labels: Labels,
    pub network_interface: Option<String>,
}

/// A security group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct SecurityGroup {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub stateful: bool,
    pub labels: Labels,
    pub rules: Vec<SecurityGroupRule>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// A rule of a security group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct SecurityGroupRule {
    pub id: String,
    pub description: Option<String>,
    pub direction: String,
    pub ethertype: String,
    pub protocol: Option<Protocol>,
    pub port_range: Option<PortRange>,
    pub icmp_parameters: Option<IcmpParameters>,
    pub ip_range: Option<String>,
    pub remote_security_group_id: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
}

/// An IP protocol; answers carry both name and number where both are known.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Protocol {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

/// The ports of a rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct PortRange {
    pub min: i64,
    pub max: i64,
}

/// The ICMP message of a rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct IcmpParameters {
    #[serde(rename = "type")]
    pub kind: i64,
    pub code: i64,
}

/// Servers to be kept together or apart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct AffinityGroup {
    pub id: String,
    pub name: String,
    pub policy: String,
}

/// An SSH key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Keypair {
    pub name: String,
    pub public_key: String,
    pub fingerprint: String,
    pub labels: Labels,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

macro_rules! rows {
    ($($kind:ident { $self:ident => $name:expr })*) => {$(
        impl Row for $kind {
            const KIND: Kind = Kind::$kind;
            fn id(&self) -> &str {
                &self.id
            }
            fn set_id(&mut self, id: String) {
                self.id = id;
            }
            fn name(&$self) -> Option<&str> {
                $name
            }
        }
    )*};
}

rows! {
    Server { self => Some(&self.name) }
    Volume { self => self.name.as_deref() }
    Snapshot { self => self.name.as_deref() }
    Backup { self => self.name.as_deref() }
    Image { self => Some(&self.name) }
    Network { self => Some(&self.name) }
    Nic { self => self.name.as_deref() }
    PublicIp { self => Some(&self.ip) }
    SecurityGroup { self => Some(&self.name) }
    AffinityGroup { self => Some(&self.name) }
}
