//! That a person's process is still there: a lock that the system takes back when it ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::schedule::rows::Fence;

/// The folder beside the state.
const FOLDER: &str = "hands";

/// Held by a person's process from before it claims anything to its end.
#[derive(Debug)]
pub struct Presence {
    path: PathBuf,
    _file: File,
}

impl Presence {
    /// Lets others know that the process of that number is there; `folder` is where the state is. `None` where files
    /// cannot be locked, as on some network drives: others wait for its lease to expire then.
    #[must_use]
    pub fn show(folder: &Path, fence: Fence) -> Option<Self> {
        let path = path_of(folder, fence);
        std::fs::create_dir_all(path.parent()?).ok()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).ok()?;
        if file.try_lock().is_err() {
            // A file that nobody has locked would say that this process is gone.
            let _ = std::fs::remove_file(&path);
            return None;
        }
        Some(Self { path, _file: file })
    }

    /// Whether the person's process of that number is gone; `None` if that cannot be told, as of a server.
    #[must_use]
    pub fn is_gone(folder: &Path, fence: Fence) -> Option<bool> {
        let file = File::open(path_of(folder, fence)).ok()?;
        match file.try_lock_shared() {
            Ok(()) => Some(true),
            Err(TryLockError::WouldBlock) => Some(false),
            Err(TryLockError::Error(_)) => None,
        }
    }

    /// Removes what a process has left that is gone.
    pub fn forget(folder: &Path, fence: Fence) {
        // What stays says the same as before, of a number that is not given out again.
        let _ = std::fs::remove_file(path_of(folder, fence));
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // What stays says that the process is gone, and so it is.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn path_of(folder: &Path, fence: Fence) -> PathBuf {
    folder.join(FOLDER).join(format!("{}.lock", fence.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_there_as_long_as_it_holds_its_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (Fence(1), Fence(2));
        assert_eq!(Presence::is_gone(folder.path(), one), None);
        let presence = Presence::show(folder.path(), one).expect("locked");
        assert_eq!(Presence::is_gone(folder.path(), one), Some(false));
        assert_eq!(Presence::is_gone(folder.path(), two), None);
        drop(presence);
        assert_eq!(Presence::is_gone(folder.path(), one), None);
        // As a killed one leaves it.
        std::fs::write(path_of(folder.path(), two), "").expect("written");
        assert_eq!(Presence::is_gone(folder.path(), two), Some(true));
        Presence::forget(folder.path(), two);
        assert_eq!(Presence::is_gone(folder.path(), two), None);
    }
}
