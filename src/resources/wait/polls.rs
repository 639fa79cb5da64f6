//! The polls of a run, one for each kind, project and region that something waits for.
//!
//! A poll belongs to none of its waiters: it runs as a task of its own while anybody waits, so that a cancelled waiter
//! takes nothing from the others. On the virtual clock it is a thread of the run like any other.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::super::error::{Error, Last};
use super::super::expectation::{Verdict, Watch};
use super::super::kind::Kind;
use super::super::platform::Platform;
use super::poller;
use crate::clock::{HandoffReceiver, HandoffSender, handoff};
use crate::meter::Charged;
use crate::transport::Target;

/// All polls of a run; clones share them.
#[derive(Clone, Default)]
pub struct Polls(Arc<Mutex<ByPlace>>);

type ByPlace = HashMap<(Kind, Target), Arc<Poll>>;

/// The shortest time between two looks, and the first one.
pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// The longest. Source: the Go SDK's waiters look every 5 s, `core/wait`.
pub(super) const LONGEST_INTERVAL: Duration = Duration::from_secs(5);

/// One poll.
pub(super) struct Poll {
    pub(super) kind: Kind,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) entries: BTreeMap<u64, Entry>,
    next_key: u64,
    is_running: bool,
    /// Wakes the poller before its time.
    pub(super) wake: Option<HandoffSender<()>>,
    pub(super) interval: Duration,
    /// When it looked last, on the recipe's clock; outlives the poller, so that many short waits share looks too.
    pub(super) looked_at: Option<Duration>,
    /// Whether a list of the kind may be had; learnt by asking.
    pub(super) may_list: bool,
}

/// One object that somebody waits for.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) watch: Watch,
    /// Why the last look failed, if it did.
    pub(super) trouble: Option<String>,
    pub(super) done: HandoffSender<Result<Seen, Error>>,
}

/// What a wait ended with.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// The object as it was seen.
    There(Bytes),
    /// No object.
    Gone,
}

impl Poll {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Polls {
    /// Joins the poll of an object's kind and place, and starts it if nobody else waits there.
    pub(super) fn join(&self, platform: &Platform, watch: Watch) -> Joined {
        let watched = &watch.expectation().watched;
        let (kind, id) = (watched.kind, watched.id.clone());
        let poll = self.poll(kind, platform.target());
        let (done, receiver) = handoff(platform.clock());
        let mut state = poll.lock();
        let key = state.next_key;
        state.next_key += 1;
        state.entries.insert(key, Entry { id, watch, trouble: None, done });
        // A newcomer's object may change quickly, and how it changes may be the only proof of its outcome.
        state.interval = SHORTEST_INTERVAL;
        if state.is_running {
            if let Some(wake) = state.wake.take() {
                wake.send(());
            }
        } else {
            state.is_running = true;
            // Taken here, so that time cannot jump before the poller is at work.
            let busy = platform.clock().busy();
            let (platform, poll) = (platform.clone(), poll.clone());
            tokio::spawn(Charged::as_here(async move {
                let stopped = Stopped(poll.clone());
                poller::run(&platform, &poll).await;
                drop(stopped);
                drop(busy);
            }));
        }
        drop(state);
        Joined { poll, key, receiver: Some(receiver) }
    }

    fn poll(&self, kind: Kind, target: &Target) -> Arc<Poll> {
        let mut polls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let state = State {
                entries: BTreeMap::new(),
                next_key: 0,
                is_running: false,
                wake: None,
                interval: SHORTEST_INTERVAL,
                looked_at: None,
                may_list: kind.row().operations.list.is_some(),
            };
            Arc::new(Poll { kind, state: Mutex::new(state) })
        };
        polls.entry((kind, target.clone())).or_insert_with(new).clone()
    }
}

/// Says that the poller ended, even if it panicked; who then still waits is told by the drop of its sender.
struct Stopped(Arc<Poll>);

impl Drop for Stopped {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.lock();
            state.is_running = false;
            state.entries.clear();
        }
    }
}

impl State {
    /// Ends the poller if nobody waits any more; under the lock, so that no newcomer slips in between.
    pub(super) fn ends(&mut self) -> bool {
        if self.entries.is_empty() {
            self.is_running = false;
            self.wake = None;
        }
        self.entries.is_empty()
    }

    /// Ends one wait.
    pub(super) fn finish(&mut self, key: u64, result: Result<Seen, Error>) {
        if let Some(entry) = self.entries.remove(&key) {
            entry.done.send(result);
        }
    }

    /// Takes in a look at an object: its bytes and verdict, or why it could not be had.
    pub(super) fn conclude(&mut self, key: u64, verdict: Verdict, body: Option<&Bytes>) {
        let Some(entry) = self.entries.get(&key) else { return };
        let expectation = entry.watch.expectation();
        let (verb, kind) = (expectation.verb, expectation.watched.kind);
        let name = expectation.watched.name.clone();
        match verdict {
            Verdict::Waiting => {}
            // A copy, so that one object of a long list does not keep the list's bytes.
            Verdict::Done => {
                let seen = body.map_or(Seen::Gone, |body| Seen::There(Bytes::copy_from_slice(body)));
                self.finish(key, Ok(seen));
            }
            Verdict::Failed { status, message } => {
                self.finish(key, Err(Error::Failed { verb, kind, name, status, message }));
            }
            Verdict::Vanished => self.finish(key, Err(Error::Vanished { verb, kind, name })),
        }
    }
}

/// A place among the waiters of a poll; dropping it leaves.
pub(super) struct Joined {
    poll: Arc<Poll>,
    key: u64,
    receiver: Option<HandoffReceiver<Result<Seen, Error>>>,
}

impl Joined {
    /// What ends the wait; once. `None` if it was taken.
    pub(super) fn take_receiver(&mut self) -> Option<HandoffReceiver<Result<Seen, Error>>> {
        self.receiver.take()
    }

    /// What was seen last.
    pub(super) fn last(&self) -> Last {
        let state = self.poll.lock();
        let Some(entry) = state.entries.get(&self.key) else { return Last::default() };
        Last { trouble: entry.trouble.clone(), ..entry.watch.last() }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let mut state = self.poll.lock();
        state.entries.remove(&self.key);
        if state.entries.is_empty()
            && let Some(wake) = state.wake.take()
        {
            wake.send(());
        }
    }
}
