//! The natives of the platform: `servers()`, `server.deallocate()`, `wait_all(…)`. What they do stands in `resources`;
//! here they are declared, and its objects are turned into what scripts hold.

use super::Subject;

mod changes;
mod create;
mod deed;
mod elsewhere;
mod expect;
mod reading;
mod script;
mod servers;
mod volumes;
mod waiting;

/// All natives of the platform.
pub(super) const SUBJECTS: &[Subject] = &[
    reading::natives,
    elsewhere::natives,
    create::natives,
    changes::natives,
    servers::natives,
    volumes::natives,
    waiting::natives,
    expect::natives,
];
