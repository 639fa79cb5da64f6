//! `serve`: the loop of the scheduler with all that it needs around it, and what others see of it.

mod changed;
mod counted;
mod doors;
mod ending;
mod figures;
mod files;
mod keys;
mod questions;
mod reloading;
mod repeats;
mod server;
mod telling;
mod tidings;
mod watching;

pub use questions::{Question, ask_server};
pub use reloading::read_right_jobs;
pub use server::{ServeRequest, Signal, serve};

pub use crate::schedule::executor::ENDING;
