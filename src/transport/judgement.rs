//! What a failed try means: whether the server may have acted, and whether the same request may be sent again.
//!
//! | what came | did the server act? | why |
//! |---|---|---|
//! | no connection, no name, TLS refused | no | the request never left |
//! | 401 | no | authentication comes before the deed; the token is renewed once |
//! | 425, 429 | no | the server says that it will not process the request (RFC 8470, RFC 6585) |
//! | 503 with `Retry-After` | no | the server says when it will be able to handle it (RFC 9110, 15.6.4) |
//! | 408, 500, 502, 503 alone, 504 | perhaps | a gateway gave up on a service that may still be at work |
//! | connection broken, time over, answer cut short or not readable | perhaps | |
//! | any other answer | it answered | nothing to repeat |
//!
//! What the server did not act on is sent again whatever its effect. What it may have acted on is sent again only if
//! that is harmless: reads, and changes that end the same when made twice. Otherwise somebody has to look first.

use http::StatusCode;

use crate::catalog::{Effect, Operation};
use crate::transport::{BackendError, Sent};

/// Whether the server may have acted on a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acted {
    /// It did not.
    No,
    /// Nobody knows.
    Perhaps,
    /// It decided: this is its answer.
    Answered,
}

/// What may be done after a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Send it again.
    Repeat,
    /// Look whether it took effect; do not send it again.
    Look,
    /// Tell the caller.
    GiveUp,
}

/// What an answer that is no success says of the server's deed.
pub(super) fn acted_after_status(status: StatusCode, has_retry_after: bool) -> Acted {
    match status.as_u16() {
        401 | 425 | 429 => Acted::No,
        503 if has_retry_after => Acted::No,
        408 | 500 | 502 | 503 | 504 => Acted::Perhaps,
        _ => Acted::Answered,
    }
}

/// What a missing answer says of the server's deed.
pub(super) fn acted_after_error(error: &BackendError) -> Acted {
    match error.sent {
        Sent::No => Acted::No,
        Sent::Perhaps => Acted::Perhaps,
    }
}

/// What may be done.
pub(super) fn next(operation: &Operation, acted: Acted) -> Next {
    match acted {
        Acted::No => Next::Repeat,
        Acted::Answered => Next::GiveUp,
        Acted::Perhaps if is_harmless(operation) => Next::Repeat,
        Acted::Perhaps => Next::Look,
    }
}

/// Whether sending it twice ends as sending it once. Each mint hands out a credential of its own, whatever else holds.
fn is_harmless(operation: &Operation) -> bool {
    match operation.effect {
        Effect::Read => true,
        Effect::Create | Effect::Update | Effect::Delete => operation.is_idempotent,
        Effect::Mint => false,
    }
}
