//! Writes a run's lines in their order. What must be on disk before the caller goes on is synced by a thread of its
//! own, for all that wait at that time together.
//!
//! A caller that awaits keeps its clock token: the disk takes no time that a virtual clock could jump over.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::chain::Chain;
use super::sink::Sink;

/// Why lines are not written: what the system said, once and for all.
pub(super) type Broken = Arc<io::Error>;

/// Writes a run's lines.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Held while lines are written; taken before `state`, so that they are written in the order of the chain.
    sink: Mutex<Box<dyn Sink>>,
}

struct State {
    chain: Chain,
    pending: Vec<u8>,
    waiting: Vec<oneshot::Sender<Result<(), Broken>>>,
    broken: Option<Broken>,
    is_over: bool,
    /// Whether the thread waits to be woken: waking costs a call of the system even if nobody sleeps.
    sleeps: bool,
}

impl State {
    /// Adds a line.
    fn add(&mut self, object: &[u8]) {
        self.chain.add(object, &mut self.pending);
    }
}

impl Writer {
    pub fn new(chain: Chain, sink: Box<dyn Sink>) -> Self {
        let state =
            State { chain, pending: Vec::new(), waiting: Vec::new(), broken: None, is_over: false, sleeps: false };
        let shared = Shared { state: Mutex::new(state), wake: Condvar::new(), sink: Mutex::new(sink) };
        Self { shared: Arc::new(shared), thread: Mutex::new(None) }
    }

    /// Adds a line; it is written soon, by the thread if there is one.
    pub fn add(&self, object: &[u8]) {
        let mut state = self.shared.lock();
        state.add(object);
        self.shared.wake(state);
    }

    /// Adds a line; what is returned tells once it is on disk.
    pub fn add_synced(&self, object: &[u8]) -> Result<oneshot::Receiver<Result<(), Broken>>, Broken> {
        self.ensure_thread()?;
        let (sender, receiver) = oneshot::channel();
        let mut state = self.shared.lock();
        if let Some(broken) = &state.broken {
            return Err(broken.clone());
        }
        state.add(object);
        state.waiting.push(sender);
        self.shared.wake(state);
        Ok(receiver)
    }

    /// Writes what was added; does not wait for the disk.
    pub fn flush(&self) -> Result<(), Broken> {
        self.shared.write_pending();
        self.shared.lock().broken.clone().map_or(Ok(()), Err)
    }

    /// How many lines were added, and the hash of the last one.
    pub fn end_of_chain(&self) -> Chain {
        self.shared.lock().chain.clone()
    }

    fn ensure_thread(&self) -> Result<(), Broken> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = self.shared.clone();
            let spawned = std::thread::Builder::new().name("journal".into()).spawn(move || shared.work());
            *thread = Some(spawned.map_err(Arc::new)?);
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        self.shared.wake(state);
        if let Some(thread) = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
        self.shared.write_pending();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread if it sleeps.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let sleeps = std::mem::take(&mut state.sleeps);
        drop(state);
        if sleeps {
            self.wake.notify_one();
        }
    }

    fn work(&self) {
        loop {
            let mut state = self.lock();
            while state.pending.is_empty() && !state.is_over {
                state.sleeps = true;
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.pending.is_empty() {
                return;
            }
            drop(state);
            self.write_pending();
        }
    }

    /// Writes all that is there in one go, and syncs it if somebody waits for that.
    fn write_pending(&self) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        let (lines, waiting) = (std::mem::take(&mut state.pending), std::mem::take(&mut state.waiting));
        let broken = state.broken.clone();
        drop(state);
        let written = match broken {
            // A line may be half written: what came after it would be taken for its rest.
            Some(broken) => Err(broken),
            None if lines.is_empty() => Ok(()),
            None => {
                let written = sink.write(&lines);
                written.and_then(|()| if waiting.is_empty() { Ok(()) } else { sink.sync() }).map_err(Arc::new)
            }
        };
        if let Err(broken) = &written {
            self.lock().broken.get_or_insert_with(|| broken.clone());
        }
        for sender in waiting {
            let _ = sender.send(written.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::NOTHING;
    use super::super::testing::Memory;
    use super::*;

    fn writer(memory: &Memory) -> Writer {
        Writer::new(Chain::after(NOTHING.to_owned()), Box::new(memory.clone()))
    }

    #[test]
    fn callers_that_wait_at_the_same_time_share_a_sync() {
        let memory = Memory::default();
        let writer = writer(&memory);
        let held = memory.hold();
        let first = writer.add_synced(b"{\"a\":0}").expect("it is not broken");
        memory.until_somebody_writes();
        let rest: Vec<_> =
            (1..50).map(|n| writer.add_synced(format!("{{\"a\":{n}}}").as_bytes()).expect("not broken")).collect();
        drop(held);
        for receiver in std::iter::once(first).chain(rest) {
            receiver.blocking_recv().expect("answered").expect("written");
        }
        assert_eq!((memory.lines().len(), memory.syncs()), (50, 2));
    }

    #[test]
    fn what_nobody_waits_for_is_written_without_a_sync_when_the_writer_goes_at_the_latest() {
        let memory = Memory::default();
        let writer = writer(&memory);
        writer.add(b"{\"a\":1}");
        writer.flush().expect("written");
        writer.add(b"{\"a\":2}");
        drop(writer);
        assert_eq!((memory.lines().len(), memory.syncs()), (2, 0));
    }

    #[test]
    fn after_a_failure_nothing_more_is_written() {
        let memory = Memory::default();
        let writer = writer(&memory);
        memory.fail_from_now_on();
        let receiver = writer.add_synced(b"{\"a\":1}").expect("not known yet");
        let broken = receiver.blocking_recv().expect("answered").expect_err("the disk is full");
        assert_eq!(broken.kind(), io::ErrorKind::StorageFull);
        memory.work_again();
        assert!(writer.add_synced(b"{\"a\":2}").is_err());
        assert!(writer.flush().is_err());
        drop(writer);
        assert!(memory.lines().is_empty());
    }
}
