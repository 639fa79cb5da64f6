//! `stackhand sim`: a simulated cloud for any client.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::arguments::{Shared, SimArguments};
use super::execute::{DONE, simulation};
use super::process::Process;
use super::signals::Interrupt;
use crate::app::simulate::{self, Listening, SimulateOptions};
use crate::clock::Clock;
use crate::error::Result;

/// Serves until it is interrupted.
pub fn sim(process: &Process, shared: &Shared, arguments: &SimArguments) -> Result<u8> {
    let printer = &process.printer;
    let options = SimulateOptions {
        key_file: arguments.key_file.clone(),
        speed: arguments.speed,
        simulation: simulation(shared),
        ..SimulateOptions::new(arguments.listen)
    };
    process.runtime()?.block_on(async {
        let cancel = CancellationToken::new();
        let interrupt = Interrupt::watch(cancel.clone());
        let listening = simulate::open(options, &Clock::process()).await?;
        let about = json!({
            "url": listening.base_url,
            "token_url": format!("{}/token", listening.base_url),
            "project_id": listening.project,
            "world": listening.world,
            "key_file": arguments.key_file,
        });
        printer.result(&about, &how_to_use(&listening, arguments))?;
        listening.serve(cancel.cancelled_owned()).await?;
        printer.note("stopped");
        // Being interrupted is how a server ends.
        let _ = interrupt;
        Ok(DONE)
    })
}

fn how_to_use(listening: &Listening, arguments: &SimArguments) -> String {
    let url = &listening.base_url;
    let mut text = format!("`{}` is served at {url}; Ctrl-C ends it\n\n", listening.world);
    text.push_str("To use it from another terminal:\n\n");
    if let Some(key) = &arguments.key_file {
        text.push_str(&format!("  export STACKIT_SERVICE_ACCOUNT_KEY_PATH={}\n", key.display()));
    }
    text.push_str(&format!("  export STACKIT_PROJECT_ID={}\n", listening.project));
    text.push_str(&format!("  export STACKIT_IAAS_CUSTOM_ENDPOINT={url}\n"));
    text.push_str("  stackhand eval 'servers()'\n");
    if arguments.key_file.is_none() {
        text.push_str("\nWith `--key-file sa.json` it writes a service account key that it accepts.\n");
    }
    text
}
