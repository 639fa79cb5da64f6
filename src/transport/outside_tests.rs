use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::transport::{Live, LiveOptions};

/// A network in which every name leads to this address.
fn outside(address: SocketAddr) -> Outside {
    let Live(network) = Live::new(&LiveOptions::default()).expect("a network");
    Outside::looking_up(network, Arc::new(move |_| Box::pin(std::future::ready(Ok(vec![address])))))
}

fn call(url: &str) -> OutsideCall {
    OutsideCall {
        url: OutsideUrl::parse(url).expect("a URL"),
        method: "post".to_owned(),
        headers: vec![("X-Key".to_owned(), "hunter22".into())],
        body: Some("a body".into()),
        time_limit: Duration::from_secs(20),
        longest_answer: 100,
        excess: Excess::Fails,
    }
}

/// A server that answers one request, and gives it back.
async fn server(answer: String) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = Vec::new();
        while !request.ends_with(b"a body") {
            stream.read_buf(&mut request).await.expect("readable");
        }
        stream.write_all(answer.as_bytes()).await.expect("writable");
        String::from_utf8(request).expect("text")
    });
    (address, request)
}

#[test]
fn the_metadata_service_has_no_url() {
    for url in [
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[fe80::1]/",
        "http://METADATA.google.internal/",
        "https://169.254.169.254:8443/",
        "http://１６９.２５４.１６９.２５４/",
        "http://169。254。169。254/",
    ] {
        assert_eq!(OutsideUrl::parse(url).err().map(|error| error.code), Some("link_local"), "{url}");
    }
    for url in ["", "x", "ftp://a/", "file:///etc/passwd", "http://", "http://user:pw@a/", "http://user@a/"] {
        assert_eq!(OutsideUrl::parse(url).err().map(|error| error.code), Some("bad_url"), "{url}");
    }
    assert_eq!(OutsideUrl::parse("HTTPS://API.example.com/a?b").expect("good").host(), "api.example.com:443");
}

#[tokio::test]
async fn a_request_goes_out_with_what_it_was_given_and_nothing_of_ours() {
    let answer =
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok";
    let (address, request) = server(answer.to_owned()).await;
    let answer = outside(address).send(call(&format!("http://api.example.com:{}/p?q=1", address.port()))).await;
    let answer = answer.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (302, &b"ok"[..]), "no redirect is followed");
    assert!(answer.headers.contains(&("x-a".to_owned(), "1, 2".to_owned())), "{answer:?}");
    let request = request.await.expect("it was sent").to_lowercase();
    assert!(request.starts_with("post /p?q=1 http/1.1\r\n") && request.contains("x-key: hunter22"), "{request}");
    assert!(!request.contains("authorization") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn a_name_that_leads_to_the_link_is_refused_when_it_is_resolved() {
    for address in ["169.254.169.254:0", "[fe80::1]:0", "[::ffff:169.254.169.254]:0"] {
        let error = outside(address.parse().expect("an address")).send(call("http://innocent.example/")).await;
        assert_eq!(error.err().map(|error| (error.kind, error.code)), Some((Kind::Policy, "link_local")), "{address}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_told_without_the_url() {
    let (address, _request) =
        server(format!("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{}", "x".repeat(200))).await;
    let long = outside(address).send(call(&format!("http://a.example:{}/secret", address.port()))).await;
    let error = long.expect_err("too long");
    assert_eq!(error.code, "answer_too_long");
    assert!(!error.message.contains("secret"), "{}", error.message);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = listener.local_addr().expect("bound");
    drop(listener);
    let error = outside(closed).send(call(&format!("http://a.example:{}/secret", closed.port()))).await;
    let error = error.expect_err("nobody is there");
    assert_eq!((error.kind, error.code), (Kind::Network, "no_answer"));
    assert!(!error.message.contains("secret"), "{}", error.message);
}

#[tokio::test]
async fn headers_that_say_where_a_request_goes_are_ours() {
    let outside = outside("127.0.0.1:1".parse().expect("an address"));
    for header in ["Host", "transfer-encoding", "a b", "", "x\r\ny"] {
        let call = OutsideCall { headers: vec![(header.to_owned(), "v".into())], ..call("http://a.example/") };
        assert_eq!(outside.send(call).await.err().map(|error| error.code), Some("bad_header"), "{header}");
    }
    let call = OutsideCall { headers: vec![("x".to_owned(), "a\r\nb: c".into())], ..call("http://a.example/") };
    assert_eq!(outside.send(call).await.err().map(|error| error.code), Some("bad_header"));
    let call = OutsideCall { method: "CONNECT".to_owned(), ..self::call("http://a.example/") };
    assert_eq!(outside.send(call).await.err().map(|error| error.code), Some("bad_method"));
}
