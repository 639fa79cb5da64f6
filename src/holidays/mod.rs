//! Public holidays of Germany, Austria and Switzerland, computed.

mod day;
mod region;
mod table;

pub use region::{Holiday, Region};
