//! One value in a table or on a card.

use anstyle::{AnsiColor, Style as Ansi};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::Style;

/// What a text is to be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    Plain,
    /// It is what one came for.
    Strong,
    /// Less important than the rest.
    Faint,
    /// As it should be.
    Good,
    /// On its way.
    Busy,
    /// Broken.
    Bad,
}

/// A text without its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text: one line, with nothing in it that a terminal would obey.
    pub text: String,
    /// What it is told apart by.
    pub tone: Tone,
}

impl Cell {
    /// A text in a tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        let text: String = text.into();
        let is_harmless = !text.chars().any(char::is_control);
        let text = if is_harmless { text } else { text.chars().map(visible).collect() };
        Self { text, tone }
    }

    /// A text like any other.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// What is not there.
    pub fn none() -> Self {
        Self::new("-", Tone::Faint)
    }

    /// `text`, which stands for the cell or begins it, in its colour.
    pub fn painted(&self, text: &str, has_colour: bool) -> String {
        let style = match self.tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => Ansi::new().bold(),
            Tone::Faint => Ansi::new().dimmed(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Busy => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
        };
        if has_colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A control character as a sign: a name is the server's word, and the terminal ours.
fn visible(letter: char) -> char {
    match letter {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
        '\u{7f}'..='\u{9f}' => '\u{fffd}',
        letter => letter,
    }
}

/// How a field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As it is.
    Plain,
    /// What the object is called.
    Name,
    /// A status, by its colour.
    State,
    /// An instant, by how long ago it was.
    Age,
    /// A size in gigabytes.
    Gigabytes,
    /// A size in bytes.
    Bytes,
    /// A size in mebibytes.
    Mebibytes,
    /// Labels.
    Labels,
    /// The id of another object, by its name where that is known.
    Reference,
    /// Less important than the rest.
    Faint,
}

/// The value at a path such as `ipv4.prefixes`; nothing if it is not there, `null` or empty.
pub fn at<'v>(object: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let mut names = path.split('.');
    let first = object.get(names.next()?)?;
    let value = names.try_fold(first, |value, name| value.get(name))?;
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    (!is_empty).then_some(value)
}

/// A value as a cell.
pub fn cell(value: &Value, look: Look, style: &Style<'_>) -> Cell {
    match (look, value) {
        (Look::Name, Value::String(text)) => Cell::new(text, Tone::Strong),
        (Look::Faint, value) => Cell::new(plain(value), Tone::Faint),
        (Look::State, Value::String(text)) => Cell::new(text, tone_of_state(text)),
        (Look::Age, Value::String(text)) => match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Cell::plain(age(style.now - time.to_utc())),
            Err(_) => Cell::plain(text),
        },
        (Look::Gigabytes, Value::Number(size)) => Cell::plain(format!("{size} GB")),
        (Look::Bytes | Look::Mebibytes, Value::Number(size)) => {
            let unit = if look == Look::Bytes { 1.0 } else { 1024.0 * 1024.0 };
            Cell::plain(size.as_f64().map_or_else(|| size.to_string(), |size| bytes(size * unit)))
        }
        (Look::Labels, Value::Object(labels)) => Cell::plain(pairs(labels, " ")),
        (Look::Reference, Value::String(id)) => named(id, style),
        (Look::Reference, Value::Array(ids)) => {
            let names: Vec<String> =
                ids.iter().map(|id| id.as_str().map_or_else(|| plain(id), |id| named(id, style).text)).collect();
            Cell::plain(names.join(", "))
        }
        (_, value) => Cell::plain(plain(value)),
    }
}

fn named(id: &str, style: &Style<'_>) -> Cell {
    match (style.names)(id) {
        Some(name) => Cell::plain(name),
        None => Cell::new(
            id.split('-').next().filter(|_| id.len() == 36).map_or_else(|| id.to_owned(), |head| format!("{head}…")),
            Tone::Faint,
        ),
    }
}

/// A value on one line.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) => pairs(map, "  "),
    }
}

fn pairs(map: &Map<String, Value>, between: &str) -> String {
    map.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(between)
}

/// The tone of a status: the API's words for what rests well, is under way, or failed.
pub fn tone_of_state(state: &str) -> Tone {
    match state {
        "ACTIVE" | "AVAILABLE" | "ATTACHED" | "IN-USE" | "CREATED" | "RUNNING" => Tone::Good,
        "INACTIVE" | "DEALLOCATED" | "STOPPED" | "SHUTOFF" | "PAUSED" | "DEACTIVATED" | "DOWN" => Tone::Faint,
        _ if state.starts_with("ERROR") || state.contains("FAILED") || state == "CRASHED" => Tone::Bad,
        "RESCUE" | "REBOOT" | "REBUILD" | "RESERVED" | "MAINTENANCE" => Tone::Busy,
        _ if state.ends_with("ING") || state.contains("ING-") => Tone::Busy,
        _ => Tone::Plain,
    }
}

/// How long ago something was, in its largest unit: `45d`, `3h`; what is still to come with a sign.
pub fn age(span: TimeDelta) -> String {
    let (sign, seconds) =
        if span < TimeDelta::zero() { ("in ", -span.num_seconds()) } else { ("", span.num_seconds()) };
    let amount = match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ if seconds < 2 * 365 * 86_400 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / (365 * 86_400)),
    };
    format!("{sign}{amount}")
}

/// The instant of a text, if it is one.
pub fn instant(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|time| time.to_utc())
}

/// A number of bytes in the largest unit that leaves a whole number before the point.
fn bytes(size: f64) -> String {
    let mut size = size;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if size.fract() < 0.05 { format!("{size:.0} {unit}") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}
