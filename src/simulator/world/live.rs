//! A world made of what a real project answers: its lists, taken as they come. What does not fit is left out and named.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields::fields_of;
use super::model::{
    AffinityGroup, Backup, BootVolume, Image, Keypair, Network, Nic, Project, PublicIp, Region, SecurityGroup,
    SecurityGroupRule, Server, Snapshot, Volume, World,
};
use super::platform::{MachineType, PerformanceClass};
use super::quotas::Limits;
use super::table::{Row, Table};
use crate::catalog::Operation;
use crate::error::{Error, Kind as ErrorKind};

/// So many servers are named in a note.
const MOST_NAMED: usize = 3;
/// More than so much that does not fit, and the world is another one.
const MOST_LEFT_OUT: usize = 200;

/// What a project's region answers: the objects of each list as they came.
#[derive(Debug, Clone, Default)]
pub struct LiveLists {
    /// The project's id.
    pub project: String,
    /// The region.
    pub region: String,
    /// The objects by the name of the operation that lists them: `list_servers`. What is absent is empty.
    pub lists: BTreeMap<&'static str, Vec<Value>>,
    /// The answer of `list_quotas`.
    pub quotas: Option<Value>,
}

impl LiveLists {
    /// The operations whose lists a world is made of, in the catalogue's `iaas`.
    pub const OPERATIONS: [&'static str; 13] = [
        "list_affinity_groups",
        "list_backups",
        "list_images",
        "list_key_pairs",
        "list_machine_types",
        "list_networks",
        "list_project_nics",
        "list_public_ips",
        "list_security_groups",
        "list_servers",
        "list_snapshots_in_project",
        "list_volume_performance_classes",
        "list_volumes",
    ];

    /// The lists that suffice for what is done with servers, volumes and snapshots as they are: see
    /// [`LiveLists::suffice_for`].
    pub const CORE: [&'static str; 3] = ["list_servers", "list_snapshots_in_project", "list_volumes"];

    /// Whether the lists of [`LiveLists::CORE`] and the quotas are all that answering an operation takes.
    #[must_use]
    pub fn suffice_for(operation: &Operation) -> bool {
        const OPERATIONS: [&str; 22] = [
            "add_volume_to_server",
            "create_snapshot",
            "deallocate_server",
            "delete_snapshot",
            "delete_volume",
            "get_attached_volume",
            "get_server",
            "get_snapshot",
            "get_volume",
            "list_attached_volumes",
            "list_servers",
            "list_snapshots_in_project",
            "list_volumes",
            "reboot_server",
            "remove_volume_from_server",
            "start_server",
            "stop_server",
            "unrescue_server",
            "update_attached_volume",
            "update_server",
            "update_snapshot",
            "update_volume",
        ];
        operation.module == "iaas" && OPERATIONS.binary_search(&operation.name).is_ok()
    }

    fn all<T: DeserializeOwned>(&self, operation: &str, notes: &mut Vec<String>) -> Vec<T> {
        let fields = fields_of::<T>();
        let objects = self.lists.get(operation).into_iter().flatten().filter_map(Value::as_object);
        let mut found = Vec::new();
        for object in objects {
            match fitting(object, fields) {
                Some(row) => found.push(row),
                None => notes.push(format!("an object of `{operation}` cannot be read")),
            }
        }
        found
    }
}

impl World {
    /// Takes in all that another world of the same region has, but for the servers, volumes and snapshots, which went
    /// their own way here.
    pub fn widen(&mut self, wider: Self) {
        let (Some(project), Some(mut wide)) = (self.projects.first_mut(), wider.projects.into_iter().next()) else {
            return;
        };
        for (name, region) in &mut project.regions {
            let Some(mut other) = wide.regions.remove(name) else { continue };
            for server in region.servers.iter_mut() {
                if let Some(same) = other.servers.get_mut(&server.id) {
                    server.nics = std::mem::take(&mut same.nics);
                }
            }
            for volume in region.volumes.iter_mut() {
                if let Some(same) = other.volumes.get_mut(&volume.id) {
                    volume.source = same.source.take().or(volume.source.take());
                }
            }
            other.servers = std::mem::take(&mut region.servers);
            other.volumes = std::mem::take(&mut region.volumes);
            other.snapshots = std::mem::take(&mut region.snapshots);
            *region = other;
            region.rebuild_due();
        }
        self.machine_types = wider.machine_types;
        self.performance_classes = wider.performance_classes;
        self.keypairs = wider.keypairs;
    }

    /// A world of what a real project answers, as of `now`, and notes about what had to be left out.
    ///
    /// # Errors
    /// When so little fits that it would be another world.
    pub fn of_live(live: &LiveLists, now: DateTime<Utc>) -> Result<(Self, Vec<String>), Error> {
        let mut notes = Vec::new();
        let mut world = world(live, &mut notes);
        loop {
            let error = match world.clone().complete(now) {
                Ok(world) => return Ok((world, notes)),
                Err(error) => error,
            };
            let place = error.place.clone().unwrap_or_default();
            let region = world.projects[0].regions.get_mut(&live.region);
            let left_out = region.and_then(|region| Some((region.leave_out(&place)?, region)));
            let Some((name, region)) = left_out.filter(|_| notes.len() < MOST_LEFT_OUT) else {
                let message = format!("the project cannot be simulated: {} ({place})", error.message);
                return Err(Error::new(ErrorKind::Config, "world_invalid", message));
            };
            notes.push(format!("{name} is left out: {}", error.message));
            region.cut_loose_ends(&mut notes);
        }
    }
}

fn world(live: &LiveLists, notes: &mut Vec<String>) -> World {
    let mut region = Region {
        quotas: live.quotas.as_ref().map_or(Limits::WIDE, limits),
        networks: table(networks(live, notes)),
        security_groups: table(security_groups(live, notes)),
        affinity_groups: table(live.all::<AffinityGroup>("list_affinity_groups", notes)),
        images: table(live.all::<Image>("list_images", notes)),
        volumes: table(live.all::<Volume>("list_volumes", notes)),
        servers: table(servers(live, notes)),
        nics: table(live.all::<Nic>("list_project_nics", notes)),
        public_ips: table(live.all::<PublicIp>("list_public_ips", notes)),
        snapshots: table(live.all::<Snapshot>("list_snapshots_in_project", notes)),
        backups: table(live.all::<Backup>("list_backups", notes)),
        ..Region::default()
    };
    let mut loose_ends = Vec::new();
    region.cut_loose_ends(&mut loose_ends);
    // Where nobody may see volumes, that one is unknown is no news.
    if live.lists.contains_key("list_volumes") {
        notes.append(&mut loose_ends);
    }
    let mut machine_types = live.all::<MachineType>("list_machine_types", notes);
    let mut performance_classes = live.all::<PerformanceClass>("list_volume_performance_classes", notes);
    for server in region.servers.iter() {
        if !machine_types.iter().any(|known| known.name == server.machine_type) {
            machine_types.push(MachineType { name: server.machine_type.clone(), ..MachineType::default() });
        }
    }
    for class in region.volumes.iter().filter_map(|volume| volume.performance_class.as_ref()) {
        if !performance_classes.iter().any(|known| known.name == *class) {
            performance_classes.push(PerformanceClass { name: class.clone(), ..PerformanceClass::default() });
        }
    }
    let project = Project {
        id: live.project.clone(),
        name: "live".into(),
        regions: BTreeMap::from([(live.region.clone(), region)]),
        ..Project::default()
    };
    World {
        name: "rehearsal".into(),
        projects: vec![project],
        keypairs: live.all::<Keypair>("list_key_pairs", notes),
        machine_types,
        performance_classes,
        ..World::default()
    }
}

fn servers(live: &LiveLists, notes: &mut Vec<String>) -> Vec<Server> {
    let mut servers = live.all::<Server>("list_servers", notes);
    let objects: BTreeMap<&str, &Value> =
        live.lists.get("list_servers").into_iter().flatten().filter_map(|it| Some((it["id"].as_str()?, it))).collect();
    for server in &mut servers {
        let Some(object) = objects.get(server.id.as_str()) else { continue };
        server.agent_provisioned = object["agent"]["provisioned"].as_bool();
        // It may show more of its boot volume than a world keeps.
        let boot = &object["bootVolume"];
        server.boot_volume = boot["id"].as_str().map(|id| BootVolume {
            id: id.to_owned(),
            delete_on_termination: boot["deleteOnTermination"].as_bool().unwrap_or_default(),
        });
    }
    servers
}

/// Source: `iaas.v2.json`, Network: the IPv4 side is an object of its own.
fn networks(live: &LiveLists, notes: &mut Vec<String>) -> Vec<Network> {
    let mut networks = live.all::<Network>("list_networks", notes);
    let objects: BTreeMap<&str, &Value> =
        live.lists.get("list_networks").into_iter().flatten().filter_map(|it| Some((it["id"].as_str()?, it))).collect();
    for network in &mut networks {
        let Some(ipv4) = objects.get(network.id.as_str()).map(|object| &object["ipv4"]) else { continue };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        network.prefix = text(&ipv4["prefixes"][0]).unwrap_or_default();
        network.gateway = text(&ipv4["gateway"]);
        network.public_ip = text(&ipv4["publicIp"]);
        network.nameservers = ipv4["nameservers"].as_array().into_iter().flatten().filter_map(text).collect();
    }
    networks
}

fn security_groups(live: &LiveLists, notes: &mut Vec<String>) -> Vec<SecurityGroup> {
    let mut groups = live.all::<SecurityGroup>("list_security_groups", notes);
    let fields = fields_of::<SecurityGroupRule>();
    let objects = live.lists.get("list_security_groups").into_iter().flatten();
    let rules: BTreeMap<&str, &Value> = objects.filter_map(|it| Some((it["id"].as_str()?, &it["rules"]))).collect();
    for group in &mut groups {
        let rules = rules.get(group.id.as_str()).and_then(|rules| rules.as_array()).into_iter().flatten();
        group.rules = rules.filter_map(Value::as_object).filter_map(|rule| fitting(rule, fields)).collect();
    }
    groups
}

fn limits(quotas: &Value) -> Limits {
    let limit = |quota: &Value| quota["limit"].as_i64().filter(|limit| *limit >= 0);
    let named = quotas["quotas"].as_object().into_iter().flatten();
    let named = named.filter_map(|(name, quota)| Some((name.clone(), Value::from(limit(quota)?))));
    let Ok(Value::Object(mut all)) = serde_json::to_value(Limits::WIDE) else { return Limits::WIDE };
    let known = all.keys().cloned().collect::<BTreeSet<_>>();
    all.extend(named.filter(|(name, _)| known.contains(name)));
    serde_json::from_value(Value::Object(all)).unwrap_or(Limits::WIDE)
}

/// An object with those of its fields that a world keeps and that are of the kind that it keeps; nothing without an
/// id or a name.
fn fitting<T: DeserializeOwned>(object: &Map<String, Value>, fields: &[&str]) -> Option<T> {
    let known = fields.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())));
    let fields: Vec<(String, Value)> = known.filter(|(_, value)| !value.is_null()).collect();
    if !fields.iter().any(|(name, value)| ["id", "name"].contains(&name.as_str()) && value.is_string()) {
        return None;
    }
    if let Ok(row) = serde_json::from_value(Value::Object(fields.iter().cloned().collect())) {
        return Some(row);
    }
    let mut kept = Map::new();
    for (name, value) in fields {
        kept.insert(name.clone(), value);
        if serde_json::from_value::<T>(Value::Object(kept.clone())).is_err() {
            kept.remove(&name);
        }
    }
    serde_json::from_value(Value::Object(kept)).ok()
}

fn table<T: Row>(rows: Vec<T>) -> Table<T> {
    let mut table = Table::default();
    let mut ids = BTreeSet::new();
    for row in rows {
        if !row.id().is_empty() && ids.insert(row.id().to_owned()) {
            table.insert(row);
        }
    }
    table
}

impl Region {
    /// Cuts what leads to objects that the lists do not have: they are gone, or the credential may not see them.
    fn cut_loose_ends(&mut self, notes: &mut Vec<String>) {
        let Self { servers, volumes, nics, public_ips, security_groups, snapshots, .. } = self;
        let mut bootless = Vec::new();
        for server in servers.iter_mut() {
            if server.boot_volume.take_if(|boot| !volumes.contains(&boot.id)).is_some() {
                bootless.push(format!("`{}`", server.name));
            }
        }
        match bootless.as_slice() {
            [] => {}
            [one] => notes.push(format!("the boot volume of the server {one} is unknown")),
            all => {
                let examples = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
                notes.push(format!("the boot volumes of {} servers are unknown, such as {examples}", all.len()));
            }
        }
        for volume in volumes.iter_mut() {
            volume.name.take_if(|name| name.is_empty());
            volume.server_id.take_if(|server| !servers.contains(server));
            volume.source.take_if(|source| source.kind == "snapshot" && !snapshots.contains(&source.id));
        }
        for nic in nics.iter_mut() {
            nic.name.take_if(|name| name.is_empty());
            nic.device.take_if(|server| !servers.contains(server));
            nic.security_groups.retain(|group| security_groups.contains(group));
        }
        for address in public_ips.iter_mut() {
            address.network_interface.take_if(|nic| !nics.contains(nic));
        }
        for snapshot in snapshots.iter_mut() {
            snapshot.name.take_if(|name| name.is_empty());
        }
        for backup in self.backups.iter_mut() {
            backup.name.take_if(|name| name.is_empty());
        }
    }

    /// Leaves out the object at a place such as `projects[0].regions.eu01.volumes[3].status`; what it is called.
    fn leave_out(&mut self, place: &str) -> Option<String> {
        let mut parts = place.split('.').skip_while(|part| *part != "regions").skip(2);
        let (table, index) = parts.next()?.strip_suffix(']')?.split_once('[')?;
        let index: usize = index.parse().ok()?;
        match table {
            "networks" => cut(&mut self.networks, index),
            "securityGroups" => cut(&mut self.security_groups, index),
            "affinityGroups" => cut(&mut self.affinity_groups, index),
            "images" => cut(&mut self.images, index),
            "volumes" => cut(&mut self.volumes, index),
            "servers" => cut(&mut self.servers, index),
            "nics" => cut(&mut self.nics, index),
            "publicIps" => cut(&mut self.public_ips, index),
            "snapshots" => cut(&mut self.snapshots, index),
            "backups" => cut(&mut self.backups, index),
            _ => None,
        }
    }
}

fn cut<T: Row>(table: &mut Table<T>, index: usize) -> Option<String> {
    let id = table.iter().nth(index)?.id().to_owned();
    let row = table.remove(&id)?;
    Some(format!("the {} `{}`", T::KIND.noun(), row.name().unwrap_or(&id)))
}
