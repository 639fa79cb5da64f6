//! The live backend against real sockets on this machine: whole, broken, slow and untrusted answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use stackhand::auth::FixedToken;
use stackhand::catalog;
use stackhand::clock::Clock;
use stackhand::config::GivenProxy;
use stackhand::error::Kind;
use stackhand::secret::Secret;
use stackhand::transport::{Call, Client, Endpoints, Error, Limits, Live, LiveOptions, PlainHttp, Target};

use crate::guarded::guarded_one_way;

const PROJECT: &str = "11111111-1111-4111-8111-111111111111";
const ID: &str = "22222222-2222-4222-8222-222222222222";

/// What the server does with one connection.
#[derive(Clone)]
enum Act {
    /// Answers one request with each of these texts, on the same connection.
    Answer(Vec<String>),
    /// Reads a request and closes.
    CloseAfter,
    /// Closes without reading.
    CloseBefore,
    /// Answers whatever is said, without understanding it.
    Blurt(String),
    /// Answers the first bytes, says so, and holds the connection.
    Stall(String),
}

/// A server that plays one act a connection.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    stalled: Receiver<()>,
}

impl Server {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::start(acts, play)
    }

    fn start(
        acts: impl IntoIterator<Item = Act>,
        serve: impl Fn(TcpStream, Act, &Mutex<Vec<String>>, &Sender<()>) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (requests, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<usize>>::default());
        let (sender, stalled) = channel();
        let acts: Vec<_> = acts.into_iter().collect();
        let seen = (requests.clone(), connections.clone());
        std::thread::spawn(move || {
            for act in acts {
                let Ok((stream, _)) = listener.accept() else { return };
                *seen.1.lock().expect("unpoisoned") += 1;
                serve(stream, act, &seen.0, &sender);
            }
        });
        Self { address, requests, connections, stalled }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("unpoisoned").clone()
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn play<S: Read + Write>(mut stream: S, act: Act, requests: &Mutex<Vec<String>>, stalled: &Sender<()>) {
    let take = |stream: &mut S| requests.lock().expect("unpoisoned").push(read_request(stream));
    match act {
        Act::Answer(answers) => {
            for answer in answers {
                take(&mut stream);
                let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
            }
        }
        Act::CloseAfter => take(&mut stream),
        Act::CloseBefore => {}
        Act::Blurt(text) => {
            let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
            let _ = stream.read_to_end(&mut Vec::new());
        }
        Act::Stall(beginning) => {
            take(&mut stream);
            let _ = stream.write_all(beginning.as_bytes()).and_then(|()| stream.flush());
            let _ = stalled.send(());
            // Until the client goes.
            let _ = stream.read(&mut [0]);
        }
    }
}

fn read_request(stream: &mut impl Read) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        request.extend(byte);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    let _ = stream.read_exact(&mut body);
    request.extend(body);
    String::from_utf8_lossy(&request).into_owned()
}

fn ok(body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn empty_list() -> String {
    ok(&json!({ "items": [] }))
}

fn call(name: &str) -> Call {
    let operation = catalog::operation("iaas", name).expect("the catalogue has it");
    Call::new(operation, Target { project: Some(PROJECT.into()), region: Some("eu01".into()) })
}

fn hasty() -> Limits {
    Limits { backoff_base: Duration::from_millis(1), looks: vec![Duration::ZERO], ..Limits::default() }
}

fn client(url: &str, options: &LiveOptions, clock: &Clock) -> Client {
    let live = Live::new(options).expect("usable options");
    let endpoints = Endpoints::new().with_plain_http(PlainHttp::Anywhere).with_everything_at(url).expect("a base URL");
    Client::builder(guarded_one_way(live), Arc::new(FixedToken::new(Secret::new("the-token"))), clock.clone())
        .endpoints(endpoints)
        .limits(hasty())
        .build()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn list(url: &str, options: &LiveOptions) -> Result<Value, Error> {
    let client = client(url, options, &Clock::process());
    let answer = runtime().block_on(client.send(call("list_servers")))?;
    answer.json(call("list_servers").operation)
}

#[test]
fn requests_say_who_asks_and_share_a_connection() {
    let server = Server::new([Act::Answer(vec![empty_list(), empty_list()])]);
    let client = client(&server.url(), &LiveOptions::default(), &Clock::process());
    runtime().block_on(async {
        for _ in 0..2 {
            client.send(call("list_servers")).await.expect("an answer");
        }
    });
    assert_eq!(*server.connections.lock().expect("unpoisoned"), 1);
    let request = server.requests()[0].to_lowercase();
    assert!(request.starts_with(&format!("get /v2/projects/{PROJECT}/regions/eu01/servers http/1.1\r\n")), "{request}");
    assert!(request.contains("\r\nauthorization: bearer the-token\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nuser-agent: stackhand/{}\r\n", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(request.contains("\r\naccept: application/json\r\n"), "{request}");
}

#[test]
fn a_read_survives_broken_connections_and_cut_answers() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"items\":";
    let chunk =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"items\":\r\n";
    let half_a_head = "HTTP/1.1 200 OK\r\ncontent-ty";
    for act in [
        Act::CloseBefore,
        Act::CloseAfter,
        Act::Answer(vec![cut.into()]),
        Act::Answer(vec![chunk.into()]),
        Act::Answer(vec![half_a_head.into()]),
        Act::Answer(vec!["nonsense\r\n\r\n".into()]),
    ] {
        let server = Server::new([act, Act::Answer(vec![empty_list()])]);
        assert_eq!(list(&server.url(), &LiveOptions::default()).expect("the second try works"), json!({ "items": [] }));
    }
}

#[test]
fn a_create_whose_connection_broke_is_looked_for_and_not_repeated() {
    let create = call("create_volume").with_json(json!({ "name": "data", "availabilityZone": "eu01-1", "size": 1 }));
    let old = json!({ "id": ID, "name": "data", "availabilityZone": "eu01-1", "createdAt": "2020-01-01T00:00:00Z" });
    let server = Server::new([Act::CloseAfter, Act::Answer(vec![ok(&json!({ "items": [old] }))])]);
    let client = client(&server.url(), &LiveOptions::default(), &Clock::process());
    let error = runtime().block_on(client.send(create)).expect_err("nobody knows");
    assert_eq!((error.kind, error.facts.candidates.len()), (Kind::Ambiguous, 0));
    let methods: Vec<_> = server.requests().iter().map(|request| request[..4].to_owned()).collect();
    assert_eq!(methods, ["POST", "GET "]);
}

#[test]
fn a_delete_whose_connection_broke_is_repeated_and_takes_404_for_done() {
    let gone = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let server = Server::new([Act::CloseAfter, Act::Answer(vec![gone.into()])]);
    let client = client(&server.url(), &LiveOptions::default(), &Clock::process());
    runtime().block_on(client.send(call("delete_volume").with("volumeId", ID))).expect("it is gone");
}

#[test]
fn nobody_there_is_told_with_what_to_check() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = list(&url, &LiveOptions::default()).expect_err("nobody listens");
    assert_eq!((error.kind, error.is_retryable()), (Kind::Network, true));
    assert!(error.message.contains("connection refused"), "{error}");
    assert!(error.hint.expect("a hint").contains("HTTPS_PROXY"));
}

/// A name whose label is too long for any name server, so that none is asked.
fn no_such_host() -> String {
    format!("{}.invalid", "x".repeat(64))
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    let error =
        list(&format!("http://{}", no_such_host()), &LiveOptions::default()).expect_err("there is no such host");
    assert_eq!(error.kind, Kind::Network);
    assert!(error.message.contains(&format!("`{}`: its name is not known", no_such_host())), "{error}");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::new([]);
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n", elsewhere.url());
    let server = Server::new([Act::Answer(vec![moved])]);
    let error = list(&server.url(), &LiveOptions::default()).expect_err("it is somewhere else");
    assert_eq!((error.kind, error.code), (Kind::Server, "redirected"));
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn an_answer_that_is_too_large_is_not_read() {
    let options = LiveOptions { longest_answer: 1_000, ..LiveOptions::default() };
    let announced = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2000000000\r\n\r\n{";
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}", "x".repeat(2_000));
    for answer in [announced.to_owned(), endless] {
        let server = Server::new([Act::Answer(vec![answer])]);
        let error = list(&server.url(), &options).expect_err("it is too large");
        assert!(error.message.contains("the answer is larger than"), "{error}");
    }
}

#[test]
fn an_answer_that_never_ends_is_given_up() {
    let server = Server::new([Act::Stall("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".into())]);
    let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a valid time"));
    let client = client(&server.url(), &LiveOptions::default(), &clock);
    let mut call = call("list_servers");
    call.time_limit = Some(Duration::from_secs(5));
    let busy = clock.busy();
    let runtime = runtime();
    let task = runtime.spawn(async move { client.send(call).await });
    server.stalled.recv().expect("the request came");
    // Nobody is at work any more: the clock jumps to the end of the call's time.
    drop(busy);
    let error = runtime.block_on(task).expect("it ends").expect_err("its time is over");
    assert_eq!((error.kind, error.code), (Kind::Timeout, "no_answer_in_time"));
}

#[test]
fn a_proxy_is_used_and_this_machine_is_reached_past_it() {
    let proxy = Server::new([Act::Answer(vec![empty_list()])]);
    let options =
        LiveOptions { http_proxy: Some(GivenProxy::new("HTTP_PROXY", proxy.url())), ..LiveOptions::default() };
    list("http://iaas.example", &options).expect("the proxy answers");
    assert!(proxy.requests()[0].starts_with("GET http://iaas.example/v2/projects/"), "{}", proxy.requests()[0]);
    let server = Server::new([Act::Answer(vec![empty_list()])]);
    list(&server.url(), &options).expect("the server answers itself");
    let named = LiveOptions { no_proxy: Some(no_such_host()), ..options };
    assert!(list(&format!("http://{}", no_such_host()), &named).is_err());
    let nobody = LiveOptions { no_proxy: Some("a.example, *".into()), ..named };
    assert!(list(&format!("http://{}", no_such_host()), &nobody).is_err());
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn a_host_may_be_past_the_proxy_on_one_port_alone() {
    let proxy = Server::new([Act::Answer(vec![empty_list()]), Act::Answer(vec![empty_list()])]);
    let options = LiveOptions {
        http_proxy: Some(GivenProxy::new("HTTP_PROXY", proxy.url())),
        no_proxy: Some(format!("{}:8080, 10.0.0.0/8", no_such_host())),
        ..LiveOptions::default()
    };
    assert!(list(&format!("http://{}:8080", no_such_host()), &options).is_err(), "there is no such host");
    list(&format!("http://{}", no_such_host()), &options).expect("the proxy answers");
    list(&format!("http://{}:8081", no_such_host()), &options).expect("the proxy answers");
    assert!(proxy.requests()[1].contains(":8081/"), "{}", proxy.requests()[1]);
}

#[test]
fn a_proxy_that_is_no_url_is_told_by_its_variable_and_without_its_password() {
    let options = LiveOptions {
        https_proxy: Some(GivenProxy::new("HTTPS_PROXY", "http://me:hunter2@ bad")),
        ..LiveOptions::default()
    };
    let Err(error) = Live::new(&options) else { panic!("it is no URL") };
    assert_eq!((error.kind, error.place.as_deref()), (Kind::Config, Some("HTTPS_PROXY")));
    assert!(!format!("{error:?}").contains("hunter2"));
    let options = LiveOptions {
        https_proxy: Some(GivenProxy::new("all_proxy", "socks5://me:hunter2@proxy:1080")),
        ..LiveOptions::default()
    };
    let Err(error) = Live::new(&options) else { panic!("it is of another kind") };
    assert_eq!((error.place.as_deref(), error.message.as_str()), (Some("all_proxy"), "only http proxies can be used"));
}

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(file)
}

/// A server that speaks TLS, with a certificate that the tests' own authority signed.
fn tls_server(acts: impl IntoIterator<Item = Act>) -> Server {
    tls_server_of(&[], acts)
}

fn tls_server_of(protocols: &[&str], acts: impl IntoIterator<Item = Act>) -> Server {
    let certificate = CertificateDer::from_pem_file(data("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(data("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let config = Arc::new(config);
    Server::start(acts, move |stream, act, requests, stalled| {
        let connection = rustls::ServerConnection::new(config.clone()).expect("a connection");
        play(rustls::StreamOwned::new(connection, stream), act, requests, stalled);
    })
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_with_the_way_out() {
    let server = tls_server([Act::Answer(vec![empty_list()])]);
    let url = format!("https://localhost:{}", server.address.port());
    let error = list(&url, &LiveOptions::default()).expect_err("nobody knows the authority");
    assert_eq!((error.kind, error.is_retryable()), (Kind::Network, false));
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("--ca-file")), "{error:?}");
}

#[test]
fn a_file_of_authorities_is_trusted_and_the_host_is_still_checked() {
    let options = LiveOptions { ca_file: Some(data("authority.pem")), ..LiveOptions::default() };
    let server = tls_server([Act::Answer(vec![empty_list()])]);
    list(&format!("https://localhost:{}", server.address.port()), &options).expect("it is trusted");
    let server = tls_server([Act::Answer(vec![empty_list()])]);
    let error = list(&format!("https://127.0.0.2:{}", server.address.port()), &options);
    // Where this machine has but one loopback address nobody answers; otherwise the name is wrong.
    assert_eq!(error.expect_err("the certificate is for another").kind, Kind::Network);
}

#[test]
fn a_server_that_speaks_http_2_is_spoken_to_so() {
    let options = LiveOptions { ca_file: Some(data("authority.pem")), ..LiveOptions::default() };
    let server = tls_server_of(&["h2", "http/1.1"], [Act::CloseAfter]);
    // What this server says is no HTTP/2; how the client begins is the point.
    let _ = list(&format!("https://localhost:{}", server.address.port()), &options);
    assert!(server.requests()[0].starts_with("PRI * HTTP/2.0\r\n"), "{:?}", server.requests());
}

#[test]
fn a_server_without_tls_is_told_from_one_with_it() {
    let server = Server::new([Act::Blurt("HTTP/1.1 400 Bad Request\r\n\r\n".into())]);
    let error = list(&format!("https://localhost:{}", server.address.port()), &LiveOptions::default());
    let error = error.expect_err("it does not speak TLS");
    assert!(error.message.ends_with("it does not speak TLS"), "{error}");
}
