//! The limit on requests in flight: first come, first served, for the whole process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::{Clock, HandoffSender, handoff};

/// The limit; clones share it.
#[derive(Clone)]
pub struct InFlight(Arc<Places>);

struct Places {
    /// Waiting for a place is not waiting for time: the virtual clock must know, or it stalls.
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    free: usize,
    queue: VecDeque<HandoffSender<Permit>>,
}

impl InFlight {
    /// At most `limit` requests at a time; a limit of 0 counts as 1.
    #[must_use]
    pub fn new(clock: &Clock, limit: usize) -> Self {
        let state = State { free: limit.max(1), queue: VecDeque::new() };
        Self(Arc::new(Places { clock: clock.clone(), state: Mutex::new(state) }))
    }

    /// A place, if one is free now.
    pub fn try_enter(&self) -> Option<Permit> {
        let mut state = self.0.lock();
        // A place is free only when nobody waits for one.
        state.free = state.free.checked_sub(1)?;
        Some(Permit(Some(self.0.clone())))
    }

    /// Waits for a place. Dropping the future leaves the queue. A permit must not be held while sleeping.
    pub async fn enter(&self) -> Permit {
        let receiver = {
            let mut state = self.0.lock();
            if let Some(free) = state.free.checked_sub(1) {
                state.free = free;
                return Permit(Some(self.0.clone()));
            }
            let (sender, receiver) = handoff(&self.0.clock);
            state.queue.push_back(sender);
            receiver
        };
        match receiver.await {
            Some(permit) => permit,
            // The queue lives as long as `self`, so its senders are used, never dropped; a place too many beats a hang.
            None => Permit(None),
        }
    }
}

impl Places {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next in the queue that still waits; without one, the place becomes free.
    fn next(&self) -> Option<HandoffSender<Permit>> {
        let mut state = self.lock();
        while let Some(sender) = state.queue.pop_front() {
            if !sender.is_abandoned() {
                return Some(sender);
            }
        }
        state.free += 1;
        None
    }
}

/// A place among the requests in flight, until it is dropped.
#[must_use]
pub struct Permit(Option<Arc<Places>>);

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(places) = self.0.take() else { return };
        // Outside the lock: a receiver that has just gone gives the permit back by dropping it.
        if let Some(sender) = places.next() {
            sender.send(Permit(Some(places)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use super::*;

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn clock() -> Clock {
        Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a valid time"))
    }

    fn entered<F: Future>(future: std::pin::Pin<&mut F>) -> F::Output {
        match poll(future) {
            Poll::Ready(permit) => permit,
            Poll::Pending => panic!("a place was free"),
        }
    }

    #[test]
    fn places_are_given_in_the_order_of_asking() {
        let clock = clock();
        let _threads = [clock.busy(), clock.busy(), clock.busy()];
        let limit = InFlight::new(&clock, 1);
        let (mut first, mut second, mut third) = (pin!(limit.enter()), pin!(limit.enter()), pin!(limit.enter()));
        let held = entered(first.as_mut());
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(third.as_mut()).is_pending());
        drop(held);
        assert!(poll(third.as_mut()).is_pending());
        let held = entered(second.as_mut());
        drop(held);
        let _held = entered(third.as_mut());
    }

    #[test]
    fn who_stops_waiting_loses_no_place() {
        let clock = clock();
        let _threads = [clock.busy(), clock.busy(), clock.busy()];
        let limit = InFlight::new(&clock, 1);
        let held = entered(pin!(limit.enter()));
        {
            let mut gone_early = Box::pin(limit.enter());
            let mut gone_late = Box::pin(limit.enter());
            assert!(poll(gone_early.as_mut()).is_pending());
            assert!(poll(gone_late.as_mut()).is_pending());
            drop(gone_early);
            drop(held);
            // It was handed the place and dropped before it looked.
            drop(gone_late);
        }
        let _held = entered(pin!(limit.enter()));
    }

    #[test]
    fn a_thread_that_waits_for_a_place_lets_the_virtual_clock_jump() {
        let clock = clock();
        let limit = InFlight::new(&clock, 1);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
        let busy = [clock.busy(), clock.busy()];
        let tasks: Vec<_> = busy
            .into_iter()
            .map(|busy| {
                let (clock, limit) = (clock.clone(), limit.clone());
                runtime.spawn(async move {
                    let permit = limit.enter().await;
                    // Stands for a simulated answer that takes its time.
                    clock.sleep(Duration::from_secs(5)).await;
                    drop(permit);
                    drop(busy);
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("it ends");
            }
        });
        assert_eq!(clock.monotonic(), Duration::from_secs(10));
    }
}
