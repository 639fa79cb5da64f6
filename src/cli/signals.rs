//! Interrupts: the first one ends the run in good order, the second one ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio_util::sync::CancellationToken;

use crate::error::ExitCode;

/// Which signal ended the run, if one did.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Cancels `cancel` on the first SIGINT or SIGTERM, and exits at once on the second SIGINT.
    ///
    /// Must be called inside the tokio runtime.
    pub fn watch(cancel: CancellationToken) -> Self {
        let interrupt = Self::default();
        // From here on no signal is missed, whenever the task comes to look.
        if let Ok(signals) = Signals::new() {
            tokio::spawn(interrupt.clone().listen(signals, cancel));
        }
        interrupt
    }

    /// The exit code of the signal that came, if one came.
    #[must_use]
    pub fn exit_code(&self) -> Option<ExitCode> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            143 => Some(ExitCode::Terminated),
            _ => Some(ExitCode::Interrupted),
        }
    }

    async fn listen(self, mut signals: Signals, cancel: CancellationToken) {
        loop {
            let code = signals.next().await;
            if self.0.swap(code as u8, Ordering::Relaxed) != 0 {
                // The second interrupt is for a process that does not end by itself.
                std::process::exit(i32::from(code as u8));
            }
            cancel.cancel();
        }
    }
}

/// The signals that end a run. Where they cannot be watched they keep their default: the process ends.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::Interrupted,
            _ = self.terminate.recv() => ExitCode::Terminated,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> ExitCode {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ExitCode::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
