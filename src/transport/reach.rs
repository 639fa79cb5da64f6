//! What a change reaches beside the objects that its path names: those that its body names, those that go along, those
//! that lose something by it.

use serde_json::Value;

use crate::catalog::{self, Operation};
use crate::error::Kind;
use crate::policy::{Mention, ObjectFacts, Role};
use crate::transport::client::{Inner, LOOK_TIME};
use crate::transport::delivery::Delivery;
use crate::transport::neighbours::with_path_of;
use crate::transport::pages::items_of;
use crate::transport::request::Prepared;
use crate::transport::sightings::{place_of, shows_labels};
use crate::transport::subject::{Look, Naming, home_operation, kind_of, list_of_named, servers_module};
use crate::transport::{Call, Error, Knowledge, Payload, Touched};

/// Deletes a server, and the volumes that go with it.
const DELETE_SERVER: &str = "delete_server";
/// Deletes a volume, and its snapshots if that is asked for by this parameter.
const DELETE_VOLUME: &str = "delete_volume";
const CASCADE: &str = "cascade";
/// Lists the snapshots of the project, each with its volume.
const LIST_SNAPSHOTS: &str = "list_snapshots_in_project";
/// Takes a server off a network, and deletes its network interfaces there.
const REMOVE_NETWORK: &str = "remove_network_from_server";
/// Lists the network interfaces of a server, each with its network.
const LIST_NICS: &str = "list_server_nics";
/// Lists the volumes of a server, each with whether it goes with it.
const LIST_ATTACHMENTS: &str = "list_attached_volumes";
/// Writes a backup back to its volume.
const RESTORE: &str = "restore_backup";
/// Operations of IaaS that lead a public IP elsewhere, or nowhere.
const LEADING_AWAY: [&str; 3] = ["add_public_ip_to_server", "update_public_ip", "delete_public_ip"];
/// Those that take a network interface off its server.
const TAKING_OFF: [&str; 2] = ["add_nic_to_server", "delete_nic"];

/// The objects that a change reaches, and how; none twice, and none that its path names.
struct Reached<'c> {
    client: &'c Inner,
    call: &'c Call,
    prepared: &'c Prepared,
    look: Look,
    named: &'c [Touched],
    found: Vec<(Role, Touched)>,
}

impl Inner {
    /// What a change reaches beside the objects that its path names.
    pub(super) async fn reach(
        &self,
        call: &Call,
        prepared: &Prepared,
        named: &[Touched],
        look: Look,
    ) -> Vec<(Role, Touched)> {
        let mut reached = Reached { client: self, call, prepared, look, named, found: Vec::new() };
        reached.by_the_body().await;
        reached.along().await;
        reached.robbed().await;
        reached.found
    }
}

impl Reached<'_> {
    /// Adds an object; `None` if it is there already.
    async fn add(&mut self, role: Role, parameter: &str, id: &str) -> Option<&Touched> {
        if self.is_there(&kind_of(parameter), id) {
            return None;
        }
        let touched = self.client.touched(self.call, self.prepared, Naming::Body(parameter), id, self.look).await;
        self.found.push((role, touched));
        self.found.last().map(|(_, touched)| touched)
    }

    fn keep(&mut self, role: Role, touched: Touched) {
        if !self.is_there(&touched.kind, &touched.id) {
            self.found.push((role, touched));
        }
    }

    fn is_there(&self, kind: &str, id: &str) -> bool {
        let found = self.found.iter().map(|(_, touched)| touched);
        self.named.iter().chain(found).any(|other| other.kind == kind && other.id.eq_ignore_ascii_case(id))
    }

    async fn by_the_body(&mut self) {
        let Payload::Json(body) = &self.call.payload else { return };
        for mention in Mention::of(self.call.operation) {
            let Some(role) = mention.role else { continue };
            for id in mention.ids(body) {
                if uuid::Uuid::try_parse(id).is_err() && mention.parameter == "securityGroupId" {
                    self.groups_called(role, id).await;
                } else if mention.parameter == "nicId" {
                    self.nic(id).await;
                } else {
                    let taken = self.add(role, mention.parameter, id).await.filter(|_| role == Role::Taken);
                    // The server that a volume is taken from.
                    let server = taken.filter(|taken| taken.kind == "volume").and_then(server_of);
                    if let Some(server) = server {
                        self.add(Role::Robbed, "serverId", &server).await;
                    }
                }
            }
        }
    }

    /// A network interface that a body takes; where it is a server's already, it is the server that is changed.
    async fn nic(&mut self, id: &str) {
        let touched = self.client.touched(self.call, self.prepared, Naming::Body("nicId"), id, self.look).await;
        let server = device_of(&touched);
        self.keep(if server.is_some() { Role::Entered } else { Role::Taken }, touched);
        if let Some(server) = server {
            self.add(Role::Taken, "serverId", &server).await;
        }
    }

    /// Security groups by their name, of which there may be several.
    async fn groups_called(&mut self, role: Role, name: &str) {
        const KIND: &str = "security group";
        let listed = match (self.look, list_of_named(self.call, "securityGroupId")) {
            (Look::Up, Some(list)) => self.listed(list).await,
            _ => return,
        };
        match listed {
            Ok((place, groups)) => {
                for facts in groups.into_iter().filter(|facts| facts.name.as_deref() == Some(name)) {
                    let id = facts.id.clone().unwrap_or_default();
                    let (place, knowledge) = (Some(format!("{place}/{id}")), Knowledge::Known(facts.into()));
                    self.keep(role, Touched { kind: KIND.to_owned(), id, place, knowledge });
                }
            }
            Err(error) => {
                let knowledge = Knowledge::Unreadable(Box::new(error));
                self.keep(role, Touched { kind: KIND.to_owned(), id: name.to_owned(), place: None, knowledge });
            }
        }
    }

    /// The objects of a list, and where it is.
    async fn listed(&self, mut list: Call) -> Result<(String, Vec<ObjectFacts>), Error> {
        list.target = self.prepared.target.clone();
        list.time_limit = Some(LOOK_TIME);
        let read = Prepared::new(&list, &self.client.endpoints, &self.client.uploads)?;
        let answer = Delivery::new(self.client, &list, &read).run().await?;
        let body: Value = answer.json(list.operation)?;
        let objects = items_of(list.operation, &body).iter().filter_map(Value::as_object);
        Ok((place_of(&read), objects.map(ObjectFacts::of).collect()))
    }

    /// What shares the fate of the object that the path names.
    async fn along(&mut self) {
        let operation = self.call.operation;
        // Source: `RestoreBackup` of the IaaS document.
        if operation.name == RESTORE
            && let Some(volume) = self.last_facts().and_then(|facts| facts.volume_id.clone())
        {
            self.add(Role::Along, "volumeId", &volume).await;
        }
        if operation.name == DELETE_VOLUME && self.look == Look::Up && self.asks_for(CASCADE) {
            self.snapshots_that_go_along().await;
        }
        if operation.name == REMOVE_NETWORK && self.look == Look::Up {
            self.interfaces_that_go_along().await;
        }
        if operation.name != DELETE_SERVER || self.look != Look::Up {
            return;
        }
        match self.volumes_that_go_along().await {
            Ok(volumes) => {
                for volume in volumes {
                    self.add(Role::Deleted, "volumeId", &volume).await;
                }
            }
            // That it is gone is the API's to say.
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => {
                let id = self.named.last().map(|server| server.id.clone()).unwrap_or_default();
                let knowledge = Knowledge::Unreadable(Box::new(error));
                self.keep(Role::Deleted, Touched { kind: "volume".to_owned(), id, place: None, knowledge });
            }
        }
    }

    /// Whether an optional parameter is given and not `false`.
    fn asks_for(&self, parameter: &str) -> bool {
        let given = self.call.parameters.get(parameter).filter(|value| **value != Value::Null);
        given.is_some_and(|value| catalog::plain_text(value) != "false")
    }

    /// The snapshots that are deleted with their volume.
    ///
    /// Source: `cascade` of `DeleteVolume` in the IaaS document.
    async fn snapshots_that_go_along(&mut self) {
        let Some(volume) = self.named.last().map(|volume| volume.id.clone()) else { return };
        let is_of = |facts: &ObjectFacts| facts.volume_id.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(&volume));
        self.listed_that_go_along("snapshot", LIST_SNAPSHOTS, is_of).await;
    }

    /// The network interfaces that a server loses with a network.
    ///
    /// Source: `RemoveNetworkFromServer` of the IaaS document.
    async fn interfaces_that_go_along(&mut self) {
        let Some(network) = self.named.last().map(|network| network.id.clone()) else { return };
        let is_of =
            |facts: &ObjectFacts| facts.network_id.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(&network));
        self.listed_that_go_along("nic", LIST_NICS, is_of).await;
    }

    /// Adds those objects of a list that are deleted along; what cannot be read is told as such.
    async fn listed_that_go_along(&mut self, kind: &str, list: &str, is_meant: impl Fn(&ObjectFacts) -> bool) {
        let Some(list) = catalog::operation(servers_module(self.call.operation), list) else { return };
        let place_of_one = |name: &str, id: &str| {
            let home = home_operation(self.call.operation, Naming::Body(name), |_| false)?;
            let one = with_path_of(self.call, home).with(name, id);
            let read = Prepared::new(
                &Call { target: self.prepared.target.clone(), ..one },
                &self.client.endpoints,
                &self.client.uploads,
            );
            read.ok().map(|read| place_of(&read))
        };
        match self.listed(with_path_of(self.call, list)).await {
            Ok((_, objects)) => {
                for facts in objects.into_iter().filter(is_meant) {
                    let id = facts.id.clone().unwrap_or_default();
                    let place = place_of_one(&format!("{kind}Id"), &id);
                    let knowledge = Knowledge::Known(facts.into());
                    self.keep(Role::Deleted, Touched { kind: kind.to_owned(), id, place, knowledge });
                }
            }
            // That it is gone is the API's to say.
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => {
                let id = self.named.last().map(|named| named.id.clone()).unwrap_or_default();
                let knowledge = Knowledge::Unreadable(Box::new(error));
                self.keep(Role::Deleted, Touched { kind: kind.to_owned(), id, place: None, knowledge });
            }
        }
    }

    /// The volumes that are deleted with the server that they are attached to.
    ///
    /// Source: `deleteOnTermination` of `VolumeAttachment` in the IaaS document.
    async fn volumes_that_go_along(&self) -> Result<Vec<String>, Error> {
        let module = servers_module(self.call.operation);
        let Some(list) = catalog::operation(module, LIST_ATTACHMENTS) else { return Ok(Vec::new()) };
        let mut list = with_path_of(self.call, list);
        list.target = self.prepared.target.clone();
        list.time_limit = Some(LOOK_TIME);
        let read = Prepared::new(&list, &self.client.endpoints, &self.client.uploads)?;
        let answer = Delivery::new(self.client, &list, &read).run().await?;
        let body: Value = answer.json(list.operation)?;
        let goes_along = |attachment: &&Value| attachment["deleteOnTermination"].as_bool().unwrap_or(true);
        let attachments = items_of(list.operation, &body).iter().filter(goes_along);
        Ok(attachments.filter_map(|attachment| attachment["volumeId"].as_str().map(str::to_owned)).collect())
    }

    /// What loses something: the server that a public IP led to, that a network interface or a volume was of, the
    /// security group that an interface leaves.
    async fn robbed(&mut self) {
        let operation = self.call.operation;
        if operation.module.split('/').next() != Some("iaas") {
            return;
        }
        let Some(facts) = self.last_facts().cloned() else { return };
        let sent = match &self.call.payload {
            Payload::Json(body) => Some(body),
            Payload::Empty | Payload::Bytes(_) => None,
        };
        let sends = |field: &str| sent.is_some_and(|body| body.get(field).is_some());
        if LEADING_AWAY.contains(&operation.name)
            && (operation.name != "update_public_ip" || sends("networkInterface"))
            && let Some(nic) = facts.network_interface.filter(|nic| !nic.is_empty())
        {
            let is_still = sent.and_then(|body| body.get("networkInterface")?.as_str()) == Some(nic.as_str());
            let nic = if is_still { None } else { self.add(Role::Entered, "nicId", &nic).await };
            if let Some(server) = nic.and_then(device_of) {
                self.add(Role::Robbed, "serverId", &server).await;
            }
        } else if TAKING_OFF.contains(&operation.name)
            && let Some(server) = facts.device.filter(|server| !server.is_empty())
        {
            self.add(Role::Robbed, "serverId", &server).await;
        } else if operation.name == "add_volume_to_server"
            && let Some(server) = facts.server_id.filter(|server| !server.is_empty())
        {
            self.add(Role::Robbed, "serverId", &server).await;
        } else if operation.name == "update_nic" && sends("securityGroups") {
            for group in facts.security_groups {
                self.add(Role::Entered, "securityGroupId", &group).await;
            }
        }
    }

    /// What is known of the last object that the path names.
    fn last_facts(&self) -> Option<&ObjectFacts> {
        self.named.last()?.facts()
    }
}

/// The server that a network interface is of.
fn device_of(nic: &Touched) -> Option<String> {
    nic.facts()?.device.clone().filter(|server| !server.is_empty())
}

/// The server that a volume is attached to.
fn server_of(volume: &Touched) -> Option<String> {
    volume.facts()?.server_id.clone().filter(|server| !server.is_empty())
}

/// What is read before a change for what its path leads to.
pub(super) fn reads_along(change: &'static Operation) -> Vec<&'static Operation> {
    if !change.module.starts_with("iaas") {
        return Vec::new();
    }
    let mut parameters = Vec::new();
    if LEADING_AWAY.contains(&change.name) {
        parameters.extend(["nicId", "serverId"]);
    }
    if TAKING_OFF.contains(&change.name) || change.name == "add_volume_to_server" {
        parameters.push("serverId");
    }
    if change.name == RESTORE || change.name == DELETE_SERVER {
        parameters.push("volumeId");
    }
    let mut reads = homes(change, &parameters);
    if change.name == DELETE_SERVER {
        reads.extend(catalog::operation(servers_module(change), LIST_ATTACHMENTS));
    }
    if change.name == REMOVE_NETWORK {
        reads.extend(catalog::operation(servers_module(change), LIST_NICS));
    }
    reads
}

/// What may be read before a change for what its body names, or a parameter takes along.
pub(super) fn reads_of_named(change: &'static Operation) -> Vec<&'static Operation> {
    let mut parameters: Vec<&str> =
        Mention::of(change).filter(|mention| mention.role.is_some()).map(|mention| mention.parameter).collect();
    let leads_to_servers = parameters.iter().any(|parameter| ["nicId", "volumeId"].contains(parameter));
    if leads_to_servers {
        parameters.push("serverId");
    }
    let mut reads = homes(change, &parameters);
    if change.name == "create_server" {
        reads.extend(catalog::operation(servers_module(change), "list_security_groups"));
    }
    if change.name == DELETE_VOLUME {
        reads.extend(catalog::operation(servers_module(change), LIST_SNAPSHOTS));
    }
    reads
}

fn homes(change: &'static Operation, parameters: &[&str]) -> Vec<&'static Operation> {
    let home = |parameter: &&str| home_operation(change, Naming::Body(parameter), |_| false);
    parameters.iter().filter_map(home).filter(|home| shows_labels(home)).collect()
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
