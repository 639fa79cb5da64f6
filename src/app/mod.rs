//! Use cases without a terminal: the only room that plugs the others together. Hands out plain structs.

mod simulated;

pub use simulated::Simulated;
