//! Security groups and their rules, and which of them a server has.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::simulator::exchange::{Asked, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{
    IcmpParameters, Kind, Labels, Limits, PortRange, Protocol, Region, SecurityGroup, SecurityGroupRule, starting_rules,
};

/// Protocol names with their numbers. Source: `iaas.v2.json`, ProtocolName; numbers by IANA.
const PROTOCOLS: [(&str, i64); 22] = [
    ("ah", 51),
    ("dccp", 33),
    ("egp", 8),
    ("esp", 50),
    ("gre", 47),
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("ipv6-encap", 41),
    ("ipv6-frag", 44),
    ("ipv6-icmp", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("ipv6-route", 43),
    ("ospf", 89),
    ("pgm", 113),
    ("rsvp", 46),
    ("sctp", 132),
    ("tcp", 6),
    ("udp", 17),
    ("udplite", 136),
    ("vrrp", 112),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupView<'v> {
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'v str>,
    id: &'v str,
    labels: LabelsView<'v>,
    name: &'v str,
    rules: Vec<RuleView<'v>>,
    stateful: bool,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleView<'v> {
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'v str>,
    direction: &'v str,
    ethertype: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_parameters: Option<&'v IcmpParameters>,
    id: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_range: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_range: Option<&'v PortRange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'v Protocol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_security_group_id: Option<&'v str>,
    security_group_id: &'v str,
    updated_at: Option<DateTime<Utc>>,
}

fn rule_view<'v>(rule: &'v SecurityGroupRule, group: &'v SecurityGroup) -> RuleView<'v> {
    RuleView {
        created_at: rule.created_at,
        description: rule.description.as_deref(),
        direction: &rule.direction,
        ethertype: &rule.ethertype,
        icmp_parameters: rule.icmp_parameters.as_ref(),
        id: &rule.id,
        ip_range: rule.ip_range.as_deref(),
        port_range: rule.port_range.as_ref(),
        protocol: rule.protocol.as_ref(),
        remote_security_group_id: rule.remote_security_group_id.as_deref(),
        security_group_id: &group.id,
        updated_at: rule.created_at,
    }
}

impl<'v> From<&'v SecurityGroup> for GroupView<'v> {
    fn from(group: &'v SecurityGroup) -> Self {
        Self {
            created_at: group.created_at,
            description: group.description.as_deref(),
            id: &group.id,
            labels: &group.labels,
            name: &group.name,
            rules: group.rules.iter().map(|rule| rule_view(rule, group)).collect(),
            stateful: group.stateful,
            updated_at: group.updated_at,
        }
    }
}

/// `ListSecurityGroups`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let groups = scene.region.security_groups.iter().filter(|group| selector.matches(&group.labels));
    Ok(Answered::ok(&Items { items: groups.map(GroupView::from).collect() }))
}

/// `GetSecurityGroup`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("securityGroupId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    Ok(Answered::json(status, &GroupView::from(group(region, id)?)))
}

fn group<'w>(region: &'w Region, id: &str) -> Result<&'w SecurityGroup, Refusal> {
    region.security_groups.get(id).ok_or_else(|| Refusal::not_found(Kind::SecurityGroup))
}

#[derive(Deserialize)]
struct Wanted {
    name: Option<String>,
    description: Option<String>,
    labels: Option<Given>,
    stateful: Option<bool>,
}

/// `CreateSecurityGroup`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Wanted = asked.body()?;
    scene.afford(&Limits { security_groups: 1, security_group_rules: 4, ..Limits::NONE })?;
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    let name = wanted.name.unwrap_or_default();
    let id = scene.new_id(Kind::SecurityGroup, &name);
    let stamp = scene.stamp();
    scene.region.security_groups.insert(SecurityGroup {
        rules: starting_rules(scene.seed, &id, stamp),
        id: id.clone(),
        name,
        description: wanted.description,
        stateful: wanted.stateful.unwrap_or(true),
        labels,
        created_at: Some(stamp),
        updated_at: Some(stamp),
    });
    scene.touch(Kind::SecurityGroup, &id);
    shown(scene.region, &id, 201)
}

/// `UpdateSecurityGroup`; whether a group is stateful is fixed.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("securityGroupId")?;
    let wanted: Wanted = asked.body()?;
    let stamp = scene.stamp();
    let group = scene.region.security_groups.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::SecurityGroup))?;
    merge(&mut group.labels, wanted.labels.as_ref())?;
    if let Some(name) = wanted.name {
        group.name = name;
    }
    if wanted.description.is_some() {
        group.description = wanted.description;
    }
    group.updated_at = Some(stamp);
    scene.touch(Kind::SecurityGroup, id);
    shown(scene.region, id, 200)
}

/// `DeleteSecurityGroup`: not the default one, nor one that an interface has.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("securityGroupId")?;
    if group(scene.region, id)?.name == "default" {
        return Err(Refusal::conflict("the default security group cannot be deleted"));
    }
    if let Some(nic) = scene.region.nics.iter().find(|nic| nic.security_groups.iter().any(|group| group == id)) {
        return Err(Refusal::conflict(format!("security group {id} is in use by nic {}", nic.id)));
    }
    scene.region.security_groups.remove(id);
    scene.touch(Kind::SecurityGroup, id);
    Ok(Answered::no_content())
}

/// `ListSecurityGroupRules`.
pub fn list_rules(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let group = group(scene.region, asked.id("securityGroupId")?)?;
    Ok(Answered::ok(&Items { items: group.rules.iter().map(|rule| rule_view(rule, group)).collect() }))
}

/// `GetSecurityGroupRule`.
pub fn get_rule(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown_rule(scene.region, asked.id("securityGroupId")?, asked.id("securityGroupRuleId")?, 200)
}

fn shown_rule(region: &Region, group_id: &str, id: &str, status: u16) -> Result<Answered, Refusal> {
    let group = group(region, group_id)?;
    let rule = group.rules.iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(|| Refusal::not_found(Kind::SecurityGroupRule))?;
    Ok(Answered::json(status, &rule_view(rule, group)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedRule {
    direction: String,
    description: Option<String>,
    ethertype: Option<String>,
    protocol: Option<WantedProtocol>,
    port_range: Option<PortRange>,
    icmp_parameters: Option<IcmpParameters>,
    ip_range: Option<String>,
    remote_security_group_id: Option<String>,
}

/// Requests name or number a protocol directly; answers have an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum WantedProtocol {
    Number(i64),
    Name(String),
}

/// `CreateSecurityGroupRule`.
pub fn create_rule(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("securityGroupId")?;
    let wanted: WantedRule = asked.body()?;
    group(scene.region, id)?;
    let ethertype = wanted.ethertype.unwrap_or_else(|| "IPv4".into());
    for (name, value, allowed) in
        [("direction", &wanted.direction, ["ingress", "egress"]), ("ethertype", &ethertype, ["IPv4", "IPv6"])]
    {
        if !allowed.contains(&value.as_str()) {
            return Err(Refusal::schema(&format!("/{name}"), "value is not one of the allowed values"));
        }
    }
    if wanted.port_range.as_ref().is_some_and(|range| range.min > range.max) {
        return Err(Refusal::schema("/portRange", "min must not be greater than max"));
    }
    if let Some(remote) = &wanted.remote_security_group_id {
        group(scene.region, remote)?;
    }
    scene.afford(&Limits { security_group_rules: 1, ..Limits::NONE })?;
    let rule = SecurityGroupRule {
        id: scene.new_id(Kind::SecurityGroupRule, id),
        description: wanted.description,
        direction: wanted.direction,
        ethertype,
        protocol: wanted.protocol.map(protocol).transpose()?,
        // The whole range is the same as none, and answers leave it out.
        port_range: wanted.port_range.filter(|range| (range.min, range.max) != (0, 65_535)),
        icmp_parameters: wanted.icmp_parameters,
        ip_range: wanted.ip_range,
        remote_security_group_id: wanted.remote_security_group_id,
        created_at: Some(scene.now.trunc_subsecs(0)),
    };
    let rule_id = rule.id.clone();
    if let Some(group) = scene.region.security_groups.get_mut(id) {
        group.rules.push(rule);
    }
    scene.touch(Kind::SecurityGroup, id);
    shown_rule(scene.region, id, &rule_id, 201)
}

fn protocol(wanted: WantedProtocol) -> Result<Protocol, Refusal> {
    let known = |name: &str, number: i64| Protocol { name: Some(name.to_owned()), number: Some(number) };
    match wanted {
        WantedProtocol::Number(number) => Ok(PROTOCOLS
            .iter()
            .find(|(_, other)| *other == number)
            .map_or(Protocol { name: None, number: Some(number) }, |(name, number)| known(name, *number))),
        WantedProtocol::Name(name) => PROTOCOLS
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(name, number)| known(name, *number))
            .ok_or_else(|| Refusal::schema("/protocol", "value is not one of the allowed values")),
    }
}

/// `DeleteSecurityGroupRule`.
pub fn delete_rule(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (id, rule) = (asked.id("securityGroupId")?, asked.id("securityGroupRuleId")?);
    let group = scene.region.security_groups.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::SecurityGroup))?;
    let before = group.rules.len();
    group.rules.retain(|other| other.id != rule);
    if group.rules.len() == before {
        return Err(Refusal::not_found(Kind::SecurityGroupRule));
    }
    scene.touch(Kind::SecurityGroup, id);
    Ok(Answered::no_content())
}

/// `AddSecurityGroupToServer`: to all its interfaces.
pub fn attach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, id) = (asked.id("serverId")?, asked.id("securityGroupId")?);
    group(scene.region, id)?;
    for nic in nics(scene.region, server)? {
        if let Some(nic) = scene.region.nics.get_mut(&nic)
            && !nic.security_groups.iter().any(|group| group == id)
        {
            nic.security_groups.push(id.to_owned());
        }
    }
    scene.touch(Kind::Server, server);
    Ok(Answered::accepted())
}

/// `RemoveSecurityGroupFromServer`.
pub fn detach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, id) = (asked.id("serverId")?, asked.id("securityGroupId")?);
    group(scene.region, id)?;
    for nic in nics(scene.region, server)? {
        if let Some(nic) = scene.region.nics.get_mut(&nic) {
            nic.security_groups.retain(|group| group != id);
        }
    }
    scene.touch(Kind::Server, server);
    Ok(Answered::no_content())
}

fn nics(region: &Region, server: &str) -> Result<Vec<String>, Refusal> {
    Ok(region.servers.get(server).ok_or_else(|| Refusal::not_found(Kind::Server))?.nics.clone())
}
