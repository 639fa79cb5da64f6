//! What the options say of the simulated world: where it comes from, how it fails, where it is kept.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::clock::Clock;
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

/// A simulated world that runs one after the other, and beside each other, act on; its time is real time. It is made for
/// the first of them.
#[derive(Default)]
pub struct SharedWorld {
    simulation: Simulation,
    simulator: Mutex<Option<Arc<Simulator>>>,
}

impl SharedWorld {
    /// A world as the options say.
    #[must_use]
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation, simulator: Mutex::default() }
    }

    /// The simulator of the world.
    ///
    /// # Errors
    /// When a file of the world or of faults cannot be read.
    pub(super) fn simulator(&self) -> Result<Arc<Simulator>> {
        let mut simulator = self.simulator.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(simulator) = &*simulator {
            return Ok(simulator.clone());
        }
        let clock = Clock::process();
        // The demo is dated from now, so that what recipes call today is today in it.
        let (world, _) = open_world(&self.simulation, clock.now())?;
        let made = Arc::new(Simulator::new(world, clock));
        if let Some(faults) = self.simulation.read_faults()? {
            made.set_faults(faults);
        }
        *simulator = Some(made.clone());
        Ok(made)
    }

    /// Writes the world where that was asked for, if there is one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, scrubber: &Scrubber) -> Result<()> {
        match &*self.simulator.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(simulator) => self.simulation.save(simulator, scrubber),
            None => Ok(()),
        }
    }
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
