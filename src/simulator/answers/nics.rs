//! Network interfaces: project-wide, of a network, of a server.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::simulator::exchange::{Asked, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{self, Kind, Labels, Limits, Nic, Region, Server, mac};

/// The most interfaces that a server takes. Source: docs.stackit.cloud, NIC concepts.
const MOST_OF_A_SERVER: usize = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NicView<'v> {
    allowed_addresses: &'v [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'v str>,
    id: &'v str,
    ipv4: &'v str,
    labels: LabelsView<'v>,
    mac: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'v str>,
    network_id: &'v str,
    nic_security: bool,
    security_groups: &'v [String],
    status: &'static str,
    #[serde(rename = "type")]
    purpose: &'v str,
}

impl<'v> From<&'v Nic> for NicView<'v> {
    fn from(nic: &'v Nic) -> Self {
        Self {
            allowed_addresses: &nic.allowed_addresses,
            device: nic.device.as_deref(),
            id: &nic.id,
            ipv4: &nic.ipv4,
            labels: &nic.labels,
            mac: &nic.mac,
            name: nic.name.as_deref(),
            network_id: &nic.network_id,
            nic_security: nic.nic_security,
            security_groups: &nic.security_groups,
            status: if nic.device.is_some() || nic.purpose == "gateway" { "ACTIVE" } else { "DOWN" },
            purpose: &nic.purpose,
        }
    }
}

/// An interface as a server's details show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerNicView<'v> {
    allowed_addresses: &'v [String],
    ipv4: &'v str,
    mac: &'v str,
    network_id: &'v str,
    network_name: &'v str,
    nic_id: &'v str,
    nic_security: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip: Option<&'v str>,
    security_groups: &'v [String],
}

/// Public addresses by the interface that they are bound to.
pub fn public_ips(region: &Region) -> HashMap<&str, &str> {
    let bound = region.public_ips.iter();
    bound.filter_map(|address| Some((address.network_interface.as_deref()?, address.ip.as_str()))).collect()
}

/// The interfaces of a server.
pub fn of_server<'v>(
    server: &'v Server,
    region: &'v Region,
    public_ips: &HashMap<&str, &'v str>,
) -> Vec<ServerNicView<'v>> {
    let nics = server.nics.iter().filter_map(|id| region.nics.get(id));
    nics.map(|nic| ServerNicView {
        allowed_addresses: &nic.allowed_addresses,
        ipv4: &nic.ipv4,
        mac: &nic.mac,
        network_id: &nic.network_id,
        network_name: region.networks.get(&nic.network_id).map_or("", |network| &network.name),
        nic_id: &nic.id,
        nic_security: nic.nic_security,
        public_ip: public_ips.get(nic.id.as_str()).copied(),
        security_groups: &nic.security_groups,
    })
    .collect()
}

/// A free address of a network.
///
/// # Errors
/// 409 where there is none left.
pub fn free_address(scene: &Scene, network: &str) -> Result<String, Refusal> {
    let network = scene.region.networks.get(network).ok_or_else(|| Refusal::not_found(Kind::Network))?;
    if network.status != "CREATED" {
        return Err(Refusal::conflict(format!("network {} is in status {}", network.name, network.status)));
    }
    world::free_address(scene.region, network)
        .ok_or_else(|| Refusal::conflict(format!("network {} has no free address", network.name)))
}

/// Adds an interface that is made for a server and goes with it; gives its id.
pub fn add_for_server(scene: &mut Scene, network: &str, ipv4: String, server: &Server, groups: Vec<String>) -> String {
    let id = scene.new_id(Kind::Nic, &format!("{network} {}", server.name));
    scene.region.nics.insert(Nic {
        id: id.clone(),
        network_id: network.to_owned(),
        ipv4,
        mac: mac(scene.seed, &id),
        nic_security: true,
        security_groups: groups,
        device: Some(server.id.clone()),
        purpose: "server".into(),
        goes_with_server: true,
        ..Nic::default()
    });
    id
}

/// Refuses an interface that is not there or not free.
///
/// # Errors
/// 404 or 409.
pub fn check_free(region: &Region, id: &str) -> Result<(), Refusal> {
    let nic = region.nics.get(id).ok_or_else(|| Refusal::not_found(Kind::Nic))?;
    match &nic.device {
        None if nic.purpose == "none" => Ok(()),
        None => Err(Refusal::conflict(format!("nic {id} belongs to its network"))),
        Some(device) => Err(Refusal::conflict(format!("nic {id} is attached to server {device}"))),
    }
}

/// Binds a free interface to a server; the server's own list is the caller's to keep.
pub fn bind(region: &mut Region, id: &str, server: &str) {
    if let Some(nic) = region.nics.get_mut(id) {
        nic.device = Some(server.to_owned());
        nic.purpose = "server".into();
    }
}

/// `ListProjectNICs`.
pub fn list_all(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    listed(scene, asked, |_| true)
}

/// `ListNics`.
pub fn list_of_network(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let network = asked.id("networkId")?;
    if !scene.region.networks.contains(network) {
        return Err(Refusal::not_found(Kind::Network));
    }
    listed(scene, asked, |nic| nic.network_id == network)
}

/// `ListServerNICs`.
pub fn list_of_server(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let server = asked.id("serverId")?;
    let server = scene.region.servers.get(server).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let items = server.nics.iter().filter_map(|id| scene.region.nics.get(id)).map(NicView::from).collect();
    Ok(Answered::ok(&Items { items }))
}

fn listed(scene: &Scene, asked: &Asked, is_wanted: impl Fn(&Nic) -> bool) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let nics = scene.region.nics.iter().filter(|nic| is_wanted(nic) && selector.matches(&nic.labels));
    Ok(Answered::ok(&Items { items: nics.map(NicView::from).collect() }))
}

/// `GetProjectNIC` and `GetNic`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = find(scene, asked)?;
    shown(scene, &id, 200)
}

fn find(scene: &Scene, asked: &Asked) -> Result<String, Refusal> {
    let id = asked.id("nicId")?;
    let nic = scene.region.nics.get(id).ok_or_else(|| Refusal::not_found(Kind::Nic))?;
    match asked.path("networkId") {
        "" => Ok(id.to_owned()),
        network if network == nic.network_id => Ok(id.to_owned()),
        _ => Err(Refusal::not_found(Kind::Nic)),
    }
}

fn shown(scene: &Scene, id: &str, status: u16) -> Result<Answered, Refusal> {
    let nic = scene.region.nics.get(id).ok_or_else(|| Refusal::not_found(Kind::Nic))?;
    Ok(Answered::json(status, &NicView::from(nic)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: Option<String>,
    ipv4: Option<String>,
    labels: Option<Given>,
    allowed_addresses: Option<Vec<String>>,
    nic_security: Option<bool>,
    security_groups: Option<Vec<String>>,
}

/// `CreateNic`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let network = asked.id("networkId")?.to_owned();
    let wanted: Wanted = asked.body()?;
    scene.afford(&Limits { nics: 1, ..Limits::NONE })?;
    let free = free_address(scene, &network)?;
    let ipv4 = match wanted.ipv4 {
        None => free,
        Some(given) if scene.region.nics.iter().any(|nic| nic.network_id == network && nic.ipv4 == given) => {
            return Err(Refusal::conflict(format!("address {given} is in use")));
        }
        Some(given) => given,
    };
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    let is_secured = wanted.nic_security.unwrap_or(true);
    let groups = match wanted.security_groups {
        Some(groups) => groups,
        None if is_secured => default_group(scene.region),
        None => Vec::new(),
    };
    check_groups(scene.region, &groups)?;
    let id = scene.new_id(Kind::Nic, wanted.name.as_deref().unwrap_or(&network));
    let mac = mac(scene.seed, &id);
    scene.region.nics.insert(Nic {
        id: id.clone(),
        name: wanted.name,
        network_id: network,
        ipv4,
        mac,
        nic_security: is_secured,
        security_groups: groups,
        allowed_addresses: wanted.allowed_addresses.unwrap_or_default(),
        labels,
        purpose: "none".into(),
        ..Nic::default()
    });
    scene.touch(Kind::Nic, &id);
    shown(scene, &id, 201)
}

fn default_group(region: &Region) -> Vec<String> {
    region
        .security_groups
        .iter()
        .filter(|group| group.name == "default")
        .map(|group| group.id.clone())
        .take(1)
        .collect()
}

fn check_groups(region: &Region, groups: &[String]) -> Result<(), Refusal> {
    if groups.iter().all(|group| region.security_groups.contains(group)) {
        Ok(())
    } else {
        Err(Refusal::not_found(Kind::SecurityGroup))
    }
}

/// `UpdateNic`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = find(scene, asked)?;
    let wanted: Wanted = asked.body()?;
    check_groups(scene.region, wanted.security_groups.as_deref().unwrap_or_default())?;
    let nic = scene.region.nics.get_mut(&id).ok_or_else(|| Refusal::not_found(Kind::Nic))?;
    merge(&mut nic.labels, wanted.labels.as_ref())?;
    if wanted.name.is_some() {
        nic.name = wanted.name;
    }
    if let Some(addresses) = wanted.allowed_addresses {
        nic.allowed_addresses = addresses;
    }
    if let Some(groups) = wanted.security_groups {
        nic.security_groups = groups;
    }
    if let Some(is_secured) = wanted.nic_security {
        nic.nic_security = is_secured;
        if !is_secured {
            nic.security_groups.clear();
        }
    }
    scene.touch(Kind::Nic, &id);
    shown(scene, &id, 200)
}

/// `DeleteNic`.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = find(scene, asked)?;
    check_free(scene.region, &id)?;
    scene.region.remove_nic(&id);
    scene.touch(Kind::Nic, &id);
    Ok(Answered::no_content())
}

/// `AddNicToServer`.
pub fn attach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, nic) = (asked.id("serverId")?, asked.id("nicId")?);
    room_for_one_more(scene.region, server)?;
    check_free(scene.region, nic)?;
    bind(scene.region, nic, server);
    if let Some(found) = scene.region.servers.get_mut(server) {
        found.nics.push(nic.to_owned());
    }
    scene.touch(Kind::Server, server);
    Ok(Answered::accepted())
}

fn room_for_one_more(region: &Region, server: &str) -> Result<(), Refusal> {
    let server = region.servers.get(server).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    if server.nics.len() >= MOST_OF_A_SERVER {
        return Err(Refusal::conflict(format!("server {} has {MOST_OF_A_SERVER} nics already", server.name)));
    }
    Ok(())
}

/// `RemoveNicFromServer`: only takes it off.
pub fn detach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, nic) = (asked.id("serverId")?, asked.id("nicId")?);
    if !scene.region.servers.contains(server) {
        return Err(Refusal::not_found(Kind::Server));
    }
    let found = scene.region.nics.get_mut(nic).filter(|found| found.device.as_deref() == Some(server));
    found.ok_or_else(|| Refusal::not_found(Kind::Nic))?.goes_with_server = false;
    scene.region.release_nic(nic);
    scene.touch(Kind::Server, server);
    Ok(Answered::no_content())
}

/// `AddNetworkToServer`: makes an interface in the network and attaches it.
pub fn attach_network(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, network) = (asked.id("serverId")?, asked.id("networkId")?);
    room_for_one_more(scene.region, server)?;
    scene.afford(&Limits { nics: 1, ..Limits::NONE })?;
    let address = free_address(scene, network)?;
    let groups = default_group(scene.region);
    let Some(found) = scene.region.servers.get(server).cloned() else { return Err(Refusal::not_found(Kind::Server)) };
    let nic = add_for_server(scene, network, address, &found, groups);
    if let Some(found) = scene.region.servers.get_mut(server) {
        found.nics.push(nic);
    }
    scene.touch(Kind::Server, server);
    Ok(Answered::accepted())
}

/// `RemoveNetworkFromServer`: takes all its interfaces in that network off and deletes them.
pub fn detach_network(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, network) = (asked.id("serverId")?, asked.id("networkId")?);
    let found = scene.region.servers.get(server).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let in_it = |id: &&String| scene.region.nics.get(id).is_some_and(|nic| nic.network_id == network);
    let nics: Vec<String> = found.nics.iter().filter(in_it).cloned().collect();
    if nics.is_empty() {
        return Err(Refusal::not_found(Kind::Network));
    }
    for nic in &nics {
        scene.region.release_nic(nic);
        scene.region.remove_nic(nic);
    }
    scene.touch(Kind::Server, server);
    Ok(Answered::no_content())
}
