//! Errors on their way through Rhai: ours go in as [`Thrown`], scripts catch them as maps, uncaught ones come out whole.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Map, Position};

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
