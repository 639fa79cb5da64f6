//! Whether the process of a run that has no end on record is still there.

use serde::{Deserialize, Serialize};

/// A process, so that no other is taken for it: numbers are given out again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// Its number.
    pub pid: u32,
    /// When it started, in the system's ticks since it was started itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticks: Option<u64>,
    /// Which start of the system that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
}

impl ProcessFacts {
    /// This process.
    #[must_use]
    pub fn of_self() -> Self {
        let pid = std::process::id();
        Self { pid, ticks: ticks_of(pid), boot: boot() }
    }

    /// Whether it has gone, told from the machine that it ran on; `None` where that cannot be known.
    #[must_use]
    pub fn is_gone(&self) -> Option<bool> {
        let (ticks, boot_then, boot_now) = (self.ticks?, self.boot.as_ref()?, boot()?);
        // Another start of the system, or another machine: which of them is not known here.
        (*boot_then == boot_now).then(|| ticks_of(self.pid) != Some(ticks))
    }
}

/// When a process started. Source: proc_pid_stat(5), field 22; what is before it ends with the last parenthesis.
fn ticks_of(pid: u32) -> Option<u64> {
    let about = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = about.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // Ended, and not looked after yet by who started it.
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_number_and_its_start() {
        let own = ProcessFacts::of_self();
        assert_eq!(own.is_gone(), Some(false));
        assert_eq!(ProcessFacts { ticks: own.ticks.map(|ticks| ticks + 1), ..own.clone() }.is_gone(), Some(true));
        assert_eq!(ProcessFacts { pid: u32::MAX, ..own.clone() }.is_gone(), Some(true));
        assert_eq!(ProcessFacts { boot: Some("another".to_owned()), ..own.clone() }.is_gone(), None);
        assert_eq!(ProcessFacts { ticks: None, ..own }.is_gone(), None);
    }
}
