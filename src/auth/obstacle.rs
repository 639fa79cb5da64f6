//! What the HTTP client's failures mean: why there is no connection, what to do, whether trying again may help. The
//! token endpoint is the first thing that a new machine talks to, so it needs these words as much as the API.

use std::error::Error as StdError;

use rustls::CertificateError;

/// Why there is no connection, and never will be one without somebody changing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstacle {
    /// What is in the way.
    pub message: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

/// The lasting obstacle that made a request fail before it was sent, if it was one.
#[must_use]
pub fn obstacle(error: &(dyn StdError + 'static)) -> Option<Obstacle> {
    match find::<rustls::Error>(error) {
        Some(tls) => untrusted(tls),
        // The proxy's refusal has no type that could be asked for.
        None if innermost(error).contains("proxy authorization required") => Some(Obstacle {
            message: "the proxy wants a user name and a password, and those it got are not right",
            hint: "write them into `HTTPS_PROXY` as `http://USER:PASSWORD@proxy.example:3128`, percent-encoded",
        }),
        None => None,
    }
}

/// What the last cause says: the outer ones repeat the URL.
#[must_use]
pub fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = next(cause) {
        cause = inner;
    }
    let message = cause.to_string();
    message.split(" (os error").next().unwrap_or(&message).to_lowercase()
}

/// TLS failed before anything was sent.
fn untrusted(error: &rustls::Error) -> Option<Obstacle> {
    let told = |message, hint| Some(Obstacle { message, hint });
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => told(
            "nobody that is trusted here has signed its certificate",
            "behind a company's proxy, or for a server of your own, give its certificate authority with `--ca-file`",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => told(
            "its certificate is for another host",
            "check the URL: its host must be one that the certificate names",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => told("its certificate is not valid at this time", "check this machine's clock"),
        rustls::Error::InvalidCertificate(_) => {
            told("its certificate cannot be accepted", "check the URL, and what `--ca-file` names")
        }
        rustls::Error::InvalidMessage(_) => {
            told("it does not speak TLS", "check the URL: a local simulator is reached with `http://`")
        }
        rustls::Error::General(_) => told(
            "no certificate authorities were found on this machine",
            "install the system's package of them (`ca-certificates`), or give a file with `--ca-file`",
        ),
        // An alert may be of the moment.
        _ => None,
    }
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

    fn wrapped(error: impl Into<Box<dyn StdError + Send + Sync>>) -> std::io::Error {
        std::io::Error::other(std::io::Error::other(error))
    }

    #[test]
    fn what_tls_refuses_says_what_to_do() {
        let told = |reason| obstacle(&wrapped(rustls::Error::InvalidCertificate(reason))).expect("an obstacle");
        assert!(told(CertificateError::UnknownIssuer).hint.contains("`--ca-file`"));
        assert!(told(CertificateError::Expired).hint.contains("clock"));
        assert!(told(CertificateError::NotValidForName).message.contains("another host"));
        assert!(told(CertificateError::BadEncoding).message.contains("cannot be accepted"));
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::InternalError);
        assert_eq!(obstacle(&wrapped(alert)), None, "it may be of the moment");
    }

    #[test]
    fn a_proxy_that_wants_a_password_is_told_as_such() {
        let refused = obstacle(&wrapped("proxy authorization required")).expect("an obstacle");
        assert!(refused.message.contains("password") && refused.hint.contains("HTTPS_PROXY"));
        assert_eq!(obstacle(&wrapped("connection refused")), None);
    }

    #[test]
    fn words_hold_no_numbers_of_the_system() {
        assert_eq!(innermost(&wrapped(std::io::Error::from_raw_os_error(111))), "connection refused");
    }
}
