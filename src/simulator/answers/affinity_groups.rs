//! Affinity groups: list, get, create, delete.

use serde::{Deserialize, Serialize};

use crate::simulator::exchange::{Asked, Scene};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{AffinityGroup, Kind, Region};

/// The policies. Source: `iaas.v2.json`, AffinityGroupPolicy.
const POLICIES: [&str; 4] = ["hard-affinity", "soft-affinity", "hard-anti-affinity", "soft-anti-affinity"];

#[derive(Serialize)]
struct GroupView<'v> {
    id: &'v str,
    members: Vec<&'v str>,
    name: &'v str,
    policy: &'v str,
}

fn view<'v>(group: &'v AffinityGroup, region: &'v Region) -> GroupView<'v> {
    let members = region.servers.iter().filter(|server| server.affinity_group.as_ref() == Some(&group.id));
    GroupView {
        id: &group.id,
        members: members.map(|server| server.id.as_str()).collect(),
        name: &group.name,
        policy: &group.policy,
    }
}

/// `ListAffinityGroups`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    asked.selector()?;
    let region = &*scene.region;
    Ok(Answered::ok(&Items { items: region.affinity_groups.iter().map(|group| view(group, region)).collect() }))
}

/// `GetAffinityGroup`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("affinityGroupId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let group = region.affinity_groups.get(id).ok_or_else(|| Refusal::not_found(Kind::AffinityGroup))?;
    Ok(Answered::json(status, &view(group, region)))
}

#[derive(Deserialize)]
struct Create {
    name: String,
    policy: String,
}

/// `CreateAffinityGroup`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Create = asked.body()?;
    if !POLICIES.contains(&wanted.policy.as_str()) {
        return Err(Refusal::bad("The affinity group policy is not supported"));
    }
    let id = scene.new_id(Kind::AffinityGroup, &wanted.name);
    let group = AffinityGroup { id: id.clone(), name: wanted.name, policy: wanted.policy };
    scene.region.affinity_groups.insert(group);
    scene.touch(Kind::AffinityGroup, &id);
    shown(scene.region, &id, 201)
}

/// `DeleteAffinityGroup`; its members stay.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("affinityGroupId")?;
    scene.region.affinity_groups.remove(id).ok_or_else(|| Refusal::not_found(Kind::AffinityGroup))?;
    for server in scene.region.servers.iter_mut().filter(|server| server.affinity_group.as_deref() == Some(id)) {
        server.affinity_group = None;
    }
    scene.touch(Kind::AffinityGroup, id);
    Ok(Answered::no_content())
}
