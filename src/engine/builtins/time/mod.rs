//! Time as recipes see it: durations, instants, zones.

mod calendar;
mod duration;
mod humane;
mod instant;
mod natives;

pub use crate::config::zone;
pub use duration::Duration;
pub use humane::{humane_distance, humane_duration};
pub use instant::{Instant, Unit};
pub use natives::{DURATION, INSTANT, natives};
