//! The service account of a server.

use crate::simulator::exchange::{Asked, Scene};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Kind, Region};

/// `ListServerServiceAccounts`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    mails(scene.region, asked.id("serverId")?, 200)
}

fn mails(region: &Region, server: &str, status: u16) -> Result<Answered, Refusal> {
    let server = region.servers.get(server).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    Ok(Answered::json(status, &Items { items: server.service_account_mails.iter().collect() }))
}

/// `AddServiceAccountToServer`: a server takes one at most.
pub fn add(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (id, mail) = (asked.id("serverId")?, asked.path("serviceAccountMail"));
    let server = scene.region.servers.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    match server.service_account_mails.first() {
        Some(other) if other != mail => {
            return Err(Refusal::conflict(format!("server {} has the service account {other}", server.name)));
        }
        Some(_) => {}
        None => server.service_account_mails.push(mail.to_owned()),
    }
    scene.touch(Kind::Server, id);
    mails(scene.region, id, 201)
}

/// `RemoveServiceAccountFromServer`.
pub fn remove(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (id, mail) = (asked.id("serverId")?, asked.path("serviceAccountMail"));
    let server = scene.region.servers.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Server))?;
    if !server.service_account_mails.iter().any(|other| other == mail) {
        return Err(Refusal::new(404, "service account not found"));
    }
    server.service_account_mails.retain(|other| other != mail);
    scene.touch(Kind::Server, id);
    mails(scene.region, id, 200)
}
