//! What is in the outbox, for those who want to know.

use chrono::{DateTime, Utc};

use super::Outbox;
use super::claim::LONGEST_WAIT;
use crate::database::{from_millis, to_millis};
use crate::error::Error;

/// What waits for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The channel's name.
    pub channel: String,
    /// How many notices wait, those that gather repeats included.
    pub count: u64,
    /// When the next is to be sent; it may have passed.
    pub next: DateTime<Utc>,
    /// When the one that waits longest was first to be sent; repeats that are gathered wait on purpose until then.
    pub due_since: DateTime<Utc>,
    /// Whether a process is sending one of them, or died in doing so a moment ago.
    pub is_being_sent: bool,
    /// Why the last attempt failed, if it did.
    pub error: Option<String>,
}

/// A notice that nobody was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Its id.
    pub id: String,
    /// The channel's name.
    pub channel: String,
    /// Whom it was about.
    pub subject: String,
    /// What it was about.
    pub topic: String,
    /// When it was given up.
    pub at: DateTime<Utc>,
    /// Why.
    pub error: String,
}

impl Outbox {
    /// What waits, by channel.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, Error> {
        let mut read = self.database.read().await?;
        let rows = sqlx::query_as::<_, (String, i64, i64, i64, bool, Option<String>)>(
            "SELECT n.channel, count(*), max(min(n.due_at), coalesce(c.next_at, 0), coalesce(max(n.lease_until), 0)),
                min(n.due_at),
                coalesce(max(n.lease_until), 0) > ?1,
                (SELECT e.error FROM notice e WHERE e.channel = n.channel AND e.state = 'waiting'
                 AND e.error IS NOT NULL ORDER BY e.seq LIMIT 1)
             FROM notice n LEFT JOIN notice_channel c ON c.name = n.channel
             WHERE n.state = 'waiting' GROUP BY n.channel ORDER BY n.channel",
        )
        .bind(to_millis(self.database.clock().now()))
        .fetch_all(&mut *read)
        .await;
        let rows = rows.map_err(|error| self.database.placed(error.into()))?;
        let waiting = |(channel, count, next, due_since, is_being_sent, error)| Waiting {
            channel,
            count: u64::try_from(count).unwrap_or(0),
            next: from_millis(next),
            due_since: from_millis(due_since),
            is_being_sent,
            error,
        };
        Ok(rows.into_iter().map(waiting).collect())
    }

    /// When somebody should next look whether there is something to send; `None` if nothing waits.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, Error> {
        // What says later was written by a clock that was set back since.
        let latest = self.database.clock().now() + LONGEST_WAIT;
        Ok(self.waiting().await?.into_iter().map(|waiting| waiting.next.min(latest)).min())
    }

    /// What was given up since some time, the oldest first, a hundred at most.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn given_up(&self, since: DateTime<Utc>) -> Result<Vec<GivenUp>, Error> {
        let mut read = self.database.read().await?;
        let rows = sqlx::query_as::<_, (String, String, String, String, i64, String)>(
            "SELECT id, channel, subject, topic, ended_at, coalesce(error, '') FROM notice
             WHERE state = 'given_up' AND ended_at >= ?1 ORDER BY ended_at LIMIT 100",
        )
        .bind(to_millis(since))
        .fetch_all(&mut *read)
        .await;
        let rows = rows.map_err(|error| self.database.placed(error.into()))?;
        let given_up = |(id, channel, subject, topic, at, error)| GivenUp {
            id,
            channel,
            subject,
            topic,
            at: from_millis(at),
            error,
        };
        Ok(rows.into_iter().map(given_up).collect())
    }
}
