//! Takes notices out of the outbox, one at a time and in order for each channel, and writes down what became of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;

use super::Outbox;
use super::bounded::shortened;
use super::notice::Notice;
use super::owner::Owner;
use crate::config::Rate;
use crate::database::{from_millis, to_millis};
use crate::error::Error;

/// A process that ends while it sends holds a notice this much longer than sending may take.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(30);
/// No lease and no wait is longer; what says more was written by a clock that was set back since.
pub(super) const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);
/// A notice that cannot be told for this long is given up.
pub(super) const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// What was told or given up is forgotten after this long.
const KEPT: TimeDelta = TimeDelta::days(30);
/// That something went wrong with a job is forgotten after this long; jobs may be yearly ones.
const GROUPS_KEPT: TimeDelta = TimeDelta::days(800);
/// The longest account of a failure that is kept, in bytes.
const LONGEST_ACCOUNT: usize = 500;

/// A notice that this process alone may send until its lease ends.
#[derive(Debug)]
pub(super) struct Claim {
    seq: i64,
    owner: String,
    until: i64,
    pub id: String,
    pub channel: String,
    /// What it says; if that cannot be read, as another version wrote it, why not.
    pub notice: Result<Notice, String>,
    pub count: u64,
    pub since: DateTime<Utc>,
    /// When it was first to be sent.
    pub due_at: DateTime<Utc>,
}

/// What became of an attempt to send.
#[derive(Debug)]
pub(super) enum Ending {
    Sent,
    /// Nobody will ever take it.
    GivenUp(String),
    /// The channel is left in peace for so long.
    Again(String, Duration),
    /// The same, and the channel's notices that could not be told for a day are given up.
    TooLate(String, Duration),
}

struct Row {
    seq: i64,
    id: String,
    body: String,
    count: i64,
    since: i64,
    due_at: i64,
}

impl Outbox {
    /// The channels that have something to send now.
    pub(super) async fn due_channels(&self, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
        let mut read = self.database.read().await?;
        let channels = sqlx::query_scalar(
            "SELECT DISTINCT n.channel FROM notice n LEFT JOIN notice_channel c ON c.name = n.channel
             WHERE n.state = 'waiting' AND n.due_at <= ?1 AND (coalesce(c.next_at, 0) <= ?1 OR c.next_at > ?2)
             ORDER BY n.channel",
        )
        .bind(to_millis(now))
        .bind(to_millis(now + LONGEST_WAIT))
        .fetch_all(&mut *read)
        .await;
        channels.map_err(|error| self.database.placed(error.into()))
    }

    /// Takes away what processes have claimed that have gone.
    pub(super) async fn free(&self, asking: &Owner) -> Result<(), Error> {
        self.free_claims(asking).await.map_err(|error| self.database.placed(error))
    }

    async fn free_claims(&self, asking: &Owner) -> Result<(), Error> {
        let owners: Vec<String> = {
            let mut read = self.database.read().await?;
            let select = "SELECT DISTINCT lease_owner FROM notice WHERE state = 'waiting' AND lease_owner IS NOT NULL";
            sqlx::query_scalar(select).fetch_all(&mut *read).await?
        };
        for owner in owners.iter().filter(|owner| asking.is_gone(owner)) {
            let mut write = self.database.write().await?;
            sqlx::query(
                "UPDATE notice SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?1 AND state = 'waiting'",
            )
            .bind(owner)
            .execute(&mut *write)
            .await?;
            write.commit().await?;
        }
        Ok(())
    }

    /// Takes the next notice of a channel, unless another process is sending one, the channel is left in peace, or it
    /// was told enough for now.
    pub(super) async fn claim(
        &self,
        channel: &str,
        rate: Rate,
        owner: &str,
        time_limit: Duration,
    ) -> Result<Option<Claim>, Error> {
        let now = self.database.clock().now();
        let mut write = self.database.write().await?;
        let claimed = claim(&mut write, channel, rate, now).await.map_err(|error| self.database.placed(error))?;
        let claim = match claimed {
            Some(row) => {
                let until = now + TimeDelta::from_std(time_limit).unwrap_or(LONGEST_WAIT) + LEASE_MARGIN;
                let until = to_millis(until.min(now + LONGEST_WAIT));
                sqlx::query(
                    "UPDATE notice SET lease_owner = ?2, lease_until = ?3, attempts = attempts + 1 WHERE seq = ?1",
                )
                .bind(row.seq)
                .bind(owner)
                .bind(until)
                .execute(&mut *write)
                .await
                .map_err(|error| self.database.placed(error.into()))?;
                Some(Claim {
                    seq: row.seq,
                    owner: owner.to_owned(),
                    until,
                    id: row.id,
                    channel: channel.to_owned(),
                    notice: serde_json::from_str(&row.body).map_err(|error| error.to_string()),
                    count: u64::try_from(row.count).unwrap_or(1),
                    since: from_millis(row.since),
                    due_at: from_millis(row.due_at),
                })
            }
            None => None,
        };
        // Also where nothing was claimed: how long the channel is left in peace may have been written.
        write.commit().await.map_err(|error| self.database.placed(error))?;
        Ok(claim)
    }

    /// Writes down what became of a claim; nothing if its lease was over and another process has it. Gives how many
    /// notices are given up.
    pub(super) async fn finish(&self, claim: &Claim, ending: &Ending) -> Result<u64, Error> {
        self.finish_claim(claim, ending).await.map_err(|error| self.database.placed(error))
    }

    async fn finish_claim(&self, claim: &Claim, ending: &Ending) -> Result<u64, Error> {
        let now = self.database.clock().now();
        let (state, error) = match ending {
            Ending::Sent => ("sent", None),
            Ending::GivenUp(error) | Ending::TooLate(error, _) => ("given_up", Some(error)),
            Ending::Again(error, _) => ("waiting", Some(error)),
        };
        let mut write = self.database.write().await?;
        let written = sqlx::query(
            "UPDATE notice SET state = ?4, error = ?5, ended_at = CASE WHEN ?4 = 'waiting' THEN NULL ELSE ?6 END,
                lease_owner = NULL, lease_until = NULL
             WHERE seq = ?1 AND lease_owner = ?2 AND lease_until = ?3 AND state = 'waiting'",
        )
        .bind(claim.seq)
        .bind(&claim.owner)
        .bind(claim.until)
        .bind(state)
        .bind(error.map(|error| shortened(error, LONGEST_ACCOUNT)))
        .bind(to_millis(now))
        .execute(&mut *write)
        .await?;
        let mut given_up = 0;
        if written.rows_affected() > 0 {
            given_up = u64::from(state == "given_up");
            let (failures, wait) = match ending {
                Ending::Sent | Ending::GivenUp(_) => ("0", Duration::ZERO),
                Ending::Again(_, wait) | Ending::TooLate(_, wait) => ("failures + 1", *wait),
            };
            if let Ending::TooLate(error, _) = ending {
                given_up += give_up_old(&mut write, &claim.channel, error, now).await?;
            }
            let wait = TimeDelta::from_std(wait).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
            let next_at = if wait.is_zero() { 0 } else { to_millis(now + wait) };
            set_peace(&mut write, &claim.channel, failures, next_at).await?;
        }
        write.commit().await?;
        Ok(given_up)
    }

    /// How often the last attempts of a channel failed, one after the other.
    pub(super) async fn failures(&self, channel: &str) -> Result<u32, Error> {
        let mut read = self.database.read().await?;
        let failures: Option<i64> = sqlx::query_scalar("SELECT failures FROM notice_channel WHERE name = ?1")
            .bind(channel)
            .fetch_optional(&mut *read)
            .await
            .map_err(|error| self.database.placed(error.into()))?;
        Ok(failures.and_then(|failures| u32::try_from(failures).ok()).unwrap_or(0))
    }

    /// Forgets what is over, and that of which nothing was heard for long.
    pub(super) async fn prune(&self) -> Result<(), Error> {
        let now = self.database.clock().now();
        let (old, long_ago) = (to_millis(now - KEPT), to_millis(now - GROUPS_KEPT));
        let forgotten = [
            ("notice WHERE state <> 'waiting' AND ended_at < ?1", old),
            ("notice_once WHERE at < ?1", old),
            ("notice_group WHERE last_at < ?1", long_ago),
        ];
        for (what, before) in forgotten {
            let has_some: bool = {
                let mut read = self.database.read().await?;
                let select = sqlx::AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {what})"));
                sqlx::query_scalar(select).bind(before).fetch_one(&mut *read).await?
            };
            if has_some {
                let mut write = self.database.write().await?;
                let delete = sqlx::AssertSqlSafe(format!("DELETE FROM {what}"));
                sqlx::query(delete).bind(before).execute(&mut *write).await?;
                write.commit().await?;
            }
        }
        Ok(())
    }
}

/// Gives up the notices of a channel that could not be told for a day.
async fn give_up_old(
    connection: &mut SqliteConnection,
    channel: &str,
    error: &str,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let given_up = sqlx::query(
        "UPDATE notice SET state = 'given_up', error = ?2, ended_at = ?3
         WHERE channel = ?1 AND state = 'waiting' AND due_at < ?4",
    )
    .bind(channel)
    .bind(shortened(error, LONGEST_ACCOUNT))
    .bind(to_millis(now))
    .bind(to_millis(now - GIVEN_UP_AFTER));
    Ok(given_up.execute(connection).await?.rows_affected())
}

async fn claim(
    connection: &mut SqliteConnection,
    channel: &str,
    rate: Rate,
    now: DateTime<Utc>,
) -> Result<Option<Row>, Error> {
    let (at, horizon) = (to_millis(now), to_millis(now + LONGEST_WAIT));
    let is_busy: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM notice WHERE channel = ?1 AND state = 'waiting'
                        AND lease_until > ?2 AND lease_until <= ?3)
             OR EXISTS (SELECT 1 FROM notice_channel WHERE name = ?1 AND next_at > ?2 AND next_at <= ?3)",
    )
    .bind(channel)
    .bind(at)
    .bind(horizon)
    .fetch_one(&mut *connection)
    .await?;
    if is_busy {
        return Ok(None);
    }
    let row: Option<(i64, String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT seq, id, body, count, since, due_at FROM notice
         WHERE channel = ?1 AND state = 'waiting' AND due_at <= ?2 ORDER BY seq LIMIT 1",
    )
    .bind(channel)
    .bind(at)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((seq, id, body, count, since, due_at)) = row else { return Ok(None) };
    let row = Row { seq, id, body, count, since, due_at };
    // What was told is not known for longer than that.
    let span = TimeDelta::from_std(rate.per).unwrap_or(KEPT).min(KEPT);
    let (told, first): (i64, Option<i64>) = sqlx::query_as(
        "SELECT count(*), min(ended_at) FROM notice
         WHERE channel = ?1 AND state <> 'waiting' AND state = 'sent' AND ended_at > ?2 AND ended_at <= ?3",
    )
    .bind(channel)
    .bind(to_millis(now - span))
    .bind(at)
    .fetch_one(&mut *connection)
    .await?;
    if told < i64::from(rate.most.max(1)) {
        return Ok(Some(row));
    }
    let next_at = first.map_or(at, |first| first + span.num_milliseconds()).clamp(at + 1, horizon);
    set_peace(connection, channel, "failures", next_at).await?;
    Ok(None)
}

/// Leaves a channel in peace until some time. `failures` says what becomes of their count.
async fn set_peace(
    connection: &mut SqliteConnection,
    channel: &str,
    failures: &'static str,
    next_at: i64,
) -> Result<(), Error> {
    let first = i64::from(failures.contains('+'));
    let sql = format!(
        "INSERT INTO notice_channel (name, failures, next_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET failures = {failures}, next_at = excluded.next_at"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(channel).bind(first).bind(next_at).execute(connection).await?;
    Ok(())
}
