//! The bridge between script threads and the shared runtime.

use std::future::Future;
use std::sync::Arc;

use super::context::RunContext;
use crate::error::{Error, Kind};
use crate::meter::Charged;

/// Blocks a script thread on a future of the shared runtime. A cancel or the run's deadline ends it at once, in the
/// middle of whatever it does; the future is dropped before this returns.
///
/// Memory that the future takes while it runs is charged to the run, wherever it runs.
///
/// # Errors
/// Kind `cancelled` or `limit` when the run must end; a bug of ours if the future panics.
pub fn wait<T, F>(run: &Arc<RunContext>, future: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    if run.cancel.is_cancelled() {
        run.stop(Error::new(Kind::Cancelled, "cancelled", "the run was interrupted"));
    }
    run.check()?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let halt = run.halt().clone();
    let work = Charged::to(run.meter().clone(), future);
    run.runtime.spawn(async move {
        let result = tokio::select! {
            biased;
            () = halt.cancelled() => None,
            result = work => Some(result),
        };
        let _ = sender.send(result);
    });
    match receiver.blocking_recv() {
        Ok(Some(result)) => Ok(result),
        Ok(None) => Err(run.stopped().unwrap_or_else(|| Error::new(Kind::Cancelled, "cancelled", "interrupted"))),
        Err(_) => Err(Error::new(Kind::Bug, "panic", "a background task panicked")),
    }
}
