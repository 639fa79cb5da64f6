//! One thing to tell.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::shortened;
use crate::config::Event;
use crate::secret::Scrubber;

/// The longest text that is kept of a notice, in bytes.
const LONGEST_TEXT: usize = 8_192;
/// The longest of its other words.
const LONGEST_WORD: usize = 1_024;
/// The most fields of a recipe's own.
const MOST_FIELDS: usize = 32;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// What became of a job.
    Job(Event),
    /// What a recipe says by `notify`.
    Message,
    /// Notices that found the outbox full.
    Dropped,
}

impl Topic {
    /// How it is spelled on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Job(event) => event.as_str(),
            Self::Message => "message",
            Self::Dropped => "dropped",
        }
    }

    fn of(text: &str) -> Option<Self> {
        match text {
            "message" => Some(Self::Message),
            "dropped" => Some(Self::Dropped),
            _ => Event::ALL.iter().copied().find(|event| event.as_str() == text).map(Self::Job),
        }
    }

    /// Whether [`Event::Recovered`] ends it.
    pub(super) fn is_failure(self) -> bool {
        use Event::{Failed, Missed, Partial, Refused, TimedOut, Unknown};
        matches!(self, Self::Job(Failed | Missed | Partial | Refused | TimedOut | Unknown))
    }

    /// Whether repeats of it are told as one.
    pub(super) fn is_grouped(self) -> bool {
        use Event::{Cancelled, Late, Skipped, SkippedByOverlap, Superseded};
        self.is_failure() || matches!(self, Self::Job(Cancelled | Late | Skipped | SkippedByOverlap | Superseded))
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::of(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no event")))
    }
}

/// How much somebody should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look at it in the morning.
    Warning,
    /// Somebody should look at it.
    Error,
}

impl Severity {
    /// What a topic weighs unless it is said otherwise.
    #[must_use]
    pub fn of(topic: Topic) -> Self {
        match topic {
            Topic::Message | Topic::Job(Event::Done | Event::Recovered | Event::Superseded) => Self::Info,
            Topic::Job(
                Event::Skipped
                | Event::SkippedByOverlap
                | Event::Cancelled
                | Event::Late
                | Event::Partial
                | Event::KeyExpiring,
            )
            | Topic::Dropped => Self::Warning,
            Topic::Job(Event::Failed | Event::Refused | Event::TimedOut | Event::Missed | Event::Unknown) => {
                Self::Error
            }
        }
    }

    /// How it is spelled on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of the changes that a run was about to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// So many were made.
    pub made: u64,
    /// So many were refused, or never sent.
    pub not_made: u64,
    /// Of so many nobody knows.
    pub unknown: u64,
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    #[serde(rename = "event")]
    pub topic: Topic,
    /// How much somebody should care.
    pub severity: Severity,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The job's id, such as `night-shift@shop-prod`; none for a run by hand.
    pub job: Option<String>,
    /// The run's id.
    pub run: Option<String>,
    /// The recipe's file.
    pub recipe: Option<String>,
    /// The profile.
    pub profile: Option<String>,
    /// The project's id.
    pub project: Option<String>,
    /// Whether the profile is marked as production.
    pub production: bool,
    /// The fire time.
    pub fire_time: Option<DateTime<Utc>>,
    /// How late the run began, in seconds.
    pub late_seconds: Option<u64>,
    /// What became of the changes of the run; nothing if there was no run, or nobody knows.
    pub changes: Option<Changes>,
    /// Why, in a few words that are the same each time: repeats with the same reason are told as one.
    pub reason: Option<String>,
    /// What a person should read: a recipe's message, or the error in full.
    pub text: Option<String>,
    /// A recipe's own facts.
    pub fields: BTreeMap<String, String>,
    /// Whether all of it happened in the simulator; then nobody is told.
    pub simulated: bool,
    /// A key of its own; a channel is told of each key once.
    pub once: Option<String>,
}

impl Notice {
    /// A notice with nothing but what it is about.
    #[must_use]
    pub fn new(topic: Topic, at: DateTime<Utc>) -> Self {
        Self {
            topic,
            severity: Severity::of(topic),
            at,
            job: None,
            run: None,
            recipe: None,
            profile: None,
            project: None,
            production: false,
            fire_time: None,
            late_seconds: None,
            changes: None,
            reason: None,
            text: None,
            fields: BTreeMap::new(),
            simulated: false,
            once: None,
        }
    }

    /// Whom it is about: the job, else the recipe, else the profile.
    #[must_use]
    pub fn subject(&self) -> &str {
        let named = self.job.as_deref().or(self.recipe.as_deref()).or(self.profile.as_deref());
        named.unwrap_or_default()
    }

    /// The notice without secrets, and no longer than it may be. Shortened last: half a secret is not recognised.
    pub(super) fn scrubbed(&self, scrubber: &Scrubber) -> Self {
        let clean = |text: &str, longest| shortened(&scrubber.scrub(text), longest);
        let word = |text: &Option<String>| text.as_deref().map(|text| clean(text, LONGEST_WORD));
        let pairs = self.fields.iter().take(MOST_FIELDS);
        Self {
            job: word(&self.job),
            run: word(&self.run),
            recipe: word(&self.recipe),
            profile: word(&self.profile),
            project: word(&self.project),
            reason: word(&self.reason),
            text: self.text.as_deref().map(|text| clean(text, LONGEST_TEXT)),
            fields: pairs.map(|(key, value)| (clean(key, LONGEST_WORD), clean(value, LONGEST_WORD))).collect(),
            once: word(&self.once),
            ..*self
        }
    }
}
