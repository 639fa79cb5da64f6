use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::transport::{Live, LiveOptions};

/// Encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What a server says to lines that begin so; `TLS` makes it begin to encrypt after saying it, `END` makes it hang up.
type Script = Vec<(&'static str, &'static str)>;

struct Server {
    port: u16,
    heard: tokio::task::JoinHandle<Vec<String>>,
    /// The certificate to trust.
    ca_file: tempfile::NamedTempFile,
}

const USUAL: [(&str, &str); 6] = [
    ("EHLO", "250-here\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME"),
    ("AUTH", "235 welcome"),
    ("MAIL", "250 ok"),
    ("RCPT", "250 ok"),
    ("DATA", "354 go on"),
    (".", "250 taken"),
];

/// A server for one connection that speaks by a script; what that leaves out, it says as usual.
async fn server(script: Script, encrypted: bool) -> Server {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "mail.example".to_owned()]).expect("made");
    let ca_file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(ca_file.path(), made.cert.pem()).expect("written");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(crate::transport::tls::provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let heard = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a client");
        let mut heard = Vec::new();
        let _ = converse(tcp, acceptor, script, encrypted, &mut heard).await;
        heard
    });
    Server { port, heard, ca_file }
}

async fn converse(
    tcp: TcpStream,
    acceptor: TlsAcceptor,
    script: Script,
    encrypted: bool,
    heard: &mut Vec<String>,
) -> std::io::Result<()> {
    let mut stream: BufReader<Box<dyn Stream>> =
        BufReader::new(if encrypted { Box::new(acceptor.accept(tcp).await?) } else { Box::new(tcp) });
    stream.write_all(b"220 here\r\n").await?;
    let mut is_text = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        heard.push(line.clone());
        if is_text && line != "." {
            continue;
        }
        let mut answers = script.iter().chain(&USUAL);
        let answer = answers.find(|(start, _)| line.starts_with(start)).map_or("334 go on", |(_, answer)| *answer);
        is_text = answer.starts_with("354");
        match answer.strip_prefix("TLS ") {
            Some(answer) => {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
                stream = BufReader::new(Box::new(acceptor.accept(stream.into_inner()).await?));
            }
            None if answer == "END" => return Ok(()),
            None => stream.write_all(format!("{answer}\r\n").as_bytes()).await?,
        }
        stream.flush().await?;
    }
}

fn mail(server: &Server, encryption: Encryption) -> Mail {
    Mail {
        server: MailServer {
            host: "127.0.0.1".to_owned(),
            port: server.port,
            encryption,
            login: Some(("ops".to_owned(), "hunter22".into())),
        },
        from: "night@example.org".to_owned(),
        to: vec!["ops@example.org".to_owned(), "boss@example.org".to_owned()],
        message: "Subject: hello\r\n\r\n.a dot\r\nand an end".into(),
    }
}

fn outside(ca_file: Option<&tempfile::NamedTempFile>) -> Outside {
    let ca_file = ca_file.map(|file| file.path().to_owned());
    Live::new(&LiveOptions { ca_file, ..LiveOptions::default() }).expect("a network").outside()
}

async fn send(script: Script, encryption: Encryption) -> (Result<Vec<String>, MailError>, Vec<String>) {
    let server = server(script, encryption == Encryption::Tls).await;
    let sent = outside(Some(&server.ca_file)).mail(&mail(&server, encryption)).await;
    (sent, server.heard.await.expect("no panic"))
}

fn starttls() -> Script {
    vec![("EHLO", "250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN"), ("STARTTLS", "TLS 220 go ahead")]
}

#[tokio::test]
async fn a_message_goes_over_starttls_with_its_login_inside() {
    let (sent, heard) = send(starttls(), Encryption::StartTls).await;
    assert_eq!(sent.expect("taken"), Vec::<String>::new());
    assert_eq!(
        heard,
        [
            "EHLO [127.0.0.1]",
            "STARTTLS",
            "EHLO [127.0.0.1]",
            "AUTH PLAIN AG9wcwBodW50ZXIyMg==",
            "MAIL FROM:<night@example.org>",
            "RCPT TO:<ops@example.org>",
            "RCPT TO:<boss@example.org>",
            "DATA",
            "Subject: hello",
            "",
            "..a dot",
            "and an end",
            ".",
            "QUIT",
        ]
    );
}

#[tokio::test]
async fn a_server_may_be_encrypted_from_the_first_byte_or_of_this_machine() {
    for encryption in [Encryption::Tls, Encryption::None] {
        let (sent, heard) = send(Vec::new(), encryption).await;
        assert_eq!(sent.expect("taken"), Vec::<String>::new());
        assert_eq!(heard.iter().filter(|line| line.starts_with("STARTTLS")).count(), 0);
    }
    let script =
        vec![("EHLO", "250 AUTH LOGIN CRAM-MD5"), ("AUTH", "334 who"), ("b3Bz", "334 what"), ("aHVu", "235 ok")];
    let (sent, _) = send(script, Encryption::None).await;
    assert_eq!(sent.expect("taken"), Vec::<String>::new());
}

#[tokio::test]
async fn no_encryption_means_no_login_and_no_message() {
    let (sent, heard) = send(Vec::new(), Encryption::StartTls).await;
    assert_eq!(sent.expect_err("it offers none").error.code, "smtp_no_tls");
    assert_eq!(heard, ["EHLO [127.0.0.1]"]);
    // Somebody in the middle answers ahead, in the hope that it is read as said under encryption.
    let ahead = vec![("EHLO", "250 STARTTLS"), ("STARTTLS", "220 go ahead\r\n250 AUTH PLAIN")];
    let (sent, heard) = send(ahead, Encryption::StartTls).await;
    assert_eq!(sent.expect_err("it says too much").error.code, "smtp_broken");
    assert!(!heard.iter().any(|line| line.starts_with("AUTH")), "{heard:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = server(starttls(), false).await;
    let sent = outside(None).mail(&mail(&server, Encryption::StartTls)).await;
    let error = sent.expect_err("unknown").error;
    assert_eq!((error.kind, error.code), (Kind::Network, "smtp_tls"));
    assert!(!server.heard.await.expect("no panic").iter().any(|line| line.starts_with("AUTH")));
}

#[tokio::test]
async fn a_login_in_the_clear_goes_to_no_other_machine() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    // An address of this machine that is not its loopback; where there is none, there is nothing to try.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let Ok(SocketAddr::V4(own)) = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr()) else { return };
    if own.ip().is_loopback() || own.ip().is_link_local() {
        return;
    }
    let mail = Mail {
        server: MailServer {
            host: own.ip().to_string(),
            port,
            encryption: Encryption::None,
            login: Some(("ops".to_owned(), "hunter22".into())),
        },
        from: "night@example.org".to_owned(),
        to: vec!["ops@example.org".to_owned()],
        message: "Subject: hello\r\n\r\n".into(),
    };
    let error = outside(None).mail(&mail).await.expect_err("refused").error;
    assert_eq!((error.kind, error.code), (Kind::Policy, "smtp_login_in_the_clear"));
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_told_from_what_it_may_take_later() {
    let is_final = async |script: Script| {
        let (sent, _) = send(script, Encryption::None).await;
        let failed = sent.expect_err("refused");
        (failed.error.code, failed.is_final)
    };
    assert_eq!(is_final(vec![("RCPT", "550 no such mailbox")]).await, ("smtp_refused", true));
    assert_eq!(is_final(vec![("RCPT", "451 greylisted")]).await, ("smtp_refused", false));
    assert_eq!(is_final(vec![("MAIL", "552 too large")]).await, ("smtp_refused", true));
    assert_eq!(is_final(vec![(".", "554 spam")]).await, ("smtp_refused", true));
    assert_eq!(is_final(vec![("DATA", "421 closing")]).await, ("smtp_refused", false));
    // A person can put the password right.
    assert_eq!(is_final(vec![("AUTH", "535 wrong")]).await, ("smtp_refused", false));
    assert_eq!(is_final(vec![("EHLO", "250 AUTH GSSAPI")]).await, ("smtp_no_login", false));
    assert_eq!(is_final(vec![("DATA", "END")]).await, ("smtp_broken", false));
    assert_eq!(is_final(vec![(".", "END")]).await, ("smtp_broken", false));
    assert_eq!(is_final(vec![("EHLO", "hello")]).await, ("smtp_broken", false));
}

#[tokio::test]
async fn receivers_that_are_refused_do_not_keep_it_from_the_others() {
    let (sent, heard) = send(vec![("RCPT TO:<boss", "550 no such mailbox")], Encryption::None).await;
    let refused = sent.expect("taken for one");
    assert!(refused[0].starts_with("boss@example.org: ") && refused[0].ends_with("550 no such mailbox"), "{refused:?}");
    assert!(heard.contains(&".".to_owned()));
}

#[tokio::test]
async fn who_says_later_is_asked_later_whatever_is_said_of_the_others() {
    let script = vec![("RCPT TO:<ops@", "450 come back"), ("RCPT TO:<boss@", "550 nobody here")];
    let (sent, _) = send([starttls(), script].concat(), Encryption::StartTls).await;
    let failed = sent.expect_err("nobody takes it");
    assert!(!failed.is_final && failed.error.message.contains("450 come back"), "{failed:?}");
}

#[tokio::test]
async fn a_login_that_is_repeated_is_not_shown() {
    let token = STANDARD.encode("\0ops\0hunter22");
    let answer: &'static str = format!("500 what is AUTH PLAIN {token}").leak();
    let (sent, _) = send([vec![("AUTH", answer)], starttls()].concat(), Encryption::StartTls).await;
    let message = sent.expect_err("refused").error.message;
    assert!(message.contains("what is AUTH PLAIN ***") && !message.contains(&token), "{message}");
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told() {
    let Live(network) = Live::new(&LiveOptions::default()).expect("a network");
    let of = |found: fn() -> std::io::Result<Vec<SocketAddr>>| {
        Outside::looking_up(network.clone(), Arc::new(move |_| Box::pin(std::future::ready(found()))))
    };
    let server = server(Vec::new(), false).await;
    let mut mail = mail(&server, Encryption::None);
    "mail.example".clone_into(&mut mail.server.host);
    let unknown = of(|| Err(std::io::Error::other("no such name"))).mail(&mail).await.expect_err("not found");
    assert_eq!((unknown.error.kind, unknown.is_final), (Kind::Network, false));
    assert!(unknown.error.message.ends_with("is not reached: no such name"), "{}", unknown.error.message);
    let nowhere = of(|| Ok(Vec::new())).mail(&mail).await.expect_err("no address");
    assert!(nowhere.error.message.ends_with("its name leads nowhere"), "{}", nowhere.error.message);
    let link = of(|| Ok(vec!["169.254.169.254:0".parse().expect("an address")])).mail(&mail).await;
    assert_eq!(link.expect_err("refused").error.code, "link_local");
}

#[tokio::test]
async fn an_address_may_stand_in_brackets_as_in_a_url() {
    let server = server(Vec::new(), true).await;
    let mut mail = mail(&server, Encryption::Tls);
    "[127.0.0.1]".clone_into(&mut mail.server.host);
    let sent = outside(Some(&server.ca_file)).mail(&mail).await;
    assert_eq!(sent.expect("taken"), Vec::<String>::new());
}

/// Every address of `127.0.0.0/8` is this machine's here.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_swallows_what_it_is_sent_keeps_no_mail_from_the_others() {
    use std::time::Duration;
    let server = server(Vec::new(), false).await;
    let hole: SocketAddr = ([127, 0, 0, 2], server.port).into();
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(hole).expect("bound");
    let _listening = socket.listen(0).expect("it listens");
    // Whoever comes once its queue is full is not answered, as by an IPv6 address that leads nowhere.
    let mut held = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&hole, Duration::from_millis(300)) {
        held.push(stream);
    }
    let Live(network) = Live::new(&LiveOptions::default()).expect("a network");
    let found = vec![hole, ([127, 0, 0, 1], 0).into()];
    let outside = Outside::looking_up(network, Arc::new(move |_| Box::pin(std::future::ready(Ok(found.clone())))));
    let mut mail = mail(&server, Encryption::None);
    "mail.example".clone_into(&mut mail.server.host);
    assert_eq!(outside.mail(&mail).await.expect("taken"), Vec::<String>::new());
}

#[tokio::test]
async fn the_link_is_out_of_reach_and_addresses_hold_no_commands() {
    let server = server(Vec::new(), false).await;
    for host in ["169.254.169.254", "::ffff:169.254.169.254", "metadata.google.internal"] {
        let mut mail = mail(&server, Encryption::None);
        host.clone_into(&mut mail.server.host);
        let error = outside(None).mail(&mail).await.expect_err("refused").error;
        assert_eq!((error.kind, error.code), (Kind::Policy, "link_local"), "{host}");
    }
    for address in ["a@b\r\nRCPT TO:<c@d>", "a b@c", "<a@b>", "nobody", "ä@b"] {
        let mail = Mail { to: vec![address.to_owned()], ..mail(&server, Encryption::None) };
        let failed = outside(None).mail(&mail).await.expect_err("refused");
        assert_eq!((failed.error.code, failed.is_final), ("bad_address", true), "{address}");
    }
}

#[test]
fn a_dot_at_the_start_of_a_line_is_doubled() {
    assert_eq!(with_dots("a\r\n.\r\n..b\r\n"), "a\r\n..\r\n...b\r\n.\r\n");
    assert_eq!(with_dots(""), ".\r\n");
}
