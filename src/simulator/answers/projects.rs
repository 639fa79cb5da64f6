//! The project itself, as the IaaS API and the resource manager see it: one object serves both, because their fields
//! do not overlap and their paths do.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::simulator::exchange::{Asked, LabelsView, bad_query};
use crate::simulator::wire::{Answered, Refusal};
use crate::simulator::world::{Project, digest, uuid};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProjectView<'v> {
    /// A constant: official clients cannot parse a UUID here.
    area_id: &'static str,
    created_at: Option<DateTime<Utc>>,
    id: &'v str,
    internet_access: bool,
    status: &'static str,
    updated_at: Option<DateTime<Utc>>,
    container_id: &'v str,
    creation_time: Option<DateTime<Utc>>,
    labels: LabelsView<'v>,
    lifecycle_state: &'static str,
    name: &'v str,
    parent: ParentView,
    project_id: &'v str,
    update_time: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParentView {
    container_id: &'static str,
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The organisation that all projects belong to.
const ORGANIZATION: &str = "simulated-organization-8a2c4e";

fn view(project: &Project) -> ProjectView<'_> {
    ProjectView {
        area_id: "PUBLIC",
        created_at: project.created_at,
        id: &project.id,
        internet_access: true,
        status: "CREATED",
        updated_at: project.created_at,
        container_id: &project.container_id,
        creation_time: project.created_at,
        labels: &project.labels,
        lifecycle_state: "ACTIVE",
        name: &project.name,
        parent: ParentView { container_id: ORGANIZATION, id: organization(), kind: "ORGANIZATION" },
        project_id: &project.id,
        update_time: project.created_at,
    }
}

fn organization() -> String {
    uuid(digest(0, &[ORGANIZATION.as_bytes()]))
}

/// `GetProjectDetails` of the IaaS API.
pub fn details(projects: &[Project], asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("projectId")?;
    let project = projects.iter().find(|project| project.id == id);
    Ok(Answered::ok(&view(project.ok_or_else(|| Refusal::new(404, "project not found"))?)))
}

/// `GetProject` of the resource manager, which does not tell an unknown project from a forbidden one.
pub fn get(projects: &[Project], id: &str) -> Result<Answered, Refusal> {
    let project = projects.iter().find(|project| project.id == id || project.container_id == id);
    Ok(Answered::ok(&view(project.ok_or_else(|| Refusal::new(403, "Forbidden"))?)))
}

/// `ListProjects` of the resource manager, page by page.
pub fn list(projects: &[Project], asked: &Asked) -> Result<Answered, Refusal> {
    let number = |name: &str, usual: usize, most: usize| match asked.query(name) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| bad_query(name, &format!("value must be an integer of at most {most}"))),
    };
    let (limit, offset) = (number("limit", 50, 100)?, number("offset", 0, usize::MAX)?);
    let ids: Vec<&str> =
        asked.query.iter().filter(|(name, _)| name == "containerIds").map(|(_, value)| value.as_str()).collect();
    let parent = asked.query("containerParentId");
    if ids.is_empty() && parent.is_none() && asked.query("member").is_none() {
        return Err(Refusal::bad("one of containerParentId, containerIds and member is required"));
    }
    let is_wanted = |project: &&Project| {
        parent.is_none_or(|parent| parent == ORGANIZATION || parent == organization())
            && (ids.is_empty() || ids.iter().any(|id| *id == project.container_id || *id == project.id))
    };
    let items: Vec<_> = projects.iter().filter(is_wanted).skip(offset).take(limit).map(view).collect();
    Ok(Answered::ok(&json!({ "items": items, "limit": limit, "offset": offset })))
}
