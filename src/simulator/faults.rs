//! Faults on request: rules that match calls and bend their answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::settle::Bend;
use super::world::splitmix;
use crate::catalog::Operation;
use crate::error::{Error, Kind, nearest};

/// The rules in force.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Faults {
    /// What chance is drawn from.
    pub seed: u64,
    /// Every rule that fires takes effect.
    pub rules: Vec<Rule>,
}

/// A rule: which calls, and what happens to them. What a rule leaves open matches every call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rule {
    /// `iaas.start_server`, or `start_server`; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// `read`, `create`, `update`, `delete` or `mint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<crate::catalog::Effect>,
    /// The request's path; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only the call of this number among those that match, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// At most so often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How likely each time, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,

    /// The answer comes so much later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_seconds: Option<f64>,
    /// The answer has this status instead, 400 to 599; nothing is done, unless `effect_taken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// With `status`: the request is done all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub effect_taken: bool,
    /// The connection breaks before or after the request is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// Only so many bytes of the answer's body come; its head announces all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate_bytes: Option<usize>,
    /// The transition that the request begins takes so many times as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_factor: Option<f64>,
    /// The transition that the request begins ends in ERROR with this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,

    /// How many calls matched so far.
    #[serde(skip_deserializing, skip_serializing_if = "is_zero")]
    pub matched: u64,
    /// How often the rule fired.
    #[serde(skip_deserializing, skip_serializing_if = "is_zero")]
    pub fired: u64,
}

/// When a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reset {
    /// Before the request is done.
    Before,
    /// After it was done, before it is answered.
    After,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What happens to one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// How long the answer waits.
    pub latency: Duration,
    /// The status that it has instead.
    pub status: Option<FaultStatus>,
    /// When the connection breaks.
    pub reset: Option<Reset>,
    /// How many bytes of the body come.
    pub truncate: Option<usize>,
    /// What becomes of the transition.
    pub bend: Bend,
}

/// A status that a rule sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultStatus {
    /// 400 to 599.
    pub status: u16,
    /// The message, if the rule has one.
    pub message: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// Whether the request is done all the same.
    pub effect_taken: bool,
}

impl Faults {
    /// Reads rules from JSON, or from TOML where the file's name ends so.
    ///
    /// # Errors
    /// When they cannot be read, have an unknown key, or make no sense; with the place.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let is_toml =
            std::path::Path::new(file).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        let faults: Self = if is_toml {
            toml::from_str(text).map_err(|error| {
                let line = error.span().map_or(1, |span| {
                    text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
                });
                unreadable(error.message(), format!("{file}:{line}"))
            })?
        } else {
            serde_json::from_str(text).map_err(|error| {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or(&message);
                let is_json = !error.is_syntax() && !error.is_eof();
                let message = if is_json { message.to_owned() } else { format!("the faults are not JSON: {message}") };
                unreadable(&message, format!("{file}:{}:{}", error.line(), error.column()))
            })?
        };
        for (index, rule) in faults.rules.iter().enumerate() {
            rule.check().map_err(|message| {
                Error::new(Kind::Config, "faults_invalid", message).with_place(format!("{file}: rules[{index}]"))
            })?;
        }
        Ok(faults)
    }

    /// What happens to a call of this operation.
    pub fn judge(&mut self, operation: &Operation, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for (index, rule) in (0_u64..).zip(&mut self.rules) {
            if !rule.matches(operation, path) {
                continue;
            }
            rule.matched += 1;
            let chance = splitmix(self.seed ^ splitmix(index) ^ rule.matched);
            if !rule.fires(chance) {
                continue;
            }
            rule.fired += 1;
            if let Some(seconds) = rule.latency_seconds {
                verdict.latency += Duration::try_from_secs_f64(seconds).unwrap_or_default();
            }
            verdict.status = verdict.status.or_else(|| rule.fault_status());
            verdict.reset = verdict.reset.or(rule.reset);
            verdict.truncate = verdict.truncate.or(rule.truncate_bytes);
            verdict.bend.factor = verdict.bend.factor.or(rule.slow_factor);
            verdict.bend.error = verdict.bend.error.or_else(|| rule.error_message.clone());
        }
        verdict
    }
}

impl Rule {
    fn matches(&self, operation: &Operation, path: &str) -> bool {
        let is_operation = self.operation.as_deref().is_none_or(|pattern| {
            glob(pattern, operation.name) || glob(pattern, &format!("{}.{}", operation.module, operation.name))
        });
        is_operation
            && self.effect.is_none_or(|effect| effect == operation.effect)
            && self.path.as_deref().is_none_or(|pattern| glob(pattern, path))
    }

    fn fires(&self, chance: u64) -> bool {
        self.nth.is_none_or(|nth| nth == self.matched)
            && self.times.is_none_or(|times| self.fired < times)
            && self.probability.is_none_or(|probability| {
                #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
                let drawn = (chance >> 11) as f64 / (1_u64 << 53) as f64;
                drawn < probability
            })
    }

    fn fault_status(&self) -> Option<FaultStatus> {
        let status = self.status?;
        let (message, effect_taken) = (self.message.clone(), self.effect_taken);
        Some(FaultStatus { status, message, retry_after: self.retry_after_seconds, effect_taken })
    }

    fn check(&self) -> Result<(), String> {
        if let Some(status) = self.status.filter(|status| !(400..=599).contains(status)) {
            return Err(format!("`status` is 400 to 599, not {status}"));
        }
        if let Some(probability) = self.probability.filter(|value| !(0.0..=1.0).contains(value)) {
            return Err(format!("`probability` is 0 to 1, not {probability}"));
        }
        for (name, value) in [("latencySeconds", self.latency_seconds), ("slowFactor", self.slow_factor)] {
            if let Some(value) = value.filter(|value| !value.is_finite() || *value < 0.0) {
                return Err(format!("`{name}` is a number from 0, not {value}"));
            }
        }
        if self.nth == Some(0) {
            return Err("`nth` counts from 1".into());
        }
        if self.status.is_none() && (self.retry_after_seconds.is_some() || self.effect_taken || self.message.is_some())
        {
            return Err("`retryAfterSeconds`, `message` and `effectTaken` belong to a `status`".into());
        }
        let does_something = self.latency_seconds.is_some()
            || self.status.is_some()
            || self.reset.is_some()
            || self.truncate_bytes.is_some()
            || self.slow_factor.is_some()
            || self.error_message.is_some();
        if does_something {
            return Ok(());
        }
        Err("a rule needs one of `latencySeconds`, `status`, `reset`, `truncateBytes`, `slowFactor`, `errorMessage`"
            .into())
    }
}

/// Whether a text matches a pattern in which `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}

fn unreadable(message: &str, place: String) -> Error {
    let message = message.trim();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"));
    let near = unknown.and_then(|name| nearest(name, quoted));
    let text = unknown.map_or_else(|| message.to_owned(), |name| format!("unknown key `{name}`"));
    let error = Error::new(Kind::Config, "faults_invalid", text).with_place(place);
    match near {
        Some(name) => error.with_hint(format!("did you mean `{name}`?")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::operation;

    fn start() -> &'static Operation {
        operation("iaas", "start_server").expect("in the catalogue")
    }

    #[test]
    fn patterns_match() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("start_server", "start_server", true),
            ("start_*", "start_server", true),
            ("*_server", "start_server", true),
            ("*art*ver", "start_server", true),
            ("stop_*", "start_server", false),
            ("*servers", "start_server", false),
            ("start_serve", "start_server", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_rule_fires_on_the_calls_it_names() {
        let list = operation("iaas", "list_servers").expect("in the catalogue");
        for (rule, expected) in [
            (r#""operation": "start_server""#, vec![true, false, true]),
            (r#""operation": "iaas.start_server", "times": 1"#, vec![true, false, false]),
            (r#""operation": "start_server", "nth": 2"#, vec![false, false, true]),
            (r#""effect": "read""#, vec![false, true, false]),
            (r#""path": "*/servers""#, vec![false, true, false]),
            (r#""probability": 0"#, vec![false, false, false]),
            (r#""probability": 1"#, vec![true, true, true]),
        ] {
            let text = format!(r#"{{ "rules": [{{ {rule}, "status": 503 }}] }}"#);
            let mut faults = Faults::parse(&text, "f.json").expect("good rules");
            let fired: Vec<bool> =
                [(start(), "/v2/servers/1/start"), (list, "/v2/servers"), (start(), "/v2/servers/2/start")]
                    .into_iter()
                    .map(|(operation, path)| faults.judge(operation, path).status.is_some())
                    .collect();
            assert_eq!(fired, expected, "{rule}");
        }
    }

    #[test]
    fn chance_is_the_same_each_time_and_about_right() {
        let text = r#"{ "seed": 3, "rules": [{ "probability": 0.25, "reset": "after" }] }"#;
        let run = || {
            let mut faults = Faults::parse(text, "f.json").expect("good rules");
            (0..1_000).filter(|_| faults.judge(start(), "/").reset.is_some()).count()
        };
        assert_eq!(run(), run());
        assert!((200..300).contains(&run()), "{}", run());
    }

    #[test]
    fn rules_read_from_toml_too() {
        let text = "[[rules]]\noperation = \"create_*\"\nreset = \"before\"\nlatencySeconds = 0.5\n";
        let mut faults = Faults::parse(text, "f.toml").expect("good rules");
        assert_eq!(faults.judge(start(), "/"), Verdict::default());
        let create = operation("iaas", "create_server").expect("in the catalogue");
        let verdict = faults.judge(create, "/");
        assert_eq!((verdict.latency, verdict.reset), (Duration::from_millis(500), Some(Reset::Before)));
    }

    #[test]
    fn what_makes_no_sense_is_named_with_its_place() {
        for (file, text, place, message) in [
            ("f.json", r#"{ "rules": [{}] }"#, "f.json: rules[0]", "a rule needs one of"),
            ("f.json", r#"{ "rules": [{ "status": 200 }] }"#, "f.json: rules[0]", "`status` is 400 to 599"),
            ("f.json", r#"{ "rules": [{ "statsu": 500 }] }"#, "f.json:1:22", "unknown key `statsu`"),
            ("f.json", r#"{ "rules": [{ "status": 500, "nth": 0 }] }"#, "f.json: rules[0]", "`nth` counts from 1"),
            ("f.toml", "[[rules]]\nstatsu = 500\n", "f.toml:2", "unknown key `statsu`"),
            ("f.json", "{", "f.json:1:1", "the faults are not JSON: EOF"),
        ] {
            let error = Faults::parse(text, file).expect_err("bad rules");
            assert_eq!(error.place.as_deref(), Some(place), "{text}");
            assert!(error.message.starts_with(message), "{}", error.message);
        }
    }
}
