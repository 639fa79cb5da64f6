//! Keys of service accounts that expire soon, told while there is time to make new ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::telling::Telling;
use crate::app::jobs::{Jobs, Surround};
use crate::app::settings_in;
use crate::auth;
use crate::config::{Event, Given};
use crate::error::Result;
use crate::notices::{Channel, Notice};

/// So often keys are read again, as somebody may have put in new ones; what is to be told sooner is told at its time.
const READ_EVERY: TimeDelta = TimeDelta::hours(6);

impl Telling {
    /// Tells of keys that expire soon, for ever.
    pub async fn watch_keys(self, jobs: impl Fn() -> Arc<Jobs>, mut replaced: watch::Receiver<()>) {
        loop {
            let next = self.look_at_keys(&jobs()).await;
            tokio::select! {
                () = self.clock().sleep_until(next) => {}
                _ = replaced.changed() => {}
            }
        }
    }

    /// Reads the keys that jobs run with, and tells the channels of these jobs of those that expire soon; gives when to
    /// look next.
    pub(super) async fn look_at_keys(&self, jobs: &Arc<Jobs>) -> DateTime<Utc> {
        let now = self.clock().now();
        let mut next = now + READ_EVERY;
        let channels = self.channels(jobs);
        for (profile, wanting) in wanting(jobs, &channels.all) {
            let (name, until) = match valid_until(jobs, self.surround(), profile) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                // Each run of its jobs tells.
                Err(error) => {
                    tracing::debug!(target: "stackhand::serve", "a key is not looked at: {error}");
                    continue;
                }
            };
            if let Some(at) = Notice::next_of_key(until, now) {
                next = next.min(at);
            }
            let Some(notice) = Notice::key_expiring(name.as_deref(), until, now) else { continue };
            let told: Vec<Channel> =
                channels.all.iter().filter(|channel| wanting.contains(channel.name.as_str())).cloned().collect();
            if let Err(error) = self.put_for(&notice, &told, Some(&[Event::KeyExpiring])).await {
                tracing::warn!(target: "stackhand::serve", "that a key expires is told later: {error}");
            }
        }
        next
    }
}

/// By the profiles that jobs run with: the channels of these jobs that want to hear of keys.
fn wanting<'j>(jobs: &'j Jobs, channels: &'j [Channel]) -> BTreeMap<Option<String>, BTreeSet<&'j str>> {
    let mut wanting: BTreeMap<Option<String>, BTreeSet<&str>> = BTreeMap::new();
    for task in jobs.tasks().filter(|task| !task.is_simulated()) {
        let notify = &task.job.notify;
        let is_wanted = |channel: &&Channel| {
            let events = notify.events.as_deref().unwrap_or(&channel.events);
            events.contains(&Event::KeyExpiring) && notify.channels.iter().any(|name| name.value == channel.name)
        };
        let names = channels.iter().filter(is_wanted).map(|channel| channel.name.as_str());
        wanting.entry(task.profile.clone()).or_default().extend(names);
    }
    wanting
}

/// The profile that is used where a job names this one, or none, and until when its key is valid; nothing if it has none,
/// or one that does not expire.
fn valid_until(
    jobs: &Jobs,
    surround: &Surround,
    profile: Option<String>,
) -> Result<Option<(Option<String>, DateTime<Utc>)>> {
    let given = Given { profile: profile.or_else(|| surround.given.profile.clone()), ..surround.given.clone() };
    let settings = settings_in(&jobs.around, &surround.environment, &given)?;
    settings.guard_secrets(&surround.scrubber);
    let name = settings.profile.as_ref().map(|profile| profile.value.clone());
    Ok(auth::key_valid_until(&settings)?.map(|until| (name, until)))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
