//! The world that comes with the tool: the project of a small company's web shop.

use chrono::{DateTime, Days, TimeDelta, TimeZone, Utc};
use serde_json::json;

use super::identity::{digest, uuid};
use super::model::{
    Agent, BootVolume, Image, Keypair, Labels, Network, Nic, Project, PublicIp, Region, SecurityGroup,
    SecurityGroupRule, Server, ServiceAccount, Snapshot, Source, Volume, World,
};
use super::model::{PortRange, Protocol};
use super::quotas::Limits;

/// When the demo world starts in process: a Monday evening in Berlin.
#[must_use]
pub fn demo_start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 18, 0, 0).single().expect("a valid time")
}

/// The demo project's id, the same in every run.
pub const DEMO_PROJECT: &str = "5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d9";

/// How many days of snapshots the rotation has left behind.
const DAYS_OF_SNAPSHOTS: u64 = 60;

/// The demo world as of `start`: everything in it is dated relative to that.
#[must_use]
pub fn demo(start: DateTime<Utc>) -> World {
    let mut region = Region { quotas: quotas(), ..Region::default() };
    networks(&mut region);
    images(&mut region, start);
    servers(&mut region, start);
    loose_volumes(&mut region, start);
    snapshots(&mut region, start);
    addresses(&mut region);
    let project = Project {
        id: DEMO_PROJECT.into(),
        name: "nordlicht-shop".into(),
        container_id: "nordlicht-shop-4kq81zr".into(),
        labels: labels("environment=production,costCenter=4711"),
        created_at: Some(ago(start, 700)),
        regions: [("eu01".to_owned(), region)].into(),
        ..Project::default()
    };
    let world = World {
        name: "Nordlicht, a small web shop".into(),
        time: Some(start),
        seed: 20_261_123,
        service_account: ServiceAccount { email: "stackhand-a1b2c3d4@sa.stackit.cloud".into(), ..Default::default() },
        projects: vec![project],
        keypairs: vec![keypair(start)],
        ..World::default()
    };
    world.complete(start).expect("its parts fit together, as a test shows")
}

/// Two of them nearly used up: `gigabytes` and `vcpu`.
fn quotas() -> Limits {
    Limits {
        vcpu: 62,
        ram: 393_216,
        volumes: 60,
        snapshots: 250,
        gigabytes: 7_640,
        public_ips: 10,
        ..Limits::default()
    }
}

/// `a=1,b=2` as labels.
fn labels(text: &str) -> Labels {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn ago(start: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    start.checked_sub_days(Days::new(days)).unwrap_or(start)
}

fn keypair(start: DateTime<Utc>) -> Keypair {
    Keypair {
        name: "mira@nordlicht".into(),
        public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDem0 mira".into(),
        fingerprint: "3f:1c:52:a0:7e:99:0b:d4:61:2a:f8:c3:15:6e:b7:08".into(),
        created_at: Some(ago(start, 690)),
        ..Keypair::default()
    }
}

fn networks(region: &mut Region) {
    for (name, prefix, text) in [
        ("shop", "10.10.0.0/24", "env=production"),
        ("staging", "10.20.0.0/24", "env=staging"),
        ("ske-nodes", "10.30.0.0/22", "env=production"),
    ] {
        region.networks.insert(Network {
            name: name.into(),
            prefix: prefix.into(),
            labels: labels(text),
            nameservers: vec!["1.1.1.1".into(), "9.9.9.9".into()],
            ..Network::default()
        });
    }
    let mut web = SecurityGroup {
        name: "web".into(),
        description: Some("HTTPS from everywhere".into()),
        ..SecurityGroup::default()
    };
    web.rules.push(SecurityGroupRule {
        direction: "ingress".into(),
        protocol: Some(Protocol { name: Some("tcp".into()), number: Some(6) }),
        port_range: Some(PortRange { min: 443, max: 443 }),
        ip_range: Some("0.0.0.0/0".into()),
        ..SecurityGroupRule::default()
    });
    region.security_groups.insert(web);
    region.security_groups.insert(SecurityGroup {
        name: "default".into(),
        description: Some("Default security group".into()),
        ..SecurityGroup::default()
    });
}

fn images(region: &mut Region, start: DateTime<Utc>) {
    for (name, distro, version, days) in [
        ("Ubuntu 24.04", "ubuntu", "24.04", 90),
        ("Debian 12", "debian", "12", 140),
        ("Flatcar Stable", "flatcar", "4152", 60),
    ] {
        let config = json!({
            "architecture": "x86", "operatingSystem": "linux", "operatingSystemDistro": distro,
            "operatingSystemVersion": version, "uefi": true, "secureBoot": false,
        });
        region.images.insert(Image {
            name: name.into(),
            scope: "public".into(),
            disk_format: "qcow2".into(),
            min_disk_size: 10,
            min_ram: 512,
            size: Some(2_361_393_152),
            config: config.as_object().cloned().unwrap_or_default(),
            agent: Some(Agent { supported: true, provision_by_default: true }),
            created_at: Some(ago(start, days)),
            ..Image::default()
        });
    }
    region.images.insert(Image {
        name: "shop-golden".into(),
        scope: "local".into(),
        disk_format: "qcow2".into(),
        min_disk_size: 20,
        protected: true,
        owner: Some(DEMO_PROJECT.into()),
        size: Some(5_368_709_120),
        labels: labels("team=shop"),
        created_at: Some(ago(start, 34)),
        ..Image::default()
    });
}

/// Name, machine type, zone, network, age in days, status, labels, boot volume in GB (none: a disk of the host), data
/// volumes with size, class and labels.
struct Machine {
    name: &'static str,
    kind: &'static str,
    zone: &'static str,
    network: &'static str,
    days: u64,
    status: &'static str,
    labels: &'static str,
    boot: i64,
    data: &'static [(&'static str, i64, &'static str, &'static str)],
}

#[rustfmt::skip]
const MACHINES: &[Machine] = &[
    Machine { name: "web-1", kind: "g2i.2", zone: "eu01-1", network: "shop", days: 410, status: "ACTIVE", labels: "env=production,app=shop,role=web,team=shop,stackhand.order=10", boot: 20, data: &[] },
    Machine { name: "web-2", kind: "g2i.2", zone: "eu01-2", network: "shop", days: 410, status: "ACTIVE", labels: "env=production,app=shop,role=web,team=shop,stackhand.order=10", boot: 20, data: &[] },
    Machine { name: "web-3", kind: "g2i.2", zone: "eu01-3", network: "shop", days: 96, status: "ACTIVE", labels: "env=production,app=shop,role=web,team=shop,stackhand.order=10", boot: 20, data: &[] },
    Machine { name: "api-1", kind: "g2i.4", zone: "eu01-1", network: "shop", days: 408, status: "ACTIVE", labels: "env=production,app=shop,role=api,team=shop,stackhand.order=20", boot: 20, data: &[("shop-uploads", 40, "storage_premium_perf2", "app=shop,snapshot=daily")] },
    Machine { name: "api-2", kind: "g2i.4", zone: "eu01-2", network: "shop", days: 408, status: "ACTIVE", labels: "env=production,app=shop,role=api,team=shop,stackhand.order=20", boot: 20, data: &[] },
    Machine { name: "db-primary", kind: "m2i.4", zone: "eu01-1", network: "shop", days: 412, status: "ACTIVE", labels: "env=production,app=shop,role=db,team=data,stackhand.order=30", boot: 20, data: &[("db-primary-data", 60, "storage_premium_perf6", "app=shop,snapshot=daily")] },
    Machine { name: "db-replica", kind: "m2i.4", zone: "eu01-2", network: "shop", days: 230, status: "ACTIVE", labels: "env=production,app=shop,role=db,team=data,stackhand.order=30", boot: 20, data: &[("db-replica-data", 60, "storage_premium_perf6", "app=shop")] },
    Machine { name: "bastion", kind: "t1.2", zone: "eu01-m", network: "shop", days: 600, status: "ACTIVE", labels: "env=production,role=bastion,team=platform", boot: 10, data: &[] },
    Machine { name: "staging-web-1", kind: "g2i.1", zone: "eu01-1", network: "staging", days: 180, status: "ACTIVE", labels: "env=staging,app=shop-staging,role=web,team=shop,schedule=office-hours,stackhand.order=10", boot: 20, data: &[] },
    Machine { name: "staging-web-2", kind: "g2i.1", zone: "eu01-2", network: "staging", days: 180, status: "ACTIVE", labels: "env=staging,app=shop-staging,role=web,team=shop,schedule=office-hours,stackhand.order=10", boot: 20, data: &[] },
    Machine { name: "staging-api-1", kind: "g2i.2", zone: "eu01-1", network: "staging", days: 180, status: "ACTIVE", labels: "env=staging,app=shop-staging,role=api,team=shop,schedule=office-hours,stackhand.order=20", boot: 20, data: &[] },
    Machine { name: "staging-db-1", kind: "g2i.2", zone: "eu01-1", network: "staging", days: 180, status: "ACTIVE", labels: "env=staging,app=shop-staging,role=db,team=data,schedule=office-hours,stackhand.order=30", boot: 20, data: &[("staging-db-data", 30, "storage_premium_perf1", "app=shop-staging")] },
    Machine { name: "build-runner-1", kind: "c2i.8", zone: "eu01-m", network: "staging", days: 61, status: "ACTIVE", labels: "env=development,role=ci,team=platform,schedule=office-hours", boot: 0, data: &[("build-artifacts", 10, "storage_premium_perf1", "team=platform,snapshot=daily")] },
    Machine { name: "build-runner-2", kind: "c2i.4", zone: "eu01-3", network: "staging", days: 61, status: "INACTIVE", labels: "env=development,role=ci,team=platform,schedule=office-hours", boot: 40, data: &[] },
    Machine { name: "reporting", kind: "g2i.4", zone: "eu01-3", network: "staging", days: 300, status: "ACTIVE", labels: "env=development,role=reports,team=data,schedule=office-hours,stackhand.keep-until=KEEP", boot: 20, data: &[("reporting-data", 50, "storage_premium_perf1", "team=data")] },
    Machine { name: "load-test", kind: "c2i.8", zone: "", network: "staging", days: 45, status: "DEALLOCATED", labels: "env=development,role=load-test,team=platform", boot: 20, data: &[] },
    Machine { name: "migration-trial", kind: "g2i.4", zone: "eu01-m", network: "staging", days: 3, status: "ERROR", labels: "env=development,team=data", boot: 0, data: &[] },
    Machine { name: "shoot--nordlicht--prod-web-z1-6b9d5-k2x7p", kind: "g2i.4", zone: "eu01-1", network: "ske-nodes", days: 19, status: "ACTIVE", labels: "mcm.gardener.cloud/cluster=shoot--nordlicht--prod,mcm.gardener.cloud/role=node,mcm.gardener.cloud/worker=web", boot: 30, data: &[] },
    Machine { name: "shoot--nordlicht--prod-web-z2-58c7f-q9v4t", kind: "g2i.4", zone: "eu01-2", network: "ske-nodes", days: 19, status: "ACTIVE", labels: "mcm.gardener.cloud/cluster=shoot--nordlicht--prod,mcm.gardener.cloud/role=node,mcm.gardener.cloud/worker=web", boot: 30, data: &[] },
];

fn servers(region: &mut Region, start: DateTime<Utc>) {
    // Kept on over the coming night, for the month's figures.
    let keep_until = (start + TimeDelta::hours(12)).format("%Y%m%dT%H%M").to_string();
    for machine in MACHINES {
        let created_at = Some(ago(start, machine.days));
        let zone = if machine.zone.is_empty() { "eu01-1" } else { machine.zone };
        let boot_name = format!("{}-boot", machine.name);
        if machine.boot > 0 {
            region.volumes.insert(Volume {
                name: Some(boot_name.clone()),
                size: machine.boot,
                availability_zone: zone.into(),
                bootable: true,
                source: Some(Source { id: image_id("Ubuntu 24.04"), kind: "image".into() }),
                delete_on_termination: machine.name.starts_with("shoot--"),
                created_at,
                ..Volume::default()
            });
        }
        for (name, size, class, text) in machine.data {
            region.volumes.insert(Volume {
                name: Some((*name).into()),
                size: *size,
                availability_zone: zone.into(),
                performance_class: Some((*class).into()),
                labels: labels(text),
                server_id: Some(machine.name.into()),
                created_at,
                ..Volume::default()
            });
        }
        let is_broken = machine.status == "ERROR";
        let groups = if machine.labels.contains("role=web") { vec!["default", "web"] } else { vec!["default"] };
        region.nics.insert(Nic {
            network_id: machine.network.into(),
            device: Some(machine.name.into()),
            nic_security: true,
            security_groups: groups.into_iter().map(str::to_owned).collect(),
            goes_with_server: true,
            ..Nic::default()
        });
        region.servers.insert(Server {
            name: machine.name.into(),
            status: machine.status.into(),
            machine_type: machine.kind.into(),
            availability_zone: (!machine.zone.is_empty()).then(|| machine.zone.into()),
            boot_volume: (machine.boot > 0)
                .then(|| BootVolume { id: boot_name, delete_on_termination: machine.name.starts_with("shoot--") }),
            image_id: (machine.boot == 0).then(|| "Ubuntu 24.04".into()),
            keypair_name: (!machine.name.starts_with("shoot--")).then(|| "mira@nordlicht".into()),
            labels: labels(&machine.labels.replace("KEEP", &keep_until)),
            created_at,
            error_message: is_broken.then(|| "No valid host was found. There are not enough hosts available.".into()),
            ..Server::default()
        });
    }
}

/// An image's id is not known before the world is complete, and sources of volumes are ids; any will do.
fn image_id(name: &str) -> String {
    uuid(digest(7, &[b"image of old", name.as_bytes()]))
}

fn loose_volumes(region: &mut Region, start: DateTime<Utc>) {
    let loose = |name: &str, size: i64, zone: &str, text: &str, days: u64, source: Option<Source>| Volume {
        name: Some(name.into()),
        size,
        availability_zone: zone.into(),
        labels: labels(text),
        source,
        created_at: Some(ago(start, days)),
        ..Volume::default()
    };
    let claim = uuid(digest(11, &[b"persistent volume claim"]));
    region.volumes.insert(loose(&format!("pvc-{claim}"), 20, "eu01-1", "", 19, None));
    region.volumes.insert(loose("old-shop-data", 40, "eu01-1", "app=shop", 290, None));
    let from = Source { id: "db-primary before 4.2".into(), kind: "snapshot".into() };
    region.volumes.insert(loose("restore-check", 60, "eu01-1", "team=data", 12, Some(from)));
}

/// A daily one of each volume that asks for it, and some by hand.
fn snapshots(region: &mut Region, start: DateTime<Utc>) {
    let midnight = start.date_naive().and_hms_opt(1, 0, 0).map_or(start, |time| time.and_utc());
    for day in (1..=DAYS_OF_SNAPSHOTS).rev() {
        // Each at one o'clock, the last one on the day of the start itself.
        let time = ago(midnight, day - 1);
        for volume in ["db-primary-data", "shop-uploads"] {
            region.snapshots.insert(Snapshot {
                name: Some(format!("{volume}-{}", time.format("%Y%m%dT%H%MZ"))),
                volume_id: volume.into(),
                labels: labels(&format!(
                    "stackhand.recipe=snapshot-rotation,stackhand.fire-time={}",
                    time.format("%Y%m%dT%H%MZ")
                )),
                created_at: Some(time),
                ..Snapshot::default()
            });
        }
    }
    for (name, volume, text, days) in [
        ("db-primary before 4.2", "db-primary-data", "team=data", 13),
        ("uploads before clean-up", "shop-uploads", "", 27),
        ("db-primary audit 2025", "db-primary-data", "stackhand.recipe=snapshot-rotation,stackhand.hold=true", 320),
    ] {
        region.snapshots.insert(Snapshot {
            name: Some(name.into()),
            volume_id: volume.into(),
            labels: labels(text),
            created_at: Some(ago(start, days)),
            ..Snapshot::default()
        });
    }
}

fn addresses(region: &mut Region) {
    for (number, server) in ["web-1", "web-2", "web-3", "bastion"].into_iter().enumerate() {
        region.public_ips.insert(PublicIp {
            ip: format!("193.148.160.{}", 21 + number),
            network_interface: Some(server.into()),
            labels: labels("env=production"),
            ..PublicIp::default()
        });
    }
    region.public_ips.insert(PublicIp {
        ip: "193.148.160.60".into(),
        labels: labels("reserved=mail"),
        ..PublicIp::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::world::usage;

    #[test]
    fn the_demo_is_whole_and_the_same_each_time() {
        let (first, second) = (demo(demo_start()), demo(demo_start()));
        assert_eq!(first.to_json(demo_start()), second.to_json(demo_start()));
        let read = World::from_json(&first.to_json(demo_start()).to_string(), "demo.json", demo_start());
        assert_eq!(read.expect("it reads back").to_json(demo_start()), first.to_json(demo_start()));
    }

    #[test]
    fn two_quotas_are_nearly_used_up_and_every_volume_still_has_room_for_a_snapshot() {
        let world = demo(demo_start());
        let region = &world.projects[0].regions["eu01"];
        let used = usage(region, &world.machine_types);
        let near: Vec<_> = region
            .quotas
            .rows()
            .into_iter()
            .zip(used.rows())
            .filter(|((_, limit), (_, used))| used * 100 >= limit * 90 && used <= limit)
            .map(|((name, _), _)| name)
            .collect();
        assert_eq!(near, ["gigabytes", "vcpu"], "{used:?}");
        let all: i64 = region.volumes.iter().map(|volume| volume.size).sum();
        assert!(
            region.quotas.gigabytes - used.gigabytes >= all,
            "{all} of {}",
            region.quotas.gigabytes - used.gigabytes
        );
        assert!(region.quotas.snapshots - used.snapshots >= 2 * i64::try_from(region.volumes.len()).expect("small"));
    }
}
