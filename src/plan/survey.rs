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
    pub hidden: BTreeMap<String, Hidden>,
    asked: BTreeSet<&'static str>,
}

/// A list that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hidden {
    /// `public-ips`.
    what: &'static str,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// The credential lacks this permission.
    Lacks(&'static str),
    Failed(String),
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
                self.hidden.insert(path(operation, target), Hidden::of(operation, &error));
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

impl Hidden {
    fn of(operation: &'static Operation, error: &Error) -> Self {
        let what = operation.path.rsplit('/').next().unwrap_or(operation.name);
        let needed = operation.permissions.first().map(|permission| permission.name);
        let why = match (error.kind, needed) {
            (Kind::Permission, Some(needed)) => Why::Lacks(needed),
            _ => Why::Failed(error.message.clone()),
        };
        Self { what, why }
    }

    /// What is not there, for a person: all that the credential may not see in one line.
    pub fn told(hidden: &BTreeSet<Self>) -> Vec<String> {
        let (mut unseen, mut needed, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        for Self { what, why } in hidden {
            match why {
                Why::Lacks(permission) => {
                    unseen.push((*what).to_owned());
                    needed.push(format!("`{permission}`"));
                }
                Why::Failed(message) => lines.push(format!("the {what} are unknown: {message}")),
            }
        }
        if !unseen.is_empty() {
            let (unseen, needed) = (listed(&unseen), listed(&needed));
            lines.insert(0, format!("the {unseen} are unknown: the credential lacks {needed}"));
        }
        lines
    }
}

/// `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// The path of a list.
fn path(operation: &Operation, target: &Target) -> String {
    let project = target.project.as_deref().unwrap_or_default();
    let region = target.region.as_deref().unwrap_or_default();
    operation.path.replace("{projectId}", project).replace("{region}", region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_credential_may_not_see_is_told_in_one_line() {
        let hidden = |what, why| Hidden { what, why };
        let all = BTreeSet::from([
            hidden("nics", Why::Lacks("iaas.nic.list")),
            hidden("images", Why::Lacks("iaas.image.list")),
            hidden("backups", Why::Failed("too late".into())),
        ]);
        assert_eq!(
            Hidden::told(&all),
            [
                "the images and nics are unknown: the credential lacks `iaas.image.list` and `iaas.nic.list`",
                "the backups are unknown: too late"
            ]
        );
    }
}
