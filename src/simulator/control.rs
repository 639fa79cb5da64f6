//! What a test asks of the simulator itself: its world, its time, its faults.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{Request, Response};
use serde::Deserialize;
use serde_json::json;

use super::faults::Faults;
use super::simulator::Simulator;
use super::wire::{Refusal, json_response};

/// What the control routes begin with.
pub const PREFIX: &str = "/_simulator/";

/// How world time is moved.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Move {
    /// By so much.
    advance_seconds: Option<f64>,
    /// To this time.
    time: Option<DateTime<Utc>>,
}

impl Simulator {
    /// Answers a control route:
    ///
    /// | method and path | what it does |
    /// |---|---|
    /// | `GET world` | the world as a file would hold it |
    /// | `GET world/time`, `PUT world/time` | tells world time; moves it on: `{"advanceSeconds": 60}` or `{"time": …}` |
    /// | `GET faults`, `PUT faults`, `DELETE faults` | the rules in force with their counts; other rules; none |
    pub(super) fn control(&self, path: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let answered = match (request.method().as_str(), path) {
            ("GET", "world") => Ok(self.to_json()),
            ("GET", "world/time") => Ok(self.time_json()),
            ("PUT", "world/time") => self.move_time(request.body()),
            ("GET", "faults") => Ok(json!(self.lock().faults)),
            ("PUT", "faults") => self.put_faults(request.body()),
            ("DELETE", "faults") => {
                self.set_faults(Faults::default());
                Ok(json!(Faults::default()))
            }
            (_, "world" | "world/time" | "faults") => Err(Refusal::new(405, "Method Not Allowed")),
            _ => Err(Refusal::new(404, "the simulator's own routes are world, world/time and faults")),
        };
        match answered {
            Ok(value) => json_response(200, value.to_string()),
            Err(refusal) => refusal.to_response(),
        }
    }

    /// Moves world time on by a span; clocks of clients stay as they are.
    pub fn advance(&self, span: TimeDelta) {
        let mut state = self.lock();
        state.ahead = state.ahead.checked_add(&span).unwrap_or(state.ahead);
    }

    fn time_json(&self) -> serde_json::Value {
        json!({ "time": self.now().to_rfc3339_opts(SecondsFormat::Millis, true) })
    }

    fn move_time(&self, body: &[u8]) -> Result<serde_json::Value, Refusal> {
        let wanted: Move = serde_json::from_slice(body).map_err(|error| Refusal::bad(error.to_string()))?;
        let span = match (wanted.advance_seconds, wanted.time) {
            (Some(seconds), None) => std::time::Duration::try_from_secs_f64(seconds)
                .ok()
                .and_then(|span| TimeDelta::from_std(span).ok())
                .ok_or_else(|| Refusal::bad("`advanceSeconds` must be a number from 0"))?,
            (None, Some(time)) => time - self.now(),
            _ => return Err(Refusal::bad("one of `advanceSeconds` and `time` is needed")),
        };
        // A century is more than anything simulated lasts, and less than what time can hold.
        if span < TimeDelta::zero() || span > TimeDelta::days(36_525) {
            return Err(Refusal::bad("world time only moves on, by a century at most"));
        }
        self.advance(span);
        Ok(self.time_json())
    }

    fn put_faults(&self, body: &[u8]) -> Result<serde_json::Value, Refusal> {
        let text = String::from_utf8_lossy(body);
        let faults = Faults::parse(&text, "body").map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            Refusal::bad(format!("{error}{hint}"))
        })?;
        let answer = json!(faults);
        self.set_faults(faults);
        Ok(answer)
    }
}
