//! Sends each record to the system's log as well, where the run itself cannot change it any more.
//!
//! Source: RFC 5424 (the message), RFC 5426 (over UDP); `/dev/log` is a socket of datagrams, syslog(3).

use std::fmt;
use std::net::UdpSocket;
#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use chrono::SecondsFormat;

use super::record::Began;
use crate::clock::Clock;

/// Facility 13, log audit; severity 5, notice.
const PRIORITY: u8 = 13 * 8 + 5;

/// A datagram over UDP cannot be longer than 65,507 bytes, header of the message included.
const LONGEST: usize = 60_000;

/// Where the system's log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogAddress {
    /// A socket of datagrams on this machine, such as `/dev/log`.
    Socket(PathBuf),
    /// Host and port of a server that listens on UDP.
    Udp(String),
}

impl SyslogAddress {
    /// Reads what the setting says: a path, or `udp://host:port`, or `udp://host` for port 514.
    ///
    /// # Errors
    /// When it is neither, with what is right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Ok(Self::Socket(PathBuf::from(text)));
        }
        let right = || "give a socket such as `/dev/log`, or a server such as `udp://logs.example.org:514`".to_owned();
        let host = text.strip_prefix("udp://").filter(|host| !host.is_empty()).ok_or_else(right)?;
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(Self::Udp(if has_port { host.to_owned() } else { format!("{host}:514") }))
    }
}

impl SyslogAddress {
    /// Whether nothing can listen there: there is something at the path, and it is no socket. What is not there yet may
    /// come.
    #[must_use]
    pub fn is_no_socket(&self) -> bool {
        #[cfg(unix)]
        if let Self::Socket(path) = self {
            use std::os::unix::fs::FileTypeExt;
            return std::fs::metadata(path).is_ok_and(|found| !found.file_type().is_socket());
        }
        false
    }
}

enum Socket {
    #[cfg(unix)]
    Unix(UnixDatagram),
    Udp(UdpSocket),
}

/// Sends each record to the system's log. What cannot be sent is lost: the file is what counts.
pub struct Syslog {
    address: SyslogAddress,
    host: String,
    run: String,
    clock: Clock,
    socket: Option<Socket>,
    /// A log that is not there is not looked for again in this run.
    has_failed: bool,
}

impl fmt::Debug for Syslog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Syslog({:?})", self.address)
    }
}

impl Syslog {
    /// A mirror of the run's records. Nothing is sent or connected to yet.
    #[must_use]
    pub fn new(address: SyslogAddress, began: &Began, clock: &Clock) -> Self {
        let host = began.who.host.as_deref().map_or_else(|| "-".to_owned(), |host| printable(host, 255));
        let run = printable(&began.run, 32);
        Self { address, host, run, clock: clock.clone(), socket: None, has_failed: false }
    }

    /// Sends each line as a message of its own.
    pub(super) fn send_lines(&mut self, lines: &[u8]) {
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if self.has_failed {
                return;
            }
            let message = self.message(line);
            let sent = self.send(&message);
            // A log that is busy misses a message; one that is not there misses all.
            self.has_failed = sent.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock);
            if self.has_failed {
                tracing::warn!(address = ?self.address, "the journal is not mirrored to the system's log: it does not listen");
            }
        }
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let socket = match &self.socket {
            Some(socket) => socket,
            None => self.socket.insert(connect(&self.address)?),
        };
        match socket {
            #[cfg(unix)]
            Socket::Unix(socket) => socket.send(message).map(drop),
            Socket::Udp(socket) => socket.send(message).map(drop),
        }
    }

    /// `<PRI>1 TIME HOST APP PROCESS MESSAGE-ID DATA TEXT`.
    fn message(&self, line: &[u8]) -> Vec<u8> {
        let time = self.clock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let head = format!("<{PRIORITY}>1 {time} {} stackhand {} {} - ", self.host, std::process::id(), self.run);
        let mut message = head.into_bytes();
        message.extend_from_slice(line.get(..LONGEST).unwrap_or(line));
        message
    }
}

fn connect(address: &SyslogAddress) -> std::io::Result<Socket> {
    match address {
        #[cfg(unix)]
        SyslogAddress::Socket(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            // A log that does not read must not hold changes up.
            socket.set_nonblocking(true)?;
            Ok(Socket::Unix(socket))
        }
        #[cfg(not(unix))]
        SyslogAddress::Socket(_) => Err(std::io::ErrorKind::Unsupported.into()),
        SyslogAddress::Udp(host) => {
            let socket = UdpSocket::bind("0.0.0.0:0").or_else(|_| UdpSocket::bind("[::]:0"))?;
            socket.connect(host.as_str())?;
            Ok(Socket::Udp(socket))
        }
    }
}

/// The fields of the head are printable ASCII without blanks.
fn printable(text: &str, longest: usize) -> String {
    text.chars().map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::super::record::Who;
    use super::*;

    fn mirror(address: SyslogAddress) -> Syslog {
        let who = Who { host: Some("build 1".to_owned()), ..Who::default() };
        let began = Began { run: "r-1".to_owned(), who, ..Began::default() };
        Syslog::new(address, &began, &Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time")))
    }

    fn expected(text: &str) -> String {
        format!("<109>1 2026-11-22T12:00:00.000000Z build?1 stackhand {} r-1 - {text}", std::process::id())
    }

    #[cfg(unix)]
    #[test]
    fn each_record_is_a_message_to_a_real_socket() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let log = UnixDatagram::bind(&path).expect("a socket");
        let address = SyslogAddress::parse(&path.display().to_string()).expect("a path");
        mirror(address).send_lines(b"{\"a\":1}\n{\"a\":2}\n");
        let mut buffer = [0; 1_000];
        for text in ["{\"a\":1}", "{\"a\":2}"] {
            let length = log.recv(&mut buffer).expect("a message");
            assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected(text));
        }
    }

    #[test]
    fn it_is_sent_over_udp_too_and_cut_where_a_datagram_ends() {
        let log = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = format!("udp://{}", log.local_addr().expect("an address"));
        let mut mirror = mirror(SyslogAddress::parse(&address).expect("an address"));
        mirror.send_lines(&vec![b'x'; 70_000]);
        mirror.send_lines(b"{}");
        let mut buffer = vec![0; 70_000];
        let length = log.recv(&mut buffer).expect("a message");
        assert_eq!(length, expected("").len() + LONGEST);
        let length = log.recv(&mut buffer).expect("a message");
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected("{}"));
    }

    #[test]
    fn a_log_that_is_not_there_is_no_failure() {
        let mut mirror = mirror(SyslogAddress::Socket("/nowhere/log".into()));
        mirror.send_lines(b"{}\n{}\n");
        assert!(mirror.has_failed);
    }

    #[test]
    fn addresses_are_paths_or_servers() {
        assert_eq!(SyslogAddress::parse("/dev/log"), Ok(SyslogAddress::Socket("/dev/log".into())));
        assert_eq!(SyslogAddress::parse("udp://logs"), Ok(SyslogAddress::Udp("logs:514".into())));
        assert_eq!(SyslogAddress::parse("udp://logs:99"), Ok(SyslogAddress::Udp("logs:99".into())));
        assert!(SyslogAddress::parse("logs").unwrap_err().contains("udp://"));
        assert!(SyslogAddress::parse("udp://").is_err());
    }
}
