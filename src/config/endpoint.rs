//! Base URLs of services that somebody sets by hand.

use std::collections::BTreeMap;

use super::cli_profile::CliProfile;
use super::variables::{endpoint_of, is_endpoint};
use super::{Environment, Error, Origin, Profile, Resolved, Workspace};
use crate::error::nearest;

/// Checks a URL that requests will go to, and takes a slash at its end away.
pub(super) fn checked_url(written: &str, origin: &Origin) -> Result<String, Error> {
    let complain = |reason: &str| {
        Err(Error::new("invalid_url", format!("the URL `{}` {reason}", without_user(written)))
            .given_by(origin)
            .hint("write the whole URL, such as https://iaas.api.stackit.cloud"))
    };
    let Ok(url) = written.trim().parse::<http::Uri>() else { return complain("is not a URL") };
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return complain("does not begin with https:// or http://");
    }
    match url.authority() {
        Some(authority) if authority.as_str().contains('@') => complain("must not carry a user name"),
        Some(authority) if authority.host().is_empty() => complain("has no host"),
        Some(_) => Ok(written.trim().trim_end_matches('/').to_owned()),
        None => complain("has no host"),
    }
}

/// Warns of a host that a token will be sent to although it is neither STACKIT's nor this machine.
pub(super) fn warning_about(what: &str, url: &Resolved<String>) -> Option<String> {
    let parsed: http::Uri = url.value.parse().ok()?;
    let host = parsed.host()?.trim_matches(['[', ']']).to_lowercase();
    let address: Option<std::net::IpAddr> = host.parse().ok();
    let is_local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    if is_local {
        return None;
    }
    let is_stackit = host == "stackit.cloud" || host.ends_with(".stackit.cloud");
    let of = format!("the URL of {what}, from {}", url.origin);
    if parsed.scheme_str() != Some("https") {
        return Some(format!("{of}, is not encrypted: tokens are sent to `{host}` in the clear"));
    }
    (!is_stackit).then(|| format!("{of}, leads outside stackit.cloud: tokens are sent to `{host}`"))
}

/// The services' base URLs that were set: profile, then variable, then the STACKIT CLI's profile.
pub(super) fn endpoints(
    environment: &Environment,
    profile: Option<(&Workspace, &Profile)>,
    cli: Option<&CliProfile>,
    services: &[&str],
) -> Result<BTreeMap<String, Resolved<String>>, Error> {
    let mut found: BTreeMap<String, Resolved<String>> = BTreeMap::new();
    let mut set = |service: &str, url: &str, origin: Origin| {
        let url = checked_url(url, &origin)?;
        found.entry(service.to_owned()).or_insert(Resolved::new(url, origin));
        Ok(())
    };
    if let Some((workspace, profile)) = profile {
        for (written, url) in &profile.endpoints {
            let Some(service) = service(written, services) else {
                let near = nearest(written, services.iter().copied());
                let error = Error::new("unknown_service", format!("there is no service `{written}`"));
                return Err(error.in_file(&workspace.file, Some((url.line, url.column))).hint(near.map_or_else(
                    || "services are named as in `stackhand api`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )));
            };
            set(service, &url.value, profile.origin(workspace, url.line))?;
        }
    }
    // There are a hundred names to look for, and mostly none is set.
    let is_any_set = environment.variables().any(|(name, _)| is_endpoint(name));
    for service in services.iter().filter(|_| is_any_set) {
        for spelling in [endpoint_of(service), endpoint_of(&plain(service))] {
            if let Some(url) = environment.variable(&spelling) {
                set(service, url, Origin::Variable(spelling.clone()))?;
            }
        }
    }
    for (written, url) in cli.map(|cli| &cli.endpoints).into_iter().flatten() {
        if let (Some(cli), Some(service)) = (cli, service(written, services)) {
            set(service, url, cli.origin())?;
        }
    }
    Ok(found)
}

/// The service's own name for what somebody wrote: `resource_manager` and `resource-manager` are the same.
fn service<'s>(written: &str, services: &[&'s str]) -> Option<&'s str> {
    services.iter().copied().find(|service| plain(service) == plain(written))
}

fn plain(service: &str) -> String {
    service.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A URL for a message, without what may be a password.
fn without_user(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_web_addresses_are_taken() {
        let check = |url| checked_url(url, &Origin::Default);
        assert_eq!(check("https://iaas.api.stackit.cloud/").unwrap(), "https://iaas.api.stackit.cloud");
        assert_eq!(check("http://127.0.0.1:8080/iaas").unwrap(), "http://127.0.0.1:8080/iaas");
        for (url, reason) in [
            ("iaas.api.stackit.cloud", "does not begin with https:// or http://"),
            ("ftp://x", "does not begin with"),
            ("https://", "is not a URL"),
            ("https://me:hunter22@x", "must not carry a user name"),
        ] {
            let message = check(url).unwrap_err().message;
            assert!(message.contains(reason) && !message.contains("hunter22"), "{message}");
        }
    }

    #[test]
    fn hosts_that_are_not_stackits_are_warned_of() {
        let warn = |url: &str| warning_about("`iaas`", &Resolved::new(url.to_owned(), Origin::Default));
        assert_eq!(warn("https://iaas.api.stackit.cloud"), None);
        assert_eq!(warn("http://localhost:1"), None);
        assert_eq!(warn("http://127.0.0.1:8080"), None);
        assert_eq!(warn("http://[::1]:8080"), None);
        assert!(warn("https://stackit.cloud.evil.example").unwrap().contains("leads outside stackit.cloud"));
        assert!(warn("http://iaas.api.stackit.cloud").unwrap().contains("in the clear"));
    }
}
