//! What a server can be told to do: start, stop, reboot, deallocate, rescue, unrescue, resize.

use serde::Deserialize;

use crate::simulator::exchange::{Asked, Scene, bad_query};
use crate::simulator::wire::{Answered, Refusal};
use crate::simulator::world::{Kind, Limits, metro_zone};

/// `StartServer`: boots a stopped server, or finds a deallocated one a host again, if the quota has room for it.
pub fn start(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    act(scene, asked, "start")
}

/// `StopServer`.
pub fn stop(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    act(scene, asked, "stop")
}

/// `RebootServer`.
pub fn reboot(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    match asked.query("action") {
        None | Some("soft") => act(scene, asked, "reboot"),
        Some("hard") => act(scene, asked, "reboot hard"),
        Some(_) => Err(bad_query("action", "value is not one of the allowed values [\"soft\",\"hard\"]")),
    }
}

/// `DeallocateServer`.
pub fn deallocate(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    act(scene, asked, "deallocate")
}

#[derive(Deserialize)]
struct Rescue {
    image: String,
}

/// `RescueServer`.
pub fn rescue(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Rescue = asked.body()?;
    if !scene.region.images.contains(&wanted.image) {
        return Err(Refusal::not_found(Kind::Image));
    }
    act(scene, asked, "rescue")
}

/// `UnrescueServer`.
pub fn unrescue(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    act(scene, asked, "unrescue")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resize {
    machine_type: String,
}

/// `ResizeServer`: `RESIZING` is seen by at least one reader, however long that takes.
pub fn resize(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    let wanted: Resize = asked.body()?;
    scene.region.settle_unseen(id, scene.now);
    let server = scene.region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let (new, old) = (scene.machine_type(&wanted.machine_type)?, scene.machine_type(&server.machine_type)?);
    if new.name == old.name {
        return Err(Refusal::bad("machine type is not valid"));
    }
    let more = Limits { vcpu: new.vcpus - old.vcpus, ram: new.ram - old.ram, ..Limits::NONE };
    scene.afford(&more)?;
    let begin = scene.begin(Kind::Server, "resize").changing(wanted.machine_type);
    scene.start(|region| &mut region.servers, id, begin)?;
    Ok(Answered::accepted())
}

fn act(scene: &mut Scene, asked: &Asked, action: &str) -> Result<Answered, Refusal> {
    let id = asked.id("serverId")?;
    scene.region.settle_unseen(id, scene.now);
    let server = scene.region.servers.get(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    let begin = scene.begin(Kind::Server, action);
    let finds_host = server.status == "DEALLOCATED" && begin.row.accepts("DEALLOCATED");
    if finds_host {
        let machine = scene.machine_type(&server.machine_type)?;
        scene.afford(&Limits { vcpu: machine.vcpus, ram: machine.ram, ..Limits::NONE })?;
    }
    scene.start(|region| &mut region.servers, id, begin)?;
    if finds_host {
        let zone = metro_zone(scene.region_name);
        let volumes = &scene.region.volumes;
        if let Some(server) = scene.region.servers.get_mut(id) {
            let boot = server.boot_volume.as_ref().and_then(|boot| volumes.get(&boot.id));
            server.availability_zone = Some(boot.map_or(zone, |volume| volume.availability_zone.clone()));
        }
    }
    Ok(Answered::accepted())
}
