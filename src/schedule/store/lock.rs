//! The one scheduler of a workspace: a lock that the system takes back when its process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::clock::Clock;
use crate::error::{Error, Kind, Result, io_cause};

/// The file's name, beside the state.
const NAME: &str = "serve.lock";

/// Who only looks whether somebody serves has the lock for an instant, and who ends for a little longer.
const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// Held by the process that serves a workspace, from before it takes over the store to its end.
#[derive(Debug)]
pub struct ServeLock {
    file: File,
    path: PathBuf,
}

impl ServeLock {
    /// Becomes the one who serves, within a second if somebody is in the way. `folder` is where the state is; it is made
    /// if there is none.
    ///
    /// # Errors
    /// Of kind `conflict` and code `already_serving`, saying which process serves and since when. Of kind `config` and
    /// code `lock_unusable` if the file cannot be locked, as on some network drives: two could serve there.
    pub async fn take(folder: &Path, clock: &Clock) -> Result<Self> {
        for _ in 1..TRIES {
            match Self::try_take(folder, clock.now()) {
                Err(error) if error.kind == Kind::Conflict => clock.sleep(PAUSE).await,
                taken => return taken,
            }
        }
        Self::try_take(folder, clock.now())
    }

    fn try_take(folder: &Path, now: DateTime<Utc>) -> Result<Self> {
        let path = folder.join(NAME);
        let mut file = open(folder, &path).map_err(|error| unusable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(already_serving(&mut file, &path)),
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
        }
        let since = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        // Only those read it who are refused; the lock holds without.
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "process {} since {since}", std::process::id()));
        Ok(Self { file, path })
    }

    /// Who serves the workspace whose state is in `folder`: `process 17 since 2026-11-22T17:00:00Z`; `None` if nobody
    /// does, or that cannot be told.
    #[must_use]
    pub fn holder(folder: &Path) -> Option<String> {
        let mut file = File::open(folder.join(NAME)).ok()?;
        // Who ends in good order leaves it empty: no lock is taken in vain, which could be in the way of one who begins.
        if file.metadata().is_ok_and(|facts| facts.len() == 0) {
            return None;
        }
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_holder(&mut file)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// Says that nothing is run any more: whoever asks may act for itself. Nobody else serves before this is dropped.
    pub fn leave(&self) {
        // Nothing is lost if it stays: who asks then waits until this is dropped.
        let _ = self.file.set_len(0);
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ServeLock {
    fn drop(&mut self) {
        // What is left says nothing wrong to whoever comes between this and the next.
        self.leave();
    }
}

fn open(folder: &Path, path: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What the one who holds the lock says of itself.
fn read_holder(file: &mut File) -> String {
    let mut who = String::new();
    // Some systems let nobody read what another has locked.
    let _ = file.take(200).read_to_string(&mut who);
    Some(who.trim()).filter(|who| !who.is_empty()).unwrap_or("another process").to_owned()
}

fn already_serving(file: &mut File, path: &Path) -> Error {
    let who = read_holder(file);
    Error::new(Kind::Conflict, "already_serving", format!("this workspace is served already, by {who}"))
        .with_hint("one scheduler serves a workspace; end that one first, or talk to it: `stackhand jobs list`")
        .with_place(path.display().to_string())
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    let message = format!("it cannot be made sure that this is the only scheduler: {}", io_cause(error));
    Error::new(Kind::Config, "lock_unusable", message)
        .with_hint("the workspace must be on a disk that can be written and knows locks; many network drives do not")
        .with_place(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::testing::berlin;

    /// A clock that does not wait.
    fn clock() -> Clock {
        Clock::starting_at(berlin("2026-11-22 18:00"))
    }

    #[tokio::test]
    async fn a_second_one_is_refused_and_told_who_serves() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join(".stackhand");
        let first = ServeLock::take(&folder, &clock()).await.expect("nobody serves");
        let refused = ServeLock::take(&folder, &clock()).await.expect_err("the first one serves");
        assert_eq!((refused.kind, refused.code), (Kind::Conflict, "already_serving"));
        let who = format!("by process {} since 2026-11-22T17:00:00Z", std::process::id());
        assert!(refused.message.ends_with(&who), "{}", refused.message);
        assert_eq!(ServeLock::holder(&folder).map(|who| format!("by {who}")).as_deref(), Some(who.as_str()));
        first.leave();
        assert_eq!(ServeLock::holder(&folder), None, "it runs nothing any more");
        assert!(ServeLock::take(&folder, &clock()).await.is_err(), "it is not gone");
        drop(first);
        assert_eq!(ServeLock::holder(&folder), None);
        ServeLock::take(&folder, &clock()).await.expect("it is free again");
    }

    #[tokio::test]
    async fn who_only_looks_whether_somebody_serves_is_in_nobodys_way() {
        let folder = tempfile::tempdir().expect("a folder");
        // What a process that was killed leaves behind.
        let path = folder.path().join(NAME);
        std::fs::write(&path, "process 1 since 2026-11-22T16:00:00Z").expect("written");
        let looks = File::open(&path).expect("it is there");
        looks.lock_shared().expect("nobody has it");
        let clock = clock();
        let looking = async {
            clock.sleep(PAUSE * 3).await;
            drop(looks);
        };
        let (taken, ()) = tokio::join!(ServeLock::take(folder.path(), &clock), looking);
        taken.expect("nobody serves");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("file"), "").expect("written");
        let error = ServeLock::take(&folder.path().join("file/.stackhand"), &clock()).await;
        assert_eq!(error.expect_err("a file is no folder").code, "lock_unusable");
    }
}
