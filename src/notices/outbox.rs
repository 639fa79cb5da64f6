//! The outbox: what is to be told, kept until it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::channel::Channel;
use super::notice::{Notice, Topic};
use super::tables::MIGRATIONS;
use crate::config::Event;
use crate::database::{Database, to_millis};
use crate::error::{Error, Kind};
use crate::secret::Scrubber;

/// So many notices wait for a channel at most; what comes then is counted and dropped.
const MOST_WAITING: i64 = 1_000;
/// Repeats of the same are told no more often than this.
const REPEATED_EVERY: TimeDelta = TimeDelta::hours(1);
/// What did not come again for this long is new when it does.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(7);

/// What is to be told, kept in the workspace's state until it is; cheap to clone.
///
/// A notice that was taken in outlasts everything but the loss of the file. It is told at least once: where a process
/// ends between sending and writing that down, it is told again, with the same id.
#[derive(Debug, Clone)]
pub struct Outbox {
    pub(super) database: Database,
    scrubber: Scrubber,
    /// How many attempts failed in this process, by channel.
    failed: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// A notice for one channel, as its row has it.
struct Entry<'n> {
    channel: &'n str,
    topic: Topic,
    subject: &'n str,
    reason: &'n str,
    body: &'n str,
    count: i64,
    since: i64,
    due_at: i64,
    now: i64,
}

impl Outbox {
    /// The outbox of a database; makes its tables where there are none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(database: &Database, scrubber: &Scrubber) -> Result<Self, Error> {
        database.migrate(MIGRATIONS).await?;
        Ok(Self { database: database.clone(), scrubber: scrubber.clone(), failed: Arc::default() })
    }

    /// Takes in a notice for each channel that is to be told of it, in one transaction; gives to how many it goes.
    ///
    /// `events` is what the job asks to be told; each channel's own if that is `None`. A recipe's message always goes.
    /// [`Event::Recovered`] goes only where a failure of the same job was taken in since the last one. Repeats of the
    /// same job, event and reason become one notice an hour at most. A simulated notice goes nowhere.
    ///
    /// # Errors
    /// Those of the database; then the notice was taken in for no channel.
    pub async fn enqueue(
        &self,
        notice: &Notice,
        channels: &[Channel],
        events: Option<&[Event]>,
    ) -> Result<usize, Error> {
        let is_wanted = |channel: &&Channel| match notice.topic {
            Topic::Job(event) => events.unwrap_or(&channel.events).contains(&event),
            Topic::Message | Topic::Dropped => true,
        };
        let names: Vec<&str> = channels.iter().filter(is_wanted).map(|channel| channel.name.as_str()).collect();
        // What nobody wants to hear, such as that a run went well, costs nothing.
        if notice.simulated || names.is_empty() {
            return Ok(0);
        }
        let taken = self.enqueue_all(&notice.scrubbed(&self.scrubber), &names).await;
        taken.map_err(|error| self.database.placed(error))
    }

    /// How many attempts to deliver failed since this outbox was opened, by channel.
    #[must_use]
    pub fn failed(&self) -> BTreeMap<String, u64> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn count_failed(&self, channel: &str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        *failed.entry(channel.to_owned()).or_default() += 1;
    }

    async fn enqueue_all(&self, notice: &Notice, channels: &[&str]) -> Result<usize, Error> {
        let body = body_of(notice)?;
        let now = self.database.clock().now();
        let mut write = self.database.write().await?;
        let mut told = 0;
        for channel in channels {
            if take_in(&mut write, notice, channel, &body, now).await? {
                told += 1;
            }
        }
        write.commit().await?;
        Ok(told)
    }
}

fn body_of(notice: &Notice) -> Result<String, Error> {
    serde_json::to_string(notice).map_err(|error| Error::new(Kind::Bug, "notice_unwritable", error.to_string()))
}

/// Takes a notice in for one channel; `false` if the channel is not told of it.
async fn take_in(
    connection: &mut SqliteConnection,
    notice: &Notice,
    channel: &str,
    body: &str,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if let Some(key) = &notice.once
        && is_known(connection, channel, key, now).await?
    {
        return Ok(false);
    }
    let at = to_millis(now);
    let mut entry = Entry {
        channel,
        topic: notice.topic,
        subject: notice.subject(),
        reason: notice.reason.as_deref().unwrap_or_default(),
        body,
        count: 1,
        since: to_millis(notice.at),
        due_at: at,
        now: at,
    };
    if notice.topic == Topic::Job(Event::Recovered) {
        let Some((count, since)) = end_failures(connection, &entry).await? else { return Ok(false) };
        (entry.count, entry.since) = (count, since);
    } else if notice.topic.is_grouped() && !count_repeat(connection, &mut entry).await? {
        return Ok(true);
    }
    add(connection, entry).await?;
    Ok(true)
}

/// Whether a channel was told of this key; from now on it was. What is asked for again and again is not forgotten.
async fn is_known(
    connection: &mut SqliteConnection,
    channel: &str,
    key: &str,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    for (sql, is_known) in [
        ("UPDATE notice_once SET at = ?3 WHERE channel = ?1 AND key = ?2", true),
        ("INSERT INTO notice_once (channel, key, at) VALUES (?1, ?2, ?3)", false),
    ] {
        let written = sqlx::query(sql).bind(channel).bind(key).bind(to_millis(now)).execute(&mut *connection).await?;
        if written.rows_affected() > 0 {
            return Ok(is_known);
        }
    }
    Ok(false)
}

/// Ends what goes wrong with a job; `None` if nothing did. What was gathered of it is told now.
async fn end_failures(connection: &mut SqliteConnection, entry: &Entry<'_>) -> Result<Option<(i64, i64)>, Error> {
    let groups: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT topic, count, since FROM notice_group WHERE channel = ?1 AND subject = ?2")
            .bind(entry.channel)
            .bind(entry.subject)
            .fetch_all(&mut *connection)
            .await?;
    let failures = Event::ALL.iter().map(|event| Topic::Job(*event)).filter(|topic| topic.is_failure());
    let failures: Vec<&str> = failures.map(Topic::as_str).collect();
    let groups: Vec<_> = groups.iter().filter(|(topic, ..)| failures.contains(&topic.as_str())).collect();
    let Some(since) = groups.iter().map(|(_, _, since)| *since).min() else { return Ok(None) };
    for (topic, ..) in &groups {
        sqlx::query("DELETE FROM notice_group WHERE channel = ?1 AND subject = ?2 AND topic = ?3")
            .bind(entry.channel)
            .bind(entry.subject)
            .bind(topic)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("UPDATE notice SET due_at = min(due_at, ?3) WHERE channel = ?1 AND subject = ?2 AND state = 'waiting'")
        .bind(entry.channel)
        .bind(entry.subject)
        .bind(entry.now)
        .execute(&mut *connection)
        .await?;
    let count = groups.iter().fold(0, |all: i64, (_, count, _)| all.saturating_add(*count));
    Ok(Some((count, since)))
}

/// Counts a repeat of the same; `false` if a notice of it waits already and now stands for this one too.
async fn count_repeat(connection: &mut SqliteConnection, entry: &mut Entry<'_>) -> Result<bool, Error> {
    let of_group = "channel = ?1 AND subject = ?2 AND topic = ?3 AND reason = ?4";
    let topic = entry.topic.as_str();
    let select = format!("SELECT count, since, last_at, told_at FROM notice_group WHERE {of_group}");
    let known: Option<(i64, i64, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(select))
        .bind(entry.channel)
        .bind(entry.subject)
        .bind(topic)
        .bind(entry.reason)
        .fetch_optional(&mut *connection)
        .await?;
    let known =
        known.filter(|(_, _, last_at, _)| entry.now.saturating_sub(*last_at) < FORGOTTEN_AFTER.num_milliseconds());
    let mut told_at = entry.now;
    if let Some((count, since, _, last_told)) = known {
        (entry.count, entry.since) = (count.saturating_add(1), since);
        // A clock that was set back must not put a notice off for ever.
        let last_told = last_told.min(entry.now + REPEATED_EVERY.num_milliseconds());
        told_at = last_told;
        let update = format!(
            "UPDATE notice SET body = ?5, count = ?6 WHERE {of_group} AND state = 'waiting'
             AND coalesce(lease_until, 0) <= ?7"
        );
        let folded = sqlx::query(sqlx::AssertSqlSafe(update))
            .bind(entry.channel)
            .bind(entry.subject)
            .bind(topic)
            .bind(entry.reason)
            .bind(entry.body)
            .bind(entry.count)
            .bind(entry.now)
            .execute(&mut *connection)
            .await?;
        if folded.rows_affected() > 0 {
            write_group(connection, entry, told_at).await?;
            return Ok(false);
        }
        told_at = (last_told + REPEATED_EVERY.num_milliseconds()).max(entry.now);
        entry.due_at = told_at;
    }
    write_group(connection, entry, told_at).await?;
    Ok(true)
}

async fn write_group(connection: &mut SqliteConnection, entry: &Entry<'_>, told_at: i64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO notice_group (channel, subject, topic, reason, count, since, last_at, told_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET count = excluded.count, since = excluded.since, last_at = excluded.last_at,
            told_at = excluded.told_at",
    )
    .bind(entry.channel)
    .bind(entry.subject)
    .bind(entry.topic.as_str())
    .bind(entry.reason)
    .bind(entry.count)
    .bind(entry.since)
    .bind(entry.now)
    .bind(told_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a row, or counts it as dropped where too many wait.
async fn add(connection: &mut SqliteConnection, entry: Entry<'_>) -> Result<(), Error> {
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM notice WHERE channel = ?1 AND state = 'waiting'")
        .bind(entry.channel)
        .fetch_one(&mut *connection)
        .await?;
    if waiting < MOST_WAITING {
        return insert(connection, entry).await;
    }
    let counted = sqlx::query(
        "UPDATE notice SET count = count + 1 WHERE channel = ?1 AND topic = 'dropped' AND state = 'waiting'
         AND coalesce(lease_until, 0) <= ?2",
    )
    .bind(entry.channel)
    .bind(entry.now)
    .execute(&mut *connection)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(());
    }
    let at = crate::database::from_millis(entry.now);
    let body = body_of(&Notice::new(Topic::Dropped, at))?;
    let dropped = Entry {
        topic: Topic::Dropped,
        subject: "",
        reason: "",
        body: &body,
        count: 1,
        since: entry.now,
        due_at: entry.now,
        ..entry
    };
    insert(connection, dropped).await
}

async fn insert(connection: &mut SqliteConnection, entry: Entry<'_>) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO notice (id, channel, subject, topic, reason, body, count, since, created_at, due_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting')",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(entry.channel)
    .bind(entry.subject)
    .bind(entry.topic.as_str())
    .bind(entry.reason)
    .bind(entry.body)
    .bind(entry.count)
    .bind(entry.since)
    .bind(entry.now)
    .bind(entry.due_at)
    .execute(connection)
    .await?;
    Ok(())
}
