//! What can go wrong between a credential and a token.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::error::{self, CallFacts, Kind};

/// Why there is no token: the problem, and where the credential came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub problem: Problem,
    /// The file, variable or URL in which it is wrong.
    pub place: Option<String>,
    /// Who named that place, such as an environment variable.
    pub named_by: Option<String>,
}

/// What is wrong. Each has a code of its own and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// `command_failed`: the token command ended with an error; its last words are kept, scrubbed.
    #[error("the token command `{program}` failed with {status}{}", said(.stderr))]
    CommandFailed {
        /// The program.
        program: String,
        /// Its exit status in words.
        status: String,
        /// The end of what it wrote to stderr, scrubbed.
        stderr: String,
    },
    /// `command_not_found`: the token command's program does not exist or may not be run.
    #[error("the token command `{program}` cannot be run: {reason}")]
    CommandNotFound {
        /// The program.
        program: String,
        /// What the system says.
        reason: String,
    },
    /// `command_without_token`: the token command wrote no token to stdout.
    #[error("the token command `{program}` printed {found} instead of a token")]
    CommandWithoutToken {
        /// The program.
        program: String,
        /// What it printed, described.
        found: &'static str,
    },
    /// `command_timeout`: the token command did not end in time.
    #[error("the token command `{program}` did not end within {seconds} s")]
    CommandTimeout {
        /// The program.
        program: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// `endpoint_not_json`: what answers at the token URL is no token endpoint.
    #[error("the token endpoint answered with {found} instead of JSON (status {status})")]
    EndpointNotJson {
        /// The HTTP status.
        status: u16,
        /// What came, described.
        found: &'static str,
    },
    /// `endpoint_incomplete`: the answer has no token.
    #[error("the token endpoint's answer has no usable `{field}`")]
    EndpointIncomplete {
        /// The missing field.
        field: &'static str,
    },
    /// `endpoint_refused`: the token endpoint says no.
    #[error("the token endpoint refused the key (status {status}){}", said(.message))]
    EndpointRefused {
        /// The HTTP status.
        status: u16,
        /// The server's words, scrubbed.
        message: String,
        /// What our side sees that may explain it.
        suspicion: Option<String>,
    },
    /// `endpoint_failed`: the token endpoint is out of order, also after some repeats.
    #[error("the token endpoint failed (status {status}){}", said(.message))]
    EndpointFailed {
        /// The HTTP status.
        status: u16,
        /// The server's words, scrubbed.
        message: String,
    },
    /// `endpoint_unreachable`: no answer from the token endpoint, also after some repeats.
    #[error("the token endpoint cannot be reached: {reason}")]
    EndpointUnreachable {
        /// What happened.
        reason: String,
        /// What to do, if it will not pass by itself.
        lasting: Option<&'static str>,
    },
    /// `file_is_directory`: a folder where a file should be.
    #[error("the {role} is a directory, not a file")]
    FileIsDirectory {
        /// What the file is for.
        role: &'static str,
    },
    /// `file_not_found`: the file does not exist.
    #[error("the {role} does not exist")]
    FileNotFound {
        /// What the file is for.
        role: &'static str,
    },
    /// `file_unreadable`: the file exists but cannot be read.
    #[error("the {role} cannot be read: {reason}")]
    FileUnreadable {
        /// What the file is for.
        role: &'static str,
        /// What the system says.
        reason: String,
    },
    /// `key_expired`: the key's `validUntil` has passed.
    #[error("the service account key expired at {until}", until = .valid_until.format("%Y-%m-%dT%H:%M:%SZ"))]
    KeyExpired {
        /// When it expired.
        valid_until: DateTime<Utc>,
    },
    /// `key_field_invalid`: a field of the key file has a wrong value.
    #[error("the field `{field}` of the service account key {reason}")]
    KeyFieldInvalid {
        /// The field's path.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// `key_field_missing`: the key file lacks a field.
    #[error("the service account key has no field `{field}`")]
    KeyFieldMissing {
        /// The field's path.
        field: &'static str,
    },
    /// `key_inactive`: the key's `active` is false.
    #[error("the service account key is deactivated")]
    KeyInactive,
    /// `key_is_pem`: the private key alone was given where the key file belongs.
    #[error("the service account key is a bare PEM, but the JSON key file is needed")]
    KeyIsPem,
    /// `key_not_json`: the key file is not JSON.
    #[error("the service account key is not JSON: {reason}")]
    KeyNotJson {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// `key_unknown`: the token endpoint does not know the key's `kid`.
    #[error("the token endpoint does not know the key `{kid}`{}", said(.message))]
    KeyUnknown {
        /// The key's id.
        kid: String,
        /// The server's words, scrubbed.
        message: String,
    },
    /// `metadata_account`: which of the server's service accounts to be is not clear.
    #[error("{}", metadata_account(.wanted.as_deref(), .attached))]
    MetadataAccount {
        /// The account that was asked for.
        wanted: Option<String>,
        /// The accounts that are attached to this server.
        attached: Vec<String>,
    },
    /// `metadata_answer`: the metadata service answered with something else than expected.
    #[error("the metadata service's answer is not understood: {reason}")]
    MetadataAnswer {
        /// What is wrong with it.
        reason: String,
    },
    /// `metadata_unreachable`: there is no metadata service here.
    #[error("the metadata service cannot be reached: {reason}")]
    MetadataUnreachable {
        /// What happened.
        reason: String,
    },
    /// `no_credentials`: none were given anywhere.
    #[error("no credentials were given")]
    NoCredentials,
    /// `private_key_encrypted`: the private key is protected by a passphrase.
    #[error("the private key is encrypted with a passphrase")]
    PrivateKeyEncrypted,
    /// `private_key_invalid`: the private key is no RSA private key in PEM form.
    #[error("the private key {reason}")]
    PrivateKeyInvalid {
        /// What it is instead.
        reason: &'static str,
    },
    /// `private_key_missing`: the key file has none, and none was given beside it.
    #[error("the service account key has no private key, and none was given beside it")]
    PrivateKeyMissing,
    /// `renewal_lost`: the runtime is shutting down.
    #[error("the renewal of the token was given up, because the program is ending")]
    RenewalLost,
    /// `token_expired`: a fixed token has passed its `exp`.
    #[error("the access token expired at {at}", at = .expired_at.format("%Y-%m-%dT%H:%M:%SZ"))]
    TokenExpired {
        /// When it expired.
        expired_at: DateTime<Utc>,
    },
    /// `token_invalid`: a given token cannot be sent in a header.
    #[error("the access token {reason}")]
    TokenInvalid {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `token_refused`: the API answered 401 to a token that cannot be renewed.
    #[error("the API refused the access token, and it cannot be renewed")]
    TokenRefused,
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn metadata_account(wanted: Option<&str>, attached: &[String]) -> String {
    match (wanted, attached) {
        (None, []) => "no service account is attached to this server".to_owned(),
        (Some(wanted), []) => format!("service account `{wanted}` is not attached to this server; none is"),
        (Some(wanted), _) => {
            format!("service account `{wanted}` is not attached to this server; attached: {}", attached.join(", "))
        }
        (None, _) => format!("several service accounts are attached to this server: {}", attached.join(", ")),
    }
}

impl Problem {
    /// Our stable name for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CommandFailed { .. } => "command_failed",
            Self::CommandNotFound { .. } => "command_not_found",
            Self::CommandWithoutToken { .. } => "command_without_token",
            Self::CommandTimeout { .. } => "command_timeout",
            Self::EndpointNotJson { .. } => "endpoint_not_json",
            Self::EndpointIncomplete { .. } => "endpoint_incomplete",
            Self::EndpointRefused { .. } => "endpoint_refused",
            Self::EndpointFailed { .. } => "endpoint_failed",
            Self::EndpointUnreachable { .. } => "endpoint_unreachable",
            Self::FileIsDirectory { .. } => "file_is_directory",
            Self::FileNotFound { .. } => "file_not_found",
            Self::FileUnreadable { .. } => "file_unreadable",
            Self::KeyExpired { .. } => "key_expired",
            Self::KeyFieldInvalid { .. } => "key_field_invalid",
            Self::KeyFieldMissing { .. } => "key_field_missing",
            Self::KeyInactive => "key_inactive",
            Self::KeyIsPem => "key_is_pem",
            Self::KeyNotJson { .. } => "key_not_json",
            Self::KeyUnknown { .. } => "key_unknown",
            Self::MetadataAccount { .. } => "metadata_account",
            Self::MetadataAnswer { .. } => "metadata_answer",
            Self::MetadataUnreachable { .. } => "metadata_unreachable",
            Self::NoCredentials => "no_credentials",
            Self::PrivateKeyEncrypted => "private_key_encrypted",
            Self::PrivateKeyInvalid { .. } => "private_key_invalid",
            Self::PrivateKeyMissing => "private_key_missing",
            Self::RenewalLost => "renewal_lost",
            Self::TokenExpired { .. } => "token_expired",
            Self::TokenInvalid { .. } => "token_invalid",
            Self::TokenRefused => "token_refused",
        }
    }

    /// Which kind of error it is for scripts and the exit code.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::EndpointFailed { .. } => Kind::Server,
            Self::EndpointUnreachable { .. } | Self::MetadataUnreachable { .. } => Kind::Network,
            Self::RenewalLost => Kind::Cancelled,
            _ => Kind::Auth,
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::EndpointFailed { .. }
                | Self::EndpointUnreachable { .. }
                | Self::MetadataUnreachable { .. }
                | Self::CommandTimeout { .. }
        )
    }
}

impl Error {
    /// A problem whose place is not known yet.
    #[must_use]
    pub fn new(problem: Problem) -> Self {
        Self { problem, place: None, named_by: None }
    }

    /// Adds the file, variable or URL.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Adds who named the place.
    #[must_use]
    pub fn named_by(mut self, origin: impl Into<String>) -> Self {
        self.named_by = Some(origin.into());
        self
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::new(problem)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for Error {}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let mut top = Self::new(error.problem.kind(), error.problem.code(), error.problem.to_string());
        top.place = match (&error.place, &error.named_by) {
            (Some(place), Some(named_by)) => Some(format!("{place}, from {named_by}")),
            (place, named_by) => place.clone().or_else(|| named_by.clone()),
        };
        top.hint = super::hint::hint(&error);
        if error.problem.is_retryable() {
            top.call = Some(Box::new(CallFacts { retryable: true, ..CallFacts::default() }));
        }
        top
    }
}
