//! The simulator behind a socket. The caller owns the listener and says when to stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State};
use axum::serve::IncomingStream;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::simulator::Simulator;
use super::wire::{Refusal, Reply};
use crate::clock::Clock;

/// The largest body that is taken: an image, small as the API's own upload wants it.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// How long requests under way may go on once it is to stop.
const GRACE: Duration = Duration::from_secs(1);

/// Serves clients until `shutdown` ends, and a moment longer those that are being answered.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    simulator: Arc<Simulator>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new().fallback(answer).with_state(simulator);
    let service = router.into_make_service_with_connect_info::<Cut>();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(Doors(listener), service).with_graceful_shutdown(async move {
        shutdown.await;
        let _ = stopping.send(());
    });
    let deadline = async {
        let _ = stopped.await;
        Clock::process().sleep(GRACE).await;
    };
    tokio::select! {
        ended = server.into_future() => ended,
        () = deadline => Ok(()),
    }
}

async fn answer(
    State(simulator): State<Arc<Simulator>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return Refusal::new(413, "Request Entity Too Large").to_response().map(Body::from);
    };
    match simulator.answer(Request::from_parts(parts, body)).await {
        Reply::Whole(response) => response.map(Body::from),
        Reply::Reset(_) => {
            cut.0.store(true, Ordering::Release);
            Response::new(Body::empty())
        }
        Reply::Truncated(response, bytes) => truncated(response, bytes),
    }
}

/// An answer whose head announces all of its body, of which only so many bytes come before the connection ends.
fn truncated(response: Response<Bytes>, bytes: usize) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let first = body.slice(..bytes.min(body.len()));
    let stream = futures_util::stream::unfold(Some(first), |rest| async move {
        if let Some(first) = rest {
            return Some((Ok(first), None));
        }
        // What was sent is flushed while the body has nothing more to give.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), None))
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

/// A listener whose connections can be cut.
struct Doors(TcpListener);

impl axum::serve::Listener for Doors {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        // Small answers leave at once; latency is what a fault is for.
        let _ = stream.set_nodelay(true);
        (Wire { stream, cut: Arc::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that ends abruptly once it is cut.
struct Wire {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
}

/// Cuts the connection that a request came on.
#[derive(Clone)]
struct Cut(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, Doors>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        Self(stream.io().cut.clone())
    }
}

impl Wire {
    fn is_cut(&self) -> io::Result<()> {
        if self.cut.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.cut.load(Ordering::Acquire) {
            // Closing sends a reset then, instead of a polite end.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_cut()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_cut()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_cut()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_cut()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
