//! What the options say of the simulated world: where it comes from, how it fails, where it is kept.

use std::collections::BTreeMap;
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

/// Simulated worlds that runs one after the other, and beside each other, act on; their time is real time. Each profile
/// acts on another project, and so it has a world of its own, made for the first run of it.
#[derive(Default)]
pub struct SharedWorlds {
    simulation: Simulation,
    /// By the profile that each stands in for.
    simulators: Mutex<BTreeMap<Option<String>, Arc<Simulator>>>,
}

impl SharedWorlds {
    /// Worlds as the options say.
    #[must_use]
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation, simulators: Mutex::default() }
    }

    /// The simulator of a profile's world.
    ///
    /// # Errors
    /// When a file of the world or of faults cannot be read.
    pub(super) fn simulator(&self, profile: Option<&str>) -> Result<Arc<Simulator>> {
        let mut simulators = self.simulators.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = profile.map(str::to_owned);
        if let Some(simulator) = simulators.get(&profile) {
            return Ok(simulator.clone());
        }
        let clock = Clock::process();
        let simulation = self.simulation.of(profile.as_deref());
        // The demo is dated from now, so that what recipes call today is today in it.
        let (world, _) = open_world(&simulation, clock.now())?;
        let made = Arc::new(Simulator::new(world, clock));
        if let Some(faults) = simulation.read_faults()? {
            made.set_faults(faults);
        }
        simulators.insert(profile, made.clone());
        Ok(made)
    }

    /// Writes the worlds where that was asked for, as far as they were made.
    ///
    /// # Errors
    /// When a file cannot be written; the others are.
    pub fn save(&self, scrubber: &Scrubber) -> Result<()> {
        let simulators = self.simulators.lock().unwrap_or_else(PoisonError::into_inner);
        let saved = simulators
            .iter()
            .map(|(profile, simulator)| self.simulation.of(profile.as_deref()).save(simulator, scrubber));
        saved.fold(Ok(()), Result::and)
    }
}

impl Simulation {
    /// The same for the world of a profile: it is kept beside the file that was named, with the profile's name in its own,
    /// and begins as that says, or as the file itself where there is none.
    fn of(&self, profile: Option<&str>) -> Self {
        let Some(profile) = profile else { return self.clone() };
        let own = |path: &PathBuf| beside(path, profile);
        let world = self.world.as_ref().map(|path| Some(own(path)).filter(|own| own.is_file()).unwrap_or(path.clone()));
        Self { world, save: self.save.as_ref().map(own), faults: self.faults.clone() }
    }

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

/// `world.json` for the profile `shop` is `world.shop.json`.
fn beside(path: &Path, profile: &str) -> PathBuf {
    let plain: String =
        profile.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}.{plain}{extension}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_has_a_world_of_its_own_that_goes_on_from_its_own_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("world.json");
        let simulation = Simulation { save: Some(file.clone()), ..Simulation::default() };
        let worlds = SharedWorlds::new(simulation.clone());
        let [plain, shop, again] = [None, Some("shop"), Some("shop")].map(|name| worlds.simulator(name).expect("made"));
        assert!(Arc::ptr_eq(&shop, &again) && !Arc::ptr_eq(&plain, &shop));
        worlds.save(&Scrubber::new()).expect("written");
        assert!(file.is_file() && folder.path().join("world.shop.json").is_file());
        let simulation = Simulation { world: Some(file.clone()), ..simulation };
        assert_eq!(simulation.of(Some("shop")).world, Some(folder.path().join("world.shop.json")));
        assert_eq!(simulation.of(Some("other")).world, Some(file.clone()));
        assert_eq!(simulation.of(None).world, Some(file));
        assert_eq!(beside(Path::new("/a/world"), "../x y"), Path::new("/a/world.___x_y"));
    }
}
