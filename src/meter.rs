//! What a run holds, and work that is charged to it on whatever thread it is carried on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use crate::memory::{charge_to, charged_now};

/// How many bytes a run holds.
#[derive(Debug, Default)]
pub struct Meter(AtomicI64);

impl Meter {
    /// The bytes in use, as far as the threads of the run have told. It never owes: what a thread freed for others,
    /// such as the network's buffers, is forgotten rather than set against what the run takes later.
    pub fn used(&self) -> u64 {
        let used = self.0.load(Ordering::Relaxed);
        if used < 0 { self.0.fetch_max(0, Ordering::Relaxed).max(0).unsigned_abs() } else { used.unsigned_abs() }
    }

    /// Adds bytes, or takes them away.
    pub(crate) fn add(&self, bytes: i64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A future whose memory is charged to a run, on whatever thread it is polled or dropped.
#[derive(Debug)]
pub struct Charged<F> {
    meter: Option<Arc<Meter>>,
    work: Option<Pin<Box<F>>>,
}

impl<F: Future> Charged<F> {
    /// Charges work to this meter.
    pub fn to(meter: Arc<Meter>, work: F) -> Self {
        Self { meter: Some(meter), work: Some(Box::pin(work)) }
    }

    /// Charges work to what this thread is charging now: a task that is started for a run goes on for it. Else what
    /// one frees and the other took would add up to a debt.
    pub fn as_here(work: F) -> Self {
        Self { meter: charged_now(), work: Some(Box::pin(work)) }
    }
}

impl<F> Charged<F> {
    fn charging<T>(meter: Option<&Arc<Meter>>, work: impl FnOnce() -> T) -> T {
        match meter {
            Some(meter) => charge_to(meter, work),
            None => work(),
        }
    }
}

impl<F: Future> Future for Charged<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { meter, work } = &mut *self;
        Self::charging(meter.as_ref(), || {
            let polled = work.as_mut().map_or(Poll::Pending, |work| work.as_mut().poll(context));
            if polled.is_ready() {
                *work = None;
            }
            polled
        })
    }
}

impl<F> Drop for Charged<F> {
    fn drop(&mut self) {
        let Self { meter, work } = self;
        Self::charging(meter.as_ref(), || *work = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_charged_to_the_run_that_started_it() {
        let meter = Arc::new(Meter::default());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        let task = charge_to(&meter, || runtime.spawn(Charged::as_here(async { vec![1_u8; 1 << 22] })));
        let taken = runtime.block_on(task).expect("it ends");
        assert!(meter.used() >= 1 << 22, "{}", meter.used());
        charge_to(&meter, || drop(taken));
        assert!(meter.used() < 1 << 20, "{}", meter.used());
        let free = runtime.block_on(runtime.spawn(Charged::as_here(async { vec![1_u8; 1 << 22] }))).expect("it ends");
        assert!(meter.used() < 1 << 20 && free.len() == 1 << 22);
    }
}
