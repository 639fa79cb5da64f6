//! Networks: list, get, create, update, delete. IPv6, routing tables and VPCs are not modelled.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::exchange::{Asked, Change, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::state::unmodelled_part;
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Kind, Labels, Limits, Network, Region, parse_prefix};

/// The length of a network's prefix where none is given. Source: `iaas.v2.json`, AreaDefaultPrefixLengthIPv4.
const DEFAULT_LENGTH: u32 = 25;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NetworkView<'v> {
    created_at: Option<DateTime<Utc>>,
    dhcp: bool,
    id: &'v str,
    ipv4: Ipv4View<'v>,
    labels: LabelsView<'v>,
    name: &'v str,
    routed: bool,
    status: &'v str,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ipv4View<'v> {
    /// `null` where the network has none.
    gateway: Option<&'v str>,
    nameservers: &'v [String],
    prefixes: [&'v str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip: Option<&'v str>,
}

impl<'v> From<&'v Network> for NetworkView<'v> {
    fn from(network: &'v Network) -> Self {
        Self {
            created_at: network.created_at,
            dhcp: network.dhcp,
            id: &network.id,
            ipv4: Ipv4View {
                gateway: network.gateway.as_deref(),
                nameservers: &network.nameservers,
                prefixes: [&network.prefix],
                public_ip: network.public_ip.as_deref(),
            },
            labels: &network.labels,
            name: &network.name,
            routed: network.routed,
            status: &network.status,
            updated_at: network.updated_at,
        }
    }
}

/// `ListNetworks`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let networks = scene.region.networks.iter().filter(|network| selector.matches(&network.labels));
    Ok(Answered::ok(&Items { items: networks.map(NetworkView::from).collect() }))
}

/// `GetNetwork`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("networkId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let network = region.networks.get(id).ok_or_else(|| Refusal::not_found(Kind::Network))?;
    Ok(Answered::json(status, &NetworkView::from(network)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: Option<String>,
    dhcp: Option<bool>,
    routed: Option<bool>,
    ipv4: Option<Ipv4>,
    ipv6: Option<Value>,
    labels: Option<Given>,
    routing_table_id: Option<String>,
    vpc_id: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Ipv4 {
    prefix: Option<String>,
    prefix_length: Option<u32>,
    /// Absent: the first address. `null`: none.
    #[serde(default)]
    gateway: Change,
    nameservers: Option<Vec<String>>,
    vpc_network_range_id: Option<String>,
}

impl Wanted {
    fn check_modelled(&self) -> Result<(), Refusal> {
        let range = self.ipv4.as_ref().and_then(|ipv4| ipv4.vpc_network_range_id.as_ref());
        let what = if self.ipv6.is_some() {
            "IPv6 networks"
        } else if self.routing_table_id.is_some() {
            "routing tables"
        } else if self.vpc_id.is_some() || range.is_some() {
            "VPCs"
        } else {
            return Ok(());
        };
        Err(unmodelled_part(what))
    }
}

/// `CreateNetwork`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    add(scene, asked, true)
}

/// `CreateIsolatedNetwork`.
pub fn create_isolated(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    add(scene, asked, false)
}

fn add(scene: &mut Scene, asked: &Asked, is_routed: bool) -> Result<Answered, Refusal> {
    let wanted: Wanted = asked.body()?;
    wanted.check_modelled()?;
    scene.afford(&Limits { networks: 1, ..Limits::NONE })?;
    let ipv4 = wanted.ipv4.unwrap_or_default();
    let prefix = match ipv4.prefix {
        Some(prefix) => given_prefix(scene.region, prefix)?,
        None => free_prefix(scene.region, ipv4.prefix_length.unwrap_or(DEFAULT_LENGTH))?,
    };
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    let name = wanted.name.unwrap_or_default();
    let id = scene.new_id(Kind::Network, &name);
    let network = Network {
        id: id.clone(),
        name,
        routed: is_routed && wanted.routed.unwrap_or(true),
        dhcp: wanted.dhcp.unwrap_or(true),
        gateway: ipv4.gateway.of(first_address(&prefix)),
        prefix,
        nameservers: ipv4.nameservers.unwrap_or_default(),
        labels,
        created_at: Some(scene.stamp()),
        ..Network::default()
    };
    let begin = scene.begin(Kind::Network, "create");
    scene.add(|region| &mut region.networks, network, begin);
    shown(scene.region, &id, 202)
}

/// The first address of a prefix.
fn first_address(prefix: &str) -> Option<String> {
    parse_prefix(prefix).map(|(base, _)| std::net::Ipv4Addr::from(base + 1).to_string())
}

fn given_prefix(region: &Region, prefix: String) -> Result<String, Refusal> {
    let Some(range) = parse_prefix(&prefix) else { return Err(Refusal::bad("prefix is not valid")) };
    match region.networks.iter().find(|other| parse_prefix(&other.prefix).is_some_and(|other| overlap(range, other))) {
        Some(other) => Err(Refusal::conflict(format!("prefix {prefix} overlaps with network {}", other.name))),
        None => Ok(prefix),
    }
}

fn free_prefix(region: &Region, length: u32) -> Result<String, Refusal> {
    let used: Vec<(u32, u32)> = region.networks.iter().filter_map(|other| parse_prefix(&other.prefix)).collect();
    let step = 1_u32.checked_shl(32 - length).unwrap_or(0);
    let mut base = u32::from_be_bytes([10, 0, 0, 0]);
    while step > 0 && base.to_be_bytes()[0] == 10 {
        match used.iter().find(|other| overlap((base, length), **other)) {
            None => return Ok(format!("{}/{length}", std::net::Ipv4Addr::from(base))),
            // Behind the network that is in the way, at the next multiple of the step.
            Some((other, bits)) => {
                let end = other.saturating_add(1_u32.checked_shl(32 - bits).unwrap_or(u32::MAX));
                base = end.max(base.saturating_add(1)).div_ceil(step).saturating_mul(step);
            }
        }
    }
    Err(Refusal::conflict("no free prefix of this length is left"))
}

fn overlap((base, bits): (u32, u32), (other, other_bits): (u32, u32)) -> bool {
    let mask = u32::MAX << (32 - bits.min(other_bits));
    base & mask == other & mask
}

/// `PartialUpdateNetwork`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("networkId")?;
    let wanted: Wanted = asked.body()?;
    wanted.check_modelled()?;
    let network = scene.region.networks.get(id).ok_or_else(|| Refusal::not_found(Kind::Network))?;
    let mut labels = network.labels.clone();
    merge(&mut labels, wanted.labels.as_ref())?;
    let begin = scene.begin(Kind::Network, "update");
    scene.start(|region| &mut region.networks, id, begin)?;
    let network = scene.region.networks.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Network))?;
    network.labels = labels;
    network.name = wanted.name.unwrap_or_else(|| network.name.clone());
    network.dhcp = wanted.dhcp.unwrap_or(network.dhcp);
    network.routed = wanted.routed.unwrap_or(network.routed);
    if let Some(ipv4) = wanted.ipv4 {
        network.gateway = ipv4.gateway.of(network.gateway.take());
        if let Some(nameservers) = ipv4.nameservers {
            network.nameservers = nameservers;
        }
    }
    Ok(Answered::accepted())
}

/// `DeleteNetwork`: not while an interface is in it.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("networkId")?;
    let network = scene.region.networks.get(id).ok_or_else(|| Refusal::not_found(Kind::Network))?;
    if network.status == "DELETING" {
        scene.touch(Kind::Network, id);
        return Ok(Answered::accepted());
    }
    if let Some(nic) = scene.region.nics.iter().find(|nic| nic.network_id == id) {
        return Err(Refusal::conflict(format!("network {} is in use by nic {}", network.name, nic.id)));
    }
    let begin = scene.begin(Kind::Network, "delete");
    scene.start(|region| &mut region.networks, id, begin)?;
    Ok(Answered::accepted())
}
