//! The authorization service, as far as projects go: what somebody may do, roles that people make, and who has them.
//! Source: `authorization.v2.json`.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::exchange::Asked;
use crate::simulator::state::unmodelled_part;
use crate::simulator::wire::{Answered, Refusal};
use crate::simulator::world::{Member, Project, Role, World, digest, hex32, uuid};

type Handler = fn(&mut World, &Asked, DateTime<Utc>) -> Result<Answered, Refusal>;

/// The functions that answer, with the permission that each needs. Source: `x-stackit-authorization.implicit-actions`.
const HANDLERS: &[(&str, &str, Handler)] = &[
    ("add_members", "iam.member.add", add_members),
    ("add_role", "iam.role.add", add_role),
    ("delete_role", "iam.role.remove", delete_role),
    ("get_role", "iam.role.get", get_role),
    ("list_members", "iam.member.get", list_members),
    ("list_roles", "iam.role.get", list_roles),
    ("list_user_permissions", "iam.member.get", list_user_permissions),
    ("remove_members", "iam.member.remove", remove_members),
];

/// Whether an operation is answered.
pub fn is_modelled(operation: &str) -> bool {
    HANDLERS.iter().any(|(name, ..)| *name == operation)
}

/// Answers an operation of the authorization service.
pub fn answer(world: &mut World, operation: &str, asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let Some((_, permission, handler)) = HANDLERS.iter().find(|(name, ..)| *name == operation) else {
        return Err(unmodelled_part(&format!("authorization.{operation}")));
    };
    // Everybody may ask for the own address.
    let account = &world.service_account.email;
    let is_own = operation == "list_user_permissions" && asked.path("email") == account;
    let resource = Some(asked.path("resourceId")).filter(|resource| !resource.is_empty());
    if !is_own && !world.has(account, resource, permission) {
        return Err(Refusal::new(403, "Forbidden"));
    }
    handler(world, asked, now)
}

/// `ListUserPermissions`: each project in which somebody has any.
fn list_user_permissions(world: &mut World, asked: &Asked, _now: DateTime<Utc>) -> Result<Answered, Refusal> {
    if asked.query("resourceType").is_some_and(|kind| kind != "project") {
        return Err(other_resource());
    }
    let email = asked.path("email");
    let wanted: Vec<&str> =
        asked.query.iter().filter(|(name, _)| name == "permissions").map(|(_, one)| &**one).collect();
    let is_meant = |project: &&Project| {
        asked.query("resource").is_none_or(|resource| project.id == resource || project.container_id == resource)
    };
    let mut items: Vec<Value> = Vec::new();
    for project in world.projects.iter().filter(is_meant) {
        let held = world.held(email, project);
        let held = held.iter().filter(|name| wanted.is_empty() || wanted.contains(&name.as_str()));
        let permissions: Vec<Value> = held.map(|name| json!({ "name": name, "description": "" })).collect();
        if !permissions.is_empty() {
            items.push(json!({ "resourceId": project.id, "resourceType": "project", "permissions": permissions }));
        }
    }
    Ok(Answered::ok(&json!({ "items": items })))
}

#[derive(Deserialize)]
struct NewRole {
    name: String,
    description: String,
    permissions: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// `AddRole`: a name is there once.
fn add_role(world: &mut World, asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let seed = world.seed;
    let project = project(world, asked, "resourceType")?;
    let new: NewRole = asked.body()?;
    if project.roles.iter().any(|role| role.name == new.name) {
        return Err(Refusal::bad(format!("a role named {} exists", new.name)));
    }
    let time = now.timestamp_micros().to_be_bytes();
    let role = Role {
        id: uuid(digest(seed, &[b"role", project.id.as_bytes(), new.name.as_bytes(), &time])),
        name: new.name,
        description: new.description,
        permissions: new.permissions.into_iter().map(|permission| permission.name).collect(),
    };
    let answer = of_project(project, "role", &view(&role));
    project.roles.push(role);
    Ok(Answered::ok(&answer))
}

/// `GetRole`.
fn get_role(world: &mut World, asked: &Asked, _now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let project = project(world, asked, "resourceType")?;
    let found = project.roles.iter().find(|role| role.id == asked.path("roleId"));
    let role = found.ok_or_else(|| Refusal::bad("role not found"))?;
    Ok(Answered::ok(&of_project(project, "role", &view(role))))
}

/// `ListRoles`.
fn list_roles(world: &mut World, asked: &Asked, _now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let project = project(world, asked, "resourceType")?;
    let roles = project.roles.iter().map(view).collect();
    Ok(Answered::ok(&of_project(project, "roles", &roles)))
}

/// `DeleteRole`: not while somebody has it.
fn delete_role(world: &mut World, asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let project = project(world, asked, "resourceType")?;
    let found = project.roles.iter().position(|role| role.id == asked.path("roleId"));
    let at = found.ok_or_else(|| Refusal::bad("role not found"))?;
    let role = &project.roles[at];
    if asked.query("etag").is_some_and(|tag| tag != etag(role)) {
        return Err(Refusal::bad("the role was changed meanwhile"));
    }
    if project.members.iter().any(|member| member.role == role.name) {
        return Err(Refusal::bad(format!("the role {} has members", role.name)));
    }
    project.roles.remove(at);
    Ok(Answered::ok(&json!({ "writtenAt": written_at(now) })))
}

#[derive(Deserialize)]
struct Members {
    members: Vec<Member>,
}

/// `AddMembers`: who has the role already keeps it.
fn add_members(world: &mut World, asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let project = project(world, asked, "")?;
    let Members { members } = asked.body()?;
    if let Some(unknown) = members.iter().find(|member| !project.roles.iter().any(|role| role.name == member.role)) {
        return Err(Refusal::bad(format!("there is no role {}", unknown.role)));
    }
    for member in members {
        if !project.members.contains(&member) {
            project.members.push(member);
        }
    }
    Ok(changed_members(project, now))
}

/// `RemoveMembers`.
fn remove_members(world: &mut World, asked: &Asked, now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let project = project(world, asked, "")?;
    let Members { members } = asked.body()?;
    project.members.retain(|member| !members.contains(member));
    Ok(changed_members(project, now))
}

/// `ListMembers`.
fn list_members(world: &mut World, asked: &Asked, _now: DateTime<Utc>) -> Result<Answered, Refusal> {
    let project = project(world, asked, "resourceType")?;
    let wanted = asked.query("subject");
    let members = project.members.iter().filter(|member| wanted.is_none_or(|subject| member.subject == subject));
    Ok(Answered::ok(&of_project(project, "members", &members.map(|member| json!(member)).collect())))
}

/// The project that is meant. Roles of organisations and folders are not modelled.
fn project<'w>(world: &'w mut World, asked: &Asked, kind: &str) -> Result<&'w mut Project, Refusal> {
    let in_body = asked.body.as_ref().and_then(|body| body["resourceType"].as_str()).unwrap_or_default();
    let kind = if kind.is_empty() { in_body } else { asked.path(kind) };
    if kind != "project" {
        return Err(other_resource());
    }
    let id = asked.path("resourceId");
    let found = world.projects.iter_mut().find(|project| project.id == id || project.container_id == id);
    found.ok_or_else(|| Refusal::new(403, "Forbidden"))
}

fn other_resource() -> Refusal {
    unmodelled_part("roles of anything but projects")
}

fn of_project(project: &Project, name: &str, value: &Value) -> Value {
    json!({ "resourceId": project.id, "resourceType": "project", name: value })
}

fn changed_members(project: &Project, now: DateTime<Utc>) -> Answered {
    let mut answer = of_project(project, "members", &json!(project.members));
    answer["writtenAt"] = written_at(now);
    Answered::ok(&answer)
}

fn written_at(now: DateTime<Utc>) -> Value {
    json!({ "zookie": hex32(digest(0, &[b"zookie", &now.timestamp_micros().to_be_bytes()])) })
}

fn view(role: &Role) -> Value {
    // A description must not be empty here.
    let permissions = role.permissions.iter().map(|name| json!({ "name": name, "description": name }));
    json!({
        "id": role.id,
        "name": role.name,
        "description": role.description,
        "etag": etag(role),
        "permissions": permissions.collect::<Vec<_>>(),
    })
}

fn etag(role: &Role) -> String {
    let words =
        [role.name.as_str(), role.description.as_str()].into_iter().chain(role.permissions.iter().map(String::as_str));
    hex32(digest(0, &words.map(str::as_bytes).collect::<Vec<_>>()))
}
