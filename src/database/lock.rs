//! Who uses a state: a lock beside the file, shared by all that have it open, held alone to set the file aside.
//!
//! SQLite's own locks end with a transaction; this one lasts as long as the database is open, so that a damaged file
//! is never taken from under a process that still writes to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::unusable;
use crate::clock::Clock;
use crate::error::{Error, Kind};

/// How long others are waited for, who are just opening the file.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(20);

/// Held as long as the database is open.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes part in the use of a file.
    pub async fn shared(file: &Path, clock: &Clock) -> Result<Self, Error> {
        let lock = Self(open(file)?);
        lock.wait(clock, File::try_lock_shared, "another process is setting the state aside").await?;
        Ok(lock)
    }

    /// Waits until nobody else uses the file. Others may have come before: look again at what was seen.
    pub async fn alone(self, clock: &Clock) -> Result<Self, Error> {
        self.0.unlock().map_err(|error| unusable(&error))?;
        self.wait(clock, File::try_lock, "the state is damaged, and another process still uses it").await?;
        Ok(self)
    }

    /// Lets others use the file too.
    pub async fn share(self, clock: &Clock) -> Result<Self, Error> {
        self.0.unlock().map_err(|error| unusable(&error))?;
        self.wait(clock, File::try_lock_shared, "another process is setting the state aside").await?;
        Ok(self)
    }

    async fn wait(
        &self,
        clock: &Clock,
        attempt: fn(&File) -> Result<(), TryLockError>,
        otherwise: &str,
    ) -> Result<(), Error> {
        let mut left = PATIENCE;
        loop {
            match attempt(&self.0) {
                Ok(()) => return Ok(()),
                // There are file systems without locks; whoever keeps a state there is alone with it.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
                Err(TryLockError::Error(error)) => return Err(unusable(&error)),
                Err(TryLockError::WouldBlock) if left.is_zero() => return Err(busy(otherwise)),
                Err(TryLockError::WouldBlock) => {
                    clock.sleep(STEP).await;
                    left = left.saturating_sub(STEP);
                }
            }
        }
    }
}

fn open(file: &Path) -> Result<File, Error> {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(PathBuf::from(name)).map_err(|error| unusable(&error))
}

fn busy(message: &str) -> Error {
    Error::new(Kind::Config, "state_locked", message).with_hint("end the other process, then start again")
}
