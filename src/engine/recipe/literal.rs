//! Default values that can be read off the syntax tree.

use chrono::TimeDelta;
use rhai::{Expr, FnCallExpr, Position};
use serde_json::{Map, Value};

use super::kind::ParameterKind;
use crate::engine::builtins::time::{Duration, Instant};

/// What a parameter's default says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Its type.
    pub kind: ParameterKind,
    /// Its default; `None` if it must be given.
    pub default: Option<Value>,
}

/// Why a default cannot be read off the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLiteral {
    pub position: Position,
    pub message: String,
    pub hint: &'static str,
}

const HINT: &str = "defaults are literals: text, numbers, true or false, lists, maps, durations such as `minutes(10)`, \
    `required(\"text\")`, `secret(\"name\")`, `one_of([…])`; work out other values after `params`";

/// Reads a default.
pub fn declared(expression: &Expr) -> Result<Declared, NotLiteral> {
    match expression {
        // No default and no type: it may be left out, and is `()` then.
        Expr::Unit(_) => Ok(Declared { kind: ParameterKind::Any, default: Some(Value::Null) }),
        Expr::FnCall(call, position) if !call.is_operator_call() => called(call, *position),
        _ => {
            let (kind, value) = literal(expression)?;
            Ok(Declared { kind, default: Some(value) })
        }
    }
}

fn called(call: &FnCallExpr, position: Position) -> Result<Declared, NotLiteral> {
    let fail = |message: String, hint| NotLiteral { position, message, hint };
    match (call.name.as_str(), &call.args[..]) {
        ("required", []) => Ok(Declared { kind: ParameterKind::Any, default: None }),
        ("required", [Expr::StringConstant(name, _)]) => match ParameterKind::named(name) {
            Some(kind) => Ok(Declared { kind, default: None }),
            None => Err(fail(
                format!("`{name}` is no type of a parameter"),
                "types are text, int, float, bool, duration, instant, list and map",
            )),
        },
        ("secret", [Expr::StringConstant(name, _)]) => {
            Ok(Declared { kind: ParameterKind::Secret, default: Some(Value::from(name.as_str())) })
        }
        ("one_of", [Expr::Array(items, _)]) if !items.is_empty() => {
            let texts: Option<Vec<String>> = items
                .iter()
                .map(|item| match item {
                    Expr::StringConstant(text, _) => Some(text.to_string()),
                    _ => None,
                })
                .collect();
            match texts {
                Some(texts) => {
                    Ok(Declared { default: Some(Value::from(texts[0].as_str())), kind: ParameterKind::OneOf(texts) })
                }
                None => Err(fail("`one_of` takes a list of texts".to_owned(), HINT)),
            }
        }
        ("required" | "secret" | "one_of", _) => Err(fail(format!("`{}` needs a literal here", call.name), HINT)),
        _ => {
            let (kind, value) = time(call, position)?;
            Ok(Declared { kind, default: Some(value) })
        }
    }
}

fn literal(expression: &Expr) -> Result<(ParameterKind, Value), NotLiteral> {
    let value = match expression {
        Expr::BoolConstant(value, _) => Value::from(*value),
        Expr::IntegerConstant(value, _) => Value::from(*value),
        Expr::FloatConstant(value, _) => Value::from(**value),
        Expr::CharConstant(value, _) => Value::from(value.to_string()),
        Expr::StringConstant(value, _) => Value::from(value.as_str()),
        Expr::Unit(_) => Value::Null,
        Expr::Array(items, _) => {
            let items = items.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
            let kind = ParameterKind::common(items.iter().map(|(kind, _)| kind.clone()));
            let values = items.into_iter().map(|(_, value)| value).collect();
            return Ok((ParameterKind::List(Box::new(kind)), Value::Array(values)));
        }
        Expr::Map(map, _) => {
            let mut kinds = Vec::new();
            let mut fields = Map::new();
            for (name, value) in &map.0 {
                let (kind, value) = literal(value)?;
                kinds.push(kind);
                fields.insert(name.name.to_string(), value);
            }
            return Ok((ParameterKind::Map(Box::new(ParameterKind::common(kinds))), Value::Object(fields)));
        }
        Expr::FnCall(call, position) if call.is_operator_call() => return negative(call, *position),
        Expr::FnCall(call, position) => return time(call, *position),
        other => {
            return Err(NotLiteral {
                position: other.start_position(),
                message: "a parameter's default must be a literal".to_owned(),
                hint: HINT,
            });
        }
    };
    Ok((ParameterKind::of(&value), value))
}

fn negative(call: &FnCallExpr, position: Position) -> Result<(ParameterKind, Value), NotLiteral> {
    let negated = match (call.name.as_str(), &call.args[..]) {
        ("-", [operand]) => match literal(operand)?.1 {
            Value::Number(number) => number
                .as_i64()
                .and_then(i64::checked_neg)
                .map(Value::from)
                .or_else(|| number.as_f64().map(|number| Value::from(-number))),
            _ => None,
        },
        _ => None,
    };
    match negated {
        Some(value) => Ok((ParameterKind::of(&value), value)),
        None => Err(NotLiteral { position, message: "a parameter's default must be a literal".to_owned(), hint: HINT }),
    }
}

fn time(call: &FnCallExpr, position: Position) -> Result<(ParameterKind, Value), NotLiteral> {
    let fail = |message: String| NotLiteral { position, message, hint: HINT };
    let unit = match call.name.as_str() {
        "seconds" => Some(TimeDelta::seconds(1)),
        "minutes" => Some(TimeDelta::minutes(1)),
        "hours" => Some(TimeDelta::hours(1)),
        "days" => Some(TimeDelta::days(1)),
        "weeks" => Some(TimeDelta::weeks(1)),
        _ => None,
    };
    let duration = match (unit, call.name.as_str(), &call.args[..]) {
        (Some(unit), _, [Expr::IntegerConstant(count, _)]) => Duration::of(*count, unit),
        (Some(unit), _, [Expr::FloatConstant(count, _)]) => Duration::of_fraction(**count, unit),
        (None, "duration", [Expr::StringConstant(text, _)]) => Duration::parse(text),
        (None, "instant", [Expr::StringConstant(text, _)]) => {
            return match Instant::parse(text) {
                Ok(instant) => Ok((ParameterKind::Instant, Value::from(instant.to_string()))),
                Err(error) => Err(fail(error.message)),
            };
        }
        _ => return Err(fail(format!("`{}(…)` is no literal that a parameter's default can be", call.name))),
    };
    match duration {
        Ok(duration) => Ok((ParameterKind::Duration, Value::from(duration.to_string()))),
        Err(error) => Err(fail(error.message)),
    }
}
