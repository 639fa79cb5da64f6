//! The one integration-test binary: one file a subject.

mod authentication;
#[cfg(unix)]
mod bad_input;
#[cfg(unix)]
mod caps;
mod catalog;
#[cfg(unix)]
mod credential;
mod examples;
#[cfg(unix)]
mod footprint;
mod guarded;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(unix)]
mod house;
#[cfg(unix)]
mod interrupts;
#[cfg(unix)]
mod journal;
#[cfg(unix)]
mod kills;
mod lost_answers;
mod notices;
#[cfg(unix)]
mod notices_kills;
#[cfg(unix)]
mod notices_served;
mod official;
#[cfg(unix)]
mod permissions;
#[cfg(unix)]
mod process;
mod recipes;
mod reference;
#[cfg(target_os = "linux")]
mod repl;
mod resources;
mod schedule;
mod scheduler;
#[cfg(unix)]
mod secrets;
#[cfg(unix)]
mod serving;
#[cfg(unix)]
mod serving_fates;
#[cfg(unix)]
mod serving_kills;
#[cfg(unix)]
mod serving_nonsense;
#[cfg(unix)]
mod serving_operator;
mod stage;
mod transport;
mod walls;
#[cfg(unix)]
mod workspace;

use stackhand::catalog as catalogue;
