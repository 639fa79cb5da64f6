//! The project's requests: what an `X-Request-Id` of a change leads to.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use super::wire::{Answered, Refusal};
use super::world::{Kind, Region};

/// How many requests are remembered.
const MOST: usize = 20_000;

/// The changes that were asked for.
#[derive(Debug, Default)]
pub struct Requests {
    entries: HashMap<String, Entry>,
    order: VecDeque<String>,
}

#[derive(Debug)]
struct Entry {
    project: String,
    region: String,
    action: Action,
    objects: Vec<(Kind, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Update,
    Delete,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestView<'v> {
    request_action: &'static str,
    request_id: &'v str,
    request_type: &'static str,
    resources: Vec<ResourceView<'v>>,
    status: &'static str,
}

#[derive(Serialize)]
struct ResourceView<'v> {
    id: &'v str,
    status: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Requests {
    /// Remembers a request that changes objects. Attaching and detaching are updates of what is attached.
    pub fn note(&mut self, id: &str, operation: &str, project: &str, region: &str, objects: Vec<(Kind, String)>) {
        if objects.is_empty() {
            return;
        }
        let action = if operation.starts_with("create_") || operation == "image_from_volume" {
            Action::Create
        } else if operation.starts_with("delete_") {
            Action::Delete
        } else {
            Action::Update
        };
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(id.to_owned());
        let entry = Entry { project: project.to_owned(), region: region.to_owned(), action, objects };
        self.entries.insert(id.to_owned(), entry);
    }

    /// Answers `GetProjectRequest`: the status is that of the objects now.
    pub fn answer(&self, id: &str, project: &str, name: &str, region: &Region) -> Result<Answered, Refusal> {
        let entry = self.entries.get(id).filter(|entry| entry.project == project && entry.region == name);
        let entry = entry.ok_or_else(|| Refusal::new(404, "request not found"))?;
        let resources: Vec<_> = entry
            .objects
            .iter()
            .map(|(kind, id)| ResourceView {
                id,
                status: entry.action.status(region, *kind, id),
                kind: kind.request_type(),
            })
            .collect();
        let status = overall(&resources);
        Ok(Answered::ok(&RequestView {
            request_action: entry.action.word(),
            request_id: id,
            request_type: entry.objects[0].0.request_type(),
            resources,
            status,
        }))
    }
}

/// A request is as far as the least advanced of its objects.
fn overall(resources: &[ResourceView]) -> &'static str {
    let first =
        |wanted: fn(&str) -> bool| resources.iter().map(|resource| resource.status).find(|status| wanted(status));
    first(|status| status == "FAILED")
        .or_else(|| first(|status| status.ends_with("ING")))
        .or_else(|| resources.first().map(|resource| resource.status))
        .unwrap_or("CREATED")
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    fn status(self, region: &Region, kind: Kind, id: &str) -> &'static str {
        let state = state(region, kind, id);
        match (self, state) {
            (_, State::Failed) => "FAILED",
            (Self::Create, State::Moving) => "CREATING",
            (Self::Create, State::AtRest | State::Gone) => "CREATED",
            (Self::Update, State::Moving) => "UPDATING",
            (Self::Update, State::AtRest | State::Gone) => "UPDATED",
            (Self::Delete, State::Moving | State::AtRest) => "DELETING",
            (Self::Delete, State::Gone) => "DELETED",
        }
    }
}

enum State {
    Moving,
    AtRest,
    Failed,
    Gone,
}

fn state(region: &Region, kind: Kind, id: &str) -> State {
    let found = match kind {
        Kind::Server => region.servers.get(id).map(|found| (&found.status, found.pending.is_some())),
        Kind::Volume => region.volumes.get(id).map(|found| (&found.status, found.pending.is_some())),
        Kind::Snapshot => region.snapshots.get(id).map(|found| (&found.status, found.pending.is_some())),
        Kind::Backup => region.backups.get(id).map(|found| (&found.status, found.pending.is_some())),
        Kind::Image => region.images.get(id).map(|found| (&found.status, found.pending.is_some())),
        Kind::Network => region.networks.get(id).map(|found| (&found.status, found.pending.is_some())),
        Kind::Nic => return at_rest(region.nics.contains(id)),
        Kind::PublicIp => return at_rest(region.public_ips.contains(id)),
        Kind::SecurityGroup => return at_rest(region.security_groups.contains(id)),
        Kind::AffinityGroup => return at_rest(region.affinity_groups.contains(id)),
        Kind::SecurityGroupRule | Kind::Project => return State::Gone,
    };
    match found {
        None => State::Gone,
        Some((_, true)) => State::Moving,
        Some((status, false)) if status.starts_with("ERROR") || *status == "FAILED" => State::Failed,
        Some((_, false)) => State::AtRest,
    }
}

fn at_rest(is_there: bool) -> State {
    if is_there { State::AtRest } else { State::Gone }
}
