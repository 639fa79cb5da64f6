//! A program with all that it has started in turn.

use tokio::process::{Child, Command};

/// A program and all that it starts, unless that leaves the family: all of it is killed when this is dropped, but for
/// what is left of it once the program has ended by itself.
pub(super) struct Family {
    /// The group of processes that bears the program's number. While the program has not been waited for, that number
    /// is nobody else's.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Family {
    /// Lets a program begin a family of its own, and not be one of ours.
    pub fn begin(command: &mut Command) {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
    }

    /// The family of a program that has just been started.
    #[cfg(unix)]
    pub fn of(child: &Child) -> Self {
        let number = child.id().and_then(|id| i32::try_from(id).ok());
        Self { group: number.and_then(rustix::process::Pid::from_raw) }
    }

    /// The family of a program that has just been started: here the program alone, which ends with its handle.
    #[cfg(not(unix))]
    pub fn of(_child: &Child) -> Self {
        Self {}
    }

    /// The program has ended, and its number may soon be another's; what it has left goes on.
    pub fn leave(&mut self) {
        #[cfg(unix)]
        {
            self.group = None;
        }
    }
}

#[cfg(unix)]
impl Drop for Family {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            // Nobody may be left of it.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
