//! A recipe's way from text to outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, Scope};
use serde_json::Value;

use super::builder;
use super::context::RunContext;
use super::fault::{Fault, Thrown};
use super::limits::STACK_BYTES;
use super::outcome::Outcome;
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
    let result = compile_and_run(&engine, source);
    match result {
        Ok(_) => Ok(Value::Null),
        Err(fault) => match *fault {
            EvalAltResult::Exit(..) => Ok(Value::Null),
            fault => Err(uncaught(&fault)),
        },
    }
}

fn compile_and_run(engine: &Engine, source: &Source) -> Result<Dynamic, Fault> {
    let mut scope = Scope::new();
    let mut ast = engine.compile_with_scope(&scope, &source.text).map_err(Fault::from)?;
    ast.set_source(source.name.as_str());
    engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast)
}

fn uncaught(fault: &EvalAltResult) -> Error {
    match fault.unwrap_inner() {
        EvalAltResult::ErrorRuntime(value, _) | EvalAltResult::ErrorTerminated(value, _) => {
            match value.read_lock::<Thrown>() {
                Some(thrown) => Error::clone(&thrown.error),
                None => Error::new(Kind::Script, "thrown", value.to_string()),
            }
        }
        other if other.is_system_exception() => Error::new(Kind::Limit, "limit", other.to_string()),
        other => Error::new(Kind::Script, "script", other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Limits, Verdict};

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    }

    fn outcome_of(text: &str, limits: Limits) -> Outcome {
        let runtime = runtime();
        let mut context = RunContext::new(runtime.handle().clone(), Clock::process());
        context.limits = limits;
        run(&Source { name: "test.rhai".into(), text: text.into() }, context)
    }

    #[test]
    fn an_endless_loop_ends_at_the_limit_of_operations() {
        let outcome = outcome_of("loop { }", Limits { operations: 10_000, ..Limits::default() });
        assert_eq!(outcome.error.map(|error| error.code), Some("operation_limit"));
    }

    #[test]
    fn text_that_doubles_for_ever_ends_at_a_limit() {
        let limits = Limits { memory_bytes: 16 << 20, ..Limits::default() };
        let outcome = outcome_of("let a = \"x\"; let kept = []; loop { a += a; kept.push(a + \"y\"); }", limits);
        assert_eq!(outcome.exit_code(), 6, "{outcome:?}");
    }

    #[test]
    fn a_value_and_a_verdict() {
        let outcome = outcome_of("40 + 2", Limits::default());
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        assert_eq!(Outcome { verdict: Some(Verdict::Exited(3)), ..outcome }.exit_code(), 3);
    }
}
