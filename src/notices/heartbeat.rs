//! Heartbeats: a job that succeeded says so to somebody who raises the alarm when it does not.

use std::time::Duration;

use super::courier::Courier;
use super::sending::judge;
use crate::error::Error;
use crate::secret::Secret;

/// How often it is tried: an alarm for want of a single answer would be a false one.
const ATTEMPTS: u32 = 3;
const TIME_LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(2);

/// Where a heartbeat goes.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    /// The URL; who knows it can keep the alarm silent.
    pub url: Secret,
    /// `GET` or `POST`.
    pub method: &'static str,
}

impl Heartbeat {
    /// One that is asked for with GET, as all known services take it.
    #[must_use]
    pub fn new(url: Secret) -> Self {
        Self { url, method: "GET" }
    }
}

impl Courier {
    /// Says that a job succeeded, three times at most. Nothing is kept: a heartbeat that comes late says something else.
    /// Not for simulated runs.
    ///
    /// # Errors
    /// Why the last attempt failed; for the log, the run is none the worse.
    pub async fn ping(&self, heartbeat: &Heartbeat) -> Result<(), Error> {
        self.learn(&heartbeat.url);
        let mut attempt = 1;
        loop {
            let asked = self.ways.ask(&heartbeat.url, heartbeat.method, Vec::new(), None, TIME_LIMIT).await;
            let failure = match asked.and_then(|answer| judge(&answer, self.clock.now())) {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            if attempt == ATTEMPTS {
                let mut error = *failure.error;
                error.message = self.scrub(&format!("the heartbeat was not heard: {}", error.message));
                return Err(error);
            }
            attempt += 1;
            self.clock.sleep(PAUSE).await;
        }
    }
}
