//! Waits for other threads of the run, and for people.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Clock, Threads};

/// A channel for one value between two threads of a run, for waits that are not for time: the receiver gives its
/// [`Busy`] token up while it waits and wakes with it already taken again.
#[must_use]
pub fn handoff<T>(clock: &Clock) -> (HandoffSender<T>, HandoffReceiver<T>) {
    slot(clock, From::Thread)
}

/// The same for a value that comes from a person: time does not pass while somebody waits for it, and all others of the
/// run that wait for answers are told to whoever listens to the clock ([`Clock::when_quiet`]).
#[must_use]
pub fn question<T>(clock: &Clock) -> (HandoffSender<T>, HandoffReceiver<T>) {
    slot(clock, From::Person)
}

fn slot<T>(clock: &Clock, from: From) -> (HandoffSender<T>, HandoffReceiver<T>) {
    let slot = Arc::new(Slot {
        threads: clock.threads(),
        from,
        state: Mutex::new(SlotState { value: None, is_closed: false, is_idle: false, waker: None }),
    });
    (HandoffSender(slot.clone()), HandoffReceiver(slot))
}

/// Who gives the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Thread,
    Person,
}

struct Slot<T> {
    /// Where threads are counted, if they are.
    threads: Option<Arc<Threads>>,
    from: From,
    state: Mutex<SlotState<T>>,
}

struct SlotState<T> {
    value: Option<T>,
    is_closed: bool,
    is_idle: bool,
    waker: Option<Waker>,
}

impl<T> Slot<T> {
    /// The receiver waits from now on.
    fn begin_wait(&self) {
        match (&self.threads, self.from) {
            (None, _) => {}
            (Some(threads), From::Thread) => threads.release(),
            (Some(threads), From::Person) => threads.ask(),
        }
    }

    /// The receiver does not wait any more.
    fn end_wait(&self) {
        match (&self.threads, self.from) {
            (None, _) => {}
            (Some(threads), From::Thread) => threads.acquire(),
            (Some(threads), From::Person) => threads.is_answered(),
        }
    }

    fn close(&self, value: Option<T>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return false;
        }
        state.is_closed = true;
        state.value = value;
        if std::mem::take(&mut state.is_idle) {
            self.end_wait();
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

/// The sending half of a [`handoff`]; dropping it unsent wakes the receiver with `None`.
pub struct HandoffSender<T>(Arc<Slot<T>>);

impl<T> HandoffSender<T> {
    /// Hands the value over; `false` if the receiver has gone.
    pub fn send(self, value: T) -> bool {
        self.0.close(Some(value))
    }

    /// Whether nobody waits for the value any more.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).is_closed
    }
}

impl<T> Drop for HandoffSender<T> {
    fn drop(&mut self) {
        self.0.close(None);
    }
}

/// The receiving half of a [`handoff`]: a future of the value, or of `None` if the sender was dropped.
pub struct HandoffReceiver<T>(Arc<Slot<T>>);

impl<T> Future for HandoffReceiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return Poll::Ready(state.value.take());
        }
        state.waker = Some(context.waker().clone());
        let becomes_idle = !std::mem::replace(&mut state.is_idle, true);
        drop(state);
        if becomes_idle {
            self.0.begin_wait();
        }
        Poll::Pending
    }
}

impl<T> Drop for HandoffReceiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_closed = true;
        if std::mem::take(&mut state.is_idle) {
            self.0.end_wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::clock::tests::{noon, runtime};

    #[test]
    fn a_receiver_is_idle_until_it_is_handed_its_value() {
        let clock = Clock::starting_at(noon());
        let runtime = runtime();
        let (sender, receiver) = handoff::<DateTime<Utc>>(&clock);
        let (mine, other) = (clock.busy(), clock.busy());
        let task = runtime.spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_mins(1)).await;
                sender.send(clock.now());
                drop(other);
            }
        });
        runtime.block_on(async {
            assert_eq!(receiver.await, Some(noon() + TimeDelta::minutes(1)));
            task.await.expect("it ends");
        });
        assert_eq!(clock.threads().map(|clock| clock.lock().busy), Some(1));
        drop(mine);
    }

    #[test]
    fn a_dropped_sender_wakes_the_receiver_with_nothing() {
        let clock = Clock::starting_at(noon());
        let _busy = clock.busy();
        let (sender, receiver) = handoff::<()>(&clock);
        drop(sender);
        assert_eq!(runtime().block_on(receiver), None);
    }
    #[test]
    fn time_stands_still_while_somebody_is_asked_and_whoever_asks_is_told_once_all_wait() {
        let runtime = runtime();
        for clock in [Clock::starting_at(noon()), Clock::counting()] {
            let told = Arc::new(AtomicUsize::new(0));
            let listener = told.clone();
            clock.when_quiet(Some(Arc::new(move || {
                listener.fetch_add(1, Ordering::Relaxed);
            })));
            let (answer, answered) = question::<&str>(&clock);
            let (value, handed) = handoff::<()>(&clock);
            let (busy, other) = (clock.busy(), clock.busy());
            let mut asking = Box::pin(answered);
            let mut waiting = Box::pin(handed);
            let mut context = Context::from_waker(Waker::noop());
            assert!(asking.as_mut().poll(&mut context).is_pending());
            assert_eq!(told.load(Ordering::Relaxed), 0, "the other thread is at work");
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert_eq!(told.load(Ordering::Relaxed), 1, "it waits for a thread");
            value.send(());
            let mut sleeping = Box::pin(clock.sleep(Duration::from_hours(1)));
            let _entered = runtime.enter();
            assert!(sleeping.as_mut().poll(&mut context).is_pending());
            assert_eq!(told.load(Ordering::Relaxed), 2, "it waits for time");
            assert!(!clock.is_virtual() || clock.now() == noon(), "and time does not pass");
            assert!(answer.send("yes"));
            assert_eq!(asking.as_mut().poll(&mut context), Poll::Ready(Some("yes")));
            drop((sleeping, busy, other));
            assert_eq!(clock.threads().map(|threads| threads.lock().busy), Some(0));
            assert_eq!(told.load(Ordering::Relaxed), 2);
        }
    }
}
