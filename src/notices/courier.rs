//! Takes notices out of the outbox and hands them over.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;

use super::channel::Channel;
use super::claim::{Claim, Ending, GIVEN_UP_AFTER};
use super::letter::Letter;
use super::notice::Notice;
use super::outbox::Outbox;
use super::owner::Owner;
use super::sending::{Failure, Log, Post, Ways};
use super::waiting::Waiting;
use crate::clock::Clock;
use crate::config::{Rate, Zone};
use crate::error::{Error, Kind};
use crate::secret::{Scrubber, Secret};
use crate::transport::Outside;

/// The waits of a channel that fails: up to this after the first failure, twice that after the second, and so on …
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// A channel that failed less often is not done with, however old its notices: the machine may have slept for a day.
const LEAST_FAILURES: u32 = 5;
/// A process that is about to end looks this often whether something is due.
const LOOKED_AGAIN: Duration = Duration::from_millis(200);
/// With less time than this left, nothing is begun.
const LEAST_TIME: Duration = Duration::from_millis(200);

/// What a courier works with.
#[derive(Clone)]
pub struct Surroundings {
    /// The network.
    pub outside: Outside,
    /// The process's clock.
    pub clock: Clock,
    /// Knows the secrets that must not go out.
    pub scrubber: Scrubber,
    /// Where the readers live: times are told in this zone.
    pub zone: Zone,
    /// Takes what goes to the channel `log`.
    pub log: Log,
    /// This process.
    pub owner: Owner,
}

/// Takes notices out of an outbox and hands them over. Several may be at it, in several processes: a notice is claimed
/// by one of them, for as long as sending may take and half a minute, or until its process has gone.
pub struct Courier {
    outbox: Outbox,
    channels: Vec<Channel>,
    pub(super) clock: Clock,
    scrubber: Scrubber,
    zone: Zone,
    post: Arc<dyn Post>,
    pub(super) ways: Arc<Ways>,
    owner: Owner,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// How many notices were taken.
    pub sent: u64,
    /// How many will never be.
    pub given_up: u64,
    /// What stays in the outbox.
    pub remaining: Vec<Waiting>,
}

impl Delivered {
    /// How many notices stay in the outbox.
    #[must_use]
    pub fn remaining_count(&self) -> u64 {
        self.remaining.iter().map(|waiting| waiting.count).sum()
    }
}

impl Courier {
    /// A courier for these channels; the scrubber learns their secrets.
    #[must_use]
    pub fn new(outbox: Outbox, channels: Vec<Channel>, surroundings: Surroundings) -> Self {
        let Surroundings { outside, clock, scrubber, zone, log, owner } = surroundings;
        for secret in channels.iter().flat_map(Channel::secrets) {
            scrubber.learn(secret.expose());
        }
        let ways = Arc::new(Ways { outside, clock: clock.clone(), log });
        Self { outbox, channels, clock, scrubber, zone, post: ways.clone(), ways, owner }
    }

    #[cfg(test)]
    pub(super) fn by(mut self, post: Arc<dyn Post>) -> Self {
        self.post = post;
        self
    }

    /// Hands over what is due now, the channels side by side, each in order; what is not done at `deadline` is left.
    ///
    /// # Errors
    /// Those of the database. That a channel takes nothing is no error here.
    pub async fn deliver_due(&self, deadline: DateTime<Utc>) -> Result<Delivered, Error> {
        self.outbox.prune().await?;
        let (sent, given_up) = self.deliver_once(deadline).await?;
        Ok(Delivered { sent, given_up, remaining: self.outbox.waiting().await? })
    }

    /// Hands over what is due now or becomes due in this time, such as a second attempt: for a process that is about to
    /// end. What then remains is the next process's, or the scheduler's.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliver_before_exit(&self, time: Duration) -> Result<Delivered, Error> {
        let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
        let deadline = self.clock.now().checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut all = Delivered::default();
        loop {
            let (sent, given_up) = self.deliver_once(deadline).await?;
            all.sent += sent;
            all.given_up += given_up;
            all.remaining = self.outbox.waiting().await?;
            let left = (deadline - self.clock.now()).to_std().unwrap_or_default();
            // What another process is sending may fail there: its lease says no more than when at the latest.
            let is_worth_it = |waiting: &Waiting| waiting.next < deadline || waiting.is_being_sent;
            if left < LEAST_TIME || !all.remaining.iter().any(is_worth_it) {
                return Ok(all);
            }
            self.clock.sleep(LOOKED_AGAIN.min(left)).await;
        }
    }

    /// When somebody should next call [`deliver_due`](Self::deliver_due); `None` while nothing waits.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, Error> {
        self.outbox.next_due().await
    }

    async fn deliver_once(&self, deadline: DateTime<Utc>) -> Result<(u64, u64), Error> {
        self.outbox.free(&self.owner).await?;
        let channels = self.outbox.due_channels(self.clock.now()).await?;
        let all = channels.iter().map(|name| self.deliver_to(name, deadline));
        let mut totals = (0, 0);
        for outcome in futures_util::future::join_all(all).await {
            let (sent, given_up) = outcome?;
            totals = (totals.0 + sent, totals.1 + given_up);
        }
        Ok(totals)
    }

    /// Everything of one channel that is due, one after the other.
    async fn deliver_to(&self, name: &str, deadline: DateTime<Utc>) -> Result<(u64, u64), Error> {
        let channel = self.channels.iter().find(|channel| channel.name == name);
        let (rate, usual) = match channel {
            Some(channel) => (channel.rate, channel.time_limit()),
            None => (Rate::default(), Duration::ZERO),
        };
        let (mut sent, mut given_up) = (0, 0);
        loop {
            let left = (deadline - self.clock.now()).to_std().unwrap_or_default();
            if left < LEAST_TIME {
                break;
            }
            let time_limit = usual.min(left);
            let Some(claim) = self.outbox.claim(name, rate, self.owner.name(), time_limit).await? else { break };
            let ending = match (channel, &claim.notice) {
                (_, Err(why)) => self.given_up(&claim, &format!("the notice cannot be read: {why}")),
                (Some(channel), Ok(notice)) => self.attempt(channel, &claim, notice, time_limit).await?,
                (None, Ok(_)) => self.failed(&claim, &no_channel(name)).await?,
            };
            given_up += self.outbox.finish(&claim, &ending).await?;
            match ending {
                Ending::Sent => sent += 1,
                Ending::GivenUp(_) => {}
                Ending::Again(..) | Ending::TooLate(..) => break,
            }
        }
        Ok((sent, given_up))
    }

    async fn attempt(
        &self,
        channel: &Channel,
        claim: &Claim,
        notice: &Notice,
        time_limit: Duration,
    ) -> Result<Ending, Error> {
        let letter = Letter {
            id: claim.id.clone(),
            channel: claim.channel.clone(),
            // More secrets may be known by now than when it was taken in.
            notice: notice.scrubbed(&self.scrubber),
            count: claim.count,
            since: claim.since,
            zone: self.zone,
        };
        match self.post.hand_over(channel, &letter, time_limit).await {
            Ok(()) => Ok(Ending::Sent),
            Err(failure) => self.failed(claim, &failure).await,
        }
    }

    async fn failed(&self, claim: &Claim, failure: &Failure) -> Result<Ending, Error> {
        self.outbox.count_failed(&claim.channel);
        let hint = failure.error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
        let error = self.scrub(&format!("{}{hint}", failure.error.message));
        if failure.is_final {
            return Ok(self.given_up(claim, &error));
        }
        let failures = self.outbox.failures(&claim.channel).await?;
        let wait = wait_after(failures);
        let wait = failure.retry_after.map_or(wait, |asked| asked.max(wait));
        let is_old = self.clock.now() - claim.due_at > GIVEN_UP_AFTER;
        if is_old && failures >= LEAST_FAILURES {
            tracing::error!(channel = claim.channel, error, "what could not be told for a day is given up");
            return Ok(Ending::TooLate(error, wait));
        }
        tracing::debug!(channel = claim.channel, id = claim.id, error, "a notice was not taken");
        Ok(Ending::Again(error, wait))
    }

    fn given_up(&self, claim: &Claim, error: &str) -> Ending {
        let error = self.scrub(error);
        tracing::error!(channel = claim.channel, id = claim.id, error, "a notice was given up");
        Ending::GivenUp(error)
    }

    pub(super) fn learn(&self, secret: &Secret) {
        self.scrubber.learn(secret.expose());
    }

    pub(super) fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text).into_owned()
    }
}

fn no_channel(name: &str) -> Failure {
    let message = format!("the workspace has no channel `{name}` that can be used");
    Failure::passing(Error::new(Kind::Config, "no_such_channel", message))
}

/// How long a channel is left in peace after so many failures before this one: half of it is by chance, so that those
/// who failed together do not come back together.
fn wait_after(failures: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT);
    longest.mul_f64(rand::rng().random_range(0.5..=1.0))
}
