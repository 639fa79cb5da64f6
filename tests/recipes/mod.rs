//! The recipes and the standard library that ship.

mod broken_off;
mod headers;
mod night_shift;
mod quotas;
mod retention;
mod rotation;
mod script;
mod stage;
