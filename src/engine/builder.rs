//! The script engine of one run: raw, with the packages that recipes need and the natives, limits set one by one.

use std::sync::{Arc, LazyLock};

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, BitFieldPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine};

use super::constants;
use super::context::{RunContext, Tag};
use super::fault::Thrown;
use super::limits::Limits;
use super::registry::Registry;

rhai::def_package! {
    /// What recipes have of rhai's own functions: all but those that block a thread, read time, or reflect.
    RecipePackage(_module): ArithmeticPackage, BasicStringPackage, BasicIteratorPackage, BasicFnPackage, BitFieldPackage,
        LogicPackage, BasicMathPackage, BasicArrayPackage, BasicMapPackage, MoreStringPackage {
    }
}

/// The engine of a run. It is cheap: packages and natives are built once a process and shared.
pub(super) fn engine_for(run: &Arc<RunContext>) -> Engine {
    let mut engine = bare(&run.limits);
    engine.register_global_module(constants::module_of(run).into());
    engine.set_default_tag(Dynamic::from(Tag(run.clone())));
    let ticking = run.clone();
    engine.on_progress(move |_| {
        let error = ticking.tick().err()?;
        Some(Dynamic::from(Thrown { error: Arc::new(error), details: rhai::Map::new() }))
    });
    let printing = run.clone();
    engine.on_print(move |text| {
        // It cannot fail; the run ends at its next step.
        if printing.reserve_text(text.len()).and_then(|()| printing.spend_output(text.len() + 1)).is_ok() {
            printing.output.print(text);
        }
    });
    let saying = run.clone();
    engine.on_debug(move |text, _, position| {
        // Only `log.debug` leads here without a text; `debug("")` shows its quotes.
        if !text.is_empty() && saying.spend_output(text.len() + 1).is_ok() {
            saying.output.say(&format!("{text} ({position:?})"));
        }
    });
    engine
}

static PACKAGE: LazyLock<RecipePackage> = LazyLock::new(RecipePackage::new);

/// Begins to build what all engines of the process share, on a thread of its own. That takes about as long as all that
/// comes before a script is read; who needs an engine sooner waits for it.
pub fn prepare() {
    // Without a thread, whoever needs the first engine builds it.
    let _ = std::thread::Builder::new().name("engine".into()).spawn(build_shared);
}

/// Builds what all engines of the process share, if nobody has yet.
pub(super) fn build_shared() {
    LazyLock::force(&PACKAGE);
    let _ = Registry::shared();
}

/// An engine with rhai's own functions alone.
pub(super) fn plain() -> Engine {
    let mut engine = Engine::new_raw();
    PACKAGE.register_into_engine(&mut engine);
    engine
}

/// An engine that compiles as a run's does, and calls no native.
pub(super) fn bare(limits: &Limits) -> Engine {
    let mut engine = plain();
    engine.register_global_module(Registry::shared().module());
    // The interner is one lock that sleeps 10 ms when two threads want it.
    engine.set_max_strings_interned(0);
    super::tokens::install(&mut engine);
    super::rewriting::install(&mut engine);
    // rhai's short cut for operators leaves an error such as `1 / 0` without a place.
    engine.set_fast_operators(false);
    engine.set_strict_variables(true);
    engine.disable_symbol("eval");
    engine.set_max_expr_depths(128, 64);
    engine.set_max_call_levels(limits.call_depth);
    // rhai's own count forgets what callbacks do; ours in `on_progress` does not.
    engine.set_max_operations(0);
    // rhai's limits of sizes stay off: with any of them it looks over a whole list at each call of a method. The budget
    // is watched between all steps, and what one step could take beyond that is asked for by `builtins::growth`.
    engine.set_max_modules(256);
    engine.set_max_functions(4096);
    engine.set_max_variables(4096);
    engine
}
