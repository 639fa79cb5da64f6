//! How much memory a process took at most.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What takes so much is ended before the machine suffers.
const FAR_TOO_MUCH_KIB: u64 = 3 << 20;

/// Looks at a process until it has ended. The system keeps the peak; only what is taken just before the end is missed.
pub struct Peak {
    has_ended: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    watch: JoinHandle<()>,
}

impl Peak {
    pub fn watch(process: u32) -> Self {
        let (has_ended, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ended, seen) = (has_ended.clone(), most.clone());
        let watch = std::thread::spawn(move || {
            while !ended.load(Ordering::Acquire) {
                let peak = peak_kib(process).unwrap_or(0);
                seen.fetch_max(peak, Ordering::AcqRel);
                if peak > FAR_TOO_MUCH_KIB {
                    let _ = Command::new("/bin/kill").args(["-KILL", &process.to_string()]).status();
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { has_ended, most, watch }
    }

    /// The peak in KiB, once the process has ended.
    pub fn kib(self) -> u64 {
        self.has_ended.store(true, Ordering::Release);
        self.watch.join().expect("it only reads");
        self.most.load(Ordering::Acquire)
    }
}

/// 0 where the system tells nothing.
fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
