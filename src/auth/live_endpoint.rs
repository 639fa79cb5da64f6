//! The network's side of the token endpoint.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::obstacle::{Obstacle, innermost, obstacle};
use super::{TokenEndpoint, TokenReply, TokenRequest, Unreachable};

/// An answer with tokens is a few kilobytes; more is not read.
const MOST_BYTES: usize = 1 << 20;

/// Gives the HTTP client that the whole process shares, or says why there is none.
pub type ClientSource = Box<dyn Fn() -> Result<reqwest::Client, String> + Send + Sync>;

fn failed(error: &reqwest::Error) -> Unreachable {
    if error.is_timeout() {
        return Unreachable { message: "no answer in time".to_owned(), is_timeout: true, hint: None };
    }
    match obstacle(error) {
        Some(Obstacle { message, hint }) => {
            Unreachable { message: message.to_owned(), is_timeout: false, hint: Some(hint) }
        }
        None => Unreachable { message: innermost(error), is_timeout: false, hint: None },
    }
}

/// Carries requests for tokens over the network.
pub struct LiveEndpoint {
    client: ClientSource,
    local: OnceLock<Result<reqwest::Client, String>>,
}

impl LiveEndpoint {
    /// An endpoint that asks for its client when the first token is wanted. The client must not follow redirects.
    #[must_use]
    pub fn new(client: ClientSource) -> Self {
        Self { client, local: OnceLock::new() }
    }

    /// A client for link-local addresses: past any proxy, which would learn the token.
    fn local(&self) -> Result<reqwest::Client, String> {
        let build = || {
            let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
            builder.build().map_err(|error| innermost(&error))
        };
        self.local.get_or_init(build).clone()
    }

    async fn exchange(&self, request: TokenRequest) -> Result<TokenReply, Unreachable> {
        let no_client = |message| Unreachable { message, is_timeout: false, hint: None };
        let request = match request {
            TokenRequest::Form { url, fields, time_limit } => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.expose())).collect();
                (self.client)().map_err(no_client)?.post(url).form(&fields).timeout(time_limit)
            }
            TokenRequest::Local { url, time_limit } => self.local().map_err(no_client)?.get(url).timeout(time_limit),
        };
        let mut reply = request.header("Accept", "application/json").send().await.map_err(|error| failed(&error))?;
        let header = |name| reply.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (content_type, date) = (header("content-type"), header("date"));
        let mut body = Vec::new();
        while let Some(piece) = reply.chunk().await.map_err(|error| failed(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > MOST_BYTES {
                return Err(no_client("the answer is larger than 1 MiB".to_owned()));
            }
        }
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(&date).ok()).map(|date| date.with_timezone(&Utc));
        Ok(TokenReply { status: reply.status().as_u16(), content_type, date, body: body.into() })
    }
}

impl TokenEndpoint for LiveEndpoint {
    fn send(&self, request: TokenRequest) -> BoxFuture<'_, Result<TokenReply, Unreachable>> {
        Box::pin(self.exchange(request))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn endpoint() -> LiveEndpoint {
        let build = || {
            let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
            builder.build().map_err(|error| error.to_string())
        };
        LiveEndpoint::new(Box::new(build))
    }

    /// A server that answers one request, and gives it back.
    async fn server(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let request = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"%2Bb") && !request.starts_with(b"GET") {
                stream.read_buf(&mut request).await.unwrap();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        (url, request)
    }

    fn form(url: String) -> TokenRequest {
        let fields = vec![("grant_type", "urn:x".into()), ("assertion", "a+b".into())];
        TokenRequest::Form { url, fields, time_limit: Duration::from_secs(20) }
    }

    #[tokio::test]
    async fn a_form_goes_out_and_the_answer_comes_back_whatever_its_status() {
        let (url, request) = server(
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n\
             Content-Length: 2\r\n\r\n{}",
        )
        .await;
        let reply = endpoint().send(form(url)).await.unwrap();
        assert_eq!((reply.status, &reply.body[..]), (403, &b"{}"[..]));
        assert_eq!(reply.content_type.as_deref(), Some("application/json"));
        assert_eq!(reply.date, Some("2026-11-22T12:00:00Z".parse().unwrap()));
        let request = request.await.unwrap();
        assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("content-type: application/x-www-form-urlencoded"), "{request}");
        assert!(request.ends_with("grant_type=urn%3Ax&assertion=a%2Bb"), "{request}");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let (url, _) = server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n").await;
        let request = TokenRequest::Local { url, time_limit: Duration::from_secs(20) };
        assert_eq!(endpoint().send(request).await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn a_refused_connection_says_why() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        drop(listener);
        let unreachable = endpoint().send(form(url)).await.unwrap_err();
        assert!(unreachable.message.to_lowercase().contains("refused"), "{}", unreachable.message);
        assert!(!unreachable.is_timeout);
    }

    #[tokio::test]
    async fn a_broken_answer_is_no_answer() {
        let (url, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await;
        assert!(endpoint().send(form(url)).await.is_err());
    }
}
