//! Time as recipes see it: durations, instants, zones.

mod duration;
mod humane;
mod instant;
mod natives;
mod zone;

pub use duration::Duration;
pub use humane::{humane_distance, humane_duration};
pub use instant::{Instant, Unit};
pub use natives::{DURATION, INSTANT, natives};
pub use zone::zone;
