//! A notice on its way to one channel: what all formats are made from.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::notice::Notice;
use super::words;
use crate::config::Zone;

/// A notice on its way to one channel.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// The same at each attempt: who has seen it may drop it.
    pub id: String,
    /// Where it goes.
    pub channel: String,
    pub notice: Notice,
    /// How many like it there were, this one included.
    pub count: u64,
    /// When the first of them was.
    pub since: DateTime<Utc>,
    /// Where the people live that read it.
    pub zone: Zone,
}

impl Letter {
    /// What can be told, by name.
    pub const NAMES: [&'static str; 22] = [
        "id",
        "channel",
        "event",
        "severity",
        "title",
        "text",
        "count",
        "since",
        "at",
        "job",
        "run",
        "recipe",
        "profile",
        "project",
        "production",
        "fire_time",
        "late_seconds",
        "changes",
        "changes_not_made",
        "changes_unknown",
        "reason",
        "fields",
    ];

    /// One line that says it all.
    pub fn title(&self) -> String {
        words::title(self)
    }

    /// What there is to know beside the title and the text: names and values.
    pub fn facts(&self) -> Vec<(String, String)> {
        words::facts(self)
    }

    /// The text, if it says more than the title.
    pub fn text(&self) -> Option<&str> {
        self.notice.text.as_deref().filter(|text| !text.trim().is_empty() && *text != self.title())
    }

    /// All of it, as programs read it; the keys are [`Self::NAMES`].
    pub fn to_json(&self) -> Value {
        let notice = &self.notice;
        json!({
            "id": self.id,
            "channel": self.channel,
            "event": notice.topic,
            "severity": notice.severity,
            "title": self.title(),
            "text": notice.text,
            "count": self.count,
            "since": self.since,
            "at": notice.at,
            "job": notice.job,
            "run": notice.run,
            "recipe": notice.recipe,
            "profile": notice.profile,
            "project": notice.project,
            "production": notice.production,
            "fire_time": notice.fire_time,
            "late_seconds": notice.late_seconds,
            "changes": notice.changes.map(|changes| changes.made),
            "changes_not_made": notice.changes.map(|changes| changes.not_made),
            "changes_unknown": notice.changes.map(|changes| changes.unknown),
            "reason": notice.reason,
            "fields": notice.fields,
        })
    }
}
