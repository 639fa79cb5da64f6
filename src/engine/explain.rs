//! What an error of Rhai's means, in our words.

use rhai::{Dynamic, EvalAltResult, Map, ParseErrorType};

use super::fault::Thrown;
use super::registry::Registry;
use super::tokens;
use super::values::display;
use crate::catalog;
use crate::error::{Error, Kind, nearest};

/// An error in our words, with the further keys that it carries.
pub struct Explained {
    /// The error.
    pub error: Error,
    /// Further keys for the one who catches it; a map that the script threw lies here.
    pub details: Map,
}

/// Explains the innermost error.
#[must_use]
pub fn explain(fault: &EvalAltResult) -> Explained {
    let inner = fault.unwrap_inner();
    if let EvalAltResult::ErrorRuntime(value, _) | EvalAltResult::ErrorTerminated(value, _) = inner {
        return thrown(value);
    }
    Explained { error: of_rhai(inner), details: Map::new() }
}

/// A value that was thrown: by us, as an error; by the script, as whatever it is.
fn thrown(value: &Dynamic) -> Explained {
    if let Some(thrown) = value.read_lock::<Thrown>() {
        return Explained { error: thrown.error.as_ref().clone(), details: thrown.details.clone() };
    }
    if let Some(map) = value.read_lock::<Map>() {
        let text = |key: &str| map.get(key).and_then(|value| value.clone().into_immutable_string().ok());
        let kind = text("kind").and_then(|kind| kind_named(&kind)).unwrap_or(Kind::Script);
        let message = text("message").map(|message| message.to_string());
        let message = message.or_else(|| display(value, 4096).ok()).unwrap_or_else(|| "an error was thrown".into());
        let mut error = Error::new(kind, "thrown", message);
        error.hint = text("hint").map(|hint| hint.to_string());
        return Explained { error, details: map.clone() };
    }
    let mut details = Map::new();
    details.insert("value".into(), value.clone());
    let is_nothing = value.is_unit() || value.read_lock::<rhai::ImmutableString>().is_some_and(|text| text.is_empty());
    let message = if is_nothing { Err(()) } else { display(value, 1 << 20).map_err(drop) };
    let message = message.unwrap_or_else(|()| "the script threw an error without a message".into());
    Explained { error: Error::new(Kind::Script, "thrown", message), details }
}

/// The kind of a name; a script that throws a map may name one, except those that it could not have caught.
fn kind_named(name: &str) -> Option<Kind> {
    [
        Kind::Auth,
        Kind::Permission,
        Kind::Policy,
        Kind::NotFound,
        Kind::Conflict,
        Kind::Quota,
        Kind::Invalid,
        Kind::RateLimited,
        Kind::Server,
        Kind::Network,
        Kind::Timeout,
        Kind::Ambiguous,
        Kind::Incomplete,
        Kind::Script,
    ]
    .into_iter()
    .find(|kind| kind.as_str() == name)
}

fn script(code: &'static str, message: String) -> Error {
    Error::new(Kind::Script, code, message)
}

/// An error that rhai itself raised.
fn of_rhai(fault: &EvalAltResult) -> Error {
    match fault {
        EvalAltResult::ErrorParsing(kind, _) => of_parser(kind),
        EvalAltResult::ErrorVariableNotFound(name, _) => unknown_variable(name),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_function(signature),
        EvalAltResult::ErrorModuleNotFound(path, _) => script("unknown_module", format!("there is no module `{path}`")),
        EvalAltResult::ErrorDataRace(..) => {
            script("locked", "a closure uses the very value whose method it was given to".to_owned()).with_hint(
                "copy it first, `let all = items; items.filter(|x| x < all.len())`, or write `filter(items, |x| …)`",
            )
        }
        EvalAltResult::ErrorAssignmentToConstant(name, _) if name.is_empty() => {
            script("constant", "a constant cannot be changed".to_owned())
        }
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            script("constant", format!("`{name}` is a constant and cannot be changed"))
                .with_hint("in `parallel`, captured variables are constants: return results instead of collecting them")
        }
        EvalAltResult::ErrorNonPureMethodCallOnConstant(name, _) => {
            script("constant", format!("`{name}` would change a constant"))
                .with_hint("in `parallel`, captured variables are constants: return results instead of collecting them")
        }
        EvalAltResult::ErrorArithmetic(message, _) => script("arithmetic", lower(message)),
        EvalAltResult::ErrorArrayBounds(length, index, _) => {
            script("out_of_bounds", format!("there is no item {index} in a list of {length}"))
        }
        EvalAltResult::ErrorStringBounds(length, index, _) => {
            script("out_of_bounds", format!("there is no character {index} in a text of {length}"))
        }
        EvalAltResult::ErrorDotExpr(message, _) => property(message),
        EvalAltResult::ErrorIndexingType(types, _) => {
            script("no_index", format!("a value cannot be indexed so: {types}"))
        }
        EvalAltResult::ErrorFor(_) => {
            script("not_iterable", "`for` needs a list, a map's `keys()`, or a range".to_owned())
        }
        EvalAltResult::ErrorMismatchDataType(wanted, given, _) => {
            script("wrong_type", format!("{} is needed here, not {}", plain_type(wanted), plain_type(given)))
        }
        EvalAltResult::ErrorUnboundThis(_) => {
            script("no_this", "`this` is only there in a function called as a method".to_owned())
        }
        other if other.is_system_exception() => of_limit(other),
        other => {
            let mut text = other.to_string();
            if let Some(end) = text.rfind(" (line ") {
                text.truncate(end);
            }
            script("script", lower(&text))
        }
    }
}

/// A limit that rhai itself watches over.
fn of_limit(fault: &EvalAltResult) -> Error {
    match fault {
        EvalAltResult::ErrorStackOverflow(_) => {
            Error::new(Kind::Limit, "call_depth", "functions call each other too deep")
                .with_hint("look for a function that calls itself without end")
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            let what = match what.as_str() {
                "Length of string" => "a text",
                "Size of array/BLOB" => "a list",
                "Size of object map" => "a map",
                other => other,
            };
            Error::new(Kind::Limit, "size_limit", format!("{what} became too large"))
                .with_hint("keep less in one value, or raise the limit with `--max-memory`")
        }
        EvalAltResult::ErrorTooManyVariables(_) => {
            Error::new(Kind::Limit, "variable_limit", "there are too many variables")
        }
        EvalAltResult::ErrorTooManyModules(_) => Error::new(Kind::Limit, "module_limit", "there are too many modules"),
        EvalAltResult::ErrorTooManyOperations(_) => {
            Error::new(Kind::Limit, "operation_limit", "the run took too many operations")
        }
        other => Error::new(Kind::Limit, "limit", lower(&other.to_string())),
    }
}

fn of_parser(kind: &ParseErrorType) -> Error {
    match kind {
        ParseErrorType::VariableUndefined(name) => unknown_variable(name),
        ParseErrorType::Reserved(word) => {
            script("syntax", format!("`{word}` is a word that the language keeps for itself"))
                .with_hint(format!("choose another name; a field of that name is `x.{word}` or `x[\"{word}\"]`"))
        }
        ParseErrorType::ExprTooDeep => {
            script("syntax", "the expression is nested too deep".to_owned()).with_hint("split it up, or use functions")
        }
        other => script("syntax", lower(&other.to_string())),
    }
}

fn unknown_variable(name: &str) -> Error {
    let error = script("unknown_variable", format!("there is no variable `{name}`"));
    let constants = super::builtins::constants();
    match nearest(name, constants.iter().map(|(name, _)| *name)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None if !Registry::shared().get(name).is_empty() => {
            error.with_hint(format!("as a function it is called: `{name}(…)`"))
        }
        None if name.contains("::") => error.with_hint("a module shows what it exports: `export const NAME = …`"),
        None => {
            error.with_hint("functions see no variables from outside but the constants; hand them over as parameters")
        }
    }
}

/// `name (type, type)` as rhai writes it.
fn unknown_function(signature: &str) -> Error {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let name = tokens::name_for_scripts(name);
    let given = plain_types(types.strip_suffix(')').unwrap_or(types));
    let registry = Registry::shared();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        let parts: Vec<_> = given.split(", ").collect();
        let text = match parts.as_slice() {
            [left, right] => format!("`{name}` cannot be used between {left} and {right}"),
            _ => format!("`{name}` cannot be used with {given}"),
        };
        return script("wrong_operands", text);
    }
    let forms = registry.get(name);
    if !forms.is_empty() {
        let forms = forms.iter().map(|native| format!("`{}`", native.signature())).collect::<Vec<_>>().join(", ");
        return script("wrong_arguments", format!("`{name}` does not take ({given})"))
            .with_hint(format!("it is called as {forms}"));
    }
    let error = script("unknown_function", format!("there is no function `{name}` that takes ({given})"));
    if let Some((module, function)) = name.rsplit_once("::") {
        // Most recipes import a service under its own name.
        let service = module.replace('_', "-");
        return match catalog::nearest_operation(&service, function) {
            Some(near) => error.with_hint(format!("did you mean `{module}::{near}`?")),
            None => error.with_hint(format!("`{module}` has no such function, or it takes other arguments")),
        };
    }
    let words = registry.iter().map(|native| native.name).filter(|name| name.starts_with(char::is_alphabetic));
    match nearest(name, words.chain(RHAI_FUNCTIONS)) {
        Some(near) if RHAI_FUNCTIONS.contains(&near) => error.with_hint(format!("did you mean `{near}`?")),
        Some(near) => {
            let known = registry.get(near).first().map_or_else(|| format!("{near}(…)"), |native| native.signature());
            error.with_hint(format!("did you mean `{known}`?"))
        }
        None => error.with_hint("`stackhand doc` lists the functions"),
    }
}

/// The commonest functions that rhai itself gives, for the nearest name.
const RHAI_FUNCTIONS: [&str; 48] = [
    "abs",
    "all",
    "append",
    "ceiling",
    "chop",
    "clear",
    "concat",
    "contains",
    "dedup",
    "drain",
    "ends_with",
    "extract",
    "filter",
    "find",
    "find_map",
    "floor",
    "for_each",
    "index_of",
    "insert",
    "is_empty",
    "keys",
    "len",
    "make_lower",
    "make_upper",
    "map",
    "max",
    "min",
    "parse_float",
    "parse_int",
    "pop",
    "push",
    "range",
    "reduce",
    "remove",
    "replace",
    "retain",
    "reverse",
    "round",
    "shift",
    "some",
    "sort",
    "split",
    "starts_with",
    "sub_string",
    "to_float",
    "to_int",
    "trim",
    "values",
];

fn property(message: &str) -> Error {
    let name = message.split('\'').nth(1).unwrap_or_default();
    let kind = message.rsplit("type '").next().and_then(|rest| rest.split('\'').next()).unwrap_or_default();
    let kind = plain_type(kind);
    if kind == "()" {
        return script("nothing_there", format!("`{name}` is asked of `()`: there is nothing"))
            .with_hint(format!("where a field may be absent, write `x?.{name}` or `x ?? other`"));
    }
    script("unknown_field", format!("a value of type {kind} has no field `{name}`"))
        .with_hint(format!("to call a method, write `{name}()`"))
}

fn plain_types(types: &str) -> String {
    types.split(", ").map(plain_type).collect::<Vec<_>>().join(", ")
}

/// rhai's name of a type in our words.
fn plain_type(name: &str) -> String {
    match name {
        "&str | ImmutableString | String" | "string" | "ImmutableString" | "&str" | "String" => "text".into(),
        "i64" => "int".into(),
        "f64" => "float".into(),
        "array" => "list".into(),
        "Fn" | "FnPtr" => "closure".into(),
        ranges if ranges.contains("::range::") => "range".into(),
        other => other.rsplit("::").next().unwrap_or(other).trim_end_matches('>').to_owned(),
    }
}

/// The engine's words in the form of ours, what a terminal would obey spelled out.
fn lower(text: &str) -> String {
    let text: String = text
        .chars()
        .flat_map(|letter| {
            let is_seen = !letter.is_control() && letter != '\u{feff}' || letter == '\n';
            if is_seen { vec![letter] } else { letter.escape_unicode().collect() }
        })
        .collect();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
