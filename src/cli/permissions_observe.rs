//! `stackhand permissions --observe`: which of the derived permissions a run on the simulator uses.

use std::collections::{BTreeMap, BTreeSet};

use tokio_util::sync::CancellationToken;

use super::arguments::{Shared, reserved_option_names};
use super::execute::{runtime, simulation};
use super::permissions_report::{Told, Used};
use super::process::Process;
use crate::app::{self, ObserveRequest};
use crate::engine::Limits;
use crate::engine::recipe::Recipe;
use crate::error::{Error, Kind, Result};

/// Runs each recipe on a simulator of its own, and notes what it used.
pub(super) fn observe_all(process: &Process, shared: &Shared, told: &mut [Told], options: &[String]) -> Result<()> {
    if told.len() > 1 && !options.is_empty() {
        return Err(Error::new(Kind::Usage, "several_recipes", "options after `--` are for one recipe alone")
            .with_hint("observe the recipes one by one"));
    }
    let runtime = runtime()?;
    for one in told {
        let recipe = Recipe::read(&one.source, &reserved_option_names());
        let arguments = if recipe.is_readable { recipe.parameters.parse(options)? } else { BTreeMap::new() };
        let request = ObserveRequest {
            environment: process.environment.clone(),
            simulation: simulation(shared),
            scrubber: process.scrubber.clone(),
            source: one.source.clone(),
            arguments,
            local: one.footprint.local.iter().map(|need| need.grant.clone()).collect(),
            limits: Limits::default(),
            cancel: CancellationToken::new(),
        };
        process.printer.note(&format!(
            "{} runs on the simulator: nothing real is changed, and nothing is sent or written",
            one.source.name
        ));
        let seen = app::observe(runtime.handle().clone(), request)?;
        let permissions: BTreeSet<&'static str> =
            seen.operations.iter().flat_map(|operation| &operation.permissions).map(|one| one.name).collect();
        let beyond = seen.operations.iter().filter(|operation| !one.footprint.covers(operation));
        let beyond = beyond.map(|operation| format!("{}.{}", operation.module, operation.name));
        let local = seen.local;
        let unforeseen = local.iter().filter(|used| !one.footprint.foresees(used)).map(ToString::to_string);
        let beyond = Iterator::chain(beyond, unforeseen).collect();
        let failure = seen.outcome.failure.map(|failure| failure.error.message);
        one.used = Some(Used { permissions, local, beyond, failure });
    }
    runtime.shutdown_background();
    Ok(())
}
