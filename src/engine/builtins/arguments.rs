//! `params(#{…})`: what a recipe takes, and what it was given.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{Dynamic, FuncRegistration, ImmutableString, Map, Module, Position};
use serde_json::Value;

use super::secret::read as read_secret;
use super::time::{Duration, Instant};
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::recipe::ParameterKind;
use crate::engine::values::{from_value, to_value};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind, nearest};
use crate::secret::Secret;

/// What `params` gives: a map that knows its names. Cheap to clone, and fixed.
#[derive(Debug, Clone)]
pub struct Args(Arc<BTreeMap<String, Dynamic>>);

/// What stands in the map of `params` for a value that has no default of its own.
#[derive(Debug, Clone, PartialEq)]
struct Marker {
    kind: ParameterKind,
    default: Option<Value>,
    /// Where it stands, for an error about the default; unknown for those that are checked at once.
    place: Position,
}

/// What `secret("name")` is in `params`: nothing is read before it is known whether the command line names another.
pub(super) fn secret_parameter(name: &str, place: Position) -> Dynamic {
    Dynamic::from(Marker { kind: ParameterKind::Secret, default: Some(name.into()), place })
}

/// The type of `args`, as natives declare it.
pub const ARGS: Type = Type::Custom("Args", TypeId::of::<Args>);
const PARAMETER: Type = Type::Custom("Parameter", TypeId::of::<Marker>);

impl Args {
    /// A parameter's value.
    ///
    /// # Errors
    /// If the recipe has no parameter of this name, with the nearest.
    pub fn get(&self, name: &str) -> Result<Dynamic, Error> {
        self.0.get(name).cloned().ok_or_else(|| {
            let error = Error::new(Kind::Script, "unknown_parameter", format!("the recipe has no parameter `{name}`"));
            match nearest(name, self.0.keys().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `args.{near}`?")),
                None => error.with_hint("declare it in `params(#{ … })`"),
            }
        })
    }

    /// The parameters as a map of the script's own.
    pub fn to_map(&self) -> Map {
        self.iter().map(|(name, value)| (name.into(), value.clone())).collect()
    }

    /// All names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Dynamic)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Makes `args.name` and `args["name"]` work.
pub fn register_syntax(module: &mut Module) {
    module.set_custom_type::<Args>("Args");
    FuncRegistration::new_index_getter()
        .set_into_module(module, |args: &mut Args, name: &str| -> Result<Dynamic, Fault> { Ok(args.get(name)?) });
}

/// The natives of parameters.
#[must_use]
pub fn natives() -> Vec<Native> {
    let mut all = vec![
        Native::function("params")
            .takes("parameters", Type::Map)
            .gives(ARGS)
            .doc(
                "The recipe's parameters: a literal map of names to defaults, which the command line, jobs and files can \
                 change. `grace_time` is the option `--grace-time`; the comment behind a default is its help.\n\
                 What it gives is read as `args.name`; a name that is not there is an error.",
            )
            .errors(&["usage: a value is of another type than its default, or missing"])
            .effect(NativeEffect::Local)
            .example("let args = params(#{ grace: minutes(10) }); args.grace == minutes(10)")
            .by(params),
        Native::function("required")
            .may_take("type", Type::Text)
            .gives(PARAMETER)
            .doc("In `params`: a parameter that must be given. Types: text, int, float, bool, duration, instant, list, map.")
            .errors(&["script: there is no such type"])
            .by(|a| {
                let name = a.get_if::<ImmutableString>(0)?;
                let kind = match name.as_deref() {
                    None => ParameterKind::Any,
                    Some(name) => ParameterKind::named(name).ok_or_else(|| {
                        let message = format!("`{name}` is no type of a parameter");
                        Error::new(Kind::Script, "unknown_type", message)
                            .with_hint(format!("types are {}", ParameterKind::NAMES.join(", ")))
                    })?,
                };
                Ok(Dynamic::from(Marker { kind, default: None, place: Position::NONE }))
            }),
        Native::function("one_of")
            .takes("texts", Type::List)
            .gives(PARAMETER)
            .doc("In `params`: a parameter that is one of these texts; the first is the default.")
            .example("params(#{ mode: one_of([\"edge\", \"enforce\"]) }).mode == \"edge\"")
            .by(|a| {
                let wrong = a.wrong(0, "a list of texts, not empty");
                let texts: Option<Vec<String>> =
                    a.list(0)?.into_iter().map(|item| item.into_immutable_string().ok().map(Into::into)).collect();
                let texts = texts.filter(|texts| !texts.is_empty()).ok_or(wrong)?;
                let default = texts.first().map(|text| Value::from(text.as_str()));
                Ok(Dynamic::from(Marker { kind: ParameterKind::OneOf(texts), default, place: Position::NONE }))
            }),
    ];
    all.extend(methods());
    all
}

fn methods() -> Vec<Native> {
    vec![
        Native::method(ARGS, "keys").gives(Type::List).doc("The names of the parameters.").by(|a| {
            Ok(Dynamic::from_array(a.get::<Args>(0)?.iter().map(|(name, _)| name.to_owned().into()).collect()))
        }),
        Native::method(ARGS, "contains")
            .takes("name", Type::Text)
            .gives(Type::Boolean)
            .doc("Whether there is a parameter of this name.")
            .by(|a| {
                let name = a.text(1)?;
                Ok(a.get::<Args>(0)?.0.contains_key(name.as_str()).into())
            }),
        Native::method(ARGS, "to_map")
            .gives(Type::Map)
            .doc("The parameters as a plain map.")
            .by(|a| Ok(a.get::<Args>(0)?.to_map().into())),
        Native::method(ARGS, "to_string").gives(Type::Text).doc("The parameters as text.").by(text),
        Native::method(ARGS, "to_debug").gives(Type::Text).doc("The parameters as text.").by(text),
    ]
}

fn text(a: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let map = a.get::<Args>(0)?.to_map();
    Ok(super::text::shown(a, &map.into())?.into())
}

fn params(a: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let declared = a.map(0)?;
    let run = a.run();
    if let Some(name) = run.arguments.keys().find(|name| !declared.contains_key(name.as_str())) {
        let error = Error::new(Kind::Usage, "unknown_parameter", format!("the recipe has no parameter `{name}`"));
        let near = nearest(name, declared.keys().map(smartstring::SmartString::as_str)).map(str::to_owned);
        return Err(match near {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        }
        .into());
    }
    let mut values = BTreeMap::new();
    for (name, default) in declared {
        let given = run.arguments.get(name.as_str());
        values.insert(name.to_string(), value_of(a, &name, default, given)?);
    }
    Ok(Dynamic::from(Args(Arc::new(values))))
}

fn value_of(a: &Arguments<'_, '_>, name: &str, default: Dynamic, given: Option<&Value>) -> Result<Dynamic, Fault> {
    let marker = default.read_lock::<Marker>().map(|marker| marker.clone());
    let kind = marker.as_ref().map_or_else(|| kind_of(&default), |marker| marker.kind.clone());
    let mut place = Position::NONE;
    let given = match (given, marker) {
        (Some(given), _) => given.clone(),
        (None, Some(Marker { default: Some(default), place: declared, .. })) => {
            place = declared;
            default
        }
        (None, Some(Marker { default: None, kind, .. })) => {
            let option = name.replace('_', "-");
            return Err(Error::new(Kind::Usage, "missing_parameter", format!("the recipe needs `--{option}`"))
                .with_hint(format!("such as `--{option} {}`", kind.example()))
                .into());
        }
        (None, None) => return Ok(default),
    };
    let value = kind.accept(&given).map_err(|wanted| {
        Error::new(Kind::Usage, "wrong_parameter", format!("`{name}` cannot be `{given}`")).with_hint(wanted)
    })?;
    if kind == ParameterKind::Secret {
        return secret(a, name, value.as_str().unwrap_or_default(), place);
    }
    Ok(dynamic(&kind, &value))
}

/// Reads the secret that a parameter names.
fn secret(a: &Arguments<'_, '_>, parameter: &str, variable: &str, place: Position) -> Result<Dynamic, Fault> {
    match read_secret(a, variable) {
        Ok(secret) => Ok(Dynamic::from(secret)),
        Err(error) => {
            if error.kind == Kind::Policy {
                let mut fault = Fault::from(error);
                fault.set_position(place);
                return Err(fault);
            }
            let option = parameter.replace('_', "-");
            let hint = format!("set the environment variable `{variable}`, or name another one with `--{option}`");
            let mut fault = Fault::from(error.with_hint(hint));
            fault.set_position(place);
            Err(fault)
        }
    }
}

/// The type that a default stands for.
fn kind_of(default: &Dynamic) -> ParameterKind {
    if default.is::<Duration>() {
        ParameterKind::Duration
    } else if default.is::<Instant>() {
        ParameterKind::Instant
    } else if default.is::<Secret>() {
        ParameterKind::Secret
    } else if let Some(list) = default.read_lock::<rhai::Array>() {
        ParameterKind::List(Box::new(ParameterKind::common(list.iter().map(kind_of))))
    } else if let Some(map) = default.read_lock::<Map>() {
        ParameterKind::Map(Box::new(ParameterKind::common(map.values().map(kind_of))))
    } else {
        to_value(default).map_or(ParameterKind::Any, |value| ParameterKind::of(&value))
    }
}

/// A JSON value of a type as scripts hold it.
fn dynamic(kind: &ParameterKind, value: &Value) -> Dynamic {
    match (kind, value) {
        (ParameterKind::Duration, Value::String(text)) => Duration::parse(text).map_or(Dynamic::UNIT, Dynamic::from),
        (ParameterKind::Instant, Value::String(text)) => Instant::parse(text).map_or(Dynamic::UNIT, Dynamic::from),
        (_, Value::Array(items)) => {
            let item = if let ParameterKind::List(item) = kind { item } else { &ParameterKind::Any };
            Dynamic::from_array(items.iter().map(|value| dynamic(item, value)).collect())
        }
        (_, Value::Object(fields)) => {
            let item = if let ParameterKind::Map(item) = kind { item } else { &ParameterKind::Any };
            let map: Map = fields.iter().map(|(name, value)| (name.as_str().into(), dynamic(item, value))).collect();
            map.into()
        }
        _ => from_value(value),
    }
}
