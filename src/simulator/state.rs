//! What a simulator holds, and how an operation is answered from it.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Request;

use super::answers::{answer_globally, handler, is_modelled, upload};
use super::exchange::{Asked, Scene};
use super::faults::Faults;
use super::requests::Requests;
use super::settle::Bend;
use super::tokens::form_fields;
use super::wire::{Answered, Refusal};
use super::world::{Kind, World};
use crate::catalog::{self, Operation};

/// The regions that every project has. Source: docs.stackit.cloud, regions.
const REGIONS: [&str; 2] = ["eu01", "eu02"];

/// The world and what is known about it besides.
pub struct State {
    /// The world.
    pub world: World,
    /// The changes that were asked for.
    pub requests: Requests,
    /// The faults in force.
    pub faults: Faults,
    /// What was put on top of the clock.
    pub ahead: TimeDelta,
}

/// A request's circumstances.
pub struct Circumstances<'c> {
    /// World time.
    pub now: DateTime<Utc>,
    /// What a fault makes of transitions.
    pub bend: &'c Bend,
    /// The request's id.
    pub id: &'c str,
}

impl State {
    pub fn settle(&mut self, now: DateTime<Utc>) {
        for project in &mut self.world.projects {
            for region in project.regions.values_mut() {
                region.settle(now);
            }
        }
    }

    /// Answers an operation.
    ///
    /// # Errors
    /// Whatever the API would refuse, and 501 for what is not modelled.
    pub fn answer(
        &mut self,
        operation: &Operation,
        asked: &Asked,
        Circumstances { now, bend, id }: Circumstances,
    ) -> Result<Answered, Refusal> {
        self.permit(operation, asked)?;
        let region_name = asked.path("region");
        if operation.name == "list_availability_zones" {
            check_region(region_name, &self.world)?;
        }
        if let Some(answered) = answer_globally(&mut self.world, operation, asked, now) {
            return answered;
        }
        let project = asked.id("projectId")?;
        self.ensure_region(project, region_name, now)?;
        let World { projects, keypairs, machine_types, performance_classes, seed, .. } = &mut self.world;
        let found = projects.iter_mut().find(|known| known.id == project);
        let region = found.and_then(|project| project.regions.get_mut(region_name));
        let region = region.ok_or_else(|| Refusal::new(404, "project not found"))?;
        region.settle(now);
        if operation.name == "get_project_request" {
            return self.requests.answer(asked.path("requestId"), project, region_name, region);
        }
        let handler = handler(operation.name).ok_or_else(|| unmodelled(operation))?;
        let mut scene = Scene {
            project,
            region_name,
            region,
            machine_types,
            performance_classes,
            has_keypair: &|name| keypairs.iter().any(|keypair| keypair.name == name),
            seed: *seed,
            now,
            bend,
            touched: Vec::new(),
        };
        let answered = handler(&mut scene, asked)?;
        let touched = std::mem::take(&mut scene.touched);
        self.requests.note(id, operation.name, project, region_name, touched);
        Ok(answered)
    }

    /// Refuses what the account may not do.
    fn permit(&self, operation: &Operation, asked: &Asked) -> Result<(), Refusal> {
        // What it has shows in the answer of the authorization service itself.
        if operation.module == "authorization" {
            return Ok(());
        }
        let project = match operation.module {
            "resource-manager" => asked.path.first().map(|(_, value)| value.as_str()),
            _ => Some(asked.path("projectId")).filter(|project| !project.is_empty()),
        };
        // Source: `iaas.v2.json`, the example of Forbidden.
        if self.world.lacks(operation, project) { Err(Refusal::new(403, "Forbidden")) } else { Ok(()) }
    }

    /// Takes the bytes of an image.
    ///
    /// # Errors
    /// 403 for an address that was not given out, 404 and 409 as the image's state asks for.
    pub fn upload(
        &mut self,
        image: &str,
        request: &Request<Bytes>,
        Circumstances { now, bend, id }: Circumstances,
    ) -> Result<Answered, Refusal> {
        let query = request.uri().query().map(|query| form_fields(query.as_bytes())).unwrap_or_default();
        let asked = Asked { path: vec![("imageId".into(), image.into())], query, ..Asked::default() };
        let World { projects, machine_types, performance_classes, seed, .. } = &mut self.world;
        let mut found = projects.iter_mut().flat_map(|project| {
            let project_id = project.id.as_str();
            project.regions.iter_mut().map(move |(name, region)| (project_id, name.as_str(), region))
        });
        let found = found.find(|(_, _, region)| region.images.contains(image));
        let (project, region_name, region) = found.ok_or_else(|| Refusal::not_found(Kind::Image))?;
        region.settle(now);
        let mut scene = Scene {
            project,
            region_name,
            region,
            machine_types,
            performance_classes,
            has_keypair: &|_| false,
            seed: *seed,
            now,
            bend,
            touched: Vec::new(),
        };
        let answered = upload(&mut scene, &asked, request.body())?;
        let touched = std::mem::take(&mut scene.touched);
        self.requests.note(id, "upload_image", project, region_name, touched);
        Ok(answered)
    }

    fn ensure_region(&mut self, project: &str, region: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let found = self.world.projects.iter().find(|known| known.id == project);
        let found = found.ok_or_else(|| Refusal::new(404, "project not found"))?;
        if !found.regions.contains_key(region) {
            check_region(region, &self.world)?;
            self.world.add_region(project, region, now);
        }
        Ok(())
    }
}

/// What the simulator has, for those who ask for something else.
const MODELLED: &str = "it has servers, volumes, snapshots, backups, quotas, machine types, performance classes, \
                        images, networks, network interfaces, public IPs, security groups, affinity groups, key pairs, \
                        projects and their roles; use a real project for this";

/// What the answer to an operation says that is not modelled: never a made-up one.
pub fn unmodelled(operation: &Operation) -> Refusal {
    let name = format!("{}.{}", operation.module, operation.name);
    // Of an older version the newer one may be there.
    let newer = operation.module.split_once('/').and_then(|(service, _)| catalog::operation(service, operation.name));
    match newer.filter(|newer| is_modelled(newer)) {
        Some(newer) => {
            let instead = format!("{}.{}", newer.module, newer.name);
            Refusal::new(
                501,
                format!("the simulator does not model {name}: use {instead}, the same in a newer version"),
            )
        }
        None => unmodelled_part(&name),
    }
}

/// The same of a part of an operation.
pub fn unmodelled_part(what: &str) -> Refusal {
    Refusal::new(501, format!("the simulator does not model {what}: {MODELLED}"))
}

fn check_region(name: &str, world: &World) -> Result<(), Refusal> {
    let is_known = REGIONS.contains(&name) || world.projects.iter().any(|project| project.regions.contains_key(name));
    if is_known { Ok(()) } else { Err(Refusal::new(404, "region not found")) }
}
