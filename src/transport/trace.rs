//! One event a try: method, path, status, milliseconds, request id. Bodies only at level `trace`, redacted.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::transport::BackendError;
use crate::transport::failure::request_id;
use crate::transport::redact::redacted;
use crate::transport::request::Prepared;

/// A try is about to be sent.
pub(super) fn sending(prepared: &Prepared, request: &Request<Bytes>, attempt: u32) {
    if !tracing::enabled!(tracing::Level::TRACE) {
        return;
    }
    tracing::trace!(
        operation = %operation(prepared),
        attempt,
        body = %redacted(prepared.operation, request.headers(), request.body(), Side::Request),
        "sending"
    );
}

/// A try has ended.
pub(super) fn answered(
    prepared: &Prepared,
    result: &Result<Response<Bytes>, BackendError>,
    attempt: u32,
    took: Duration,
) {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (method, path) = (prepared.operation.method.as_str(), prepared.uri.path());
    match result {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let request_id = request_id(answer.headers());
            let request_id = request_id.as_deref().unwrap_or_default();
            tracing::debug!(method, path, host = prepared.host, status, milliseconds, request_id, attempt, "answered");
            if tracing::enabled!(tracing::Level::TRACE) {
                tracing::trace!(
                    operation = %operation(prepared),
                    attempt,
                    body = %redacted(prepared.operation, answer.headers(), answer.body(), Side::Answer),
                    "received"
                );
            }
        }
        Err(error) => {
            let reason = error.message.as_str();
            tracing::debug!(method, path, host = prepared.host, milliseconds, attempt, reason, "no answer");
        }
    }
}

/// Which of the two messages a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What was sent.
    Request,
    /// What came.
    Answer,
}

fn operation(prepared: &Prepared) -> String {
    crate::transport::error::name_of(prepared.operation)
}
