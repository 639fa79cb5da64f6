//! A simulated world forked off the real one: reads are live until the first change, and what a change touches comes
//! from the fork from then on. Nothing but effect `read` reaches the real one.

mod fork;
mod reads;
mod survey;

pub use fork::{Fork, ForkOptions};
pub use reads::Reads;
