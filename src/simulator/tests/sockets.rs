//! The simulator behind a real socket.

use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::Clock;
use crate::simulator::world::small;
use crate::simulator::{Faults, Simulator, serve};

/// What a client read until the connection ended, and how it ended.
async fn ask(address: std::net::SocketAddr, request: &str) -> (String, std::io::Result<()>) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).await.map(|_| ());
    (String::from_utf8_lossy(&answer).into_owned(), ended)
}

fn run(test: impl AsyncFnOnce(Arc<Simulator>, std::net::SocketAddr)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let world = small();
        let clock = Clock::starting_at(world.time.expect("complete"));
        let simulator = Arc::new(Simulator::new(world, clock));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(serve(simulator.clone(), listener, async {
            let _ = stopped.await;
        }));
        test(simulator, address).await;
        let _ = stop.send(());
        serving.await.expect("it ends").expect("it served");
    });
}

fn list(simulator: &Simulator) -> String {
    format!(
        "GET /v2/projects/{}/regions/eu01/servers HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        simulator.first_project(),
        simulator.current_token()
    )
}

#[test]
fn a_client_gets_whole_answers_with_their_headers() {
    run(async |simulator, address| {
        let (answer, ended) = ask(address, &list(&simulator)).await;
        assert!(ended.is_ok());
        let head = answer.to_lowercase();
        assert!(head.starts_with("http/1.1 200 ok\r\n"), "{answer}");
        assert!(head.contains("content-type: application/json\r\n") && head.contains("x-request-id: req-"), "{answer}");
        assert!(head.contains("date: sun, 22 nov 2026 12:00:00 gmt\r\n"), "{answer}");
        assert!(answer.ends_with("]}"), "{answer}");
    });
}

#[test]
fn faults_break_the_connection_for_real() {
    run(async |simulator, address| {
        let set = |rules| {
            let text = json!({ "rules": rules }).to_string();
            simulator.set_faults(Faults::parse(&text, "faults.json").expect("good rules"));
        };
        for when in ["before", "after"] {
            set(json!([{ "reset": when, "times": 1 }]));
            let (answer, ended) = ask(address, &list(&simulator)).await;
            assert_eq!(
                (answer.as_str(), ended.map_err(|error| error.kind())),
                ("", Err(std::io::ErrorKind::ConnectionReset))
            );
        }
        set(json!([{ "truncateBytes": 10, "times": 1 }]));
        let (answer, _) = ask(address, &list(&simulator)).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert_eq!(body, &r#"{"items":[{"#[..10]);
        let announced = head.to_lowercase().split_once("content-length: ").expect("announced").1.to_owned();
        assert!(announced.lines().next().expect("a line").parse::<usize>().expect("a number") > 500);
        let (answer, _) = ask(address, &list(&simulator)).await;
        assert!(answer.ends_with("]}"));
    });
}

#[test]
fn a_stop_does_not_wait_for_idle_clients() {
    run(async |simulator, address| {
        let mut idle = TcpStream::connect(address).await.expect("it listens");
        idle.write_all(b"GET / HTTP/1.1\r\nHost: sim\r\n\r\n").await.expect("it reads");
        let mut first = [0; 12];
        idle.read_exact(&mut first).await.expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 404");
        drop(simulator);
        std::mem::forget(idle);
    });
}
