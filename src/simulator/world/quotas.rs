//! What a project may use at most, and what it uses.

use serde::{Deserialize, Serialize};

use super::model::Region;
use super::platform::MachineType;

/// The twelve quotas of a project in a region. `ram` in MiB, the gigabytes in GiB.
/// Source: `iaas.v2.json`, QuotaList.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields of the API")]
pub struct Limits {
    pub vcpu: i64,
    pub ram: i64,
    pub volumes: i64,
    pub snapshots: i64,
    pub backups: i64,
    /// Volumes and snapshots together.
    pub gigabytes: i64,
    pub backup_gigabytes: i64,
    pub public_ips: i64,
    pub networks: i64,
    pub nics: i64,
    pub security_groups: i64,
    pub security_group_rules: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            vcpu: 200,
            ram: 819_200,
            volumes: 200,
            snapshots: 500,
            backups: 500,
            gigabytes: 20_000,
            backup_gigabytes: 20_000,
            public_ips: 50,
            networks: 50,
            nics: 500,
            security_groups: 50,
            security_group_rules: 500,
        }
    }
}

impl Limits {
    /// No limit worth the name, for large worlds.
    pub const WIDE: Self = Self {
        vcpu: 10_000_000,
        ram: 100_000_000_000,
        volumes: 10_000_000,
        snapshots: 10_000_000,
        backups: 10_000_000,
        gigabytes: 1_000_000_000,
        backup_gigabytes: 1_000_000_000,
        public_ips: 10_000_000,
        networks: 100_000,
        nics: 10_000_000,
        security_groups: 100_000,
        security_group_rules: 1_000_000,
    };

    /// Nothing at all, to be added to.
    pub const NONE: Self = Self {
        vcpu: 0,
        ram: 0,
        volumes: 0,
        snapshots: 0,
        backups: 0,
        gigabytes: 0,
        backup_gigabytes: 0,
        public_ips: 0,
        networks: 0,
        nics: 0,
        security_groups: 0,
        security_group_rules: 0,
    };

    /// Name and amount of each, in the order of the API's document.
    pub fn rows(&self) -> [(&'static str, i64); 12] {
        [
            ("backupGigabytes", self.backup_gigabytes),
            ("backups", self.backups),
            ("gigabytes", self.gigabytes),
            ("networks", self.networks),
            ("nics", self.nics),
            ("publicIps", self.public_ips),
            ("ram", self.ram),
            ("securityGroupRules", self.security_group_rules),
            ("securityGroups", self.security_groups),
            ("snapshots", self.snapshots),
            ("vcpu", self.vcpu),
            ("volumes", self.volumes),
        ]
    }
}

/// What a region's objects use.
///
/// A deallocated server has left its host and counts for no vCPU and memory, as in OpenStack; what STACKIT does is
/// not documented.
pub fn usage(region: &Region, machine_types: &[MachineType]) -> Limits {
    let mut used = Limits::NONE;
    for server in region.servers.iter().filter(|server| server.status != "DEALLOCATED") {
        if let Some(machine) = machine_types.iter().find(|machine| machine.name == server.machine_type) {
            used.vcpu += machine.vcpus;
            used.ram += machine.ram;
        }
    }
    used.volumes = count(region.volumes.len());
    used.snapshots = count(region.snapshots.len());
    used.backups = count(region.backups.len());
    used.gigabytes = region.volumes.iter().map(|volume| volume.size).sum::<i64>()
        + region.snapshots.iter().map(|snapshot| snapshot.size).sum::<i64>();
    used.backup_gigabytes = region.backups.iter().map(|backup| backup.size).sum();
    used.public_ips = count(region.public_ips.len());
    used.networks = count(region.networks.len());
    used.nics = count(region.nics.len());
    used.security_groups = count(region.security_groups.len());
    used.security_group_rules = region.security_groups.iter().map(|group| count(group.rules.len())).sum();
    used
}

/// What would go over a limit if `more` were added: name, limit, use and what is asked.
pub fn exceeded(limits: &Limits, used: &Limits, more: &Limits) -> Option<(&'static str, i64, i64, i64)> {
    limits.rows().into_iter().zip(used.rows()).zip(more.rows()).find_map(|(((name, limit), (_, used)), (_, more))| {
        (more > 0 && used + more > limit).then_some((name, limit, used, more))
    })
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
