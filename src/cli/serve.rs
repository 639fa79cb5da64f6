//! `stackhand serve`: the scheduler of a workspace.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::arguments::{ServeArguments, Shared, reserved_option_names};
use super::execute::{DONE, runtime_of, simulation};
use super::process::Process;
use super::signals::watch_server;
use crate::app::jobs::Surround;
use crate::app::{self, ServeRequest, SharedWorlds};
use crate::config::duration;
use crate::error::{Error, Kind, Result};

/// The word for nowhere.
const OFF: &str = "off";

/// Serves until it is told to end.
pub fn serve(process: &Process, shared: &Shared, arguments: &ServeArguments) -> Result<u8> {
    let grace = grace_of(&arguments.grace)?;
    let listen = address(&arguments.listen)?;
    let runtime = runtime_of(2)?;
    let surround = surround(process, shared, runtime.handle().clone());
    let (sender, signals) = mpsc::channel(8);
    {
        let _entered = runtime.enter();
        watch_server(sender);
    }
    let served = runtime.block_on(app::serve(ServeRequest { surround, grace, listen }, signals));
    // Nothing that is still under way belongs to a run.
    runtime.shutdown_background();
    served.map(|()| DONE)
}

/// What all runs of jobs have around them.
pub fn surround(process: &Process, shared: &Shared, runtime: Handle) -> Surround {
    Surround {
        environment: process.environment.clone(),
        given: shared.given(),
        scrubber: process.scrubber.clone(),
        max_in_flight: shared.max_in_flight.map(usize::from),
        reserved: reserved_option_names(),
        worlds: Arc::new(SharedWorlds::new(simulation(shared))),
        progress: None,
        runtime,
    }
}

/// How long runs may go on, as `--grace` says it.
pub fn grace_of(text: &str) -> Result<Duration> {
    let grace = duration::parse(text).ok().and_then(|grace| grace.to_std().ok());
    grace.ok_or_else(|| {
        Error::new(Kind::Usage, "bad_grace", format!("`{text}` is no duration"))
            .with_place("--grace")
            .with_hint("write it as `90s`, `15m` or `0s`")
    })
}

fn address(text: &str) -> Result<Option<SocketAddr>> {
    if text == OFF {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Error::new(Kind::Usage, "bad_address", format!("`{text}` is no address"))
            .with_place("--listen")
            .with_hint("write it as `127.0.0.1:9477` or `[::1]:9477`; `off` for none")
    })
}
