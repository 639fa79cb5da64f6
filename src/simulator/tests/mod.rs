//! Tests of the simulator as a whole: a caller in process, each answer checked against the catalogue's shapes.

mod authorization;
mod cloud;
mod copies;
mod documentation;
mod every_operation;
mod faults;
mod live;
mod network;
mod quotas;
mod servers;
mod sockets;
mod tokens;
mod volumes;
mod wire;
