//! The constants that every script sees. One scope holds them, and recipes, modules, lines of the REPL and `check` are
//! all compiled with it, so that functions and closures see them too and a typo is found before anything runs.

use rhai::{Dynamic, Module, Scope};

use super::builtins;
use super::builtins::current::CurrentRun;
use super::context::RunContext;

/// The constant that knows its run.
const RUN: &str = "run";

/// The scope that a run's scripts start with.
pub(super) fn scope_of(run: &RunContext) -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, value) in builtins::constants() {
        let value = if name == RUN { Dynamic::from(CurrentRun::of(run)) } else { value };
        scope.push_constant_dynamic(name, value);
    }
    for (name, value) in &run.constants {
        scope.push_constant_dynamic(name.as_str(), value.clone());
    }
    scope
}

/// A scope that an earlier run has left, with the constants of another run.
pub(super) fn renewed(scope: &Scope<'static>, run: &RunContext) -> Scope<'static> {
    let mut renewed = scope_of(run);
    let ours: Vec<_> = renewed.iter_raw().map(|(name, _, value)| (name.to_owned(), value.type_id())).collect();
    let is_ours = |name: &str, value: &Dynamic| ours.iter().any(|(own, id)| own == name && *id == value.type_id());
    // The latest comes first.
    let mut kept: Vec<_> = scope.iter_raw().collect();
    kept.retain(|(name, is_constant, value)| !(*is_constant && is_ours(name, value)));
    for (name, is_constant, value) in kept.into_iter().rev() {
        if is_constant {
            renewed.push_constant_dynamic(name.to_owned(), value.clone());
        } else {
            renewed.push_dynamic(name.to_owned(), value.clone());
        }
    }
    renewed
}

/// What functions and closures find where no scope has it: the constants that one run alone has.
pub(super) fn module_of(run: &RunContext) -> Module {
    let mut module = Module::new();
    module.set_var(RUN, CurrentRun::of(run));
    module
}

/// The scope without what one run alone has.
pub(super) fn bare() -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, value) in builtins::constants() {
        scope.push_constant_dynamic(name, value);
    }
    scope
}
