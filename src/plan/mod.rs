//! A simulated world forked off the real one: what is read is read live once and comes from memory from then on, and
//! what a change touches comes from the fork. Nothing but effect `read` reaches the real one.

mod fork;
mod guess;
mod memory;
mod reads;
mod survey;

pub use fork::{Fork, ForkOptions};
pub use memory::Memory;
pub use reads::Reads;
