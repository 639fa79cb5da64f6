//! Many closures at once: `parallel`, `try_parallel`, and `attempt` for one.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic, FnPtr, Map, NativeCallContext};

use crate::clock::handoff;
use crate::engine::address_space::has_room_for;
use crate::engine::arguments::Arguments;
use crate::engine::context::RunContext;
use crate::engine::fault::{Fault, Thrown, caught, is_final};
use crate::engine::limits::Limits;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::error::{Error, Kind};
use crate::memory::charge_to;

/// How many items are worked on at a time unless told otherwise.
const DEFAULT_WORKERS: usize = 16;

/// The same where a person is asked before changes: who is to agree to them wants to see all of them at once.
const WORKERS_THAT_ASK: usize = 256;

/// How deep `parallel`s may lie in each other. Each level may have all the threads that there are, with a stack each.
const MOST_LEVELS: usize = 8;

thread_local! {
    /// How many `parallel`s this thread works within.
    static LEVEL: Cell<usize> = const { Cell::new(0) };
}

const OPTIONS: &[&str] = &["workers", "stop_on_error"];

const CLOSURE_OR_OPTIONS: Type = Type::OneOf(&[Type::Function, Type::Map]);

pub(super) fn natives() -> Vec<Native> {
    vec![
        Native::method(Type::List, "parallel")
            .takes("closure_or_options", CLOSURE_OR_OPTIONS)
            .may_take("closure", Type::Function)
            .options(OPTIONS)
            .gives(Type::List)
            .effect(NativeEffect::Local)
            .doc(
                "Calls the closure with each item, several at a time, and gives the results in the items' order: \
                 `parallel(items, |x| …)` or `parallel(items, #{ workers: 64, stop_on_error: true }, |x| …)`.\n\
                 Every item is attempted, whatever becomes of the others; then, if any failed, one error is thrown that \
                 holds all results. `workers` is how many items are worked on at a time (16 unless told), \
                 `stop_on_error` starts no further item after the first failure.\n\
                 What the closure captures is read-only in it: results come back as what it returns.",
            )
            .errors(&["the failures' own kind if they share it, else script: `e.results` holds what `try_parallel` gives"])
            .example("parallel([1, 2, 3], |x| x * 2) == [2, 4, 6]")
            .by(|call| {
                let (rows, failures) = fan_out(call)?;
                if failures.is_empty() {
                    return Ok(rows.into_iter().map(|row| row.value).collect::<Array>().into());
                }
                Err(joined_failure(rows, &failures))
            }),
        Native::method(Type::List, "try_parallel")
            .takes("closure_or_options", CLOSURE_OR_OPTIONS)
            .may_take("closure", Type::Function)
            .options(OPTIONS)
            .gives(Type::List)
            .effect(NativeEffect::Local)
            .doc(
                "As `parallel`, but throws nothing: gives `#{ item, ok, value, error }` for each item, in the items' \
                 order. With `stop_on_error`, items that were not attempted have an error with code `not_attempted`.",
            )
            .example("try_parallel([1], |x| throw \"no\")[0].error.message == \"no\"")
            .by(|call| Ok(fan_out(call)?.0.into_iter().map(Row::into_map).collect::<Array>().into())),
        Native::function("attempt")
            .takes("closure", Type::Function)
            .gives(Type::Map)
            .effect(NativeEffect::Local)
            .doc("Calls the closure and gives `#{ item: (), ok, value, error }` instead of throwing.")
            .example("attempt(|| 1 + 1).value == 2")
            .by(|call| {
                let closure = call.get::<FnPtr>(0)?;
                let result = call.call(&closure, ());
                Ok(Row::of(Dynamic::UNIT, result, call.context())?.into_map())
            }),
    ]
}

/// What became of one item.
#[derive(Clone)]
struct Row {
    item: Dynamic,
    value: Dynamic,
    error: Option<Failure>,
}

#[derive(Clone)]
struct Failure {
    kind: Kind,
    message: String,
    map: Map,
}

impl Row {
    /// A row of a result; an error that nothing may catch goes on.
    fn of(item: Dynamic, result: Result<Dynamic, Fault>, context: &NativeCallContext<'_>) -> Result<Self, Fault> {
        match result {
            Ok(value) => Ok(Self { item, value, error: None }),
            Err(fault) if is_final(&fault) => Err(fault),
            Err(fault) => {
                let error = caught(&fault, context.call_source());
                Ok(Self { item, value: Dynamic::UNIT, error: Some(Failure::of(error)) })
            }
        }
    }

    fn into_map(self) -> Dynamic {
        let mut map = Map::new();
        map.insert("ok".into(), self.error.is_none().into());
        map.insert("item".into(), self.item);
        map.insert("value".into(), self.value);
        map.insert("error".into(), self.error.map_or(Dynamic::UNIT, |failure| failure.map.into()));
        map.into()
    }
}

impl Failure {
    fn of((kind, map): (Kind, Map)) -> Self {
        let message = map.get("message").map(Dynamic::to_string).unwrap_or_default();
        Self { kind, message, map }
    }
}

struct Options {
    workers: usize,
    stops_on_error: bool,
}

fn options(call: &mut Arguments<'_, '_>) -> Result<(Options, FnPtr), Fault> {
    let workers = if call.run().is_asked { WORKERS_THAT_ASK } else { DEFAULT_WORKERS };
    let mut options = Options { workers, stops_on_error: false };
    if !call.has(2) {
        if !call.value(1)?.is_fnptr() {
            return Err(call.wrong(1, "a closure, or options followed by a closure"));
        }
        return Ok((options, call.function(1)?));
    }
    if call.value(1)?.is_fnptr() {
        return Err(call.wrong(1, "a map of options, as two arguments follow the list"));
    }
    for (name, value) in call.map(1)? {
        match (name.as_str(), value.as_int(), value.as_bool()) {
            ("workers", Ok(count), _) if count > 0 => options.workers = usize::try_from(count).unwrap_or(usize::MAX),
            ("stop_on_error", _, Ok(flag)) => options.stops_on_error = flag,
            ("workers" | "stop_on_error", ..) => {
                let wanted = if name == "workers" { "a number above 0" } else { "true or false" };
                let message = format!("`{}`: option `{name}` must be {wanted}", call.native().name);
                return Err(Error::new(Kind::Invalid, "wrong_argument", message).into());
            }
            _ => {
                let message = format!("`{}` has no option `{name}`", call.native().name);
                return Err(Error::new(Kind::Invalid, "unknown_option", message)
                    .with_hint("its options are `workers` and `stop_on_error`")
                    .into());
            }
        }
    }
    Ok((options, call.function(2)?))
}

/// A copy of a closure for one worker: its captured variables can then be read without a lock that another worker
/// holds, and writing one is an error rather than a change that nobody sees.
fn for_worker(closure: &FnPtr) -> FnPtr {
    let mut closure = closure.clone();
    for captured in closure.iter_curry_mut() {
        *captured = std::mem::take(captured).flatten().into_read_only().into_shared();
    }
    closure
}

/// Calls the closure with each item and gives a row for each, and the positions of those that failed.
fn fan_out(call: &mut Arguments<'_, '_>) -> Result<(Vec<Row>, Vec<usize>), Fault> {
    let (options, closure) = options(call)?;
    let items = call.list(0)?;
    let level = LEVEL.get() + 1;
    if level > MOST_LEVELS {
        call.run().stop(Limits::over_levels(MOST_LEVELS));
        call.run().check()?;
    }
    let count = options.workers.min(items.len());
    let work = Work {
        run: call.run(),
        context: call.context(),
        level,
        stops_on_error: options.stops_on_error,
        next: AtomicUsize::new(0),
        is_stopped: AtomicBool::new(false),
        results: items.iter().map(|_| Mutex::new(None)).collect(),
        items,
    };
    work.carry_out(count, &closure);
    work.into_rows()
}

/// The work that the workers of one `parallel` share.
struct Work<'c> {
    run: &'c Arc<RunContext>,
    context: &'c NativeCallContext<'c>,
    level: usize,
    stops_on_error: bool,
    items: Array,
    next: AtomicUsize,
    is_stopped: AtomicBool,
    results: Vec<Mutex<Option<Result<Dynamic, Fault>>>>,
}

impl Work<'_> {
    /// Starts the workers and waits for them. Each holds a token of the recipe's clock from before it starts; the
    /// last one to end wakes this thread with its own token taken again, so that a virtual clock cannot jump between.
    fn carry_out(&self, wanted: usize, closure: &FnPtr) {
        let count = self.run.take_workers(wanted);
        let clock = &self.run.recipe_clock;
        let (sender, receiver) = handoff::<()>(clock);
        let running = Arc::new(AtomicUsize::new(count));
        let sender = Arc::new(Mutex::new(Some(sender)));
        std::thread::scope(|scope| {
            let mut started = 0;
            for number in 0..count {
                let leave = Leave { running: running.clone(), sender: sender.clone() };
                // Each worker's copy of the captured variables may be large. Without its thread it has left already.
                let stack_bytes = self.run.stack_bytes();
                if self.run.check().is_err() || !has_room_for(stack_bytes, self.run.limits.peak_bytes()) {
                    continue;
                }
                let (busy, closure) = (clock.busy(), for_worker(closure));
                let thread = std::thread::Builder::new().name(format!("script-{number}")).stack_size(stack_bytes);
                let spawned = thread.spawn_scoped(scope, move || {
                    // Dropped in reverse: this thread first says that it leaves, then gives its token back.
                    let _busy = busy;
                    let _leave = leave;
                    charge_to(self.run.meter(), move || self.work_off(&closure));
                });
                // Without another thread the ones that run do all the work.
                started += usize::from(spawned.is_ok());
            }
            if started == 0 {
                // No thread to be had: this one does the work, as a nested `parallel` does when all are taken.
                self.work_off(&for_worker(closure));
            } else {
                let _ = self.run.runtime.block_on(receiver);
            }
        });
        self.run.give_workers(count);
    }

    fn work_off(&self, closure: &FnPtr) {
        let _restore = Level(LEVEL.replace(self.level));
        while !self.is_stopped.load(Ordering::Acquire) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = self.items.get(index) else { return };
            let result = closure.call_within_context::<Dynamic>(self.context, (item.clone(),));
            let stops = match &result {
                Ok(_) => false,
                Err(fault) => self.stops_on_error || is_final(fault),
            };
            *self.results[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            if stops {
                self.is_stopped.store(true, Ordering::Release);
            }
        }
    }

    fn into_rows(self) -> Result<(Vec<Row>, Vec<usize>), Fault> {
        let mut rows = Vec::with_capacity(self.items.len());
        let mut failures = Vec::new();
        let mut end = None;
        for (index, (item, result)) in self.items.into_iter().zip(self.results).enumerate() {
            let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            let result = result.unwrap_or_else(|| {
                let message = "not attempted, because another item failed first";
                Err(Error::new(Kind::Script, "not_attempted", message).into())
            });
            match Row::of(item, result, self.context) {
                Ok(row) => {
                    if row.error.is_some() {
                        failures.push(index);
                    }
                    rows.push(row);
                }
                // The run ends, or the script exits: the others' results do not matter any more.
                Err(fault) => end = Some(end.unwrap_or(fault)),
            }
        }
        end.map_or(Ok((rows, failures)), Err)
    }
}

/// Sets a thread's level back, when it is dropped, also by a panic.
struct Level(usize);

impl Drop for Level {
    fn drop(&mut self) {
        LEVEL.set(self.0);
    }
}

/// Says that a worker has left, when it is dropped, also by a panic.
struct Leave {
    running: Arc<AtomicUsize>,
    sender: Arc<Mutex<Option<crate::clock::HandoffSender<()>>>>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.running.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(sender) = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            sender.send(());
        }
    }
}

/// What natives give that do something with each item of a list: the results in the items' order, or the one error of
/// `parallel` if any failed.
pub(super) fn all_or_error(
    items: Array,
    results: Vec<Result<Dynamic, Error>>,
    context: &NativeCallContext<'_>,
) -> Result<Dynamic, Fault> {
    let mut rows = Vec::with_capacity(items.len());
    for (item, result) in items.into_iter().zip(results) {
        rows.push(Row::of(item, result.map_err(Fault::from), context)?);
    }
    let failures: Vec<usize> = (0..rows.len()).filter(|&index| rows[index].error.is_some()).collect();
    if failures.is_empty() {
        return Ok(rows.into_iter().map(|row| row.value).collect::<Array>().into());
    }
    Err(joined_failure(rows, &failures))
}

/// The one error for all that failed. Its kind is theirs if they share it.
fn joined_failure(rows: Vec<Row>, failures: &[usize]) -> Fault {
    let total = rows.len();
    let attempted: Vec<&Failure> = failures.iter().filter_map(|&index| rows[index].error.as_ref()).collect();
    let is_real = |failure: &&&Failure| {
        failure
            .map
            .get("code")
            .is_none_or(|code| code.clone().into_immutable_string().as_deref() != Ok("not_attempted"))
    };
    let real: Vec<&&Failure> = attempted.iter().filter(is_real).collect();
    let first = real.first().map(|failure| (failure.kind, failure.message.clone()));
    let (kind, message) = first.unwrap_or((Kind::Script, "no item was attempted".into()));
    let kind = if real.iter().all(|failure| failure.kind == kind) { kind } else { Kind::Script };
    let skipped = attempted.len() - real.len();
    let mut text = format!("{} of {total} items failed, the first with: {message}", real.len());
    if skipped > 0 {
        let _ = write!(text, "; {skipped} were not attempted");
    }
    let mut details = Map::new();
    details.insert("results".into(), rows.into_iter().map(Row::into_map).collect::<Array>().into());
    let error = Error::new(kind, "parallel_failed", text)
        .with_hint("`try_parallel` gives each item's own result and error instead of throwing");
    Thrown::with_details(error, details)
}
