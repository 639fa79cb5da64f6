//! The only file that reads time.
//!
//! Two clocks exist in a run, both injected: the process clock (tokens, timeouts, retries, deadlines) and the
//! recipe's clock (`now()`, `sleep`, waits, the simulated world). Live they are the same; on the in-process simulator
//! the recipe's clock is virtual: it stands still while any thread of the run is busy, and jumps to the earliest
//! waiter once all of them wait. So months pass in milliseconds, and in an order that does not depend on the machine.
//!
//! How the virtual clock knows that all wait: every thread of a run holds a [`Busy`] token. A thread that waits for
//! time lends its token to the clock ([`Clock::sleep`]); one that waits for another thread receives over a
//! [`handoff`], which wakes it with its token already taken. No jump can slip in between.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// A source of time; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Process,
    Scaled { origin: Instant, start: DateTime<Utc>, factor: f64 },
    Virtual(Arc<Virtual>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn process() -> Self {
        Self(Source::Process)
    }

    /// A clock that starts at `start` and runs `factor` times as fast as the machine's (`sim --speed`).
    #[must_use]
    pub fn scaled(start: DateTime<Utc>, factor: f64) -> Self {
        Self(Source::Scaled { origin: Instant::now(), start, factor })
    }

    /// A clock that stands at `start` and jumps when all threads of the run wait for it.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let state = State { now: start, busy: 0, next_id: 0, queue: BinaryHeap::new(), sleepers: BTreeMap::new() };
        Self(Source::Virtual(Arc::new(Virtual { start, state: Mutex::new(state) })))
    }

    /// Whether time passes only when every thread waits for it.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self.0, Source::Virtual(_))
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::Process => Utc::now(),
            Source::Scaled { origin, start, factor } => {
                *start + TimeDelta::from_std(origin.elapsed().mul_f64(*factor)).unwrap_or(TimeDelta::MAX)
            }
            Source::Virtual(clock) => clock.lock().now,
        }
    }

    /// A reading that never goes back, for measuring how long something took: subtract two readings.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        static ORIGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        match &self.0 {
            Source::Process => ORIGIN.elapsed(),
            Source::Scaled { origin, factor, .. } => origin.elapsed().mul_f64(*factor),
            Source::Virtual(clock) => (clock.lock().now - clock.start).to_std().unwrap_or_default(),
        }
    }

    /// Waits for a span of time. Dropping the future ends the wait.
    pub async fn sleep(&self, span: Duration) {
        match &self.0 {
            Source::Process => tokio::time::sleep(span).await,
            Source::Scaled { factor, .. } => tokio::time::sleep(span.div_f64(*factor)).await,
            Source::Virtual(clock) => Sleep::new(clock.clone(), span, Counted::Idle).await,
        }
    }

    /// Waits for a time of day; returns at once if it has passed.
    pub async fn sleep_until(&self, time: DateTime<Utc>) {
        if let Ok(span) = (time - self.now()).to_std() {
            self.sleep(span).await;
        }
    }

    /// Runs `work` for at most `span`; `None` if it was not done by then, and it is dropped.
    pub async fn timeout<F: Future>(&self, span: Duration, work: F) -> Option<F::Output> {
        match &self.0 {
            Source::Process => tokio::time::timeout(span, work).await.ok(),
            Source::Scaled { factor, .. } => tokio::time::timeout(span.div_f64(*factor), work).await.ok(),
            Source::Virtual(clock) => {
                let mut alarm = Box::pin(Sleep::new(clock.clone(), span, Counted::Alarm));
                let mut work = Box::pin(work);
                // The alarm is set before the work can fall asleep: its first sleep may make the clock jump.
                std::future::poll_fn(|context| {
                    let _ = alarm.as_mut().poll(context);
                    Poll::Ready(())
                })
                .await;
                let done = std::future::poll_fn(|context| {
                    if let Poll::Ready(output) = work.as_mut().poll(context) {
                        return Poll::Ready(Some(output));
                    }
                    alarm.as_mut().poll(context).map(|()| None)
                })
                .await;
                // The work's own waits end before the alarm gives its token back, so that the clock cannot jump here.
                drop(work);
                drop(alarm);
                done
            }
        }
    }

    /// Says that a thread of the run works until the token is dropped. On the process clock this is nothing.
    pub fn busy(&self) -> Busy {
        let clock = self.as_virtual();
        if let Some(clock) = &clock {
            clock.lock().busy += 1;
        }
        Busy(clock)
    }

    fn as_virtual(&self) -> Option<Arc<Virtual>> {
        match &self.0 {
            Source::Virtual(clock) => Some(clock.clone()),
            Source::Process | Source::Scaled { .. } => None,
        }
    }
}

/// Held by a thread of a run while it is at work; see [`Clock::busy`].
#[must_use]
#[derive(Debug)]
pub struct Busy(Option<Arc<Virtual>>);

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(clock) = &self.0 {
            clock.release();
        }
    }
}

#[derive(Debug)]
struct Virtual {
    start: DateTime<Utc>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    /// Threads at work. Below zero only for users that take no tokens, such as small tests.
    busy: i64,
    next_id: u64,
    queue: BinaryHeap<Reverse<(DateTime<Utc>, u64)>>,
    sleepers: BTreeMap<u64, Option<Waker>>,
}

impl Virtual {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread less is at work; if it was the last, time jumps to the earliest waiter, and only that one wakes.
    fn release(&self) {
        let woken = {
            let mut state = self.lock();
            state.busy -= 1;
            state.jump()
        };
        if let Some(waker) = woken {
            waker.wake();
        }
    }

    fn acquire(&self) {
        self.lock().busy += 1;
    }
}

impl State {
    /// Takes a sleeper out; `false` if it had been woken. What it leaves in the queue is swept once that is most of it:
    /// each request sets an alarm that hardly ever rings, and time may stand still for millions of them.
    fn forget(&mut self, id: u64) -> bool {
        const SWEPT_FROM: usize = 1_024;
        let was_waiting = self.sleepers.remove(&id).is_some();
        if self.queue.len() >= SWEPT_FROM.max(2 * self.sleepers.len()) {
            self.queue.retain(|Reverse((_, id))| self.sleepers.contains_key(id));
        }
        was_waiting
    }

    fn jump(&mut self) -> Option<Waker> {
        while self.busy <= 0 {
            let Reverse((time, id)) = self.queue.pop()?;
            // A sleeper that was dropped has left its queue entry behind.
            let Some(waker) = self.sleepers.remove(&id) else { continue };
            self.now = self.now.max(time);
            self.busy += 1;
            return waker;
        }
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// The thread that polls has nothing else to do.
    Idle,
    /// The thread is at work on something else, which may itself wait.
    Alarm,
}

/// A wait on the virtual clock.
struct Sleep {
    clock: Arc<Virtual>,
    time: DateTime<Utc>,
    counted: Counted,
    id: Option<u64>,
    has_fired: bool,
}

impl Sleep {
    fn new(clock: Arc<Virtual>, span: Duration, counted: Counted) -> Self {
        let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::days(36_500));
        let now = clock.lock().now;
        let time = now.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Self { clock, time, counted, id: None, has_fired: false }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.has_fired {
            return Poll::Ready(());
        }
        let clock = self.clock.clone();
        let Some(id) = self.id else {
            {
                let mut state = clock.lock();
                let id = state.next_id;
                state.next_id += 1;
                state.queue.push(Reverse((self.time, id)));
                state.sleepers.insert(id, Some(context.waker().clone()));
                self.id = Some(id);
            }
            if self.counted == Counted::Idle {
                clock.release();
            }
            return Poll::Pending;
        };
        let mut state = clock.lock();
        if let Some(waker) = state.sleepers.get_mut(&id) {
            *waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        self.has_fired = true;
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let was_waiting = self.clock.lock().forget(id);
        match (self.counted, was_waiting) {
            // Given up while asleep: its thread is at work again.
            (Counted::Idle, true) => self.clock.acquire(),
            // The alarm woke its thread with a token of its own, on top of the one the thread holds.
            (Counted::Alarm, false) => self.clock.release(),
            (Counted::Idle, false) | (Counted::Alarm, true) => {}
        }
    }
}

/// A channel for one value between two threads of a run, for waits that are not for time: the receiver gives its
/// [`Busy`] token up while it waits and wakes with it already taken again.
#[must_use]
pub fn handoff<T>(clock: &Clock) -> (HandoffSender<T>, HandoffReceiver<T>) {
    let slot = Arc::new(Slot {
        clock: clock.as_virtual(),
        state: Mutex::new(SlotState { value: None, is_closed: false, is_idle: false, waker: None }),
    });
    (HandoffSender(slot.clone()), HandoffReceiver(slot))
}

struct Slot<T> {
    clock: Option<Arc<Virtual>>,
    state: Mutex<SlotState<T>>,
}

struct SlotState<T> {
    value: Option<T>,
    is_closed: bool,
    is_idle: bool,
    waker: Option<Waker>,
}

impl<T> Slot<T> {
    fn close(&self, value: Option<T>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return false;
        }
        state.is_closed = true;
        state.value = value;
        if std::mem::take(&mut state.is_idle)
            && let Some(clock) = &self.clock
        {
            clock.acquire();
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
        if becomes_idle && let Some(clock) = &self.0.clock {
            clock.release();
        }
        Poll::Pending
    }
}

impl<T> Drop for HandoffReceiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_closed = true;
        if std::mem::take(&mut state.is_idle)
            && let Some(clock) = &self.0.clock
        {
            clock.acquire();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("a valid time")
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    }

    #[test]
    fn a_lone_sleeper_makes_the_clock_jump() {
        let clock = Clock::starting_at(noon());
        let _busy = clock.busy();
        runtime().block_on(clock.sleep(Duration::from_hours(720)));
        assert_eq!(clock.now(), noon() + TimeDelta::days(30));
    }

    #[test]
    fn the_clock_stands_still_while_another_thread_is_busy() {
        let clock = Clock::starting_at(noon());
        let runtime = runtime();
        let (mine, other) = (clock.busy(), clock.busy());
        let sleeper = runtime.spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_mins(1)).await;
                let woken_at = clock.now();
                drop(mine);
                woken_at
            }
        });
        runtime.block_on(async {
            while clock.as_virtual().is_none_or(|clock| clock.lock().busy != 1) {
                tokio::task::yield_now().await;
            }
            assert_eq!(clock.now(), noon());
            drop(other);
            assert_eq!(sleeper.await.expect("it ends"), noon() + TimeDelta::minutes(1));
        });
    }

    #[test]
    fn sleepers_wake_one_at_a_time_in_order_of_time() {
        let clock = Clock::starting_at(noon());
        let runtime = runtime();
        let order = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = [30_u64, 10, 20, 10]
            .into_iter()
            .map(|seconds| {
                let (clock, order, busy) = (clock.clone(), order.clone(), clock.busy());
                runtime.spawn(async move {
                    clock.sleep(Duration::from_secs(seconds)).await;
                    let at = (clock.now() - noon()).num_seconds();
                    order.lock().expect("unpoisoned").push((seconds, at));
                    drop(busy);
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("it ends");
            }
        });
        assert_eq!(*order.lock().expect("unpoisoned"), [(10, 10), (10, 10), (20, 20), (30, 30)]);
    }

    #[test]
    fn a_timeout_ends_work_that_waits_longer_and_leaves_the_count_right() {
        let clock = Clock::starting_at(noon());
        let _busy = clock.busy();
        runtime().block_on(async {
            assert_eq!(clock.timeout(Duration::from_secs(5), clock.sleep(Duration::from_mins(1))).await, None);
            assert_eq!(clock.now(), noon() + TimeDelta::seconds(5));
            assert_eq!(clock.timeout(Duration::from_mins(1), clock.sleep(Duration::from_secs(5))).await, Some(()));
            assert_eq!(clock.now(), noon() + TimeDelta::seconds(10));
        });
        assert_eq!(clock.as_virtual().map(|clock| clock.lock().busy), Some(1));
    }

    #[test]
    fn alarms_that_never_rang_do_not_pile_up() {
        let clock = Clock::starting_at(noon());
        let _busy = clock.busy();
        runtime().block_on(async {
            for _ in 0..10_000 {
                clock.timeout(Duration::from_mins(1), std::future::ready(())).await;
            }
        });
        assert!(clock.as_virtual().is_some_and(|clock| clock.lock().queue.len() < 2_000));
    }

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
        assert_eq!(clock.as_virtual().map(|clock| clock.lock().busy), Some(1));
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
}
