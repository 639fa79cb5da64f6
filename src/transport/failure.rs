//! A try that brought no success, and the error that it becomes.

use bytes::Bytes;
use http::{HeaderMap, Response};

use crate::catalog::Operation;
use crate::error::Kind;
use crate::secret::Scrubber;
use crate::transport::error::name_of;
use crate::transport::error_body::{self, Refusal};
use crate::transport::judgement::{Acted, acted_after_error, acted_after_status};
use crate::transport::request::Prepared;
use crate::transport::whole::{Cause, Flaw};
use crate::transport::{BackendError, Error};

/// A try that brought no success.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server answered, and not with success.
    Refused(Box<Response<Bytes>>),
    /// The server answered with success, but what came cannot be the whole answer.
    Unreadable { answer: Box<Response<Bytes>>, flaw: Flaw },
    /// There is no answer.
    Broken(BackendError),
}

impl Failure {
    /// Whether the server may have acted.
    pub fn acted(&self) -> Acted {
        match self {
            Self::Refused(answer) => {
                acted_after_status(answer.status(), answer.headers().contains_key(http::header::RETRY_AFTER))
            }
            Self::Unreadable { .. } => Acted::Perhaps,
            Self::Broken(error) => acted_after_error(error),
        }
    }

    /// The status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(answer) | Self::Unreadable { answer, .. } => Some(answer.status().as_u16()),
            Self::Broken(_) => None,
        }
    }

    /// What happened, in a few words, for the message of an error about something that follows from it.
    pub fn in_short(&self) -> String {
        match self {
            Self::Refused(answer) => format!("the answer was {}", answer.status().as_u16()),
            Self::Unreadable { flaw, .. } => flaw.why.clone(),
            Self::Broken(error) => error.message.clone(),
        }
    }

    /// The error that the caller sees.
    pub fn to_error(&self, prepared: &Prepared, scrubber: &Scrubber) -> Error {
        let mut error = match self {
            Self::Refused(answer) => refused(prepared, answer),
            Self::Unreadable { answer, flaw } => unreadable(prepared, answer, flaw),
            Self::Broken(error) => broken(prepared, error),
        };
        error.facts.request.clone_from(&prepared.shown);
        error.message = scrubber.scrub(&error.message).into_owned();
        error.facts.api_code = error.facts.api_code.map(|code| scrubber.scrub(&code).into_owned());
        error
    }
}

/// `X-Request-Id`, else `X-trace-id`.
///
/// Source: iaas sends the first, other services the second.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = ["x-request-id", "x-trace-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
    // A header that is text is ASCII, so this cuts no character in two.
    Some(id.get(..200).unwrap_or(id).to_owned())
}

fn refused(prepared: &Prepared, answer: &Response<Bytes>) -> Error {
    let operation = prepared.operation;
    let status = answer.status();
    let refusal = error_body::read(answer.body());
    let said = if refusal.message.is_empty() {
        status.canonical_reason().unwrap_or("nothing said").to_lowercase()
    } else {
        refusal.message.clone()
    };
    let kind = kind(status.as_u16(), &said);
    let text = format!("`{}` answered {}: {said}", name_of(operation), status.as_u16());
    let mut error = Error::before_sending(operation, kind, code(kind, status.as_u16()), text);
    error.hint = hint(prepared, kind, status.as_u16(), &refusal);
    error.facts.status = Some(status.as_u16());
    error.facts.request_id = request_id(answer.headers()).or(refusal.trace_id);
    error.facts.api_code = refusal.api_code;
    error.facts.retryable = acted_after_status(status, false) != Acted::Answered && status.as_u16() != 401;
    if kind == Kind::Permission {
        error.facts.permission = permission(operation);
    }
    error
}

fn kind(status: u16, said: &str) -> Kind {
    let names_quota = said.to_lowercase().contains("quota");
    match status {
        401 => Kind::Auth,
        408 => Kind::Timeout,
        413 => Kind::Quota,
        429 => Kind::RateLimited,
        400 | 402..=499 if names_quota => Kind::Quota,
        403 => Kind::Permission,
        404 | 410 => Kind::NotFound,
        409 | 412 | 423 => Kind::Conflict,
        425 => Kind::Server,
        400..=499 => Kind::Invalid,
        _ => Kind::Server,
    }
}

fn code(kind: Kind, status: u16) -> &'static str {
    match kind {
        Kind::Auth => "token_refused",
        Kind::Permission => "permission_missing",
        Kind::NotFound => "not_found",
        Kind::Conflict => "conflict",
        Kind::Quota => "quota_exceeded",
        Kind::RateLimited => "rate_limited",
        Kind::Server if (300..400).contains(&status) => "redirected",
        Kind::Server => "server_error",
        Kind::Timeout => "request_timeout",
        _ => "api_refused",
    }
}

fn permission(operation: &Operation) -> Option<String> {
    operation.permissions.first().map(|permission| permission.name.to_owned())
}

fn hint(prepared: &Prepared, kind: Kind, status: u16, refusal: &Refusal) -> Option<String> {
    let project = prepared.target.project.as_deref();
    if refusal.is_foreign {
        return Some("this is not the API's own answer: a proxy or gateway in between gave it".into());
    }
    match kind {
        Kind::Auth => Some("the API refused the token, a fresh one too: see `stackhand auth status --check`".into()),
        Kind::Permission => {
            let permission = prepared.operation.permissions.first()?;
            let place = project.map(|id| format!(" on project `{id}`")).unwrap_or_default();
            let ours = if permission.is_ours { " (our name for it: the API's documents give none)" } else { "" };
            let unknown = if prepared.operation.module.starts_with("resource-manager") {
                "; a project that does not exist is answered so, too"
            } else {
                ""
            };
            Some(format!(
                "the credential needs `{}`{ours}{place}: give its service account a role that has it{unknown}",
                permission.name
            ))
        }
        Kind::NotFound if refusal.message.to_lowercase().contains("project") => {
            // Where it comes from, a flag, a profile or the script, is not known here.
            Some(format!("the call acts on the project `{}`: check that it is the right one", project?))
        }
        Kind::Quota => Some("`quotas()` shows the limits of the project and how much of them is used".into()),
        Kind::Server if (300..400).contains(&status) => {
            Some("redirects are not followed: check the base URL of the service".into())
        }
        _ => None,
    }
}

fn unreadable(prepared: &Prepared, answer: &Response<Bytes>, flaw: &Flaw) -> Error {
    let text = format!("the answer of `{}` cannot be used: {}", name_of(prepared.operation), flaw.why);
    let mut error = Error::before_sending(prepared.operation, Kind::Server, "bad_answer", text);
    if flaw.cause == Cause::Foreign {
        error.hint = Some(format!(
            "this is not the API's own answer: a proxy, a gateway or the sign-in page of a network gave it for `{}`; check \
             `HTTPS_PROXY` and `NO_PROXY`",
            prepared.host
        ));
    }
    error.facts.status = Some(answer.status().as_u16());
    error.facts.request_id = request_id(answer.headers());
    error.facts.retryable = true;
    error
}

fn broken(prepared: &Prepared, failure: &BackendError) -> Error {
    let (kind, code) =
        if failure.is_timeout { (Kind::Timeout, "no_answer_in_time") } else { (Kind::Network, "unreachable") };
    let text = format!("`{}` got no answer from `{}`: {}", name_of(prepared.operation), prepared.host, failure.message);
    let mut error = Error::before_sending(prepared.operation, kind, code, text);
    error.hint.clone_from(&failure.hint);
    error.facts.retryable = !failure.is_permanent;
    error
}
