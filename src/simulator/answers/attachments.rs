//! Which volumes are attached to a server.

use serde::{Deserialize, Serialize};

use crate::simulator::exchange::{Asked, Scene};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Kind, Region, Volume};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentView<'v> {
    delete_on_termination: bool,
    server_id: &'v str,
    volume_id: &'v str,
}

fn view<'v>(volume: &'v Volume, server: &'v str) -> AttachmentView<'v> {
    AttachmentView { delete_on_termination: volume.delete_on_termination, server_id: server, volume_id: &volume.id }
}

/// `ListAttachedVolumes`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    let server = scene.region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let volumes = server.volumes.iter().filter_map(|volume| scene.region.volumes.get(volume));
    Ok(Answered::ok(&Items { items: volumes.map(|volume| view(volume, id)).collect() }))
}

/// `GetAttachedVolume`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, volume) = ids(scene.region, asked)?;
    Ok(Answered::ok(&view(attached(scene.region, server, volume)?, server)))
}

fn ids<'a>(region: &Region, asked: &'a Asked) -> Result<(&'a str, &'a str), Refusal> {
    let (server, volume) = (asked.id("serverId")?, asked.id("volumeId")?);
    if region.servers.contains(server) { Ok((server, volume)) } else { Err(Refusal::not_found(Kind::Server)) }
}

fn attached<'w>(region: &'w Region, server: &str, volume: &str) -> Result<&'w Volume, Refusal> {
    let found = region.volumes.get(volume).filter(|found| found.server_id.as_deref() == Some(server));
    found.ok_or_else(|| Refusal::new(404, "volume attachment not found"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    delete_on_termination: Option<bool>,
}

/// `AddVolumeToServer`: a volume is attached to one server at a time, in a zone that the server can reach.
pub fn attach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, volume) = ids(scene.region, asked)?;
    let wanted: Wanted = asked.body()?;
    let found = scene.region.volumes.get(volume).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    if let Some(other) = &found.server_id {
        return Err(Refusal::conflict(format!("volume {volume} is attached to server {other}")));
    }
    let status = scene.region.servers.get(server).map(|server| server.status.clone()).unwrap_or_default();
    if !["ACTIVE", "INACTIVE", "DEALLOCATED", "PAUSED"].contains(&&*status) {
        return Err(Refusal::conflict(format!("server {server} is in status {status}")));
    }
    let begin = scene.begin(Kind::Volume, "attach");
    scene.start(|region| &mut region.volumes, volume, begin)?;
    if let Some(found) = scene.region.volumes.get_mut(volume) {
        found.server_id = Some(server.to_owned());
        found.delete_on_termination = wanted.delete_on_termination.unwrap_or(false);
    }
    if let Some(found) = scene.region.servers.get_mut(server) {
        found.volumes.push(volume.to_owned());
    }
    Ok(Answered::accepted_with(&view(attached(scene.region, server, volume)?, server)))
}

/// `UpdateAttachedVolume`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, volume) = ids(scene.region, asked)?;
    let wanted: Wanted = asked.body()?;
    attached(scene.region, server, volume)?;
    if let (Some(found), Some(goes)) = (scene.region.volumes.get_mut(volume), wanted.delete_on_termination) {
        found.delete_on_termination = goes;
    }
    scene.touch(Kind::Volume, volume);
    Ok(Answered::ok(&view(attached(scene.region, server, volume)?, server)))
}

/// `RemoveVolumeFromServer`: the boot volume only while the server does not run.
pub fn detach(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (server, volume) = ids(scene.region, asked)?;
    attached(scene.region, server, volume)?;
    if let Some(found) = scene.region.servers.get(server)
        && found.boot_volume.as_ref().is_some_and(|boot| boot.id == volume)
        && !["INACTIVE", "DEALLOCATED", "ERROR"].contains(&&*found.status)
    {
        return Err(Refusal::conflict(format!("volume {volume} is the boot volume of server {}", found.name)));
    }
    let begin = scene.begin(Kind::Volume, "detach");
    scene.start(|region| &mut region.volumes, volume, begin)?;
    Ok(Answered::no_content())
}
