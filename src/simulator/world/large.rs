//! Worlds for benchmarks and tests.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::identity::splitmix;
use super::model::{BootVolume, Image, Labels, Network, Project, Region, Server, Volume, World};
use super::quotas::Limits;

/// When the made worlds start.
fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).single().expect("a valid time")
}

const KINDS: [&str; 4] = ["g2i.1", "g2i.2", "c2i.2", "m2i.4"];
const STATUSES: [&str; 8] = ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "INACTIVE", "DEALLOCATED", "ACTIVE"];
const TEAMS: [&str; 5] = ["shop", "data", "platform", "search", "mobile"];

/// A project `bench` with so many servers, each with a boot volume and an interface, and wide quotas.
#[must_use]
pub fn large(servers: usize) -> World {
    let mut region = Region { quotas: Limits::WIDE, ..Region::default() };
    region.networks.insert(Network { name: "wide".into(), prefix: "10.0.0.0/8".into(), ..Network::default() });
    for number in 0..servers {
        let drawn = splitmix(number as u64);
        let pick = |shift: u32, length: usize| usize::try_from((drawn >> shift) & 0xff).unwrap_or(0) % length;
        let name = format!("node-{number:05}");
        let created_at = Some(start() - TimeDelta::minutes(i64::try_from(drawn % 1_000_000).unwrap_or(0)));
        let zone = format!("eu01-{}", 1 + pick(24, 3));
        region.volumes.insert(Volume {
            name: Some(format!("{name}-boot")),
            size: 20,
            availability_zone: zone,
            created_at,
            ..Volume::default()
        });
        let schedule = if pick(32, 3) == 0 { "office-hours" } else { "always" };
        region.servers.insert(Server {
            name: name.clone(),
            status: STATUSES[pick(0, STATUSES.len())].into(),
            machine_type: KINDS[pick(8, KINDS.len())].into(),
            boot_volume: Some(BootVolume { id: format!("{name}-boot"), delete_on_termination: true }),
            labels: Labels::from([
                ("team".into(), TEAMS[pick(16, TEAMS.len())].into()),
                ("schedule".into(), schedule.into()),
            ]),
            created_at,
            ..Server::default()
        });
    }
    finish("bench", region)
}

/// A project `tests` with one network, one image, three servers and a free volume: enough for most tests.
#[must_use]
pub fn small() -> World {
    let mut region = Region::default();
    region.networks.insert(Network { name: "net".into(), ..Network::default() });
    region.images.insert(Image { name: "Ubuntu 24.04".into(), min_disk_size: 10, ..Image::default() });
    for (name, status) in [("web-1", "ACTIVE"), ("web-2", "INACTIVE"), ("web-3", "DEALLOCATED")] {
        let boot = format!("{name}-boot");
        region.volumes.insert(Volume { name: Some(boot.clone()), size: 20, ..Volume::default() });
        region.servers.insert(Server {
            name: name.into(),
            status: status.into(),
            machine_type: "g2i.2".into(),
            boot_volume: Some(BootVolume { id: boot, delete_on_termination: false }),
            labels: Labels::from([("team".into(), "web".into())]),
            ..Server::default()
        });
    }
    region.volumes.insert(Volume { name: Some("data".into()), size: 50, ..Volume::default() });
    finish("tests", region)
}

fn finish(name: &str, region: Region) -> World {
    let project = Project { name: name.into(), regions: [("eu01".to_owned(), region)].into(), ..Project::default() };
    let world = World { name: name.into(), time: Some(start()), seed: 1, projects: vec![project], ..World::default() };
    world.complete(start()).expect("its parts fit together, as a test shows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_world_is_whole() {
        let world = large(1_000);
        let region = &world.projects[0].regions["eu01"];
        assert_eq!((region.servers.len(), region.volumes.len(), region.nics.len()), (1_000, 1_000, 1_000));
        assert!(region.servers.iter().all(|server| server.volumes.len() == 1 && server.nics.len() == 1));
    }

    #[test]
    fn the_small_world_is_whole() {
        assert_eq!(small().projects[0].regions["eu01"].servers.len(), 3);
    }
}
