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
        tokio::spawn(interrupt.clone().listen(cancel));
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

    async fn listen(self, cancel: CancellationToken) {
        loop {
            let code = next_signal().await;
            if self.0.swap(code as u8, Ordering::Relaxed) != 0 {
                // The second interrupt is for a process that does not end by itself.
                std::process::exit(i32::from(code as u8));
            }
            cancel.cancel();
        }
    }
}

#[cfg(unix)]
async fn next_signal() -> ExitCode {
    use tokio::signal::unix::{SignalKind, signal};
    // Where signals cannot be watched they keep their default: the process ends.
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        result = tokio::signal::ctrl_c() => match result {
            Ok(()) => ExitCode::Interrupted,
            Err(_) => std::future::pending().await,
        },
        _ = terminate.recv() => ExitCode::Terminated,
    }
}

#[cfg(not(unix))]
async fn next_signal() -> ExitCode {
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
