//! What the HTTP client says when it fails: whether the request left, what happened, what to do.

use std::error::Error as StdError;

use rustls::CertificateError;

use crate::transport::BackendError;

/// A failed request.
pub(super) struct Broken<'e> {
    pub error: &'e reqwest::Error,
    pub has_proxy: bool,
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
        if let Some(tls) = find::<rustls::Error>(self.error) {
            return untrusted(tls);
        }
        let message = match (is_timeout, self.error.is_dns()) {
            (true, _) => "no connection was made in time".to_owned(),
            (_, true) => format!("its name is not known ({message})"),
            _ => message,
        };
        let mut error = BackendError::not_sent(message);
        error.is_timeout = is_timeout;
        error.with_hint(if self.has_proxy {
            "a proxy is set in `HTTPS_PROXY` or `HTTP_PROXY`: check that it is right, or name the host in `NO_PROXY`"
        } else {
            "check the network, the host's name, and whether a proxy is needed (`HTTPS_PROXY`)"
        })
    }
}

/// TLS failed before anything was sent.
fn untrusted(error: &rustls::Error) -> BackendError {
    let told = |message: &str, hint: &str| BackendError::not_sent(message).with_hint(hint).permanent();
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => told(
            "nobody that is trusted here has signed its certificate",
            "behind a company's proxy, or for a server of your own, give its certificate authority with `--ca-file`",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => told("its certificate is for another host", "check the base URL of the service"),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => told("its certificate is not valid at this time", "check this machine's clock"),
        rustls::Error::InvalidMessage(_) => told(
            "it does not speak TLS",
            "check the base URL of the service: a local simulator is reached with `http://`",
        ),
        rustls::Error::General(_) => told(
            "no certificate authorities were found on this machine",
            "install the system's package of them (`ca-certificates`), or give a file with `--ca-file`",
        ),
        other => {
            let message = format!("TLS failed: {other}");
            let error = BackendError::not_sent(message);
            // An alert may be of the moment, a bad certificate is not.
            if matches!(other, rustls::Error::InvalidCertificate(_)) { error.permanent() } else { error }
        }
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

/// What the last cause says: the outer ones repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(inner) = next(cause) {
        cause = inner;
    }
    cause.to_string().to_lowercase()
}

fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = next(error);
    }
    None
}

/// The next cause; an I/O error's own wrapping is looked through.
fn next<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && let Some(inner) = io.get_ref()
    {
        return Some(inner);
    }
    error.source()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tls_refuses_says_what_to_do_and_is_not_tried_again() {
        let unknown = untrusted(&rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert!(unknown.is_permanent && unknown.hint.expect("a hint").contains("`--ca-file`"));
        let expired = untrusted(&rustls::Error::InvalidCertificate(CertificateError::Expired));
        assert!(expired.hint.expect("a hint").contains("clock"));
        let alert = untrusted(&rustls::Error::AlertReceived(rustls::AlertDescription::InternalError));
        assert!(!alert.is_permanent);
        let wrapped = std::io::Error::other(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert!(find::<rustls::Error>(&wrapped).is_some());
    }
}
