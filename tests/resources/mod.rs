//! The platform in scripts, against the simulator.

mod examples;
mod reading;
mod verbs;
mod waits;
