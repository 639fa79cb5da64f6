//! Signals: an interrupt ends what is being evaluated and never the session, a request to end ends both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// What signals do to a session. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Interrupts(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Ends what is being evaluated, if something is.
    current: Mutex<Option<CancellationToken>>,
    was_interrupted: AtomicBool,
    must_end: AtomicBool,
    /// Records how the session ends, for when nobody else can.
    last_words: Mutex<LastWords>,
}

#[derive(Default)]
struct LastWords(Option<Box<dyn FnOnce(u8) + Send>>);

impl std::fmt::Debug for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LastWords").field(&self.0.is_some()).finish()
    }
}

impl Interrupts {
    /// Something begins to be evaluated; the token ends it.
    pub fn begin(&self) -> CancellationToken {
        let token = CancellationToken::new();
        self.0.was_interrupted.store(false, Ordering::Relaxed);
        *self.current() = Some(token.clone());
        if self.must_end() {
            token.cancel();
        }
        token
    }

    /// Nothing is evaluated any more; whether it was interrupted.
    pub fn end(&self) -> bool {
        *self.current() = None;
        self.0.was_interrupted.load(Ordering::Relaxed)
    }

    /// Ends what is being evaluated.
    pub fn interrupt(&self) {
        self.0.was_interrupted.store(true, Ordering::Relaxed);
        if let Some(token) = &*self.current() {
            token.cancel();
        }
    }

    /// Says how it is to be recorded that the session ends while it waits for somebody to type.
    pub fn set_last_words(&self, last_words: impl FnOnce(u8) + Send + 'static) {
        self.last_words().0 = Some(Box::new(last_words));
    }

    /// Ends the session as soon as what is being evaluated has ended. If nothing is, this says the last words and gives
    /// `true`: the process has to end now.
    pub fn terminate(&self, exit_code: u8) -> bool {
        self.0.must_end.store(true, Ordering::Relaxed);
        let is_idle = self.current().is_none();
        self.interrupt();
        if is_idle && let Some(last_words) = self.last_words().0.take() {
            last_words(exit_code);
        }
        is_idle
    }

    fn last_words(&self) -> std::sync::MutexGuard<'_, LastWords> {
        self.0.last_words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session must end.
    #[must_use]
    pub fn must_end(&self) -> bool {
        self.0.must_end.load(Ordering::Relaxed)
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<CancellationToken>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_ends_what_is_evaluated_and_nothing_that_comes_later() {
        let interrupts = Interrupts::default();
        interrupts.interrupt();
        let first = interrupts.begin();
        assert!(!first.is_cancelled());
        interrupts.interrupt();
        assert!(first.is_cancelled() && interrupts.end());
        assert!(!interrupts.begin().is_cancelled() && !interrupts.end());
        interrupts.begin();
        assert!(!interrupts.terminate(143), "something is evaluated");
        let said = Arc::new(Mutex::new(None));
        let heard = said.clone();
        interrupts.set_last_words(move |code| *heard.lock().unwrap() = Some(code));
        interrupts.end();
        assert!(interrupts.terminate(143) && *said.lock().unwrap() == Some(143));
        assert!(interrupts.must_end() && interrupts.begin().is_cancelled());
    }
}
