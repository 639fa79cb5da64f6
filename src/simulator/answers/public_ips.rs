//! Public IP addresses: list, get, create, update, delete, and of a server.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::simulator::exchange::{Asked, Change, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Kind, Labels, Limits, PublicIp, Region};

/// The range that new addresses are taken from.
pub const RANGE: &str = "193.148.160.0/19";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicIpView<'v> {
    id: &'v str,
    ip: &'v str,
    labels: LabelsView<'v>,
    /// `null` while it is free.
    network_interface: Option<&'v str>,
}

impl<'v> From<&'v PublicIp> for PublicIpView<'v> {
    fn from(address: &'v PublicIp) -> Self {
        Self {
            id: &address.id,
            ip: &address.ip,
            labels: &address.labels,
            network_interface: address.network_interface.as_deref(),
        }
    }
}

/// `ListPublicIPs`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let addresses = scene.region.public_ips.iter().filter(|address| selector.matches(&address.labels));
    Ok(Answered::ok(&Items { items: addresses.map(PublicIpView::from).collect() }))
}

/// `GetPublicIP`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("publicIpId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let address = region.public_ips.get(id).ok_or_else(|| Refusal::not_found(Kind::PublicIp))?;
    Ok(Answered::json(status, &PublicIpView::from(address)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    labels: Option<Given>,
    /// Absent: as it is. `null`: none.
    #[serde(default)]
    network_interface: Change,
}

/// Refuses an interface that is not there or has another address.
fn check_nic(region: &Region, nic: &str, own: &str) -> Result<(), Refusal> {
    if !region.nics.contains(nic) {
        return Err(Refusal::not_found(Kind::Nic));
    }
    match region.public_ips.iter().find(|other| other.id != own && other.network_interface.as_deref() == Some(nic)) {
        Some(other) => Err(Refusal::conflict(format!("nic {nic} has the public ip {}", other.ip))),
        None => Ok(()),
    }
}

/// `CreatePublicIP`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Wanted = asked.body()?;
    scene.afford(&Limits { public_ips: 1, ..Limits::NONE })?;
    let nic = wanted.network_interface.of(None);
    if let Some(nic) = &nic {
        check_nic(scene.region, nic, "")?;
    }
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    let used: BTreeSet<&str> = scene.region.public_ips.iter().map(|address| address.ip.as_str()).collect();
    let base = u32::from_be_bytes([193, 148, 161, 1]);
    let free = (base..base + 7_000).map(|number| std::net::Ipv4Addr::from(number).to_string());
    let ip = free.into_iter().find(|ip| !used.contains(ip.as_str()));
    let ip = ip.ok_or_else(|| Refusal::new(429, "Too Many Requests"))?;
    let id = scene.new_id(Kind::PublicIp, &ip);
    scene.region.public_ips.insert(PublicIp { id: id.clone(), ip, labels, network_interface: nic });
    scene.touch(Kind::PublicIp, &id);
    shown(scene.region, &id, 201)
}

/// `UpdatePublicIP`: labels, and which interface it is bound to.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("publicIpId")?;
    let wanted: Wanted = asked.body()?;
    if let Change::Set(nic) = &wanted.network_interface {
        check_nic(scene.region, nic, id)?;
    }
    let address = scene.region.public_ips.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::PublicIp))?;
    merge(&mut address.labels, wanted.labels.as_ref())?;
    address.network_interface = wanted.network_interface.of(address.network_interface.take());
    scene.touch(Kind::PublicIp, id);
    shown(scene.region, id, 200)
}

/// `DeletePublicIP`.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("publicIpId")?;
    scene.region.public_ips.remove(id).ok_or_else(|| Refusal::not_found(Kind::PublicIp))?;
    scene.touch(Kind::PublicIp, id);
    Ok(Answered::no_content())
}

/// `AddPublicIpToServer`: to its first interface without one.
pub fn attach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, id) = (asked.id("serverId")?, asked.id("publicIpId")?);
    let found = scene.region.servers.get(server).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let address = scene.region.public_ips.get(id).ok_or_else(|| Refusal::not_found(Kind::PublicIp))?;
    if let Some(nic) = &address.network_interface {
        return Err(Refusal::conflict(format!("public ip {} is bound to nic {nic}", address.ip)));
    }
    let nic = found.nics.iter().find(|nic| check_nic(scene.region, nic, id).is_ok()).cloned();
    let nic = nic.ok_or_else(|| Refusal::conflict(format!("server {} has no nic without public ip", found.name)))?;
    if let Some(address) = scene.region.public_ips.get_mut(id) {
        address.network_interface = Some(nic);
    }
    scene.touch(Kind::Server, server);
    Ok(Answered::accepted())
}

/// `RemovePublicIpFromServer`. Source of the message: `iaas.v2.json`, ServerOrPublicIPNotFound.
pub fn detach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, id) = (asked.id("serverId")?, asked.id("publicIpId")?);
    let absent = || Refusal::new(404, "ServerOrPublicIPNotFound");
    let nics = &scene.region.servers.get(server).ok_or_else(absent)?.nics;
    let address = scene.region.public_ips.get_mut(id).ok_or_else(absent)?;
    if !address.network_interface.as_ref().is_some_and(|nic| nics.contains(nic)) {
        return Err(absent());
    }
    address.network_interface = None;
    scene.touch(Kind::Server, server);
    Ok(Answered::no_content())
}
