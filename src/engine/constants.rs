//! The constants that every script sees. One scope holds them, and recipes, modules, lines of the REPL and `check` are
//! all compiled with it, so that functions and closures see them too and a typo is found before anything runs.

use rhai::Scope;

use super::builtins;
use super::context::RunContext;

/// The scope that a run's scripts start with.
pub(super) fn scope_of(run: &RunContext) -> Scope<'static> {
    let mut scope = bare();
    for (name, value) in &run.constants {
        scope.push_constant_dynamic(name.as_str(), value.clone());
    }
    scope
}

/// The scope without what one run alone has.
pub(super) fn bare() -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, value) in builtins::constants() {
        scope.push_constant_dynamic(name, value);
    }
    scope
}
