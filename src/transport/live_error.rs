//! What the HTTP client says when it fails: whether the request left, what happened, what to do.

use crate::auth::{innermost, obstacle};
use crate::transport::BackendError;

/// A failed request.
pub(super) struct Broken<'e> {
    pub error: &'e reqwest::Error,
    /// The variables that name the proxies.
    pub proxies: &'e [String],
}

impl Broken<'_> {
    /// The same for everybody else. A connection that was never made, TLS included, has sent nothing.
    pub fn to_backend_error(&self) -> BackendError {
        let message = innermost(self.error);
        let is_timeout = self.error.is_timeout();
        if !self.error.is_connect() && !self.error.is_builder() {
            let message = if is_timeout { "it took too long".to_owned() } else { message };
            let error = BackendError::broken(message);
            return if is_timeout { error.timed_out() } else { error };
        }
        if let Some(obstacle) = obstacle(self.error) {
            return BackendError::not_sent(obstacle.message).with_hint(obstacle.hint).permanent();
        }
        let message = match (is_timeout, self.error.is_dns()) {
            (true, _) => "no connection was made in time".to_owned(),
            (_, true) => format!("its name is not known ({message})"),
            _ => message,
        };
        let mut error = BackendError::not_sent(message);
        error.is_timeout = is_timeout;
        if self.proxies.is_empty() {
            let hint = "check the network, the host's name, and whether a proxy is needed (`HTTPS_PROXY`)";
            return error.with_hint(hint);
        }
        let variables = self.proxies.join("` and `");
        error.with_hint(format!(
            "a proxy is set in `{variables}`: check that it is right, or name the host in `NO_PROXY`"
        ))
    }
}

/// The connection broke while the answer came.
pub(super) fn not_whole(error: &reqwest::Error, received: usize) -> BackendError {
    BackendError::broken(format!("the answer broke off after {received} bytes: {}", innermost(error)))
}

/// The answer is larger than anybody wants.
pub(super) fn too_large(limit: usize) -> BackendError {
    BackendError::broken(format!("the answer is larger than {} MiB", limit >> 20)).permanent()
}
