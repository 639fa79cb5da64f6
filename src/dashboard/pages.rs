//! `/healthz`, `/readyz` and `/metrics`.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::View;
use super::bounded::Bounded;

/// So many connections are open at once; others wait for their turn.
const MOST_CONNECTIONS: usize = 64;
/// How long each of them lasts at most.
const LASTS: Duration = Duration::from_secs(30);
/// One question a connection.
const ONCE: [(header::HeaderName, &str); 1] = [(header::CONNECTION, "close")];

/// Serves the pages until `shutdown` ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve_pages(
    view: Arc<dyn View>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_on(view, Bounded::new(listener, MOST_CONNECTIONS, LASTS), shutdown).await
}

async fn serve_on(
    view: Arc<dyn View>,
    listener: Bounded,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { (ONCE, "ok\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(view);
    // Whoever keeps a connection open does not keep the server from ending.
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served,
        () = shutdown => Ok(()),
    }
}

async fn readyz(State(view): State<Arc<dyn View>>) -> Response {
    match view.readiness() {
        Ok(()) => (ONCE, "ok\n").into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, ONCE, format!("{why}\n")).into_response(),
    }
}

async fn metrics(State(view): State<Arc<dyn View>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (ONCE, kind, view.figures().await).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use serde_json::Value;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    struct Still;

    impl View for Still {
        fn readiness(&self) -> Result<(), String> {
            Err("the disk is full".to_owned())
        }

        fn figures(&self) -> BoxFuture<'_, String> {
            Box::pin(std::future::ready("figures 1\n".to_owned()))
        }

        fn answer(&self, question: Value) -> BoxFuture<'_, Value> {
            Box::pin(std::future::ready(question))
        }
    }

    async fn ask(stream: &mut TcpStream, text: &str) -> String {
        stream.write_all(text.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer, and the end");
        answer
    }

    #[tokio::test]
    async fn who_connects_and_says_nothing_keeps_nobody_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let listener = Bounded::new(listener, 2, Duration::from_millis(50));
        let server = tokio::spawn(serve_on(Arc::new(Still), listener, std::future::pending()));
        let mut silent = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow").await.expect("sent");
            silent.push(stream);
        }
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let page = ask(&mut stream, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200") && page.ends_with("figures 1\n"), "{page}");
        for mut stream in silent {
            // Closed, in whatever way.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        server.abort();
    }

    #[tokio::test]
    async fn a_server_that_does_not_do_its_work_says_why() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(serve_pages(Arc::new(Still), listener, std::future::pending()));
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let page = ask(&mut stream, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 503") && page.ends_with("the disk is full\n"), "{page}");
        server.abort();
    }
}
