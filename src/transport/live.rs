//! The network: one HTTP client for the process, made when the first request goes out.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::pki_types::CertificateDer;

use crate::catalog::Operation;
use crate::config::GivenProxy;
use crate::error::{Error, Kind};
use crate::transport::live_error::{Broken, not_whole, too_large};
use crate::transport::proxy::{Addresses, Exceptions};
use crate::transport::{Backend, BackendError, Outside, Sending, tls};

const PROXY_HINT: &str = "write it as `http://proxy.example:3128`; where it is not set, `ALL_PROXY` stands in for it";

/// How the network is reached.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// A PEM file of certificate authorities to trust besides the platform's.
    pub ca_file: Option<PathBuf>,
    /// The proxy for https, as in `HTTPS_PROXY`.
    pub https_proxy: Option<GivenProxy>,
    /// The proxy for http, as in `HTTP_PROXY`.
    pub http_proxy: Option<GivenProxy>,
    /// The hosts that no proxy is used for, as in `NO_PROXY`. This machine is always one of them.
    pub no_proxy: Option<String>,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub longest_answer: usize,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            ca_file: None,
            https_proxy: None,
            http_proxy: None,
            no_proxy: None,
            connect_timeout: Duration::from_secs(10),
            longest_answer: 256 << 20,
        }
    }
}

/// The backend that talks to the network; cheap to clone, clones share connections.
#[derive(Clone)]
pub struct Live(pub(super) Arc<Network>);

pub(super) struct Network {
    proxies: Vec<reqwest::Proxy>,
    /// The variables that name them.
    pub(super) proxy_variables: Vec<String>,
    extra_roots: Vec<CertificateDer<'static>>,
    connect_timeout: Duration,
    longest_answer: usize,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl Live {
    /// Reads the options; no connection is made, and no client yet.
    ///
    /// # Errors
    /// Of kind `config`, when the file of certificate authorities or a proxy's URL is unusable.
    pub fn new(options: &LiveOptions) -> Result<Self, Error> {
        let extra_roots = options.ca_file.as_deref().map(tls::certificates).transpose()?.unwrap_or_default();
        let exceptions = Exceptions::parse(options.no_proxy.as_deref().unwrap_or_default());
        let mut proxies = Vec::new();
        let mut proxy_variables = Vec::new();
        for (addresses, given) in [(Addresses::Https, &options.https_proxy), (Addresses::Http, &options.http_proxy)] {
            let Some(given) = given.as_ref().filter(|given| !given.url.is_empty() && !exceptions.are_all()) else {
                continue;
            };
            let (variable, url) = (&given.variable, given.url.as_str());
            if url.contains("://") && !["http://", "https://"].iter().any(|known| url.starts_with(known)) {
                return Err(Error::new(Kind::Config, "invalid_proxy", "only http proxies can be used")
                    .with_place(variable.clone())
                    .with_hint(PROXY_HINT));
            }
            // The URL may hold a password, and so may the reason: neither is shown.
            proxies.push(exceptions.proxy(addresses, url).map_err(|_| {
                Error::new(Kind::Config, "invalid_proxy", "the proxy's URL cannot be used")
                    .with_place(variable.clone())
                    .with_hint(PROXY_HINT)
            })?);
            if !proxy_variables.contains(variable) {
                proxy_variables.push(variable.clone());
            }
        }
        Ok(Self(Arc::new(Network {
            proxies,
            proxy_variables,
            extra_roots,
            connect_timeout: options.connect_timeout,
            longest_answer: options.longest_answer,
            client: OnceLock::new(),
        })))
    }

    /// The same network for what is no call of the API.
    #[must_use]
    pub fn outside(&self) -> Outside {
        Outside::new(self.0.clone())
    }

    /// The HTTP client, for the token endpoint: the process has one.
    #[must_use]
    pub fn client_source(&self) -> Box<dyn Fn() -> Result<reqwest::Client, String> + Send + Sync> {
        let live = self.clone();
        Box::new(move || live.0.client().cloned().map_err(ToOwned::to_owned))
    }
}

impl Network {
    /// What every client of the process has.
    pub(super) fn builder(&self) -> Result<reqwest::ClientBuilder, String> {
        let tls = self.tls()?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("stackhand/", env!("CARGO_PKG_VERSION")))
            // What we send is meant for the host that we name; its token is worth as much anywhere else.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            // The variables were read where all are read, not by the library.
            .no_proxy();
        Ok(self.proxies.iter().fold(builder, |builder, proxy| builder.proxy(proxy.clone())))
    }

    /// The platform's roots, and those of the options.
    pub(super) fn tls(&self) -> Result<rustls::ClientConfig, String> {
        tls::client_config(self.extra_roots.clone()).map_err(|error| error.to_string())
    }

    pub(super) fn has_proxy(&self) -> bool {
        !self.proxies.is_empty()
    }

    fn client(&self) -> Result<&reqwest::Client, &str> {
        let client = self.client.get_or_init(|| {
            let builder = self.builder()?;
            let builder = builder.http2_keep_alive_interval(Duration::from_secs(20));
            builder.http2_keep_alive_timeout(Duration::from_secs(10)).build().map_err(|error| error.to_string())
        });
        client.as_ref().map_err(String::as_str)
    }

    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, BackendError> {
        let broken = |error| Broken { error: &error, proxies: &self.proxy_variables }.to_backend_error();
        let client = self.client().map_err(|reason| BackendError::not_sent(reason).permanent())?;
        let request = reqwest::Request::try_from(request).map_err(|error| broken(error).permanent())?;
        let mut answer = client.execute(request).await.map_err(broken)?;
        let mut body = BytesMut::new();
        if let Some(length) = answer.content_length() {
            if length > self.longest_answer as u64 {
                return Err(too_large(self.longest_answer));
            }
            body.reserve(usize::try_from(length).unwrap_or_default());
        }
        while let Some(piece) = answer.chunk().await.map_err(|error| not_whole(&error, body.len()))? {
            if body.len() + piece.len() > self.longest_answer {
                return Err(too_large(self.longest_answer));
            }
            body.extend_from_slice(&piece);
        }
        let mut whole = http::Response::new(body.freeze());
        *whole.status_mut() = answer.status();
        *whole.version_mut() = answer.version();
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(whole)
    }
}

impl Backend for Live {
    fn send<'b>(&'b self, _operation: &'static Operation, request: http::Request<Bytes>) -> Sending<'b> {
        Box::pin(self.0.send(request))
    }
}
