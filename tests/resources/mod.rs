//! The platform in scripts, against the simulator.

mod reading;
mod verbs;
mod waits;
mod words;
