//! A server in a process of its own that answers from memory: whatever it costs, it costs both sides of a ratio alike,
//! and it is as little as possible, so that the ratio is as strict as possible.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, Response, Uri, header};
use axum::serve::ListenerExt;

use super::servers::{PROJECT, all_servers, one_server};

/// The argument that makes this program the server.
pub const ARGUMENT: &str = "--serve";

/// The server's process; ends with this value.
pub struct Server {
    child: Child,
    /// The server ends when its input does, so also when this process is killed.
    _input: Option<ChildStdin>,
    url: String,
}

impl Server {
    /// Starts the server on a free port of this machine.
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let mut url = String::new();
        let output = child.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut url).expect("the server says where it listens");
        Self { _input: child.stdin.take(), child, url: url.trim().to_owned() }
    }

    /// The base URL whose answers take so long.
    pub fn after(&self, delay: Duration) -> String {
        format!("{}/after/{}", self.url, delay.as_millis())
    }

    /// The URL of a server, under a base URL.
    pub fn one(base: &str, id: &str) -> String {
        format!("{base}/v2/projects/{PROJECT}/regions/eu01/servers/{id}")
    }

    /// The URL of the list of all servers, under a base URL.
    pub fn all(base: &str) -> String {
        format!("{base}/v2/projects/{PROJECT}/regions/eu01/servers")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until the input ends.
pub fn serve() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        println!("http://{}", listener.local_addr().expect("it is bound"));
        std::io::stdout().flush().expect("somebody reads");
        let (one, all) = (Bytes::from(one_server(0)), Bytes::from(all_servers()));
        let answer = move |uri: Uri| {
            let body = if uri.path().ends_with("/servers") { all.clone() } else { one.clone() };
            async move {
                let delay = uri.path().split('/').nth(2).and_then(|text| text.parse().ok()).unwrap_or(0);
                if delay > 0 {
                    tokio::time::sleep(Duration::from_millis(delay)).await;
                }
                let mut response = Response::new(axum::body::Body::from(body));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
        };
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        tokio::spawn(async { axum::serve(listener, Router::new().fallback(answer)).await });
        let input_ends = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let _ = input_ends.await;
    });
}
