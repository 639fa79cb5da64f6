//! Makes a world whole: what a hand-written file leaves out is filled in, names become ids, and what does not fit
//! together is named.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, SubsecRound, Utc};

use super::identity::{digest, mac, new_id, uuid};
use super::kind::Kind;
use super::model::{Network, Nic, Project, Region, SecurityGroup, SecurityGroupRule, Server, Status, Volume, World};
use super::platform::{DEFAULT_PERFORMANCE_CLASS, metro_zone, usual_machine_types, usual_performance_classes, zones};
use super::table::{Row, Table};
use crate::error::{Error, Kind as ErrorKind, nearest};
use crate::simulator::states::statuses;

impl World {
    /// Fills in what is left out, as of `now`, and links what belongs together.
    ///
    /// # Errors
    /// When something does not fit together, with its place in the file.
    pub fn complete(mut self, now: DateTime<Utc>) -> Result<Self, Error> {
        let now = self.time.unwrap_or(now).trunc_subsecs(0);
        self.time = Some(now);
        let account = &mut self.service_account;
        if account.email.is_empty() {
            account.email = "stackhand-simulator@sa.stackit.cloud".into();
        }
        if account.id.is_empty() {
            account.id = uuid(digest(self.seed, &[b"service account", account.email.as_bytes()]));
        }
        if self.machine_types.is_empty() {
            self.machine_types = usual_machine_types();
        }
        if self.performance_classes.is_empty() {
            self.performance_classes = usual_performance_classes();
        }
        if self.projects.is_empty() {
            self.projects.push(Project { name: "simulated".into(), ..Project::default() });
        }
        let offers = Offers::of(&self, now);
        let mut ids = BTreeSet::new();
        for (index, project) in self.projects.iter_mut().enumerate() {
            let place = format!("projects[{index}]");
            if project.name.is_empty() {
                project.name = format!("project-{index}");
            }
            if project.id.is_empty() {
                project.id = uuid(digest(self.seed, &[b"project", project.name.as_bytes(), &index.to_be_bytes()]));
            }
            check_uuid(&project.id, &format!("{place}.id"))?;
            if !ids.insert(project.id.clone()) {
                return Err(wrong(&format!("{place}.id"), format!("the id `{}` is there twice", project.id)));
            }
            if project.container_id.is_empty() {
                let slug: String = project.name.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
                let tail = digest(self.seed, &[b"container", project.id.as_bytes()]).0 & 0xff_ffff;
                project.container_id = format!("{}-{tail:06x}", slug.to_lowercase());
            }
            project.created_at.get_or_insert(now);
            complete_roles(project, self.seed, &place)?;
            if project.regions.is_empty() {
                project.regions.insert("eu01".into(), Region::default());
            }
            for (name, region) in &mut project.regions {
                offers.complete_region(region, name, &format!("{place}.regions.{name}"))?;
            }
        }
        Ok(self)
    }

    /// Makes an empty region in a project that has none of this name yet.
    pub fn add_region(&mut self, project: &str, name: &str, now: DateTime<Utc>) {
        let offers = Offers::of(self, now.trunc_subsecs(0));
        let mut region = Region::default();
        if let Some(project) = self.projects.iter_mut().find(|known| known.id == project)
            && offers.complete_region(&mut region, name, name).is_ok()
        {
            project.regions.insert(name.to_owned(), region);
        }
    }
}

/// What a region is completed from.
struct Offers {
    seed: u64,
    now: DateTime<Utc>,
    machine_types: Vec<String>,
    performance_classes: Vec<String>,
}

/// Ids by kind and name, to find what a file refers to by name.
type Names = HashMap<(Kind, String), Vec<String>>;

impl Offers {
    fn of(world: &World, now: DateTime<Utc>) -> Self {
        Self {
            seed: world.seed,
            now,
            machine_types: world.machine_types.iter().map(|offer| offer.name.clone()).collect(),
            performance_classes: world.performance_classes.iter().map(|offer| offer.name.clone()).collect(),
        }
    }

    fn complete_region(&self, region: &mut Region, name: &str, place: &str) -> Result<(), Error> {
        self.default_group(region);
        for network in region.networks.iter_mut().filter(|network| network.id.is_empty()) {
            // Written by hand: of the usual kind.
            network.dhcp = true;
            network.routed = true;
        }
        let by_hand: BTreeSet<usize> =
            region.servers.iter().enumerate().filter(|(_, server)| server.id.is_empty()).map(|(at, _)| at).collect();
        let mut names = Names::new();
        self.identify(&mut region.networks, &mut names, &format!("{place}.networks"))?;
        self.identify(&mut region.security_groups, &mut names, &format!("{place}.securityGroups"))?;
        self.identify(&mut region.affinity_groups, &mut names, &format!("{place}.affinityGroups"))?;
        self.identify(&mut region.images, &mut names, &format!("{place}.images"))?;
        self.identify(&mut region.volumes, &mut names, &format!("{place}.volumes"))?;
        self.identify(&mut region.servers, &mut names, &format!("{place}.servers"))?;
        self.identify(&mut region.nics, &mut names, &format!("{place}.nics"))?;
        self.identify(&mut region.public_ips, &mut names, &format!("{place}.publicIps"))?;
        self.identify(&mut region.snapshots, &mut names, &format!("{place}.snapshots"))?;
        self.identify(&mut region.backups, &mut names, &format!("{place}.backups"))?;

        self.complete_networks(region);
        self.complete_images(region, place)?;
        self.complete_volumes(region, name, &names, place)?;
        self.complete_servers(region, name, &names, place)?;
        self.complete_nics(region, &names, &by_hand, place)?;
        self.complete_copies(region, &names, place)?;
        region.rebuild_due();
        Ok(())
    }

    fn identify<T: Row>(&self, table: &mut Table<T>, names: &mut Names, place: &str) -> Result<(), Error> {
        let mut taken: BTreeSet<String> =
            table.iter().map(Row::id).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        for (index, row) in table.iter_mut().enumerate() {
            if row.name().is_some_and(str::is_empty) {
                return Err(wrong(&format!("{place}[{index}]"), format!("the {} has no name", T::KIND.noun())));
            }
            if row.id().is_empty() {
                let id = new_id(self.seed, T::KIND, row.name().unwrap_or_default(), self.now, |id| taken.contains(id));
                taken.insert(id.clone());
                row.set_id(id);
            } else {
                check_uuid(row.id(), &format!("{place}[{index}].id"))?;
            }
            if let Some(name) = row.name() {
                names.entry((T::KIND, name.to_owned())).or_default().push(row.id().to_owned());
            }
            names.insert((T::KIND, row.id().to_owned()), vec![row.id().to_owned()]);
        }
        match table.reindex() {
            Some(id) => Err(wrong(place, format!("the id `{id}` is there twice"))),
            None => Ok(()),
        }
    }

    fn default_group(&self, region: &mut Region) {
        let created_at = Some(self.now);
        if region.security_groups.is_empty() {
            region.security_groups.insert(SecurityGroup {
                name: "default".into(),
                description: Some("Default security group".into()),
                stateful: true,
                created_at,
                updated_at: created_at,
                ..SecurityGroup::default()
            });
        }
        for group in region.security_groups.iter_mut() {
            group.created_at.get_or_insert(self.now);
            group.updated_at = group.updated_at.or(group.created_at);
            if group.id.is_empty() {
                group.id = new_id(self.seed, Kind::SecurityGroup, &group.name, self.now, |_| false);
                group.stateful = true;
                if group.rules.is_empty() {
                    group.rules = starting_rules(self.seed, &group.id, self.now);
                }
            }
            for (index, rule) in group.rules.iter_mut().enumerate() {
                if rule.id.is_empty() {
                    let words: [&[u8]; 3] = [b"rule", group.id.as_bytes(), &index.to_be_bytes()];
                    rule.id = uuid(digest(self.seed, &words));
                }
                if rule.ethertype.is_empty() {
                    rule.ethertype = "IPv4".into();
                }
                rule.created_at.get_or_insert(self.now);
            }
        }
    }

    fn complete_networks(&self, region: &mut Region) {
        for (index, network) in region.networks.iter_mut().enumerate() {
            default_status(&mut network.status, "CREATED");
            if network.prefix.is_empty() {
                network.prefix = format!("10.{}.{}.0/24", index / 250, index % 250);
            }
            self.stamp(&mut network.created_at, &mut network.updated_at);
        }
    }

    fn complete_images(&self, region: &mut Region, place: &str) -> Result<(), Error> {
        for (index, image) in region.images.iter_mut().enumerate() {
            default_status(&mut image.status, "AVAILABLE");
            check_status(Kind::Image, &image.status, &format!("{place}.images[{index}].status"))?;
            if image.scope.is_empty() {
                image.scope = "public".into();
            }
            if image.disk_format.is_empty() {
                image.disk_format = "qcow2".into();
            }
            self.stamp(&mut image.created_at, &mut image.updated_at);
        }
        Ok(())
    }

    fn complete_volumes(&self, region: &mut Region, name: &str, names: &Names, place: &str) -> Result<(), Error> {
        let zones = zones(name);
        for (index, volume) in region.volumes.iter_mut().enumerate() {
            let place = format!("{place}.volumes[{index}]");
            if let Some(server) = &mut volume.server_id {
                resolve(server, Kind::Server, names, &format!("{place}.serverId"))?;
            }
            let usual = if volume.server_id.is_some() { "ATTACHED" } else { "AVAILABLE" };
            default_status(&mut volume.status, usual);
            check_status(Kind::Volume, &volume.status, &format!("{place}.status"))?;
            if volume.availability_zone.is_empty() {
                volume.availability_zone = format!("{name}-1");
            }
            check_among(&volume.availability_zone, &zones, "availability zone", &format!("{place}.availabilityZone"))?;
            if volume.size == 0 {
                volume.size = 10;
            }
            let class = volume.performance_class.get_or_insert_with(|| DEFAULT_PERFORMANCE_CLASS.into());
            check_among(class, &self.performance_classes, "performance class", &format!("{place}.performanceClass"))?;
            if let Some(source) = &mut volume.source
                && source.kind == "snapshot"
            {
                resolve(&mut source.id, Kind::Snapshot, names, &format!("{place}.source.id"))?;
            }
            self.stamp(&mut volume.created_at, &mut volume.updated_at);
        }
        Ok(())
    }

    fn complete_servers(&self, region: &mut Region, name: &str, names: &Names, place: &str) -> Result<(), Error> {
        let zones = zones(name);
        for (index, server) in region.servers.iter_mut().enumerate() {
            let place = format!("{place}.servers[{index}]");
            default_status(&mut server.status, "ACTIVE");
            check_status(Kind::Server, &server.status, &format!("{place}.status"))?;
            if server.machine_type.is_empty() {
                server.machine_type.clone_from(&self.machine_types[0]);
            }
            check_among(&server.machine_type, &self.machine_types, "machine type", &format!("{place}.machineType"))?;
            if server.power_status.is_none() {
                let power = match &*server.status {
                    "INACTIVE" | "DEALLOCATED" => "STOPPED",
                    "ERROR" => "ERROR",
                    _ => "RUNNING",
                };
                server.power_status = Some(power.into());
            }
            link_boot_volume(server, &mut region.volumes, names, &place)?;
            for reference in [&mut server.image_id, &mut server.affinity_group].into_iter().flatten() {
                let kind = if names.contains_key(&(Kind::AffinityGroup, reference.clone())) {
                    Kind::AffinityGroup
                } else {
                    Kind::Image
                };
                // An id may be that of an image that is gone.
                if kind == Kind::AffinityGroup || !is_uuid(reference) {
                    resolve(reference, kind, names, &format!("{place}.imageId"))?;
                }
            }
            let zone = server.boot_volume.as_ref().and_then(|boot| region.volumes.get(&boot.id));
            let zone = zone.map_or_else(|| metro_zone(name), |volume| volume.availability_zone.clone());
            if server.status == "DEALLOCATED" {
                server.availability_zone = None;
            } else {
                let zone = server.availability_zone.get_or_insert(zone);
                check_among(zone, &zones, "availability zone", &format!("{place}.availabilityZone"))?;
            }
            self.stamp(&mut server.created_at, &mut server.updated_at);
            if server.launched_at.is_none() && server.status != "CREATING" {
                server.launched_at = server.created_at;
            }
        }
        for volume in region.volumes.iter() {
            if let Some(server) = volume.server_id.as_deref().and_then(|id| region.servers.get_mut(id))
                && server.boot_volume.as_ref().is_none_or(|boot| boot.id != volume.id)
            {
                server.volumes.push(volume.id.clone());
            }
        }
        Ok(())
    }

    fn complete_nics(
        &self,
        region: &mut Region,
        names: &Names,
        by_hand: &BTreeSet<usize>,
        place: &str,
    ) -> Result<(), Error> {
        for (index, nic) in region.nics.iter_mut().enumerate() {
            let place = format!("{place}.nics[{index}]");
            resolve(&mut nic.network_id, Kind::Network, names, &format!("{place}.networkId"))?;
            if let Some(device) = &mut nic.device {
                resolve(device, Kind::Server, names, &format!("{place}.device"))?;
            }
            for group in &mut nic.security_groups {
                resolve(group, Kind::SecurityGroup, names, &format!("{place}.securityGroups"))?;
            }
        }
        let attached: BTreeSet<String> = region.nics.iter().filter_map(|nic| nic.device.clone()).collect();
        if let Some(network) = region.networks.iter().next().map(|network| network.id.clone()) {
            let bare: Vec<_> = region
                .servers
                .iter()
                .enumerate()
                .filter(|(at, server)| by_hand.contains(at) && !attached.contains(&server.id))
                .map(|(_, server)| (server.id.clone(), server.name.clone()))
                .collect();
            let group =
                region.security_groups.iter().find(|group| group.name == "default").map(|group| group.id.clone());
            for (server, name) in bare {
                let id = new_id(self.seed, Kind::Nic, &name, self.now, |id| region.nics.contains(id));
                region.nics.insert(Nic {
                    id,
                    network_id: network.clone(),
                    device: Some(server),
                    nic_security: true,
                    security_groups: group.clone().into_iter().collect(),
                    goes_with_server: true,
                    ..Nic::default()
                });
            }
        }
        let mut addresses = Addresses::of(region);
        for (index, nic) in region.nics.iter_mut().enumerate() {
            if nic.mac.is_empty() {
                nic.mac = mac(self.seed, &nic.id);
            }
            if nic.purpose.is_empty() {
                nic.purpose = if nic.device.is_some() { "server".into() } else { "none".into() };
            }
            if nic.ipv4.is_empty() {
                let Some(free) = region.networks.get(&nic.network_id).and_then(|network| addresses.take(network))
                else {
                    return Err(wrong(&format!("{place}.nics[{index}]"), "its network has no free address".into()));
                };
                nic.ipv4 = free;
            }
            if let Some(server) = nic.device.as_deref().and_then(|id| region.servers.get_mut(id)) {
                server.nics.push(nic.id.clone());
            }
        }
        link_public_ips(region, names, place)
    }

    fn complete_copies(&self, region: &mut Region, names: &Names, place: &str) -> Result<(), Error> {
        for (index, snapshot) in region.snapshots.iter_mut().enumerate() {
            let place = format!("{place}.snapshots[{index}]");
            // An id may be that of a volume that is gone.
            if !is_uuid(&snapshot.volume_id) {
                resolve(&mut snapshot.volume_id, Kind::Volume, names, &format!("{place}.volumeId"))?;
            }
            default_status(&mut snapshot.status, "AVAILABLE");
            check_status(Kind::Snapshot, &snapshot.status, &format!("{place}.status"))?;
            if let Some(volume) = region.volumes.get(&snapshot.volume_id) {
                if snapshot.size == 0 {
                    snapshot.size = volume.size;
                }
                if snapshot.availability_zone.is_empty() {
                    snapshot.availability_zone.clone_from(&volume.availability_zone);
                }
            }
            self.stamp(&mut snapshot.created_at, &mut snapshot.updated_at);
        }
        for (index, backup) in region.backups.iter_mut().enumerate() {
            let place = format!("{place}.backups[{index}]");
            default_status(&mut backup.status, "AVAILABLE");
            check_status(Kind::Backup, &backup.status, &format!("{place}.status"))?;
            if let Some(volume) = &mut backup.volume_id
                && (uuid::Uuid::parse_str(volume).is_err())
            {
                resolve(volume, Kind::Volume, names, &format!("{place}.volumeId"))?;
            }
            if let Some(volume) = backup.volume_id.as_deref().and_then(|id| region.volumes.get(id)) {
                if backup.size == 0 {
                    backup.size = volume.size;
                }
                if backup.availability_zone.is_empty() {
                    backup.availability_zone.clone_from(&volume.availability_zone);
                }
            }
            self.stamp(&mut backup.created_at, &mut backup.updated_at);
        }
        Ok(())
    }

    fn stamp(&self, created: &mut Option<DateTime<Utc>>, updated: &mut Option<DateTime<Utc>>) {
        created.get_or_insert(self.now);
        if updated.is_none() {
            *updated = *created;
        }
    }
}

/// Links a server and the volume that it boots from.
fn link_boot_volume(server: &mut Server, volumes: &mut Table<Volume>, names: &Names, place: &str) -> Result<(), Error> {
    let Some(boot) = &mut server.boot_volume else { return Ok(()) };
    resolve(&mut boot.id, Kind::Volume, names, &format!("{place}.bootVolume.id"))?;
    let Some(volume) = volumes.get_mut(&boot.id) else { return Ok(()) };
    if volume.server_id.get_or_insert_with(|| server.id.clone()) != &server.id {
        let message = format!("the volume `{}` is attached to another server", boot.id);
        return Err(wrong(&format!("{place}.bootVolume.id"), message));
    }
    if volume.status == "AVAILABLE" {
        volume.status = "ATTACHED".into();
    }
    volume.bootable = true;
    volume.delete_on_termination |= boot.delete_on_termination;
    boot.delete_on_termination = volume.delete_on_termination;
    server.volumes.push(boot.id.clone());
    Ok(())
}

/// Links public addresses and the interfaces that they are bound to.
fn link_public_ips(region: &mut Region, names: &Names, place: &str) -> Result<(), Error> {
    for (index, address) in region.public_ips.iter_mut().enumerate() {
        let place = format!("{place}.publicIps[{index}]");
        if let Some(nic) = &mut address.network_interface
            && !region.nics.contains(nic)
        {
            // By hand, a server's name is handier than its interface.
            resolve(nic, Kind::Server, names, &format!("{place}.networkInterface"))?;
            match region.servers.get(nic).and_then(|server| server.nics.first()) {
                Some(first) => nic.clone_from(first),
                None => return Err(wrong(&place, "the server has no network interface".into())),
            }
        }
    }
    Ok(())
}

/// The rules that a new group starts with: everything out, and in from the group itself.
/// Source: docs.stackit.cloud, security group how-to.
pub fn starting_rules(seed: u64, group: &str, now: DateTime<Utc>) -> Vec<SecurityGroupRule> {
    [("egress", "IPv4"), ("egress", "IPv6"), ("ingress", "IPv4"), ("ingress", "IPv6")]
        .into_iter()
        .map(|(direction, ethertype)| SecurityGroupRule {
            id: uuid(digest(seed, &[b"rule", group.as_bytes(), direction.as_bytes(), ethertype.as_bytes()])),
            direction: direction.into(),
            ethertype: ethertype.into(),
            remote_security_group_id: (direction == "ingress").then(|| group.to_owned()),
            created_at: Some(now),
            ..SecurityGroupRule::default()
        })
        .collect()
}

/// The addresses in use, and the next one to try in each network.
struct Addresses {
    used: BTreeSet<(String, u32)>,
    next: HashMap<String, u32>,
}

impl Addresses {
    /// The addresses in use in a region.
    fn of(region: &Region) -> Self {
        let used = region.nics.iter().filter_map(|nic| Some((nic.network_id.clone(), number(&nic.ipv4)?))).collect();
        Self { used, next: HashMap::new() }
    }

    /// Takes the lowest free address of a network; the first two are the gateway's and the metadata service's.
    fn take(&mut self, network: &Network) -> Option<String> {
        let (base, bits) = parse_prefix(&network.prefix)?;
        let last = base.checked_add((1_u32.checked_shl(32 - bits)?).checked_sub(2)?)?;
        let next = self.next.entry(network.id.clone()).or_insert(base + 3);
        while *next <= last {
            let candidate = *next;
            *next += 1;
            if self.used.insert((network.id.clone(), candidate)) {
                return Some(std::net::Ipv4Addr::from(candidate).to_string());
            }
        }
        None
    }
}

/// The lowest free address of one network; its first two hosts are the gateway's and the metadata service's.
pub fn free_address(region: &Region, network: &Network) -> Option<String> {
    let (base, bits) = parse_prefix(&network.prefix)?;
    let last = base.checked_add((1_u32.checked_shl(32 - bits)?).checked_sub(2)?)?;
    let nics = region.nics.iter().filter(|nic| nic.network_id == network.id);
    let used: HashSet<u32> = nics.filter_map(|nic| number(&nic.ipv4)).collect();
    (base + 3..=last)
        .find(|address| !used.contains(address))
        .map(|address| std::net::Ipv4Addr::from(address).to_string())
}

/// The first address and the length of a prefix such as `10.0.0.0/24`, if it is one of 1 to 31 bits.
pub fn parse_prefix(prefix: &str) -> Option<(u32, u32)> {
    let (address, bits) = prefix.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| (1..=31).contains(bits))?;
    Some((number(address)? & (u32::MAX << (32 - bits)), bits))
}

fn number(address: &str) -> Option<u32> {
    address.parse::<std::net::Ipv4Addr>().ok().map(u32::from)
}

fn default_status(status: &mut Status, usual: &'static str) {
    if status.is_empty() {
        *status = Status::Borrowed(usual);
    }
}

fn resolve(reference: &mut String, kind: Kind, names: &Names, place: &str) -> Result<(), Error> {
    match names.get(&(kind, reference.clone())).map(Vec::as_slice) {
        Some([id]) => {
            reference.clone_from(id);
            Ok(())
        }
        Some(several) => Err(wrong(place, format!("`{reference}` is the name of {} {}s", several.len(), kind.noun()))
            .with_hint("give its id")),
        None => {
            let known = names.keys().filter(|(other, _)| *other == kind).map(|(_, name)| name.as_str());
            let error = wrong(place, format!("there is no {} `{reference}`", kind.noun()));
            Err(match nearest(reference, known) {
                Some(name) => error.with_hint(format!("did you mean `{name}`?")),
                None => error,
            })
        }
    }
}

fn check_status(kind: Kind, status: &str, place: &str) -> Result<(), Error> {
    let known = statuses(kind);
    if known.contains(&status) {
        return Ok(());
    }
    let error = wrong(place, format!("`{status}` is no status of a {}", kind.noun()));
    Err(match nearest(status, known.iter().copied()) {
        Some(name) => error.with_hint(format!("did you mean `{name}`?")),
        None => error.with_hint(format!("one of {}", known.join(", "))),
    })
}

fn check_among(given: &str, known: &[String], what: &str, place: &str) -> Result<(), Error> {
    if known.iter().any(|known| known == given) {
        return Ok(());
    }
    let error = wrong(place, format!("there is no {what} `{given}`"));
    Err(match nearest(given, known.iter().map(String::as_str)) {
        Some(name) => error.with_hint(format!("did you mean `{name}`?")),
        None => error.with_hint(format!("one of {}", known.join(", "))),
    })
}

fn check_uuid(id: &str, place: &str) -> Result<(), Error> {
    if is_uuid(id) {
        return Ok(());
    }
    Err(wrong(place, format!("`{id}` is no id")).with_hint("lower-case 8-4-4-4-12, or leave it out"))
}

/// Whether a text is a lower-case UUID as the API asks for. Source: `iaas.v2.json`, UUID.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

fn wrong(place: &str, message: String) -> Error {
    Error::new(ErrorKind::Config, "world_invalid", message).with_place(place)
}
/// Gives roles their ids, and checks that members have roles that there are.
fn complete_roles(project: &mut Project, seed: u64, place: &str) -> Result<(), Error> {
    for role in &mut project.roles {
        if role.id.is_empty() {
            role.id = uuid(digest(seed, &[b"role", project.id.as_bytes(), role.name.as_bytes()]));
        }
        if role.description.is_empty() {
            role.description.clone_from(&role.name);
        }
    }
    for (index, member) in project.members.iter().enumerate() {
        if !project.roles.iter().any(|role| role.name == member.role) {
            let place = format!("{place}.members[{index}].role");
            return Err(wrong(&place, format!("there is no role `{}`", member.role)));
        }
    }
    Ok(())
}
