//! What goes wrong with a call, whichever service answered: one type with a kind, a code and the facts of the call.

use std::fmt;

use crate::catalog::Operation;
use crate::error::{self, CallFacts, Kind};

/// Why a call has no successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Decides what scripts see as `kind`, and the exit code.
    pub kind: Kind,
    /// Our stable name for this very error, such as `api_refused` or `unknown_parameter`.
    pub code: &'static str,
    /// What happened: lower case, no final period, without any secret.
    pub message: String,
    /// Where, if a file or a variable is at fault, as with a credential.
    pub place: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// What is known of the call.
    pub facts: Box<CallFacts>,
}

impl Error {
    /// An error about a call of `operation`, with a message and nothing else yet.
    #[must_use]
    pub fn before_sending(operation: &Operation, kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        let facts = CallFacts { operation: name_of(operation), ..CallFacts::default() };
        Self { kind, code, message: message.into(), place: None, hint: None, facts: Box::new(facts) }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.facts.status
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.facts.retryable
    }
}

/// `iaas.list_servers`.
pub(super) fn name_of(operation: &Operation) -> String {
    format!("{}.{}", operation.module, operation.name)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        Self {
            kind: error.kind,
            code: error.code,
            message: error.message,
            place: error.place,
            hint: error.hint,
            call: Some(error.facts),
        }
    }
}
