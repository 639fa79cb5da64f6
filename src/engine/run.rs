//! A recipe's way from text to outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rhai::{Dynamic, Engine, EvalAltResult, Scope};

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
    let _ = run.started_at();
    let watch = watch(&run);
    // What all runs share is built here the first time: the heap of a new thread grows by a page at a time.
    builder::build_shared();
    let result = match start(source, &run).map(JoinHandle::join) {
        Ok(Ok(Ok(result))) => result,
        Ok(Ok(Err(_)) | Err(_)) => Err(Error::new(Kind::Bug, "panic", "the script engine panicked").into()),
        Err(error) => {
            let message = format!("this machine gives no more memory for threads: {error}");
            let hint = "is it limited (`ulimit -v`, `ulimit -u`, a container)? a lower `--max-memory` takes less";
            Err(Error::new(Kind::Limit, "no_thread", message).with_hint(hint).into())
        }
    };
    watch.abort();
    let (shown, failure) = match result {
        Ok(shown) => (shown, None),
        Err(failure) => (Shown::default(), Some(*failure)),
    };
    Outcome { value: shown.value, text: shown.text, failure, verdict: run.verdict() }
}

type Evaluated = std::thread::Result<Result<Shown, Box<Failure>>>;

/// Starts the script thread, with as much of the stack that it should have as the system gives.
fn start(source: &Source, run: &Arc<RunContext>) -> std::io::Result<JoinHandle<Evaluated>> {
    let mut stack_bytes = stack_that_fits(run.limits.stack_bytes(), STACK_BYTES, run.limits.peak_bytes());
    loop {
        // It starts with its token taken, so that a virtual clock cannot jump before it works.
        let busy = run.recipe_clock.busy();
        let (source, running) = (source.clone(), run.clone());
        let thread = std::thread::Builder::new().name("script".into()).stack_size(stack_bytes).spawn(move || {
            let _busy = busy;
            running.set_stack_bytes(stack_bytes);
            charge_to(running.meter(), || catch_unwind(AssertUnwindSafe(|| evaluate(&source, &running))))
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
    engine.set_module_resolver(Resolver::new(run.clone(), scope.clone(), source));
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
    mut scope: Scope<'static>,
    source: &Source,
    run: &RunContext,
) -> Result<Dynamic, Fault> {
    let ast = compile(engine, &scope, &source.name, &source.text)?;
    run.set_secret_parameters(&source.name, secret_parameters(&ast));
    engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast)
}
