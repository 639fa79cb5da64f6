//! The platform in scripts, against the simulator.

mod faults;
mod reading;
mod verbs;
mod waits;
mod words;
