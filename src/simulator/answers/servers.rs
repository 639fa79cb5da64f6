//! Servers: list, get, create, update, delete, console, log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use crate::simulator::exchange::{Asked, LabelsView, Scene, bad_query};
use crate::simulator::labels::{Given, merge, merge_metadata};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{
    BootVolume, Kind, Labels, Limits, MaintenanceWindow, Region, Server, Source, Volume, metro_zone,
};

use super::nics;

/// A server as the API shows it. There is no `networking`: official clients cannot read it back.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerView<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    affinity_group: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_zone: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot_volume: Option<BootVolumeView<'v>>,
    config_drive: bool,
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'v str>,
    id: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_id: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keypair_name: Option<&'v str>,
    labels: LabelsView<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launched_at: Option<DateTime<Utc>>,
    machine_type: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance_window: Option<&'v MaintenanceWindow>,
    metadata: LabelsView<'v>,
    name: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nics: Option<Vec<nics::ServerNicView<'v>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    power_status: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account_mails: Option<&'v [String]>,
    status: &'v str,
    updated_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<&'v str>,
    volumes: &'v [String],
}

#[derive(Serialize)]
struct AgentView {
    provisioned: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BootVolumeView<'v> {
    id: &'v str,
    delete_on_termination: bool,
}

/// Whether an answer shows what is "only shown when detailed information is requested".
/// Source: `iaas.v2.json`, Server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Hidden,
    Shown,
}

impl Detail {
    fn asked(asked: &Asked) -> Result<Self, Refusal> {
        Ok(if asked.flag("details")? { Self::Shown } else { Self::Hidden })
    }
}

fn view<'v>(
    server: &'v Server,
    region: &'v Region,
    detail: Detail,
    public_ips: &HashMap<&str, &'v str>,
) -> ServerView<'v> {
    let is_shown = detail == Detail::Shown;
    ServerView {
        affinity_group: server.affinity_group.as_deref(),
        agent: server.agent_provisioned.map(|provisioned| AgentView { provisioned }),
        availability_zone: server.availability_zone.as_deref(),
        boot_volume: server.boot_volume.as_ref().map(|boot| BootVolumeView {
            id: &boot.id,
            delete_on_termination: region
                .volumes
                .get(&boot.id)
                .map_or(boot.delete_on_termination, |volume| volume.delete_on_termination),
        }),
        config_drive: server.config_drive,
        created_at: server.created_at,
        error_message: server.error_message.as_deref(),
        id: &server.id,
        image_id: server.image_id.as_deref(),
        keypair_name: server.keypair_name.as_deref(),
        labels: &server.labels,
        launched_at: server.launched_at,
        machine_type: &server.machine_type,
        maintenance_window: server.maintenance_window.as_ref(),
        metadata: &server.metadata,
        name: &server.name,
        nics: is_shown.then(|| nics::of_server(server, region, public_ips)),
        power_status: server.power_status.as_deref(),
        service_account_mails: is_shown.then_some(&*server.service_account_mails),
        status: &server.status,
        updated_at: server.updated_at,
        user_data: server.user_data.as_deref().filter(|_| is_shown),
        volumes: &server.volumes,
    }
}

/// `ListServers`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (selector, detail) = (asked.selector()?, Detail::asked(asked)?);
    let region = &*scene.region;
    let public_ips = nics::public_ips(region);
    let items = region
        .servers
        .iter()
        .filter(|server| selector.matches(&server.labels))
        .map(|server| view(server, region, detail, &public_ips))
        .collect();
    let answer = Answered::ok(&Items { items });
    scene.region.note_all_seen();
    Ok(answer)
}

/// `GetServer`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (id, detail) = (asked.id("serverId")?, Detail::asked(asked)?);
    let answer = shown(scene.region, id, detail, 200)?;
    scene.region.note_seen(id);
    Ok(answer)
}

fn shown(region: &Region, id: &str, detail: Detail, status: u16) -> Result<Answered, Refusal> {
    let server = region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let public_ips = if detail == Detail::Shown { nics::public_ips(region) } else { HashMap::new() };
    Ok(Answered::json(status, &view(server, region, detail, &public_ips)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: String,
    machine_type: String,
    networking: Networking,
    boot_volume: Option<NewBootVolume>,
    image_id: Option<String>,
    volumes: Option<Vec<String>>,
    keypair_name: Option<String>,
    labels: Option<Given>,
    metadata: Option<Given>,
    affinity_group: Option<String>,
    availability_zone: Option<String>,
    config_drive: Option<bool>,
    agent: Option<NewAgent>,
    user_data: Option<String>,
    service_account_mails: Option<Vec<String>>,
    security_groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Networking {
    network_id: Option<String>,
    nic_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewBootVolume {
    delete_on_termination: Option<bool>,
    performance_class: Option<String>,
    size: Option<i64>,
    source: Option<Source>,
}

#[derive(Deserialize)]
struct NewAgent {
    provisioned: Option<bool>,
}

/// How a new server boots, once it is found to be possible.
enum Boot {
    /// From a disk of its host.
    Image(String),
    /// From a volume that exists.
    Volume(String, bool),
    /// From a new volume.
    New { image: String, size: i64, class: String, goes_with_server: bool },
}

/// `CreateServer`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Create = asked.body()?;
    let (vcpu, ram) = scene.machine_type(&wanted.machine_type).map(|offer| (offer.vcpus, offer.ram))?;
    let boot = boot(scene, &wanted)?;
    let zone = zone(scene, &wanted, &boot)?;
    let groups = security_groups(scene, wanted.security_groups.as_deref())?;
    let extra = wanted.volumes.as_deref().unwrap_or_default();
    check_parts(scene, &wanted, extra)?;
    let (mut labels, mut metadata) = (Labels::new(), Labels::new());
    merge(&mut labels, wanted.labels.as_ref())?;
    merge_metadata(&mut metadata, wanted.metadata.as_ref())?;
    let (volumes, gigabytes) = if let Boot::New { size, .. } = &boot { (1, *size) } else { (0, 0) };
    let nics = i64::from(wanted.networking.network_id.is_some());
    scene.afford(&Limits { vcpu, ram, volumes, gigabytes, nics, ..Limits::NONE })?;
    let free = wanted.networking.network_id.as_deref().map(|network| nics::free_address(scene, network)).transpose()?;

    let id = scene.new_id(Kind::Server, &wanted.name);
    let stamp = Some(scene.stamp());
    let mut server = Server {
        id: id.clone(),
        name: wanted.name,
        machine_type: wanted.machine_type,
        availability_zone: Some(zone.clone()),
        keypair_name: wanted.keypair_name,
        labels,
        metadata,
        affinity_group: wanted.affinity_group,
        config_drive: wanted.config_drive.unwrap_or(false),
        agent_provisioned: wanted.agent.and_then(|agent| agent.provisioned),
        created_at: stamp,
        user_data: wanted.user_data,
        service_account_mails: wanted.service_account_mails.unwrap_or_default(),
        ..Server::default()
    };
    match boot {
        Boot::Image(image) => server.image_id = Some(image),
        Boot::Volume(volume, goes_with_server) => {
            attach_now(scene, &volume, &id, goes_with_server);
            server.boot_volume = Some(BootVolume { id: volume.clone(), delete_on_termination: goes_with_server });
            server.volumes.push(volume);
        }
        Boot::New { image, size, class, goes_with_server } => {
            let volume = new_boot_volume(scene, &server, image, size, class, &zone, goes_with_server);
            server.boot_volume = Some(BootVolume { id: volume.clone(), delete_on_termination: goes_with_server });
            server.volumes.push(volume);
        }
    }
    for volume in extra {
        attach_now(scene, volume, &id, false);
        server.volumes.push(volume.clone());
    }
    if let (Some(network), Some(address)) = (&wanted.networking.network_id, free) {
        server.nics.push(nics::add_for_server(scene, network, address, &server, groups));
    }
    for nic in wanted.networking.nic_ids.iter().flatten() {
        nics::bind(scene.region, nic, &id);
        server.nics.push(nic.clone());
    }
    let begin = scene.begin(Kind::Server, "create");
    scene.add(|region| &mut region.servers, server, begin);
    shown(scene.region, &id, Detail::Hidden, 201)
}

fn boot(scene: &Scene, wanted: &Create) -> Result<Boot, Refusal> {
    const NO_DEVICE: &str = "boot device size is not valid or missing";
    let usable = |image: &str| {
        let image = scene.region.images.get(image).ok_or_else(|| Refusal::not_found(Kind::Image))?;
        if image.status == "AVAILABLE" {
            Ok(image)
        } else {
            Err(Refusal::conflict(format!("image {} is in status {}", image.name, image.status)))
        }
    };
    match (&wanted.image_id, &wanted.boot_volume) {
        (Some(_), Some(volume)) if volume.source.is_some() => {
            Err(Refusal::bad("imageId and bootVolume cannot be given together"))
        }
        (Some(image), _) => Ok(Boot::Image(usable(image)?.id.clone())),
        (None, None) => Err(Refusal::bad(NO_DEVICE)),
        (None, Some(volume)) => {
            let source = volume.source.as_ref().ok_or_else(|| Refusal::bad(NO_DEVICE))?;
            let goes_with_server = volume.delete_on_termination.unwrap_or(false);
            match source.kind.as_str() {
                "image" => {
                    let image = usable(&source.id)?;
                    let size = volume.size.ok_or_else(|| Refusal::bad(NO_DEVICE))?;
                    if size < image.min_disk_size.max(1) || size > super::volumes::LARGEST {
                        return Err(Refusal::bad(NO_DEVICE));
                    }
                    let class = volume.performance_class.clone();
                    let class = class.unwrap_or_else(|| super::volumes::DEFAULT_CLASS.to_owned());
                    scene.check_class(&class)?;
                    Ok(Boot::New { image: image.id.clone(), size, class, goes_with_server })
                }
                "volume" => {
                    let found = scene.region.volumes.get(&source.id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
                    free(found)?;
                    if !found.bootable {
                        return Err(Refusal::bad(format!("volume {} is not bootable", found.id)));
                    }
                    Ok(Boot::Volume(found.id.clone(), goes_with_server))
                }
                other => Err(Refusal::bad(format!("boot volume source type {other} is not valid"))),
            }
        }
    }
}

/// A volume that can be attached: in the right status, and nobody else's.
fn free(volume: &Volume) -> Result<(), Refusal> {
    if volume.status == "AVAILABLE" {
        return Ok(());
    }
    Err(Refusal::conflict(format!("volume {} is in status {}", volume.id, volume.status)))
}

fn zone(scene: &Scene, wanted: &Create, boot: &Boot) -> Result<String, Refusal> {
    if let Some(zone) = &wanted.availability_zone {
        scene.check_zone(zone)?;
        return Ok(zone.clone());
    }
    let existing = match boot {
        Boot::Volume(id, _) => scene.region.volumes.get(id).map(|volume| volume.availability_zone.clone()),
        Boot::Image(_) | Boot::New { .. } => None,
    };
    Ok(existing.unwrap_or_else(|| metro_zone(scene.region_name)))
}

fn security_groups(scene: &Scene, names: Option<&[String]>) -> Result<Vec<String>, Refusal> {
    let find = |name: &str| {
        scene
            .region
            .security_groups
            .iter()
            .find(|group| group.name == name || group.id == name)
            .map(|group| group.id.clone())
    };
    match names {
        Some(names) => {
            names.iter().map(|name| find(name).ok_or_else(|| Refusal::not_found(Kind::SecurityGroup))).collect()
        }
        None => Ok(find("default").into_iter().collect()),
    }
}

fn check_parts(scene: &Scene, wanted: &Create, volumes: &[String]) -> Result<(), Refusal> {
    for volume in volumes {
        free(scene.region.volumes.get(volume).ok_or_else(|| Refusal::not_found(Kind::Volume))?)?;
    }
    if let Some(name) = &wanted.keypair_name
        && !(scene.has_keypair)(name)
    {
        return Err(Refusal::new(404, "keypair not found"));
    }
    if let Some(group) = &wanted.affinity_group
        && !scene.region.affinity_groups.contains(group)
    {
        return Err(Refusal::not_found(Kind::AffinityGroup));
    }
    match (&wanted.networking.network_id, &wanted.networking.nic_ids) {
        (None, None) => Err(Refusal::schema("/networking", "doesn't match any schema from \"oneOf\"")),
        (Some(network), _) if !scene.region.networks.contains(network) => Err(Refusal::not_found(Kind::Network)),
        (_, nics) => nics.iter().flatten().try_for_each(|nic| nics::check_free(scene.region, nic)),
    }
}

fn attach_now(scene: &mut Scene, volume: &str, server: &str, goes_with_server: bool) {
    let begin = scene.begin_plain(Kind::Volume, "attach");
    // Found free by `free`, so nothing refuses.
    let _ = scene.start(|region| &mut region.volumes, volume, begin);
    if let Some(found) = scene.region.volumes.get_mut(volume) {
        found.server_id = Some(server.to_owned());
        found.delete_on_termination = goes_with_server;
    }
}

fn new_boot_volume(
    scene: &mut Scene,
    server: &Server,
    image: String,
    size: i64,
    class: String,
    zone: &str,
    goes_with_server: bool,
) -> String {
    let id = scene.new_id(Kind::Volume, &server.name);
    let image_config = scene.region.images.get(&image).map(|image| image.config.clone());
    let volume = Volume {
        id: id.clone(),
        size,
        availability_zone: zone.to_owned(),
        performance_class: Some(class),
        bootable: true,
        image_config: image_config.filter(|config| !config.is_empty()),
        source: Some(Source { id: image, kind: "image".into() }),
        server_id: Some(server.id.clone()),
        delete_on_termination: goes_with_server,
        created_at: Some(scene.stamp()),
        ..Volume::default()
    };
    let begin = scene.begin_plain(Kind::Volume, "create for server");
    scene.add(|region| &mut region.volumes, volume, begin);
    id
}

#[derive(Deserialize)]
struct Update {
    name: Option<String>,
    labels: Option<Given>,
    metadata: Option<Given>,
}

/// `UpdateServer`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    let wanted: Update = asked.body()?;
    let stamp = scene.stamp();
    let server = scene.region.servers.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let (mut labels, mut metadata) = (server.labels.clone(), server.metadata.clone());
    merge(&mut labels, wanted.labels.as_ref())?;
    merge_metadata(&mut metadata, wanted.metadata.as_ref())?;
    (server.labels, server.metadata) = (labels, metadata);
    if let Some(name) = wanted.name {
        server.name = name;
    }
    server.updated_at = Some(stamp);
    scene.touch(Kind::Server, id);
    shown(scene.region, id, Detail::Hidden, 200)
}

/// `DeleteServer`; one that is being deleted already is not refused.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    let server = scene.region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    if server.status == "DELETING" {
        scene.touch(Kind::Server, id);
        return Ok(Answered::no_content());
    }
    scene.region.unseen.remove(id);
    let begin = scene.begin(Kind::Server, "delete");
    scene.start(|region| &mut region.servers, id, begin)?;
    Ok(Answered::no_content())
}

/// `GetServerConsole`.
pub fn console(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    let server = scene.region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    if server.power_status.as_deref() != Some("RUNNING") {
        return Err(Refusal::conflict(format!("server {} is not running", server.name)));
    }
    let region = scene.region_name;
    Ok(Answered::ok(&serde_json::json!({ "url": format!("https://console.{region}.simulated.example/{id}") })))
}

/// `GetServerLog`.
pub fn log(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    let length = match asked.query("length") {
        None => 2_000,
        Some(text) => {
            text.parse::<usize>().map_err(|_| bad_query("length", "value must be an integer of at least 0"))?
        }
    };
    let server = scene.region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let booted =
        server.launched_at.map(|time| format!("[    0.000000] {} booted at {}", server.name, time.to_rfc3339()));
    let lines: Vec<&str> = booted.iter().chain(&server.log).map(String::as_str).collect();
    let skipped = if length == 0 { 0 } else { lines.len().saturating_sub(length) };
    Ok(Answered::ok(&serde_json::json!({ "output": lines[skipped..].join("\n") })))
}
