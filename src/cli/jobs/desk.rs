//! The desk of the commands about jobs, with the runtime that it works on.

use std::ops::Deref;

use chrono::{DateTime, Utc};
use tokio::runtime::Runtime;

use crate::app::jobs;
use crate::cli::arguments::Shared;
use crate::cli::execute::runtime_of;
use crate::cli::process::Process;
use crate::cli::serve::surround;
use crate::config::Zone;
use crate::error::Result;

/// The desk of the commands about jobs.
pub struct Desk {
    pub runtime: Runtime,
    desk: jobs::Desk,
}

impl Desk {
    /// Opens the workspace around the current folder; with `--sim` what its simulated jobs keep.
    pub fn open(process: &Process, shared: &Shared) -> Result<Self> {
        let opened = Self::of(process, shared)?;
        opened.tell_trouble(process);
        Ok(opened)
    }

    /// The same for what asks the server, or acts where there is none: that needs the workspace's file.
    pub fn open_to_act(process: &Process, shared: &Shared) -> Result<Self> {
        let opened = Self::of(process, shared)?;
        if let Some(why) = opened.fault().filter(|_| !opened.is_served()) {
            return Err(why.clone());
        }
        opened.tell_trouble(process);
        if opened.is_served_in_simulation_only() {
            process.printer.warning("the server that runs here is a simulated one: `--sim` asks it");
        }
        Ok(opened)
    }

    fn of(process: &Process, shared: &Shared) -> Result<Self> {
        let runtime = runtime_of(2)?;
        let desk = runtime.block_on(jobs::Desk::open(surround(process, shared, runtime.handle().clone())))?;
        desk.notes.iter().for_each(|note| process.printer.warning(note));
        Ok(Self { runtime, desk })
    }

    /// Says that the workspace's file is of no use, and what stands in for it.
    fn tell_trouble(&self, process: &Process) {
        let Some(why) = self.trouble() else { return };
        let place = why.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        let instead = if self.is_served() {
            "the server goes on with the jobs that it took over before"
        } else {
            "these are the jobs that a server took over before"
        };
        process.printer.warning(&format!(
            "the workspace's file cannot be used, {instead}, and their calendars are not known here: {}{place}",
            why.message
        ));
    }

    /// Says that nobody starts jobs, if nobody does.
    pub fn tell_absence(&self, process: &Process) {
        if self.is_served() {
            return;
        }
        let note = if self.is_served_in_simulation_only() {
            "the server that runs here is a simulated one: `--sim` tells of it, and nothing else is started".to_owned()
        } else {
            let option = if self.surround.given.is_simulated { " --sim" } else { "" };
            match self.fault() {
                None => format!("no server runs: nothing is started until `stackhand serve{option}`"),
                Some(_) => format!(
                    "no server runs, and `stackhand serve{option}` does not start with this file until what is wrong in \
                     it is mended"
                ),
            }
        };
        process.printer.note(&note);
    }

    /// Waits for something.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

impl Deref for Desk {
    type Target = jobs::Desk;

    fn deref(&self) -> &jobs::Desk {
        &self.desk
    }
}

/// An instant as people on that wall read it.
pub fn shown_at(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M:%S %:z").to_string()
}
