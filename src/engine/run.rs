//! A recipe's way from text to outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::Duration;

use rhai::{Dynamic, Engine, EvalAltResult};

use super::address_space::stack_that_fits;
use super::compile::compile;
use super::context::RunContext;
use super::failure::Failure;
use super::fault::Fault;
use super::limits::STACK_BYTES;
use super::outcome::Outcome;
use super::recipe::secret_parameters;
use super::resolver::Resolver;
use super::shown::Shown;
use super::sources::Source;
use super::{builder, constants};
use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::memory::charge_to;

/// How often the watch of a run looks up, which is sooner than any time limit of a call ends: the runtime's driver then
/// always has an earlier timer than the one that a call sets, and need not be woken to be told of it.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Runs a recipe on a thread of its own and blocks until it has ended. Not to be called on a thread of the runtime.
#[must_use]
pub fn run(source: &Source, context: RunContext) -> Outcome {
    let run = Arc::new(context);
    let (shown, failure) = match on_script_thread(&run, || evaluate(source, &run)) {
        Ok(shown) => (shown, None),
        Err(failure) => (Shown::default(), Some(*failure)),
    };
    Outcome { value: shown.value, text: shown.text, failure, verdict: run.verdict(), kept: run.kept.changes() }
}

/// Does the work of a run on a thread of its own, watched, and blocks until it is done or panicked.
pub(super) fn on_script_thread<T: Send>(
    run: &Arc<RunContext>,
    work: impl FnOnce() -> Result<T, Box<Failure>> + Send,
) -> Result<T, Box<Failure>> {
    let _ = run.started_at();
    let watch = watch(run);
    // What all runs share is built here the first time: the heap of a new thread grows by a page at a time.
    builder::build_shared();
    let result = std::thread::scope(|scope| start(scope, run, work).map(ScopedJoinHandle::join));
    watch.abort();
    match result {
        Ok(Ok(Ok(result))) => result,
        Ok(Ok(Err(_)) | Err(_)) => Err(Error::new(Kind::Bug, "panic", "the script engine panicked").into()),
        Err(error) => {
            let message = format!("this machine gives no more memory for threads: {error}");
            let hint = "is it limited (`ulimit -v`, `ulimit -u`, a container)? a lower `--max-memory` takes less";
            Err(Error::new(Kind::Limit, "no_thread", message).with_hint(hint).into())
        }
    }
}

/// Starts the script thread, with as much of the stack that it should have as the system gives.
fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    run: &Arc<RunContext>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> std::io::Result<ScopedJoinHandle<'scope, std::thread::Result<T>>> {
    let mut stack_bytes = stack_that_fits(run.limits.stack_bytes(), STACK_BYTES, run.limits.peak_bytes());
    // Left here by a thread that was not given.
    let work = Arc::new(Mutex::new(Some(work)));
    loop {
        // It starts with its token taken, so that a virtual clock cannot jump before it works.
        let busy = run.recipe_clock.busy();
        let (work, running) = (work.clone(), run.clone());
        let thread = Builder::new().name("script".into()).stack_size(stack_bytes).spawn_scoped(scope, move || {
            let _busy = busy;
            running.set_stack_bytes(stack_bytes);
            let work = work.lock().unwrap_or_else(PoisonError::into_inner).take().expect("only one thread is started");
            charge_to(running.meter(), || catch_unwind(AssertUnwindSafe(work)))
        });
        if thread.is_ok() || stack_bytes == STACK_BYTES {
            return thread;
        }
        stack_bytes = (stack_bytes / 2).max(STACK_BYTES);
    }
}

/// Ends the run when it is cancelled from outside, or at its deadline, which is real time on every clock.
fn watch(run: &Arc<RunContext>) -> tokio::task::AbortHandle {
    let run = run.clone();
    let runtime = run.runtime.clone();
    let task = runtime.spawn(async move {
        let clock = Clock::process();
        let started = clock.monotonic();
        loop {
            let left =
                run.limits.deadline.map(|deadline| deadline.saturating_sub(clock.monotonic().saturating_sub(started)));
            if left.is_some_and(|left| left.is_zero()) {
                return run.stop(run.limits.over_time());
            }
            let span = left.map_or(HEARTBEAT, |left| left.min(HEARTBEAT));
            if clock.timeout(span, run.cancel.cancelled()).await.is_some() {
                break;
            }
        }
        run.stop(Error::new(Kind::Cancelled, "cancelled", "the run was interrupted"));
    });
    task.abort_handle()
}

fn evaluate(source: &Source, run: &Arc<RunContext>) -> Result<Shown, Box<Failure>> {
    let scope = constants::scope_of(run);
    let mut engine = builder::engine_for(run);
    let resolver = Resolver::new(run.sources().clone(), scope.clone());
    resolver.record_in(run.ledger.clone());
    resolver.add(source);
    engine.set_module_resolver(resolver);
    run.sources().add(&source.name, &source.text);
    match compile_and_run(&engine, scope, source, run) {
        Ok(value) => {
            Shown::of(&value, run).map_err(|error| Failure::of(&source.name, &Fault::from(error), run.sources()))
        }
        Err(fault) if matches!(fault.unwrap_inner(), EvalAltResult::Exit(..)) => Ok(Shown::default()),
        Err(fault) => Err(Failure::of(&source.name, &fault, run.sources())),
    }
}

fn compile_and_run(
    engine: &Engine,
    mut scope: rhai::Scope<'static>,
    source: &Source,
    run: &RunContext,
) -> Result<Dynamic, Fault> {
    let ast = compile(engine, &scope, &source.name, &source.text)?;
    run.set_secret_parameters(&source.name, secret_parameters(&ast));
    engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast)
}
