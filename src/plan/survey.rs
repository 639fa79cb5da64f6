//! Reads what a world is made of.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value;

use crate::catalog::{self, Operation};
use crate::error::Kind;
use crate::simulator::world::LiveLists;
use crate::transport::{Call, Client, Error, Target};

/// What a project's region holds, as far as it was asked for and the credential may see it.
#[derive(Clone)]
pub(super) struct Survey {
    pub lists: LiveLists,
    /// The paths of the collections that could not be had, with the reasons.
    pub hidden: BTreeMap<String, String>,
    asked: BTreeSet<&'static str>,
}

/// How much of a region is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Servers, volumes and snapshots.
    Core,
    /// Everything.
    Whole,
}

impl Survey {
    /// Nothing of a region yet.
    pub fn of(target: &Target) -> Self {
        let lists = LiveLists {
            project: target.project.clone().unwrap_or_default(),
            region: target.region.clone().unwrap_or_default(),
            ..LiveLists::default()
        };
        Self { lists, hidden: BTreeMap::new(), asked: BTreeSet::new() }
    }

    /// Reads the lists that it lacks. What cannot be had is hidden, and hides nothing else.
    pub async fn read(&mut self, client: &Client, target: &Target, extent: Extent) {
        let names: Vec<&'static str> = match extent {
            Extent::Core => LiveLists::CORE.into_iter().chain(["list_quotas"]).collect(),
            Extent::Whole => LiveLists::OPERATIONS.into_iter().chain(["list_quotas"]).collect(),
        };
        let lacking = names.into_iter().filter(|name| self.asked.insert(name));
        let operations: Vec<&'static Operation> = lacking.filter_map(|name| catalog::operation("iaas", name)).collect();
        let calls = operations.iter().map(|operation| client.pages(Call::new(operation, target.clone())));
        for (operation, pages) in operations.iter().zip(join_all(calls).await) {
            let taken = pages.and_then(|pages| {
                pages.iter().try_for_each(|page| page.json(operation).map(|page| self.take(operation, page)))
            });
            if let Err(error) = taken {
                self.lists.lists.remove(operation.name);
                self.hidden.insert(path(operation, target), told(operation, &error));
            }
        }
    }

    fn take(&mut self, operation: &Operation, mut page: Value) {
        match operation.list_key {
            None => self.lists.quotas = Some(page),
            Some(key) => {
                // Indexing would panic on an answer that is no object.
                let items = if key.is_empty() { page } else { page.get_mut(key).map(Value::take).unwrap_or_default() };
                if let (Some(name), Value::Array(items)) =
                    (LiveLists::OPERATIONS.iter().find(|name| **name == operation.name), items)
                {
                    self.lists.lists.entry(name).or_default().extend(items);
                }
            }
        }
    }
}

/// Why a list is not there, for a person.
fn told(operation: &Operation, error: &Error) -> String {
    let what = operation.path.rsplit('/').next().unwrap_or(operation.name);
    let needed = operation.permissions.first().map(|permission| permission.name).unwrap_or_default();
    match error.kind {
        Kind::Permission => format!("the {what} are unknown: the credential lacks `{needed}`"),
        _ => format!("the {what} are unknown: {}", error.message),
    }
}

/// The path of a list.
fn path(operation: &Operation, target: &Target) -> String {
    let project = target.project.as_deref().unwrap_or_default();
    let region = target.region.as_deref().unwrap_or_default();
    operation.path.replace("{projectId}", project).replace("{region}", region)
}
