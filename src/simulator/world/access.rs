//! Who may do what: the permissions of the account, roles of projects, and who has them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::model::{Project, World};
use crate::catalog::{self, Operation};

/// A role that somebody made in a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Role {
    /// Its UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The permissions that it gives; `iaas.server.*` are all of servers.
    pub permissions: Vec<String>,
}

/// Somebody who has a role in a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Member {
    /// The e-mail address.
    pub subject: String,
    /// The role's name.
    pub role: String,
}

impl World {
    /// Whether the account may do whatever it wants: nothing says otherwise.
    fn is_open(&self, subject: &str) -> bool {
        subject == self.service_account.email && self.service_account.permissions.is_none()
    }

    /// What was given to somebody in a project, names and patterns.
    fn given<'w>(&'w self, subject: &'w str, project: &'w Project) -> impl Iterator<Item = &'w str> {
        let own = self.service_account.permissions.iter().flatten();
        let own = own.filter(move |_| subject == self.service_account.email);
        let roles = project.members.iter().filter(move |member| member.subject == subject);
        let roles = roles.flat_map(|member| project.roles.iter().filter(move |role| role.name == member.role));
        own.chain(roles.flat_map(|role| &role.permissions)).map(String::as_str)
    }

    /// Whether somebody has a permission in a project; without one, in any.
    pub fn has(&self, subject: &str, project: Option<&str>, permission: &str) -> bool {
        let is_meant =
            |known: &&Project| project.is_none_or(|project| known.id == project || known.container_id == project);
        self.is_open(subject)
            || self.projects.iter().filter(is_meant).any(|project| {
                let mut given = self.given(subject, project);
                given.any(|given| matches(given, permission))
            })
    }

    /// The permissions that an operation needs and the account does not have. Those that no document names cannot be
    /// asked for.
    pub fn lacks(&self, operation: &Operation, project: Option<&str>) -> bool {
        let mut named = operation.permissions.iter().filter(|permission| !permission.is_ours);
        named.any(|permission| !self.has(&self.service_account.email, project, permission.name))
    }

    /// The names of all that somebody has in a project. Patterns stand for the names that the catalogue knows.
    pub fn held(&self, subject: &str, project: &Project) -> BTreeSet<String> {
        let given: Vec<&str> = if self.is_open(subject) { vec!["*"] } else { self.given(subject, project).collect() };
        let plain = given.iter().filter(|name| !name.ends_with('*')).map(|&name| name.to_owned());
        let known =
            catalog::services().flat_map(|service| &service.operations).flat_map(|operation| &operation.permissions);
        let known = known.filter(|known| !known.is_ours && given.iter().any(|given| matches(given, known.name)));
        plain.chain(known.map(|permission| permission.name.to_owned())).filter(|name| is_name(name)).collect()
    }
}

fn matches(given: &str, permission: &str) -> bool {
    match given.strip_suffix('*') {
        Some(start) => permission.starts_with(start),
        None => given == permission,
    }
}

/// Whether the API could tell a name. Source: `authorization.v2.json`, ExistingPermission.
fn is_name(name: &str) -> bool {
    name.split(['.', '-']).all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}
