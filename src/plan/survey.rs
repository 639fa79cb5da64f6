//! Reads what a world is made of.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use crate::catalog::{self, Operation};
use crate::error::Kind;
use crate::simulator::world::LiveLists;
use crate::transport::{Call, Client, Error, Target};

/// What a project's region holds, as far as the credential may see it.
pub(super) struct Survey {
    pub lists: LiveLists,
    /// The paths of the collections that it may not see.
    pub hidden: BTreeSet<String>,
}

/// Reads every list of a project's region.
///
/// # Errors
/// When a list cannot be had for another reason than that the credential lacks its permission.
pub(super) async fn survey(client: &Client, target: &Target) -> Result<Survey, Error> {
    let operations = LiveLists::OPERATIONS.iter().chain(&["list_quotas"]);
    let operations: Vec<&'static Operation> = operations.filter_map(|name| catalog::operation("iaas", name)).collect();
    let calls = operations.iter().map(|operation| {
        let call = Call::new(operation, target.clone());
        let takes_details = operation.parameters.iter().any(|parameter| parameter.name == "details");
        client.pages(if takes_details { call.with("details", true) } else { call })
    });
    let lists = LiveLists {
        project: target.project.clone().unwrap_or_default(),
        region: target.region.clone().unwrap_or_default(),
        ..LiveLists::default()
    };
    let mut survey = Survey { lists, hidden: BTreeSet::new() };
    for (operation, pages) in operations.iter().zip(join_all(calls).await) {
        match pages {
            Ok(pages) => {
                for page in &pages {
                    survey.take(operation, page.json(operation)?);
                }
            }
            Err(error) if error.kind == Kind::Permission => {
                survey.hidden.insert(path(operation, target));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(survey)
}

impl Survey {
    fn take(&mut self, operation: &Operation, mut page: Value) {
        match operation.list_key {
            None => self.lists.quotas = Some(page),
            Some(key) => {
                let items = if key.is_empty() { page } else { page[key].take() };
                if let (Some(name), Value::Array(items)) =
                    (LiveLists::OPERATIONS.iter().find(|name| **name == operation.name), items)
                {
                    self.lists.lists.entry(name).or_default().extend(items);
                }
            }
        }
    }
}

/// The path of a list.
fn path(operation: &Operation, target: &Target) -> String {
    let project = target.project.as_deref().unwrap_or_default();
    let region = target.region.as_deref().unwrap_or_default();
    operation.path.replace("{projectId}", project).replace("{region}", region)
}
