//! A message to a mail server, over SMTP. The connection is encrypted, or said not to be; a login never goes in the
//! clear to another machine; the addresses of the link are out of reach here too. No proxy is used.
//!
//! Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 4616 (PLAIN).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::select_ok;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Outside;
use crate::error::{Error, Kind, io_cause};
use crate::secret::{REDACTED, Secret};

/// The longest line of a reply, and the most lines of one, that are read.
const LONGEST_LINE: u64 = 4_096;
const MOST_LINES: usize = 100;
/// So many of a server's addresses are tried.
const MOST_ADDRESSES: usize = 8;
/// So much of what a server says is told.
const TOLD: usize = 200;

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// In the clear up to STARTTLS, which must be offered (port 587, usually).
    StartTls,
    /// Encrypted from the first byte (port 465, usually).
    Tls,
    /// In the clear.
    None,
}

/// A mail server, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub encryption: Encryption,
    /// Name and password, if it wants them.
    pub login: Option<(String, Secret)>,
}

/// A message, and where it goes.
#[derive(Debug)]
pub struct Mail {
    /// Who is to deliver it.
    pub server: MailServer,
    /// The sender's address, without a name.
    pub from: String,
    /// The receivers' addresses, without names.
    pub to: Vec<String>,
    /// The message: headers, an empty line, the body; lines of ASCII that end in CR LF.
    pub message: Secret,
}

/// A message that was not taken.
#[derive(Debug)]
pub struct MailError {
    /// What happened.
    pub error: Error,
    /// Whether the server will never take this message (its replies of 5xx to sender, receivers or message).
    pub is_final: bool,
}

impl MailError {
    fn passing(error: Error) -> Self {
        Self { error, is_final: false }
    }
}

impl Outside {
    /// Hands a message to a mail server, once; gives what the server says of receivers it refuses, if it took others.
    /// It takes as long as the server does: bound it with a clock.
    ///
    /// # Errors
    /// - `invalid`: an address cannot be sent.
    /// - `policy`: the host is of the link, or the login would go in the clear to another machine.
    /// - `network`: no connection, no encryption, or a reply that is none.
    /// - `server`: the server refuses.
    pub async fn mail(&self, mail: &Mail) -> Result<Vec<String>, MailError> {
        for address in mail.to.iter().chain([&mail.from]) {
            check_address(address).map_err(|error| MailError { error, is_final: true })?;
        }
        let tcp = self.reach(&mail.server.host, mail.server.port).await.map_err(MailError::passing)?;
        let of = |addresses: std::io::Result<std::net::SocketAddr>| addresses.map(|address| address.ip()).ok();
        let is_here = of(tcp.peer_addr()).is_some_and(|address| address.is_loopback());
        if mail.server.login.is_some() && mail.server.encryption == Encryption::None && !is_here {
            let message = format!("the login at `{}` would go over the network in the clear", mail.server.host);
            return Err(MailError::passing(
                Error::new(Kind::Policy, "smtp_login_in_the_clear", message).with_hint("let the server use STARTTLS"),
            ));
        }
        let greeting = match of(tcp.local_addr()) {
            Some(std::net::IpAddr::V6(address)) => format!("EHLO [IPv6:{address}]"),
            Some(address) => format!("EHLO [{address}]"),
            None => "EHLO [127.0.0.1]".to_owned(),
        };
        match mail.server.encryption {
            Encryption::None => {
                let mut talk = Talk::new(tcp, mail);
                talk.expect(2).await?;
                talk.hand_over(&greeting).await
            }
            Encryption::Tls => {
                let mut talk = Talk::new(self.encrypt(tcp, &mail.server.host).await.map_err(MailError::passing)?, mail);
                talk.expect(2).await?;
                talk.hand_over(&greeting).await
            }
            Encryption::StartTls => {
                let mut talk = Talk::new(tcp, mail);
                talk.expect(2).await?;
                let offers = talk.say(&greeting, 2).await?;
                if !offers.lines.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
                    let message = format!("`{}` does not offer STARTTLS", mail.server.host);
                    return Err(MailError::passing(
                        Error::new(Kind::Network, "smtp_no_tls", message)
                            .with_hint("use port 465, or `starttls = false` for a server of this machine"),
                    ));
                }
                talk.say("STARTTLS", 2).await?;
                // What came before the handshake may be anybody's.
                if !talk.stream.buffer().is_empty() {
                    return Err(talk.odd("said more before the encryption began"));
                }
                let tcp = talk.stream.into_inner();
                let mut talk = Talk::new(self.encrypt(tcp, &mail.server.host).await.map_err(MailError::passing)?, mail);
                talk.hand_over(&greeting).await
            }
        }
    }

    async fn reach(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let unreachable = |reason: &str| {
            Error::new(Kind::Network, "no_answer", format!("the mail server `{host}:{port}` is not reached: {reason}"))
        };
        let addresses = self.addresses(host).await?.map_err(|error| unreachable(&io_cause(&error)))?;
        // All at once: an address that swallows what it is sent, as those of a broken IPv6 do, must not use up the time.
        let connecting = addresses.into_iter().take(MOST_ADDRESSES).map(|mut address| {
            address.set_port(port);
            Box::pin(TcpStream::connect(address))
        });
        let connecting: Vec<_> = connecting.collect();
        if connecting.is_empty() {
            return Err(unreachable("its name leads nowhere"));
        }
        match select_ok(connecting).await {
            Ok((stream, _)) => Ok(stream),
            Err(error) => Err(unreachable(&io_cause(&error))),
        }
    }

    async fn encrypt(&self, tcp: TcpStream, host: &str) -> Result<impl AsyncRead + AsyncWrite + Unpin + use<>, Error> {
        let broken = |reason: String| {
            Error::new(Kind::Network, "smtp_tls", format!("no encrypted connection to `{host}`: {reason}"))
                .with_hint("a certificate authority of your own is trusted by `--ca-file` or STACKHAND_CA_FILE")
        };
        let mut config = self.tls().map_err(broken)?;
        config.alpn_protocols.clear();
        let name = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|_| broken("its name is none".to_owned()))?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        connecting.map_err(|error| broken(io_cause(&error)))
    }
}

/// One conversation with a mail server.
struct Talk<'m, S> {
    stream: BufReader<S>,
    mail: &'m Mail,
    /// What it was told in order to log in: servers that take it for a command repeat it.
    hidden: Vec<String>,
}

struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl<'m, S: AsyncRead + AsyncWrite + Unpin> Talk<'m, S> {
    fn new(stream: S, mail: &'m Mail) -> Self {
        Self { stream: BufReader::new(stream), mail, hidden: Vec::new() }
    }

    /// From the greeting to the end of the message.
    async fn hand_over(&mut self, greeting: &str) -> Result<Vec<String>, MailError> {
        let offers = self.say(greeting, 2).await?;
        if let Some((user, password)) = &self.mail.server.login {
            self.log_in(&offers, user, password).await?;
        }
        let is_final = |mut failed: MailError, code: u16| {
            failed.is_final = code / 100 == 5;
            failed
        };
        let reply = self.ask(&format!("MAIL FROM:<{}>", self.mail.from)).await?;
        self.expected(reply, 2).map_err(|(failed, code)| is_final(failed, code))?;
        let mut refused = Vec::new();
        for address in &self.mail.to {
            let reply = self.ask(&format!("RCPT TO:<{address}>")).await?;
            if let Err((failed, code)) = self.expected(reply, 2) {
                refused.push((address, is_final(failed, code)));
            }
        }
        if refused.len() == self.mail.to.len() {
            // Who says "later" is asked later, whatever is said of the others.
            let place = refused.iter().position(|(_, failed)| !failed.is_final).unwrap_or_default();
            let why = refused.into_iter().nth(place).map(|(_, failed)| failed);
            return Err(why.unwrap_or_else(|| self.odd("was given no receiver")));
        }
        let refused = refused.into_iter().map(|(address, failed)| format!("{address}: {}", failed.error.message));
        let refused = refused.collect();
        let reply = self.ask("DATA").await?;
        self.expected(reply, 3).map_err(|(failed, code)| is_final(failed, code))?;
        self.write(&with_dots(self.mail.message.expose())).await?;
        let reply = self.reply().await?;
        self.expected(reply, 2).map_err(|(failed, code)| is_final(failed, code))?;
        // The message is the server's now, whatever it says to our goodbye.
        let _ = self.write("QUIT\r\n").await;
        Ok(refused)
    }

    async fn log_in(&mut self, offers: &Reply, user: &str, password: &Secret) -> Result<(), MailError> {
        let offered = offers.lines.iter().filter_map(|line| {
            let upper = line.to_ascii_uppercase();
            upper.strip_prefix("AUTH ").or_else(|| upper.strip_prefix("AUTH=")).map(str::to_owned)
        });
        let offered = offered.collect::<Vec<_>>().join(" ");
        let has = |method: &str| offered.split_whitespace().any(|offered| offered == method);
        let outcome = if has("PLAIN") {
            let token = STANDARD.encode(format!("\0{user}\0{}", password.expose()));
            self.hidden.push(token.clone());
            self.ask(&format!("AUTH PLAIN {token}")).await?
        } else if has("LOGIN") {
            self.say("AUTH LOGIN", 3).await?;
            self.say(&STANDARD.encode(user), 3).await?;
            let token = STANDARD.encode(password.expose());
            self.hidden.push(token.clone());
            self.ask(&token).await?
        } else {
            let message = format!("`{}` offers no way to log in that is known here", self.mail.server.host);
            return Err(MailError::passing(Error::new(Kind::Network, "smtp_no_login", message)));
        };
        self.expected(outcome, 2).map(drop).map_err(|(mut failed, _)| {
            failed.error.kind = Kind::Auth;
            failed.error.hint = Some("look at `user` and `password` of the channel".to_owned());
            failed
        })
    }

    /// Sends a line and wants a reply of this hundred.
    async fn say(&mut self, line: &str, hundred: u16) -> Result<Reply, MailError> {
        let reply = self.ask(line).await?;
        self.expected(reply, hundred).map_err(|(failed, _)| failed)
    }

    async fn expect(&mut self, hundred: u16) -> Result<Reply, MailError> {
        let reply = self.reply().await?;
        self.expected(reply, hundred).map_err(|(failed, _)| failed)
    }

    fn expected(&self, reply: Reply, hundred: u16) -> Result<Reply, (MailError, u16)> {
        if reply.code / 100 == hundred {
            return Ok(reply);
        }
        let all = self.hidden.iter().fold(reply.lines.join(" "), |said, token| said.replace(token, REDACTED));
        let said: String = all.chars().filter(|c| !c.is_control()).take(TOLD).collect();
        let message = format!("the mail server `{}` refuses: {} {said}", self.mail.server.host, reply.code);
        let kind = if reply.code / 100 == 4 { Kind::Server } else { Kind::Invalid };
        Err((MailError::passing(Error::new(kind, "smtp_refused", message)), reply.code))
    }

    async fn ask(&mut self, line: &str) -> Result<Reply, MailError> {
        self.write(&format!("{line}\r\n")).await?;
        self.reply().await
    }

    async fn write(&mut self, text: &str) -> Result<(), MailError> {
        let written = self.stream.write_all(text.as_bytes()).await;
        let written = match written {
            Ok(()) => self.stream.flush().await,
            Err(error) => Err(error),
        };
        written.map_err(|error| self.odd(&format!("broke off: {}", io_cause(&error))))
    }

    async fn reply(&mut self) -> Result<Reply, MailError> {
        let mut lines = Vec::new();
        while lines.len() < MOST_LINES {
            let mut line = Vec::new();
            let read = (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line).await;
            read.map_err(|error| self.odd(&format!("broke off: {}", io_cause(&error))))?;
            if !line.ends_with(b"\n") {
                return Err(self.odd("broke off"));
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let code = text.get(..3).and_then(|code| code.parse::<u16>().ok());
            let Some(code) = code.filter(|code| (200..600).contains(code)) else {
                return Err(self.odd("does not speak SMTP"));
            };
            lines.push(text.get(4..).unwrap_or_default().to_owned());
            if text.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
        }
        Err(self.odd("says too much"))
    }

    fn odd(&self, what: &str) -> MailError {
        let message = format!("the mail server `{}:{}` {what}", self.mail.server.host, self.mail.server.port);
        MailError::passing(Error::new(Kind::Network, "smtp_broken", message))
    }
}

/// The message as it is sent: a line that begins with a dot gets another, and a single dot ends it.
fn with_dots(message: &str) -> String {
    let mut sent = String::with_capacity(message.len() + 64);
    for line in message.lines() {
        if line.starts_with('.') {
            sent.push('.');
        }
        sent.push_str(line);
        sent.push_str("\r\n");
    }
    sent.push_str(".\r\n");
    sent
}

fn check_address(address: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_graphic() && !"<>,;\"\\".contains(c);
    if address.len() <= 254 && address.contains('@') && address.chars().all(is_plain) {
        return Ok(());
    }
    Err(Error::new(Kind::Invalid, "bad_address", format!("`{}` is no mail address", address.escape_debug()))
        .with_hint("write it as `ops@example.org`; letters beyond ASCII cannot be sent"))
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
