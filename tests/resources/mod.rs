//! The platform in scripts, against the simulator.

mod fault_matrix;
mod faults;
mod reading;
mod verbs;
mod waits;
mod words;
