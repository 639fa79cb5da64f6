//! A web server on threads of its own, for tests that wait for what processes tell it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::Value;

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_mins(2);
/// What is told here is never answered.
const STUCK: &str = "/stuck";
/// What is told here is refused until the test says otherwise.
const AILING: &str = "/ailing";

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    pub method: String,
    pub path: String,
    /// The header that says which notice it is.
    pub id: String,
    pub body: Value,
}

impl Heard {
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap_or_default()
    }

    pub fn event(&self) -> &str {
        self.body["event"].as_str().unwrap_or_default()
    }
}

/// Hears all that is sent to it; it ends with the test.
pub struct Ear {
    pub url: String,
    pub requests: Receiver<Heard>,
    is_well: Arc<AtomicBool>,
}

impl Ear {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, requests) = channel();
        let is_well = Arc::new(AtomicBool::new(false));
        let recovers = is_well.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (sender, is_well) = (sender.clone(), recovers.clone());
                std::thread::spawn(move || answer(&stream, &sender, &is_well));
            }
        });
        Self { url, requests, is_well }
    }

    /// Takes what it refused so far.
    pub fn recover(&self) {
        self.is_well.store(true, Ordering::SeqCst);
    }

    /// Waits for a request that is wanted; gives all that came up to it.
    pub fn hears(&self, is_wanted: impl Fn(&Heard) -> bool) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            let request =
                self.requests.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it never came after {heard:#?}"));
            heard.push(request);
            if heard.last().is_some_and(&is_wanted) {
                return heard;
            }
        }
    }
}

fn answer(mut stream: &TcpStream, sender: &Sender<Heard>, is_well: &AtomicBool) {
    let mut reader = BufReader::new(stream);
    while let Some(heard) = read(&mut reader) {
        let is_stuck = heard.path.starts_with(STUCK);
        let is_refused = heard.path.starts_with(AILING) && !is_well.load(Ordering::SeqCst);
        // The test may be over.
        let _ = sender.send(heard);
        if is_stuck {
            // Held until the other side gives up.
            let _ = reader.read(&mut [0]);
            return;
        }
        let status = if is_refused { "503 Service Unavailable" } else { "200 OK" };
        if stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Heard> {
    let mut first = String::new();
    if reader.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let (mut length, mut id) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("x-stackhand-id") => value.clone_into(&mut id),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Heard { method, path, id, body: serde_json::from_slice(&body).unwrap_or_default() })
}
