//! Errors on their way through Rhai: ours go in as [`Thrown`], scripts catch them as maps, uncaught ones come out whole.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Map, Position};

use super::explain::explain;
use crate::error::{Error, Kind};

/// What a native returns when it fails.
pub type Fault = Box<EvalAltResult>;

/// An error of ours inside a Rhai error; scripts never see this type, `catch` turns it into a map.
#[derive(Debug, Clone)]
pub struct Thrown {
    /// The error.
    pub error: Arc<Error>,
    /// Further keys of the map that `catch` gives, such as `results`.
    pub details: Map,
}

impl Thrown {
    /// An error with further keys for the one who catches it.
    #[must_use]
    pub fn with_details(error: Error, details: Map) -> Fault {
        let kind = error.kind;
        let token = Dynamic::from(Self { error: Arc::new(error), details });
        Box::new(match kind {
            // What a script must not swallow: rhai lets no `catch` see these.
            Kind::Limit | Kind::Cancelled | Kind::Bug => EvalAltResult::ErrorTerminated(token, Position::NONE),
            _ => EvalAltResult::ErrorRuntime(token, Position::NONE),
        })
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Thrown::with_details(error, Map::new())
    }
}

/// Whether no `catch` may see it: the run ends, or a function returns.
#[must_use]
pub fn is_final(fault: &EvalAltResult) -> bool {
    let inner = fault.unwrap_inner();
    inner.is_pseudo_error() || !inner.is_catchable()
}

/// Where an error lies: the innermost place known, with the source it is in.
#[must_use]
pub fn place_of<'e>(main: &'e str, fault: &'e EvalAltResult) -> (&'e str, Position) {
    let places = frames(main, fault);
    let known = places.iter().rev().find(|(_, position)| !position.is_none());
    known.or(places.last()).copied().unwrap_or((main, Position::NONE))
}

/// The places that an error came through, from the outside in; the last one is where it lies.
#[must_use]
pub fn frames<'e>(main: &'e str, fault: &'e EvalAltResult) -> Vec<(&'e str, Position)> {
    let (mut source, mut fault, mut frames) = (main, fault, Vec::new());
    loop {
        frames.push((source, fault.position()));
        // The source that a frame names is the one of the error within it.
        fault = match fault {
            EvalAltResult::ErrorInFunctionCall(_, named, inner, _) => {
                source = if named.is_empty() { source } else { named };
                inner
            }
            EvalAltResult::ErrorInModule(path, inner, _) => {
                source = path;
                inner
            }
            _ => return frames,
        };
    }
}

/// What `catch` gives for an error: always the same keys, absent ones `()`. A map that the script threw keeps its own
/// keys beside them; any other value that it threw is under `value`.
#[must_use]
pub fn caught(fault: &EvalAltResult, source: Option<&str>) -> (Kind, Map) {
    let (source, position) = place_of(source.unwrap_or_default(), fault);
    let explained = explain(fault);
    let mut map = explained.details;
    let error = &explained.error;
    let call = error.call.as_deref();
    let text = |text: Option<&String>| text.map_or(Dynamic::UNIT, |text| text.as_str().into());
    let line = position.line().and_then(|line| i64::try_from(line).ok());
    let source = if source.is_empty() { Dynamic::UNIT } else { source.into() };
    for (key, value) in [
        ("kind", error.kind.as_str().into()),
        ("code", error.code.into()),
        ("message", error.message.as_str().into()),
        ("operation", text(call.map(|call| &call.operation))),
        ("status", call.and_then(|call| call.status).map_or(Dynamic::UNIT, |status| i64::from(status).into())),
        ("api_code", text(call.and_then(|call| call.api_code.as_ref()))),
        ("request_id", text(call.and_then(|call| call.request_id.as_ref()))),
        ("permission", text(call.and_then(|call| call.permission.as_ref()))),
        ("retryable", call.is_some_and(|call| call.retryable).into()),
        ("line", line.map_or(Dynamic::UNIT, Dynamic::from)),
        ("source", source),
    ] {
        map.entry(key.into()).or_insert(value);
    }
    if let Some(call) = call.filter(|call| !call.candidates.is_empty()) {
        let candidates: rhai::Array = call.candidates.iter().map(|id| id.as_str().into()).collect();
        map.entry("candidates".into()).or_insert(candidates.into());
    }
    if let Some(hint) = &error.hint {
        map.entry("hint".into()).or_insert(hint.as_str().into());
    }
    (error.kind, map)
}
