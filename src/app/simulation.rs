//! What the options say of the simulated world: where it comes from, how it fails, where it is kept.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::error::{Error, Kind, Result, io_cause};
use crate::secret::Scrubber;
use crate::simulator::world::{World, demo};
use crate::simulator::{Faults, Simulator};

/// What the options say of the simulated world.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    /// Start from this world instead of the demo.
    pub world: Option<PathBuf>,
    /// Write the world here afterwards.
    pub save: Option<PathBuf>,
    /// Fail as this file says.
    pub faults: Option<PathBuf>,
}

impl Simulation {
    /// The first option that was given.
    pub(super) fn first_option(&self) -> Option<&'static str> {
        let options = [(&self.world, "--world"), (&self.save, "--save"), (&self.faults, "--faults")];
        options.into_iter().find(|(given, _)| given.is_some()).map(|(_, option)| option)
    }

    /// The rules of failure, if a file of them was given.
    ///
    /// # Errors
    /// When the file cannot be read or makes no sense.
    pub fn read_faults(&self) -> Result<Option<Faults>> {
        let Some(path) = &self.faults else { return Ok(None) };
        let text = read(path, "faults")?;
        Faults::parse(&text, &path.display().to_string()).map(Some)
    }

    /// Writes the world where it was asked for, whole or not at all, and without the secrets that a run may have put
    /// into it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, simulator: &Simulator, scrubber: &Scrubber) -> Result<()> {
        let Some(path) = &self.save else { return Ok(()) };
        let text = format!("{:#}\n", simulator.to_json());
        let unfinished = path.with_extension("unfinished");
        std::fs::write(&unfinished, scrubber.scrub(&text).as_bytes())
            .and_then(|()| std::fs::rename(&unfinished, path))
            .map_err(|error| {
                Error::new(Kind::Config, "world_not_saved", format!("cannot write the world: {}", io_cause(&error)))
                    .with_place(path.display().to_string())
                    .with_hint("give a path in a folder that exists and that you may write to with `--save`")
            })
    }
}

/// The world to start from and its time, which is `start` unless a file says another.
///
/// # Errors
/// When the file cannot be read or is no world.
pub fn open_world(simulation: &Simulation, start: DateTime<Utc>) -> Result<(World, DateTime<Utc>)> {
    let Some(path) = &simulation.world else { return Ok((demo(start), start)) };
    let text = read(path, "world")?;
    let world = World::from_json(&text, &path.display().to_string(), start)?;
    let time = world.time.unwrap_or(start);
    Ok((world, time))
}

fn read(path: &Path, option: &str) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::new(Kind::Config, "file_unreadable", format!("cannot read the file: {}", io_cause(&error)))
            .with_place(path.display().to_string())
            .with_hint(format!("give a readable file with `--{option}`"))
    })
}
