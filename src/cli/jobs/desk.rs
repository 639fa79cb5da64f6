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
        let runtime = runtime_of(2)?;
        let desk = runtime.block_on(jobs::Desk::open(surround(process, shared, runtime.handle().clone())))?;
        desk.notes.iter().for_each(|note| process.printer.warning(note));
        Ok(Self { runtime, desk })
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
