//! `stackhand sim`: a simulated cloud for any client.

use serde_json::json;

use super::arguments::{Shared, SimArguments};
use super::execute::{DONE, runtime_of, simulation};
use super::process::Process;
use super::signals::Interrupt;
use crate::app::{self, SimulateRequest};
use crate::error::Result;

/// Serves until it is interrupted.
pub fn sim(process: &Process, shared: &Shared, arguments: &SimArguments) -> Result<u8> {
    let printer = &process.printer;
    // Here the simulated cloud itself works on the runtime's threads.
    let runtime = runtime_of(2)?;
    runtime.block_on(async {
        let cancel = tokio_util::sync::CancellationToken::new();
        let _interrupt = Interrupt::watch(cancel.clone());
        let served = app::simulate(SimulateRequest {
            listen: arguments.listen,
            key_file: arguments.key_file.clone(),
            speed: arguments.speed,
            permissions: arguments.permissions.clone(),
            simulation: simulation(shared),
            scrubber: process.scrubber.clone(),
        })
        .await?;
        let about = json!({
            "url": served.url,
            "project_id": served.project_id,
            "region": served.region,
            "key_file": arguments.key_file,
        });
        printer.result(&about, &served.how_to_use())?;
        served.until(cancel.cancelled_owned()).await
    })?;
    printer.note("stopped");
    Ok(DONE)
}
