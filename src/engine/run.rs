//! A recipe's way from text to outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult};
use serde_json::Value;

use super::context::RunContext;
use super::fault::Fault;
use super::limits::STACK_BYTES;
use super::outcome::Outcome;
use super::{builder, constants, values};
use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::memory::Charging;

/// A recipe's text and where it is from.
#[derive(Debug, Clone)]
pub struct Source {
    /// What messages call it: a path, or `<eval>`.
    pub name: String,
    /// The script.
    pub text: String,
}

/// Runs a recipe on a thread of its own and blocks until it has ended. Not to be called on a thread of the runtime.
#[must_use]
pub fn run(source: &Source, context: RunContext) -> Outcome {
    let run = Arc::new(context);
    let watch = watch(&run);
    // The script thread starts with its token taken, so that a virtual clock cannot jump before it works.
    let busy = run.recipe_clock.busy();
    let thread = {
        let (run, source) = (run.clone(), source.clone());
        std::thread::Builder::new().name("script".into()).stack_size(STACK_BYTES).spawn(move || {
            let _busy = busy;
            let _charging = Charging::to(run.meter());
            catch_unwind(AssertUnwindSafe(|| evaluate(&source, &run)))
        })
    };
    let result = match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(result))) => result,
        Ok(Ok(Err(_)) | Err(_)) => Err(Error::new(Kind::Bug, "panic", "the script engine panicked")),
        Err(error) => Err(Error::new(Kind::Bug, "no_thread", format!("no thread for the script: {error}"))),
    };
    watch.abort();
    let (value, error) = match result {
        Ok(value) => (value, None),
        Err(error) => (Value::Null, Some(error)),
    };
    Outcome { value, error, verdict: run.verdict().cloned() }
}

/// Ends the run when it is cancelled from outside, or at its deadline, which is real time on every clock.
fn watch(run: &Arc<RunContext>) -> tokio::task::AbortHandle {
    let run = run.clone();
    let runtime = run.runtime.clone();
    let task = runtime.spawn(async move {
        match run.limits.deadline {
            None => run.cancel.cancelled().await,
            Some(deadline) => {
                if Clock::process().timeout(deadline, run.cancel.cancelled()).await.is_none() {
                    return run.stop(run.limits.over_time());
                }
            }
        }
        run.stop(Error::new(Kind::Cancelled, "cancelled", "the run was interrupted"));
    });
    task.abort_handle()
}

fn evaluate(source: &Source, run: &Arc<RunContext>) -> Result<Value, Error> {
    let engine = builder::engine_for(run);
    let result = compile_and_run(&engine, source, run);
    match result {
        Ok(value) => Ok(values::to_value(&value).unwrap_or(Value::Null)),
        Err(fault) => match *fault {
            EvalAltResult::Exit(..) => Ok(Value::Null),
            fault => Err(uncaught(&fault)),
        },
    }
}

fn compile_and_run(engine: &Engine, source: &Source, run: &RunContext) -> Result<Dynamic, Fault> {
    let mut scope = constants::scope_of(run);
    super::tokens::start();
    let mut ast = engine.compile_with_scope(&scope, &source.text).map_err(Fault::from)?;
    ast.set_source(source.name.as_str());
    let ast = super::catching::wrap(engine, ast)?;
    engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast)
}

fn uncaught(fault: &EvalAltResult) -> Error {
    super::explain::explain(fault).error
}
