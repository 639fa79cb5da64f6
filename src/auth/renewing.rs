//! Keeps a token and renews it when it must be: many callers, one renewal.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::token::Minted;
use super::{Error, Problem, TokenSource};
use crate::clock::{self, Clock, HandoffReceiver, HandoffSender};
use crate::secret::{Scrubber, Secret};

/// How many old secrets the scrubber still knows: what is older has long expired.
const REMEMBERED: usize = 12;

/// Gets new tokens.
pub(super) trait Minter: Send + Sync + fmt::Debug + 'static {
    /// Gets a token, for a reason, in place of `current`.
    fn mint<'m>(&'m self, cause: Cause, current: Option<&'m Minted>) -> BoxFuture<'m, Result<Minted, Error>>;

    /// Whether the credential has changed, so that a token of the old one should not be used on.
    fn has_changed(&self) -> bool {
        false
    }
}

/// Why a new token is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// There is none, or the one there is has ended or soon will.
    Expiry,
    /// The API refused the one there is.
    Rejection,
    /// The credential has changed.
    Change,
}

/// A token source that keeps what its minter hands out.
pub(super) struct Renewing<M>(Arc<Inner<M>>);

struct Inner<M> {
    minter: M,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Minted>,
    is_rejected: bool,
    /// Who waits for the renewal that is under way.
    waiting: Option<Vec<HandoffSender<Result<Secret, Error>>>>,
}

impl<M: Minter> Renewing<M> {
    pub(super) fn new(minter: M, clock: Clock) -> Self {
        Self(Arc::new(Inner { minter, clock, state: Mutex::default() }))
    }

    /// Joins the renewal that is under way, or starts one.
    fn join(&self, state: &mut State, cause: Cause) -> Result<HandoffReceiver<Result<Secret, Error>>, Error> {
        let inner = &self.0;
        let (sender, receiver) = clock::handoff(&inner.clock);
        if let Some(waiting) = &mut state.waiting {
            waiting.push(sender);
            return Ok(receiver);
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::new(Problem::RenewalLost))?;
        state.waiting = Some(vec![sender]);
        let current = state.current.clone();
        let inner = inner.clone();
        let busy = inner.clock.busy();
        // A task of its own: no caller that gives up takes the others' renewal with it.
        runtime.spawn(async move {
            let renewal = Renewal { inner: &inner, is_done: false };
            let result = inner.minter.mint(cause, current.as_ref()).await;
            renewal.finish(result, cause);
            drop(busy);
        });
        Ok(receiver)
    }
}

impl<M> Inner<M> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The renewal under way. However it ends, nobody is left waiting.
struct Renewal<'i, M> {
    inner: &'i Inner<M>,
    is_done: bool,
}

impl<M> Renewal<'_, M> {
    fn finish(mut self, result: Result<Minted, Error>, cause: Cause) {
        let mut state = self.inner.lock();
        self.is_done = true;
        let outcome = match result {
            Ok(minted) => {
                let token = minted.token.clone();
                state.current = Some(minted);
                state.is_rejected = false;
                Ok(token)
            }
            Err(error) => match &state.current {
                // The old token still has a little time: the next caller tries again.
                Some(current)
                    if !state.is_rejected && current.is_usable(self.inner.clock.now()) && may_wait(&error, cause) =>
                {
                    tracing::warn!(error = %error, "the access token could not be renewed yet");
                    Ok(current.token.clone())
                }
                _ => Err(error),
            },
        };
        let waiting = state.waiting.take().unwrap_or_default();
        drop(state);
        for waiter in waiting {
            waiter.send(outcome.clone());
        }
    }
}

fn may_wait(error: &Error, cause: Cause) -> bool {
    match cause {
        // Somebody is just writing the file, or has broken it: the token is still good.
        Cause::Change => true,
        Cause::Expiry | Cause::Rejection => error.problem.is_retryable(),
    }
}

impl<M> Drop for Renewal<'_, M> {
    fn drop(&mut self) {
        if !self.is_done {
            // Dropped senders tell their receivers that nothing will come.
            let waiting = self.inner.lock().waiting.take();
            drop(waiting);
        }
    }
}

impl<M: Minter> TokenSource for Renewing<M> {
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        Box::pin(async move {
            let receiver = {
                let mut state = self.0.lock();
                let has_changed = state.current.is_some() && self.0.minter.has_changed();
                let cause = match &state.current {
                    Some(_) if state.is_rejected => Cause::Rejection,
                    Some(_) if has_changed => Cause::Change,
                    Some(current) if current.is_fresh(self.0.clock.now()) => return Ok(current.token.clone()),
                    Some(_) | None => Cause::Expiry,
                };
                self.join(&mut state, cause)?
            };
            receiver.await.unwrap_or_else(|| Err(Error::new(Problem::RenewalLost)))
        })
    }

    fn reject(&self, token: &Secret) {
        let mut state = self.0.lock();
        // Late news of a token that was replaced meanwhile says nothing of the new one.
        if state.current.as_ref().is_some_and(|current| current.token == *token) {
            state.is_rejected = true;
        }
    }

    fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.lock().current.as_ref().and_then(|current| current.expires_at)
    }
}

impl<M: fmt::Debug> fmt::Debug for Renewing<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Renewing").field(&self.0.minter).finish()
    }
}

/// Teaches the scrubber secrets that come and go.
#[derive(Debug)]
pub(super) struct Passing {
    scrubber: Scrubber,
    recent: Mutex<VecDeque<Secret>>,
}

impl Passing {
    pub(super) fn new(scrubber: Scrubber) -> Self {
        Self { scrubber, recent: Mutex::default() }
    }

    pub(super) fn learn(&self, secret: &Secret) {
        self.scrubber.learn(secret.expose());
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_back(secret.clone());
        if recent.len() > REMEMBERED
            && let Some(oldest) = recent.pop_front()
        {
            self.scrubber.forget(oldest.expose());
        }
    }

    pub(super) fn scrubber(&self) -> &Scrubber {
        &self.scrubber
    }
}

#[cfg(test)]
#[path = "renewing_tests.rs"]
mod tests;
