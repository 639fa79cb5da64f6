//! Interrupts: the first one ends the run in good order, the second one ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::modes::Modes;
use crate::app::Signal;
use crate::error::ExitCode;
use crate::repl::Interrupts;

/// So long a process that is interrupted twice may take to record that.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Which signal ended the run, if one did.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Cancels `cancel` on the first SIGINT or SIGTERM, and exits at once on the second SIGINT.
    ///
    /// Must be called inside the tokio runtime.
    pub fn watch(cancel: CancellationToken) -> Self {
        Self::watch_until(cancel, |_| {})
    }

    /// The same; before it exits at once, it says its last words with the exit code, if that takes no longer than a moment.
    pub fn watch_until(cancel: CancellationToken, last_words: impl FnOnce(u8) + Send + 'static) -> Self {
        let interrupt = Self::default();
        // From here on no signal is missed, whenever the task comes to look.
        if let Ok(signals) = Signals::new() {
            tokio::spawn(interrupt.clone().listen(signals, cancel, last_words));
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

    async fn listen(
        self,
        mut signals: Signals,
        cancel: CancellationToken,
        last_words: impl FnOnce(u8) + Send + 'static,
    ) {
        let code = signals.next().await;
        self.0.store(code as u8, Ordering::Relaxed);
        cancel.cancel();
        let code = signals.next().await as u8;
        // The second interrupt is for a process that does not end by itself: on a disk that hangs, say.
        let (sender, said) = std::sync::mpsc::channel();
        let speaker = std::thread::Builder::new().spawn(move || {
            last_words(code);
            let _ = sender.send(());
        });
        if speaker.is_ok() {
            let _ = said.recv_timeout(A_MOMENT);
        }
        std::process::exit(i32::from(code));
    }
}

/// Lets signals end what a session evaluates, or the session itself; a terminal that hangs up ends it too.
///
/// Must be called inside the tokio runtime.
pub fn watch_session(interrupts: &Interrupts) {
    let Ok(mut signals) = Signals::new() else { return };
    let (interrupts, terminal) = (interrupts.clone(), Modes::as_they_are());
    tokio::spawn(async move {
        loop {
            if signals.next_of_session().await == ExitCode::Interrupted {
                interrupts.interrupt();
            } else if interrupts.terminate(ExitCode::Terminated as u8) {
                // The line editor waits for a key, and nothing else can end that.
                terminal.restore();
                exit(ExitCode::Terminated);
            }
        }
    });
}

/// Passes on to a server what the process is told. The third signal to end ends the process at once.
///
/// Must be called inside the tokio runtime.
pub fn watch_server(told: tokio::sync::mpsc::Sender<Signal>) {
    let Ok(mut signals) = Signals::new() else { return };
    tokio::spawn(async move {
        let mut ends = 0;
        loop {
            let (signal, code) = signals.next_of_server().await;
            if signal == Signal::End {
                ends += 1;
            }
            if ends > 2 {
                exit(code);
            }
            // A server that is busy beginning reads its file once it has begun, however often it was told to: the
            // third signal to end must come through.
            if signal == Signal::End || told.capacity() > 4 {
                let _ = told.try_send(signal);
            }
        }
    });
}

#[expect(clippy::exit, reason = "the thread that would end the process waits for a key")]
fn exit(code: ExitCode) -> ! {
    std::process::exit(i32::from(code as u8))
}

/// The signals that end a run. Where they cannot be watched they keep their default: the process ends.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Watched by sessions alone.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: None,
        })
    }

    async fn next(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::Interrupted,
            _ = self.terminate.recv() => ExitCode::Terminated,
        }
    }

    /// The same, and the signal to read the settings again.
    async fn next_of_server(&mut self) -> (Signal, ExitCode) {
        if self.hangup.is_none() {
            self.hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
        }
        let Some(hangup) = &mut self.hangup else { return (Signal::End, self.next().await) };
        tokio::select! {
            _ = self.interrupt.recv() => (Signal::End, ExitCode::Interrupted),
            _ = self.terminate.recv() => (Signal::End, ExitCode::Terminated),
            _ = hangup.recv() => (Signal::Reload, ExitCode::Done),
        }
    }

    /// The same, and a terminal that hangs up.
    async fn next_of_session(&mut self) -> ExitCode {
        if self.hangup.is_none() {
            self.hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
        }
        let Some(hangup) = &mut self.hangup else { return self.next().await };
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::Interrupted,
            _ = self.terminate.recv() => ExitCode::Terminated,
            _ = hangup.recv() => ExitCode::Terminated,
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

    async fn next_of_session(&mut self) -> ExitCode {
        self.next().await
    }

    async fn next_of_server(&mut self) -> (Signal, ExitCode) {
        (Signal::End, self.next().await)
    }

    async fn next(&mut self) -> ExitCode {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ExitCode::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
