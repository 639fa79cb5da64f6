//! The recipes and the standard library that ship.

mod retention;
mod script;
