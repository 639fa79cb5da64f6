//! Where a service is reached: the catalogue's host, or another that was given.

use std::collections::BTreeMap;

use http::Uri;

use crate::catalog::Operation;

/// Base URLs that replace those of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Serves every service that has no URL of its own.
    everything: Option<String>,
    /// By module or service name: `iaas/v1` before `iaas`.
    services: BTreeMap<String, String>,
    plain_http: PlainHttp,
}

/// Whether a token may travel over plain http to another machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Only to this machine.
    #[default]
    Loopback,
    /// Anywhere: somebody said so.
    Anywhere,
}

/// Why a base URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL with scheme and host.
    #[error("`{0}` is not a base URL such as `https://iaas.api.stackit.cloud` or `http://127.0.0.1:8080`")]
    NotAUrl(String),
    /// Plain http to another machine.
    #[error("`{0}` is plain http to another machine, and calls carry a token: use https")]
    PlainHttp(String),
}

impl Endpoints {
    /// The catalogue's own hosts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows plain http to other machines; say it before the URLs.
    #[must_use]
    pub fn with_plain_http(mut self, plain_http: PlainHttp) -> Self {
        self.plain_http = plain_http;
        self
    }

    /// One base URL for every service, as `stackhand sim --listen` has it.
    ///
    /// # Errors
    /// When it is not a base URL, or plain http to another machine.
    pub fn with_everything_at(mut self, url: &str) -> Result<Self, EndpointError> {
        self.everything = Some(self.checked(url)?);
        Ok(self)
    }

    /// The base URL of one service, by its name (`iaas`) or module (`iaas/v1`); `{region}` in it stands for the region
    /// followed by a dot.
    ///
    /// # Errors
    /// When it is not a base URL, or plain http to another machine.
    pub fn with_service(mut self, service: &str, url: &str) -> Result<Self, EndpointError> {
        let url = self.checked(url)?;
        self.services.insert(service.to_owned(), url);
        Ok(self)
    }

    /// The base URL that replaces the catalogue's own, if one does.
    #[must_use]
    pub fn base_url(&self, operation: &Operation) -> Option<&str> {
        let service = operation.module.split('/').next().unwrap_or(operation.module);
        self.services
            .get(operation.module)
            .or_else(|| self.services.get(service))
            .or(self.everything.as_ref())
            .map(String::as_str)
    }

    /// Whether plain http to this host is allowed.
    pub(super) fn allows_plain_http(&self, host: &str) -> bool {
        self.plain_http == PlainHttp::Anywhere || is_loopback(host)
    }

    fn checked(&self, url: &str) -> Result<String, EndpointError> {
        let not_a_url = || EndpointError::NotAUrl(without_credentials(url));
        let uri: Uri = url.replace("{region}", "eu01.").parse().map_err(|_| not_a_url())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(not_a_url()) };
        let has_credentials = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if uri.query().is_some() || has_credentials || host.is_empty() {
            return Err(not_a_url());
        }
        match scheme {
            "https" => {}
            "http" if self.allows_plain_http(host) => {}
            "http" => return Err(EndpointError::PlainHttp(url.to_owned())),
            _ => return Err(not_a_url()),
        }
        Ok(url.trim_end_matches('/').to_owned())
    }
}

/// A URL for a message: what stands before an `@` may be a password.
fn without_credentials(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

/// Whether a host name or address is this machine's own.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::testing::operation;

    #[test]
    fn a_service_of_its_own_wins_over_the_url_for_everything_and_that_over_the_catalogue() {
        let operation = operation("list_servers");
        assert_eq!(Endpoints::new().base_url(operation), None);
        let everything = Endpoints::new().with_everything_at("http://127.0.0.1:8080/").expect("a base URL");
        assert_eq!(everything.base_url(operation), Some("http://127.0.0.1:8080"));
        let own = everything.with_service("iaas", "https://{region}iaas.example/prefix").expect("a base URL");
        assert_eq!(own.base_url(operation), Some("https://{region}iaas.example/prefix"));
        let other = Endpoints::new().with_service("dns", "https://dns.example").expect("a base URL");
        assert_eq!(other.base_url(operation), None);
    }

    #[test]
    fn plain_http_goes_to_this_machine_only_unless_somebody_says_so() {
        for own in ["http://127.0.0.1:1", "http://localhost:8080", "http://[::1]:8080"] {
            assert!(Endpoints::new().with_everything_at(own).is_ok(), "{own}");
        }
        let elsewhere = "http://sim.example:8080";
        assert_eq!(Endpoints::new().with_everything_at(elsewhere), Err(EndpointError::PlainHttp(elsewhere.to_owned())));
        assert!(Endpoints::new().with_plain_http(PlainHttp::Anywhere).with_everything_at(elsewhere).is_ok());
    }

    #[test]
    fn what_is_not_a_base_url_is_said_without_its_password() {
        for wrong in ["", "iaas", "ftp://x", "https://", "https://x?y=1", "//x", "https://a:b c"] {
            assert!(Endpoints::new().with_everything_at(wrong).is_err(), "{wrong}");
        }
        let error = Endpoints::new().with_everything_at("https://me:hunter2@x").expect_err("no credentials in URLs");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
