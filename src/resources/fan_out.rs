//! Several pieces of work at a time, on the run's clock.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use crate::clock::{Clock, handoff};
use crate::meter::Charged;

/// Does all the work, at most `width` pieces at a time, and gives the results in its order; `None` where a piece
/// panicked. Each worker is a thread of the run to the clock. Dropping the future ends the work.
pub async fn fan_out<T, F>(clock: &Clock, width: usize, work: Vec<F>) -> Vec<Option<T>>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let count = work.len();
    let queue = Arc::new(Mutex::new(work.into_iter().enumerate()));
    let mut workers = Vec::new();
    let mut abort = AbortAll(Vec::new());
    for _ in 0..width.clamp(1, count.max(1)).min(count) {
        let (sender, receiver) = handoff(clock);
        // Taken here, so that time cannot jump before the worker is at work.
        let (busy, queue) = (clock.busy(), queue.clone());
        let task = tokio::spawn(Charged::as_here(async move {
            let mut results = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((index, piece)) = next else { break };
                results.push((index, piece.await));
            }
            sender.send(results);
            drop(busy);
        }));
        abort.0.push(task.abort_handle());
        workers.push(receiver);
    }
    let mut results: Vec<Option<T>> = std::iter::repeat_with(|| None).take(count).collect();
    for worker in workers {
        for (index, result) in worker.await.unwrap_or_default() {
            results[index] = Some(result);
        }
    }
    results
}

struct AbortAll(Vec<AbortHandle>);

impl Drop for AbortAll {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn work_is_done_side_by_side_and_in_order() {
        let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time"));
        let _busy = clock.busy();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
        let work: Vec<_> = (0..10_u64)
            .map(|number| {
                let clock = clock.clone();
                async move {
                    clock.sleep(Duration::from_secs(10)).await;
                    number
                }
            })
            .collect();
        let results = runtime.block_on(fan_out(&clock, 5, work));
        assert_eq!(results, (0..10).map(Some).collect::<Vec<_>>());
        assert_eq!(clock.monotonic(), Duration::from_secs(20));
        assert_eq!(runtime.block_on(fan_out::<u8, std::future::Ready<u8>>(&clock, 4, vec![])), []);
    }
}
