//! Requests of a script to hosts that are not the API's. Nothing of ours goes with them, no redirect is followed, and
//! the addresses of the link are out of reach under every name.

use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::live::Network;
use super::live_error::Broken;
use super::retry_after::retry_after;
use crate::config::{is_link_local, leads_to_the_link};
use crate::error::{Error, Kind};
use crate::secret::Secret;

/// Headers that say where a request goes or how it is cut; they are ours to set.
const OWN_HEADERS: [&str; 8] =
    ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "proxy-authorization"];

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The network outside the API; cheap to clone.
#[derive(Clone)]
pub struct Outside(Arc<Inner>);

struct Inner {
    network: Arc<Network>,
    lookup: Lookup,
    client: OnceLock<Result<reqwest::Client, String>>,
}

pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// A URL that may be asked for.
#[derive(Clone)]
pub struct OutsideUrl(reqwest::Url);

/// A request. All that may hold a secret is one.
pub struct OutsideCall {
    /// Where it goes.
    pub url: OutsideUrl,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Names and values.
    pub headers: Vec<(String, Secret)>,
    /// What is sent, if anything.
    pub body: Option<Secret>,
    /// How long it may take in all.
    pub time_limit: Duration,
    /// The longest answer that is read, in bytes.
    pub longest_answer: usize,
    /// What becomes of a longer one.
    pub excess: Excess,
}

/// What becomes of an answer that is longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// It is an error: half an answer could be taken for a whole one.
    Fails,
    /// Its beginning will do, also where the connection breaks after it: the status is what counts.
    IsCut,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct OutsideAnswer {
    /// The status.
    pub status: u16,
    /// Names in small letters, and values; the values of a name that comes twice are joined by commas.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl OutsideUrl {
    /// Reads a URL. What is wrong with it is said without showing it.
    ///
    /// # Errors
    /// Kind `invalid` if it is none or holds a password, kind `policy` if it leads to the addresses of the link.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |message: String| Error::new(Kind::Invalid, "bad_url", message);
        let url = reqwest::Url::parse(text).map_err(|error| {
            bad(format!("the URL cannot be read: {error}")).with_hint("write it as `https://host.example/path`")
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("`{}` is no scheme that can be asked: use http or https", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("the URL holds a name or a password".to_owned()).with_hint("send them in a header"));
        }
        let url = Self(url);
        if leads_to_the_link(url.name()) {
            return Err(link_local(&url.host()));
        }
        Ok(url)
    }

    /// The host and its port: `api.example.com:443`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}:{}", self.name(), self.0.port_or_known_default().unwrap_or_default())
    }

    /// The host as a grant names it: with its port only where the URL writes one.
    #[must_use]
    pub fn host_as_granted(&self) -> String {
        self.0.port().map_or_else(|| self.name().to_owned(), |port| format!("{}:{port}", self.name()))
    }

    fn name(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The address, if the host is one and no name. The parser has brought numbers of all kinds into one form.
    fn literal(&self) -> Option<IpAddr> {
        self.name().trim_matches(['[', ']']).parse().ok()
    }
}

impl OutsideAnswer {
    /// How long the server asks to wait, if it does.
    #[must_use]
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let read = |(name, value): &(String, String)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        };
        retry_after(&self.headers.iter().filter_map(read).collect(), now)
    }
}

impl Outside {
    pub(super) fn new(network: Arc<Network>) -> Self {
        Self::looking_up(network, Arc::new(|name| Box::pin(system_lookup(name))))
    }

    pub(super) fn looking_up(network: Arc<Network>, lookup: Lookup) -> Self {
        Self(Arc::new(Inner { network, lookup, client: OnceLock::new() }))
    }

    /// Sends a request once and gives the answer, whatever its status.
    ///
    /// # Errors
    /// - `invalid`: the method or a header cannot be sent.
    /// - `policy`: the name leads to the addresses of the link.
    /// - `network`, `timeout`: there is no whole answer, or it is too long.
    pub async fn send(&self, call: OutsideCall) -> Result<OutsideAnswer, Error> {
        let host = call.url.host();
        let method = METHODS.iter().find(|known| known.eq_ignore_ascii_case(&call.method)).ok_or_else(|| {
            Error::new(Kind::Invalid, "bad_method", "there is no such method to ask with")
                .with_hint(format!("methods are {}", METHODS.join(", ")))
        })?;
        let headers = headers_of(&call.headers)?;
        let client = self.client().map_err(|reason| no_answer(&host, &reason))?;
        // A proxy resolves names by itself.
        if self.0.network.has_proxy() && call.url.literal().is_none() {
            let found = (self.0.lookup)(call.url.name().to_owned()).await.unwrap_or_default();
            if found.iter().any(|address| is_link_local(address.ip())) {
                return Err(link_local(&host));
            }
        }
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or(reqwest::Method::GET);
        let mut request = client.request(method.clone(), call.url.0.clone()).headers(headers).timeout(call.time_limit);
        if let Some(body) = &call.body {
            request = request.body(body.expose().to_owned());
        }
        let mut answer = request.send().await.map_err(|error| self.failed(&host, &error))?;
        tracing::debug!(%method, host, status = answer.status().as_u16(), "answered");
        let too_long = || {
            let message = format!("the answer of `{host}` is longer than {} KiB", call.longest_answer >> 10);
            Error::new(Kind::Network, "answer_too_long", message).with_hint("raise the limit with `--max-memory`")
        };
        let mut body = Vec::new();
        loop {
            let piece = match answer.chunk().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(_) if call.excess == Excess::IsCut => break,
                Err(error) => return Err(self.failed(&host, &error)),
            };
            let room = call.longest_answer - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                match call.excess {
                    Excess::Fails => return Err(too_long()),
                    Excess::IsCut => break,
                }
            }
        }
        Ok(OutsideAnswer { status: answer.status().as_u16(), headers: joined(answer.headers()), body })
    }

    /// The addresses of a host, none of them of the link; the inner error is that of looking them up.
    pub(super) async fn addresses(&self, host: &str) -> Result<io::Result<Vec<SocketAddr>>, Error> {
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let found = match literal {
            Ok(address) => Ok(vec![SocketAddr::new(address, 0)]),
            Err(_) => (self.0.lookup)(host.to_owned()).await,
        };
        let leads_there = |found: &Vec<SocketAddr>| found.iter().any(|address| is_link_local(address.ip()));
        if leads_to_the_link(host) || found.as_ref().is_ok_and(leads_there) {
            return Err(link_local(host));
        }
        Ok(found)
    }

    /// What every encrypted connection of the process trusts.
    pub(super) fn tls(&self) -> Result<rustls::ClientConfig, String> {
        self.0.network.tls()
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        let build = || {
            let resolver = Guarded(self.0.lookup.clone());
            self.0.network.builder()?.dns_resolver(Arc::new(resolver)).build().map_err(|error| error.to_string())
        };
        self.0.client.get_or_init(build).clone()
    }

    fn failed(&self, host: &str, error: &reqwest::Error) -> Error {
        if is_of_the_link(error) {
            return link_local(host);
        }
        let broken = Broken { error, proxies: &self.0.network.proxy_variables }.to_backend_error();
        if broken.is_timeout {
            return Error::new(Kind::Timeout, "no_answer", format!("`{host}` did not answer in time"))
                .with_hint("give it longer with `timeout`");
        }
        let answer = no_answer(host, &broken.message);
        match broken.hint {
            Some(hint) => answer.with_hint(hint),
            None => answer,
        }
    }
}

fn no_answer(host: &str, reason: &str) -> Error {
    Error::new(Kind::Network, "no_answer", format!("no answer from `{host}`: {reason}"))
}

fn link_local(host: &str) -> Error {
    let message = format!("`{host}` leads to a link-local address, which no script may ask");
    Error::new(Kind::Policy, "link_local", message)
        .with_hint("a server's metadata service hands out credentials there; `metadata = true` in a profile uses them")
}

fn headers_of(given: &[(String, Secret)]) -> Result<HeaderMap, Error> {
    let wrong = |name: &str, why: &str| {
        Error::new(Kind::Invalid, "bad_header", format!("the header `{}` {why}", name.escape_debug()))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(name, "has no name that can be sent"))?;
        if OWN_HEADERS.contains(&known.as_str()) {
            return Err(wrong(name, "is set by stackhand itself"));
        }
        let mut value =
            HeaderValue::from_str(value.expose()).map_err(|_| wrong(name, "has letters that no header has"))?;
        value.set_sensitive(true);
        headers.append(known, value);
    }
    Ok(headers)
}

fn joined(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .keys()
        .map(|name| {
            let values =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            (name.as_str().to_owned(), values.collect::<Vec<_>>().join(", "))
        })
        .collect()
}

async fn system_lookup(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// Resolves names, but none that leads to the addresses of the link: the connection is made to what was looked at.
struct Guarded(Lookup);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = looking.await?;
            if addresses.iter().any(|address| is_link_local(address.ip())) {
                return Err(Box::new(OfTheLink) as Box<dyn StdError + Send + Sync>);
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A name leads to the addresses of the link.
#[derive(Debug, thiserror::Error)]
#[error("it leads to a link-local address")]
struct OfTheLink;

fn is_of_the_link(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<OfTheLink>() {
            return true;
        }
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = within.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    false
}

#[cfg(test)]
#[path = "outside_tests.rs"]
mod tests;
