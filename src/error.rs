//! The top error: what happened, where, what to do about it, and the exit code that follows.
//!
//! Each room has an error type of its own with the data; it becomes an [`Error`] at the room's edge.

use std::fmt;

use serde::Serialize;

/// What kind of thing went wrong. Scripts read it as `e.kind`; the exit code follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No usable credential, or the token endpoint refused it.
    Auth,
    /// The API says that the credential lacks a permission (403).
    Permission,
    /// Our own gate refused: grants, protection, caps.
    Policy,
    /// The object does not exist (404).
    NotFound,
    /// The object's state forbids the call (409).
    Conflict,
    /// A quota is exhausted (413, or what the service says instead).
    Quota,
    /// The request is wrong (400, 422), or was found wrong before it was sent.
    Invalid,
    /// Too many requests, still after all retries (429).
    RateLimited,
    /// The service failed (5xx), still after all retries.
    Server,
    /// The service could not be reached.
    Network,
    /// A wait or a request did not end in its time.
    Timeout,
    /// It is unknown whether a change took effect, and looking did not settle it.
    Ambiguous,
    /// The answer leaves out what was asked of it.
    Incomplete,
    /// A script error: the recipe threw, or Rhai did.
    Script,
    /// A limit of the run was reached (deadline, memory, operations); scripts cannot catch it.
    Limit,
    /// The run was interrupted; scripts cannot catch it.
    Cancelled,
    /// Wrong use of the command line.
    Usage,
    /// A configuration file or variable is wrong.
    Config,
    /// A bug of ours.
    Bug,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Auth,
        Self::Permission,
        Self::Policy,
        Self::NotFound,
        Self::Conflict,
        Self::Quota,
        Self::Invalid,
        Self::RateLimited,
        Self::Server,
        Self::Network,
        Self::Timeout,
        Self::Ambiguous,
        Self::Incomplete,
        Self::Script,
        Self::Limit,
        Self::Cancelled,
        Self::Usage,
        Self::Config,
        Self::Bug,
    ];

    /// The kind of that spelling.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The spelling that scripts and machine formats see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Policy => "policy",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Quota => "quota",
            Self::Invalid => "invalid",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Ambiguous => "ambiguous",
            Self::Incomplete => "incomplete",
            Self::Script => "script",
            Self::Limit => "limit",
            Self::Cancelled => "cancelled",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Bug => "bug",
        }
    }

    /// The exit code of a process that ends with an uncaught error of this kind.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Script => ExitCode::Script,
            Self::Usage => ExitCode::Usage,
            Self::Auth | Self::Config => ExitCode::Auth,
            Self::Policy => ExitCode::Refused,
            Self::Permission
            | Self::NotFound
            | Self::Conflict
            | Self::Quota
            | Self::Invalid
            | Self::RateLimited
            | Self::Server
            | Self::Network
            | Self::Ambiguous
            | Self::Incomplete => ExitCode::Api,
            Self::Timeout | Self::Limit => ExitCode::Limit,
            Self::Cancelled => ExitCode::Interrupted,
            Self::Bug => ExitCode::Bug,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The process exit codes, each with one meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Done = 0,
    /// The recipe threw, or a script error.
    Script = 1,
    /// Wrong usage of the command line.
    Usage = 2,
    /// Credentials or configuration.
    Auth = 3,
    /// Refused: policy, protection, caps, drift.
    Refused = 4,
    /// The API refused or could not be reached.
    Api = 5,
    /// A deadline or another limit.
    Limit = 6,
    /// Partly done.
    Partly = 7,
    /// A plan has changes.
    Changes = 10,
    /// A bug of ours.
    Bug = 70,
    /// Interrupted by SIGINT.
    Interrupted = 130,
    /// Terminated by SIGTERM.
    Terminated = 143,
}

/// An error as a person reads it and as a script catches it.
#[derive(Debug, Clone)]
pub struct Error {
    /// Decides the exit code; `kind` in scripts.
    pub kind: Kind,
    /// Our stable name for this very error, such as `key_not_json`; `code` in scripts.
    pub code: &'static str,
    /// What happened: lower case, no final period.
    pub message: String,
    /// Where: a file and field, or a variable's name.
    pub place: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The facts of the failed API call, if one failed.
    pub call: Option<Box<CallFacts>>,
}

/// What is known of a failed API call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// `iaas.list_servers`.
    pub operation: String,
    /// `GET /v2/projects/…` with identifiers filled in and secrets redacted.
    pub request: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The server's own error code as text.
    pub api_code: Option<String>,
    /// `X-Request-Id` (or `X-trace-id`) of the answer.
    pub request_id: Option<String>,
    /// The permission that the operation needs.
    pub permission: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// For `ambiguous`: the ids of objects that may be the result.
    pub candidates: Vec<String>,
}

impl Error {
    /// An error with a message and nothing else yet.
    #[must_use]
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), place: None, hint: None, call: None }
    }

    /// The exit code of a process that ends with this error, uncaught. It follows the kind; but where nothing was
    /// asked of the API, the API did not refuse, and it is the script that is wrong.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        let was_answered = self.call.as_ref().is_some_and(|call| call.status.is_some());
        match self.kind {
            Kind::Invalid | Kind::Incomplete if !was_answered => ExitCode::Script,
            kind => kind.exit_code(),
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds where it happened.
    #[must_use]
    pub fn with_place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Adds the facts of the failed call.
    #[must_use]
    pub fn with_call(mut self, call: CallFacts) -> Self {
        self.call = Some(Box::new(call));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_placed(f, &self.message, self.place.as_ref())
    }
}

/// Writes a message, and behind it where it happened, if that is known.
///
/// # Errors
/// Those of the formatter.
pub fn write_placed(f: &mut fmt::Formatter<'_>, message: &str, place: Option<&impl fmt::Display>) -> fmt::Result {
    f.write_str(message)?;
    match place {
        Some(place) => write!(f, " ({place})"),
        None => Ok(()),
    }
}

impl std::error::Error for Error {}

/// What the rooms return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file or a stream could not be used, without the system's numbers.
#[must_use]
pub fn io_cause(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "its permissions forbid it".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// Whether a terminal obeys a character instead of showing it: control characters, and those that turn the direction in
/// which the others are read.
#[must_use]
pub fn is_obeyed(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name among `known` that `given` is most likely a slip of, if one is near enough to be worth saying. A name of
/// which no letter is left is another name.
#[must_use]
pub fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let wanted = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            let (given, name) = (given.chars().count(), name.chars().count());
            *distance <= (name.max(given) / 3).max(1) && *distance < name.min(given)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["servers", "snapshots", "volumes"];
        assert_eq!(nearest("sevrers", names), Some("servers"));
        assert_eq!(nearest("Volume", names), Some("volumes"));
        assert_eq!(nearest("images", names), None);
        assert_eq!(nearest("f", ["*", "x", "if"]), None);
    }

    #[test]
    fn what_was_found_wrong_before_it_was_sent_is_no_refusal_of_the_api() {
        let error = Error::new(Kind::Invalid, "empty_selector", "the selector is empty");
        assert_eq!(error.exit_code(), ExitCode::Script);
        let refused = error.with_call(CallFacts { status: Some(400), ..CallFacts::default() });
        assert_eq!(refused.exit_code(), ExitCode::Api);
    }

    #[test]
    fn exit_codes_follow_the_kind() {
        assert_eq!(Kind::Policy.exit_code() as u8, 4);
        assert_eq!(Kind::NotFound.exit_code() as u8, 5);
        assert_eq!(Kind::Limit.exit_code() as u8, 6);
    }
}
