//! Tests of the simulator as a whole: a caller in process, each answer checked against the catalogue's shapes.

mod cloud;
mod servers;
