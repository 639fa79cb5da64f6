//! The types that a recipe's parameters have, and how text and JSON become values of them.

use std::fmt;

use serde_json::Value;

use crate::engine::builtins::time::{Duration, Instant};

/// The type of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`; a switch on the command line.
    Boolean,
    /// A duration such as `15m`; text in JSON.
    Duration,
    /// A point in time in RFC 3339; text in JSON.
    Instant,
    /// Items of one type.
    List(Box<ParameterKind>),
    /// Values of one type by name.
    Map(Box<ParameterKind>),
    /// One of these texts.
    OneOf(Vec<String>),
    /// The name of a secret; never the secret itself.
    Secret,
    /// Anything: text on the command line.
    Any,
}

impl ParameterKind {
    /// The names that `required` takes.
    pub const NAMES: [&'static str; 8] = ["text", "int", "float", "bool", "duration", "instant", "list", "map"];

    /// The type of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "text" | "string" => Self::Text,
            "int" | "integer" => Self::Integer,
            "float" | "number" => Self::Float,
            "bool" => Self::Boolean,
            "duration" => Self::Duration,
            "instant" => Self::Instant,
            "list" => Self::List(Box::new(Self::Any)),
            "map" => Self::Map(Box::new(Self::Any)),
            _ => return None,
        })
    }

    /// The type that all of these have in common.
    #[must_use]
    pub fn common(kinds: impl IntoIterator<Item = Self>) -> Self {
        let mut common: Option<Self> = None;
        for kind in kinds {
            common = Some(match common {
                None => kind,
                Some(same) if same == kind => same,
                Some(Self::Integer | Self::Float) if matches!(kind, Self::Integer | Self::Float) => Self::Float,
                Some(_) => return Self::Any,
            });
        }
        common.unwrap_or(Self::Any)
    }

    /// The type of a JSON value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Any,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Integer,
            Value::Number(_) => Self::Float,
            Value::String(_) => Self::Text,
            Value::Array(items) => Self::List(Box::new(Self::common(items.iter().map(Self::of)))),
            Value::Object(fields) => Self::Map(Box::new(Self::common(fields.values().map(Self::of)))),
        }
    }

    /// A value of this type, for messages.
    #[must_use]
    pub fn example(&self) -> String {
        match self {
            Self::Text | Self::Any => "web".to_owned(),
            Self::Integer => "3".to_owned(),
            Self::Float => "0.8".to_owned(),
            Self::Boolean => "true".to_owned(),
            Self::Duration => "15m".to_owned(),
            Self::Instant => "2026-11-22T08:00:00Z".to_owned(),
            Self::List(item) => match &**item {
                Self::Integer => "1,2".to_owned(),
                Self::Float => "0.5,0.8".to_owned(),
                Self::Duration => "1h,7d".to_owned(),
                Self::List(_) | Self::Map(_) => "[]".to_owned(),
                Self::Text | Self::Boolean | Self::Instant | Self::OneOf(_) | Self::Secret | Self::Any => {
                    "a,b".to_owned()
                }
            },
            Self::Map(_) => "team=web".to_owned(),
            Self::OneOf(values) => values.first().cloned().unwrap_or_default(),
            Self::Secret => "db_password".to_owned(),
        }
    }

    /// Reads what the command line gives; lists and maps take a part, or the whole as JSON.
    ///
    /// # Errors
    /// What was wanted instead.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let json = |open: char| text.trim_start().starts_with(open).then(|| serde_json::from_str::<Value>(text));
        match self {
            Self::Integer => match text.parse::<i64>() {
                Ok(number) => Ok(Value::from(number)),
                Err(_) => Err(self.wanted()),
            },
            Self::Float => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Value::from(number)),
                _ => Err(self.wanted()),
            },
            Self::Boolean => match text {
                "true" | "yes" | "on" => Ok(Value::Bool(true)),
                "false" | "no" | "off" => Ok(Value::Bool(false)),
                _ => Err(self.wanted()),
            },
            Self::List(item) => match json('[') {
                Some(Ok(value)) => self.accept(&value),
                Some(Err(error)) => Err(format!("{}; as JSON it is wrong: {error}", self.wanted())),
                None if text.is_empty() => Ok(Value::Array(Vec::new())),
                None => {
                    let items = text.split(',').map(|part| item.read(part.trim()));
                    items.collect::<Result<Vec<_>, _>>().map(Value::Array)
                }
            },
            Self::Map(item) => match json('{') {
                Some(Ok(value)) => self.accept(&value),
                Some(Err(error)) => Err(format!("{}; as JSON it is wrong: {error}", self.wanted())),
                None => {
                    let pairs = text.split(',').map(|pair| {
                        let (key, value) = pair.split_once('=').ok_or_else(|| self.wanted())?;
                        Ok((key.trim().to_owned(), item.read(value.trim())?))
                    });
                    pairs.collect::<Result<_, String>>().map(Value::Object)
                }
            },
            Self::Text | Self::Duration | Self::Instant | Self::OneOf(_) | Self::Secret | Self::Any => {
                self.accept(&Value::String(text.to_owned()))
            }
        }
    }

    /// Checks a JSON value, from a file or a job; numbers may become floats.
    ///
    /// # Errors
    /// What was wanted instead.
    pub fn accept(&self, value: &Value) -> Result<Value, String> {
        let given = match (self, value) {
            (Self::Any, _) | (Self::Text | Self::Secret, Value::String(_)) | (Self::Boolean, Value::Bool(_)) => {
                Some(value.clone())
            }
            (Self::Integer, Value::Number(number)) => number.as_i64().map(Value::from),
            (Self::Float, Value::Number(number)) => number.as_f64().map(Value::from),
            (Self::Duration, Value::String(text)) => {
                // The reason is worth more than the type's name.
                return Duration::parse(text).map(|_| value.clone()).map_err(|error| error.message);
            }
            (Self::Instant, Value::String(text)) => {
                return Instant::parse(text).map(|_| value.clone()).map_err(|error| error.message);
            }
            (Self::OneOf(values), Value::String(text)) => values.contains(text).then(|| value.clone()),
            (Self::List(item), Value::Array(items)) => {
                return items.iter().map(|value| item.accept(value)).collect::<Result<_, _>>().map(Value::Array);
            }
            (Self::Map(item), Value::Object(fields)) => {
                let fields = fields.iter().map(|(key, value)| Ok((key.clone(), item.accept(value)?)));
                return fields.collect::<Result<_, String>>().map(Value::Object);
            }
            _ => None,
        };
        given.ok_or_else(|| self.wanted())
    }

    /// What a value must be, with an example.
    #[must_use]
    pub fn wanted(&self) -> String {
        match self {
            Self::OneOf(values) => format!("it must be one of {}", values.join(", ")),
            Self::Any => "it must be given".to_owned(),
            kind => format!("it must be {}, such as `{}`", kind.noun(), kind.example()),
        }
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Boolean => "`true` or `false`",
            Self::Duration => "a duration",
            Self::Instant => "a time in RFC 3339",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::OneOf(_) => "one of a list",
            Self::Secret => "the name of a secret",
            Self::Any => "a value",
        }
    }
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Integer => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Boolean => f.write_str("bool"),
            Self::Duration => f.write_str("duration"),
            Self::Instant => f.write_str("instant"),
            Self::List(item) if **item == Self::Any => f.write_str("list"),
            Self::List(item) => write!(f, "list of {item}"),
            Self::Map(_) => f.write_str("map"),
            Self::OneOf(values) => f.write_str(&values.join("|")),
            Self::Secret => f.write_str("secret name"),
            Self::Any => f.write_str("value"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_becomes_a_value_of_the_type() {
        let list = |item| ParameterKind::List(Box::new(item));
        let map = |item| ParameterKind::Map(Box::new(item));
        for (kind, text, value) in [
            (ParameterKind::Text, "007", json!("007")),
            (ParameterKind::Integer, "-3", json!(-3)),
            (ParameterKind::Float, "1", json!(1.0)),
            (ParameterKind::Boolean, "no", json!(false)),
            (ParameterKind::Duration, "1h30m", json!("1h30m")),
            (ParameterKind::Instant, "2026-11-22T08:00:00Z", json!("2026-11-22T08:00:00Z")),
            (list(ParameterKind::Text), "a, b", json!(["a", "b"])),
            (list(ParameterKind::Text), r#"["a,b"]"#, json!(["a,b"])),
            (list(ParameterKind::Integer), "", json!([])),
            (list(ParameterKind::Any), "[1, {}]", json!([1, {}])),
            (map(ParameterKind::Text), "team=web,stage=a=b", json!({ "team": "web", "stage": "a=b" })),
            (map(ParameterKind::Integer), r#"{"daily": 7}"#, json!({ "daily": 7 })),
            (ParameterKind::OneOf(vec!["a".into(), "b".into()]), "b", json!("b")),
            (ParameterKind::Any, "x", json!("x")),
        ] {
            assert_eq!(kind.read(text), Ok(value), "{kind}: {text}");
        }
    }

    #[test]
    fn what_is_of_another_type_says_what_is_wanted() {
        let list = |item| ParameterKind::List(Box::new(item));
        for (kind, text, part) in [
            (ParameterKind::Integer, "3.5", "a whole number, such as `3`"),
            (ParameterKind::Integer, "99999999999999999999", "a whole number"),
            (ParameterKind::Float, "NaN", "a number"),
            (ParameterKind::Boolean, "maybe", "`true` or `false`"),
            (ParameterKind::Duration, "10", "a unit must follow `10`"),
            (ParameterKind::Instant, "today", "`today` is no RFC 3339 time"),
            (list(ParameterKind::Integer), "1,x", "a whole number"),
            (list(ParameterKind::Text), "[1]", "text"),
            (list(ParameterKind::Text), "[", "as JSON it is wrong"),
            (ParameterKind::Map(Box::new(ParameterKind::Text)), "team", "a map, such as `team=web`"),
            (ParameterKind::OneOf(vec!["a".into(), "b".into()]), "c", "one of a, b"),
        ] {
            let wanted = kind.read(text).expect_err(text);
            assert!(wanted.contains(part), "{kind}: {text}: {wanted}");
        }
    }
}
