//! The only file that reads time.
//!
//! Two clocks exist in a run, both injected: the process clock (tokens, timeouts, retries, deadlines) and the
//! recipe's clock (`now()`, `sleep`, waits, the simulated world). Live they are the same; on the in-process simulator
//! the recipe's clock is virtual: it stands still while any thread of the run is busy, and jumps to the earliest
//! waiter once all of them wait. So months pass in milliseconds, and in an order that does not depend on the machine.
//!
//! How the virtual clock knows that all wait: every thread of a run holds a [`Busy`] token. A thread that waits for
//! time lends its token to the clock ([`Clock::sleep`]); one that waits for another thread receives over a
//! [`handoff`], which wakes it with its token already taken. No jump can slip in between. One that waits for a person
//! receives over a [`question`]: time stands still meanwhile, and whoever puts questions learns when all others wait too
//! ([`Clock::when_quiet`]), on a virtual clock as on the machine's if that counts its threads ([`Clock::counting`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

mod handoff;

pub use handoff::{HandoffReceiver, HandoffSender, handoff, question};

/// A source of time; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Process,
    /// The machine's time; the threads are counted as on a virtual clock, whose time stands still.
    Counting(Arc<Threads>),
    Scaled {
        origin: Instant,
        start: DateTime<Utc>,
        factor: f64,
    },
    Virtual(Arc<Threads>),
}

/// Told when every thread of a run waits.
pub type Listener = Arc<dyn Fn() + Send + Sync>;

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn process() -> Self {
        Self(Source::Process)
    }

    /// The machine's clock, which also knows when every thread of a run waits.
    #[must_use]
    pub fn counting() -> Self {
        Self(Source::Counting(Arc::new(Threads::starting_at(DateTime::UNIX_EPOCH))))
    }

    /// A clock that starts at `start` and runs `factor` times as fast as the machine's (`sim --speed`).
    #[must_use]
    pub fn scaled(start: DateTime<Utc>, factor: f64) -> Self {
        Self(Source::Scaled { origin: Instant::now(), start, factor })
    }

    /// A clock that stands at `start` and jumps when all threads of the run wait for it.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self(Source::Virtual(Arc::new(Threads::starting_at(start))))
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
            Source::Process | Source::Counting(_) => Utc::now(),
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
            Source::Process | Source::Counting(_) => ORIGIN.elapsed(),
            Source::Scaled { origin, factor, .. } => origin.elapsed().mul_f64(*factor),
            Source::Virtual(clock) => (clock.lock().now - clock.start).to_std().unwrap_or_default(),
        }
    }

    /// Waits for a span of time. Dropping the future ends the wait.
    pub async fn sleep(&self, span: Duration) {
        match &self.0 {
            Source::Process => tokio::time::sleep(span).await,
            Source::Counting(threads) => {
                let _lent = Lent::of(threads);
                tokio::time::sleep(span).await;
            }
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
            Source::Process | Source::Counting(_) => tokio::time::timeout(span, work).await.ok(),
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

    /// Says that a thread of the run works until the token is dropped. On a clock that counts no threads this is nothing.
    pub fn busy(&self) -> Busy {
        let threads = self.threads();
        if let Some(threads) = &threads {
            threads.acquire();
        }
        Busy(threads)
    }

    /// Calls the listener, from now on, whenever every thread of the run waits and at least one of them for an answer;
    /// none listens any more if there is none. On a clock that counts no threads nobody is told.
    pub fn when_quiet(&self, listener: Option<Listener>) {
        if let Some(threads) = self.threads() {
            threads.lock().listener = listener;
        }
    }

    /// Where the threads of the run are counted, if they are.
    fn threads(&self) -> Option<Arc<Threads>> {
        match &self.0 {
            Source::Virtual(threads) | Source::Counting(threads) => Some(threads.clone()),
            Source::Process | Source::Scaled { .. } => None,
        }
    }
}

/// Held by a thread of a run while it is at work; see [`Clock::busy`].
#[must_use]
#[derive(Debug)]
pub struct Busy(Option<Arc<Threads>>);

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(clock) = &self.0 {
            clock.release();
        }
    }
}

/// The token of a thread that sleeps on the machine's clock.
struct Lent<'t>(&'t Threads);

impl<'t> Lent<'t> {
    fn of(threads: &'t Threads) -> Self {
        threads.release();
        Self(threads)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.acquire();
    }
}

/// The threads of a run, and where time is virtual, the time that they agree on.
#[derive(Debug)]
struct Threads {
    start: DateTime<Utc>,
    state: Mutex<State>,
}

struct State {
    now: DateTime<Utc>,
    /// Threads at work. Below zero only for users that take no tokens, such as small tests.
    busy: i64,
    /// Threads that wait for an answer.
    asking: i64,
    /// Told when all wait, and one of them for an answer.
    listener: Option<Listener>,
    next_id: u64,
    queue: BinaryHeap<Reverse<(DateTime<Utc>, u64)>>,
    sleepers: BTreeMap<u64, Option<Waker>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { now, busy, asking, .. } = self;
        f.debug_struct("State").field("now", now).field("busy", busy).field("asking", asking).finish_non_exhaustive()
    }
}

impl Threads {
    fn starting_at(start: DateTime<Utc>) -> Self {
        let state = State {
            now: start,
            busy: 0,
            asking: 0,
            listener: None,
            next_id: 0,
            queue: BinaryHeap::new(),
            sleepers: BTreeMap::new(),
        };
        Self { start, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread less is at work; if it was the last, time jumps to the earliest waiter, and only that one wakes. As
    /// long as somebody is asked it stands still instead.
    fn release(&self) {
        let (woken, listener) = {
            let mut state = self.lock();
            state.busy -= 1;
            (state.jump(), state.to_be_told())
        };
        if let Some(waker) = woken {
            waker.wake();
        }
        if let Some(listener) = listener {
            listener();
        }
    }

    fn acquire(&self) {
        self.lock().busy += 1;
    }

    /// A thread waits for an answer from now on.
    fn ask(&self) {
        self.lock().asking += 1;
        self.release();
    }

    /// It does not any more, and is at work again.
    fn is_answered(&self) {
        let mut state = self.lock();
        state.asking -= 1;
        state.busy += 1;
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

    fn to_be_told(&self) -> Option<Listener> {
        self.listener.clone().filter(|_| self.busy <= 0 && self.asking > 0)
    }

    fn jump(&mut self) -> Option<Waker> {
        while self.busy <= 0 && self.asking <= 0 {
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
    clock: Arc<Threads>,
    time: DateTime<Utc>,
    counted: Counted,
    id: Option<u64>,
    has_fired: bool,
}

impl Sleep {
    fn new(clock: Arc<Threads>, span: Duration, counted: Counted) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// When the clocks of these tests begin.
    pub(super) fn noon() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("a valid time")
    }

    /// Two threads: what waits for another one must be able to.
    pub(super) fn runtime() -> tokio::runtime::Runtime {
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
            while clock.threads().is_none_or(|clock| clock.lock().busy != 1) {
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
        assert_eq!(clock.threads().map(|clock| clock.lock().busy), Some(1));
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
        assert!(clock.threads().is_some_and(|clock| clock.lock().queue.len() < 2_000));
    }
}
