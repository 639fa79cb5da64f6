//! What the platform offers: machine types, performance classes, zones; and what the project may use of it.

use serde_json::{Map, Value, json};

use crate::simulator::exchange::{Asked, Scene, bad_query};
use crate::simulator::filter::Filter;
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{usage, zones};

/// `ListMachineTypes`.
pub fn machine_types(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let filter = asked.query("filter").map(Filter::parse).transpose();
    let filter = filter.map_err(|problem| bad_query("filter", &problem))?;
    let mut items = Vec::new();
    for offer in scene.machine_types {
        let is_wanted = filter.as_ref().map_or(Ok(true), |filter| filter.matches(offer));
        if is_wanted.map_err(|problem| bad_query("filter", &problem))? {
            items.push(offer);
        }
    }
    Ok(Answered::ok(&Items { items }))
}

/// `GetMachineType`.
pub fn machine_type(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let name = asked.path("machineType");
    let found = scene.machine_types.iter().find(|offer| offer.name == name);
    Ok(Answered::ok(found.ok_or_else(|| Refusal::new(404, "machine type not found"))?))
}

/// `ListVolumePerformanceClasses`.
pub fn performance_classes(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let items = scene.performance_classes.iter().filter(|offer| selector.matches(&offer.labels)).collect();
    Ok(Answered::ok(&Items { items }))
}

/// `GetVolumePerformanceClass`.
pub fn performance_class(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let name = asked.path("volumePerformanceClass");
    let found = scene.performance_classes.iter().find(|offer| offer.name == name);
    Ok(Answered::ok(found.ok_or_else(|| Refusal::new(404, "volume performance class not found"))?))
}

/// `ListAvailabilityZones`; it belongs to no project.
pub fn availability_zones(region: &str) -> Answered {
    Answered::ok(&Items { items: zones(region) })
}

/// `ListQuotas`: all twelve, each with limit and usage.
#[expect(clippy::unnecessary_wraps, reason = "it is one handler among others")]
pub fn quotas(scene: &mut Scene, _asked: &Asked) -> Result<Answered, Refusal> {
    let used = usage(scene.region, scene.machine_types);
    let rows = scene.region.quotas.rows().into_iter().zip(used.rows());
    let quotas: Map<String, Value> =
        rows.map(|((name, limit), (_, usage))| (name.to_owned(), json!({ "limit": limit, "usage": usage }))).collect();
    Ok(Answered::ok(&json!({ "quotas": quotas })))
}
