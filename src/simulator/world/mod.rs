//! The state of a simulated cloud: what it holds, how it is read and written, and the worlds that come with it.

mod access;
mod completion;
mod demo;
mod fields;
mod file;
mod identity;
mod kind;
mod large;
mod live;
mod model;
mod platform;
mod quotas;
mod table;

pub use access::{Member, Role};
pub use completion::{free_address, is_uuid, parse_prefix, starting_rules};
pub use demo::{DEMO_PROJECT, demo, demo_start};
pub use identity::{digest, hex, hex32, mac, new_id, splitmix, uuid};
pub use kind::Kind;
pub use large::{large, small};
pub use live::LiveLists;
pub use model::{
    AffinityGroup, Agent, Backup, BootVolume, Checksum, IcmpParameters, Image, Keypair, Labels, MaintenanceWindow,
    Network, Nic, Pending, PortRange, Project, Protocol, PublicIp, Region, SecurityGroup, SecurityGroupRule, Server,
    ServiceAccount, Snapshot, Source, Status, Volume, World,
};
pub use platform::{DEFAULT_PERFORMANCE_CLASS, MachineType, PerformanceClass, metro_zone, zones};
pub use quotas::{Limits, exceeded, usage};
pub use table::{Row, Table};
