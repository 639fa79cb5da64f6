//! Which requests go through a proxy.

use std::collections::BTreeMap;

use hyper_util::client::proxy::matcher::Matcher;

/// Which addresses a proxy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    Https,
    Http,
}

/// The hosts that no proxy is used for, as in `NO_PROXY`; this machine is always one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Exceptions {
    hosts: Vec<String>,
    /// The further ones of single ports.
    of_ports: BTreeMap<u16, Vec<String>>,
}

impl Exceptions {
    /// Reads a list: names with all that is under them, addresses, networks, each perhaps with a port.
    pub fn parse(text: &str) -> Self {
        let mut exceptions =
            Self { hosts: ["localhost", "127.0.0.0/8", "::1"].map(str::to_owned).into(), ..Self::default() };
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match with_port(entry) {
                Some((host, port)) => exceptions.of_ports.entry(port).or_default().push(host.to_owned()),
                None => exceptions.hosts.push(entry.to_owned()),
            }
        }
        exceptions
    }

    /// Whether no proxy is used for anything.
    pub fn are_all(&self) -> bool {
        self.hosts.iter().any(|host| host == "*")
    }

    /// The proxy at this URL for all other hosts.
    ///
    /// # Errors
    /// If the URL is none.
    pub fn proxy(&self, addresses: Addresses, url: &str) -> reqwest::Result<reqwest::Proxy> {
        let hosts = self.hosts.join(",");
        let proxy = match addresses {
            Addresses::Https => reqwest::Proxy::https(url),
            Addresses::Http => reqwest::Proxy::http(url),
        }?;
        if self.of_ports.is_empty() {
            return Ok(proxy.no_proxy(reqwest::NoProxy::from_string(&hosts)));
        }
        let matcher = |hosts: String| Matcher::builder().all("http://proxy").no(hosts).build();
        let of_ports: BTreeMap<u16, Matcher> = self
            .of_ports
            .iter()
            .map(|(port, further)| (*port, matcher(format!("{hosts},{}", further.join(",")))))
            .collect();
        let others = matcher(hosts);
        let url = url.to_owned();
        Ok(reqwest::Proxy::custom(move |asked| {
            let is_meant = match addresses {
                Addresses::Https => asked.scheme() == "https",
                Addresses::Http => asked.scheme() == "http",
            };
            let of_port = asked.port_or_known_default().and_then(|port| of_ports.get(&port));
            let asked = asked.as_str().parse().ok().filter(|_| is_meant)?;
            of_port.unwrap_or(&others).intercept(&asked).map(|_| url.clone())
        }))
    }
}

/// `host:port` and `[address]:port`; an address of many colons alone has no port.
fn with_port(entry: &str) -> Option<(&str, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    Some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_may_have_a_port() {
        assert_eq!(with_port("a.example:8443"), Some(("a.example", 8443)));
        assert_eq!(with_port("[fd00::1]:443"), Some(("fd00::1", 443)));
        for whole in ["a.example", "fd00::1", "10.0.0.0/8", ".example", "a.example:https", "[fd00::1]"] {
            assert_eq!(with_port(whole), None, "{whole}");
        }
        assert!(Exceptions::parse("a.example, *").are_all());
        assert!(!Exceptions::parse("*.example").are_all());
    }
}
