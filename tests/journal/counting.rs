//! A server that counts what it sees, and answers every call about servers alike.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use crate::process::Workspace;

pub const ID: &str = "22222222-2222-4222-8222-222222222222";

/// When the server calls out, and what it does then.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// With the change of this number, from 1.
    pub at: usize,
    /// Whether it answers after that.
    pub goes_on: bool,
}

/// What the server saw.
#[derive(Default)]
pub struct Seen {
    /// How often each change came, by its body.
    pub changes: BTreeMap<String, usize>,
    pub reads: usize,
}

/// A server that counts; it ends with the test.
#[derive(Clone)]
pub struct Counting {
    pub url: String,
    pub seen: Arc<Mutex<Seen>>,
    plan: Option<Plan>,
    call: Option<Sender<()>>,
}

impl Counting {
    pub fn start() -> Self {
        Self::with(None, None)
    }

    /// A server that says so when a change of some number has come.
    pub fn planned(plan: Plan, call: Sender<()>) -> Self {
        Self::with(Some(plan), Some(call))
    }

    /// A server that says so with every change.
    pub fn telling(call: Sender<()>) -> Self {
        Self::with(None, Some(call))
    }

    fn with(plan: Option<Plan>, call: Option<Sender<()>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Self { url, seen: Arc::default(), plan, call };
        let this = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let this = this.clone();
                std::thread::spawn(move || this.serve(&stream));
            }
        });
        server
    }

    /// A folder whose processes use the server.
    pub fn workspace(&self) -> Workspace {
        Workspace::new()
            .variable("STACKIT_ACCESS_TOKEN", "eyJhbGciOiJub25lIn0.e30.x")
            .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", &self.url)
            .variable("STACKIT_PROJECT_ID", crate::stage::PROJECT)
    }

    /// How many changes came.
    pub fn changes(&self) -> usize {
        self.seen.lock().expect("unpoisoned").changes.values().sum()
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((method, body)) = read_request(&mut reader) {
            let answers = method == "GET" || self.note(body.clone());
            let name = serde_json::from_str::<serde_json::Value>(&body).ok();
            let name = name.as_ref().and_then(|body| body["name"].as_str()).unwrap_or("web-1");
            let body = format!(
                "{{\"id\":\"{ID}\",\"name\":\"{name}\",\"machineType\":\"c1.2\",\"availabilityZone\":\"eu01-1\",\
                 \"labels\":{{}},\"status\":\"ACTIVE\"}}"
            );
            if method == "GET" {
                self.seen.lock().expect("unpoisoned").reads += 1;
            }
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
            let mut stream = stream;
            if !answers || write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).is_err() {
                break;
            }
        }
    }

    /// Counts a change; `false` if it gets no answer.
    fn note(&self, body: String) -> bool {
        let mut seen = self.seen.lock().expect("unpoisoned");
        *seen.changes.entry(body).or_default() += 1;
        let count: usize = seen.changes.values().sum();
        if self.plan.is_none_or(|plan| count == plan.at)
            && let Some(call) = &self.call
        {
            // The test may be over.
            let _ = call.send(());
        }
        self.plan.is_none_or(|plan| count < plan.at || plan.goes_on)
    }
}

/// Method and body of the next request; `None` at the end of the connection.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head.split(' ').next()?.to_owned(), String::from_utf8(body).ok()?))
}
