//! What the tests of this room share: a sink in memory that can be held up and fail.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::sink::Sink;

/// A sink in memory; clones share it.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Inner>);

#[derive(Default)]
struct Inner {
    text: Mutex<Vec<u8>>,
    gate: Mutex<()>,
    writers: Mutex<usize>,
    came: Condvar,
    syncs: AtomicUsize,
    fails: AtomicBool,
}

impl Memory {
    /// Nothing is written until what is returned is dropped.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.gate.lock().expect("unpoisoned")
    }

    /// Waits until a write has begun.
    pub fn until_somebody_writes(&self) {
        let writers = self.0.writers.lock().expect("unpoisoned");
        drop(self.0.came.wait_while(writers, |writers| *writers == 0).expect("unpoisoned"));
    }

    pub fn fail_from_now_on(&self) {
        self.0.fails.store(true, Ordering::SeqCst);
    }

    pub fn work_again(&self) {
        self.0.fails.store(false, Ordering::SeqCst);
    }

    pub fn syncs(&self) -> usize {
        self.0.syncs.load(Ordering::SeqCst)
    }

    pub fn lines(&self) -> Vec<String> {
        let text = self.0.text.lock().expect("unpoisoned");
        String::from_utf8(text.clone()).expect("text").lines().map(str::to_owned).collect()
    }
}

impl Sink for Memory {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        *self.0.writers.lock().expect("unpoisoned") += 1;
        self.0.came.notify_all();
        let _gate = self.hold();
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.text.lock().expect("unpoisoned").extend_from_slice(lines);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
