//! Servers that tell what was asked of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A door before another server: everything passes, and every request that is no read is kept.
pub struct Door {
    pub url: String,
    changes: Arc<Mutex<Vec<String>>>,
}

impl Door {
    pub fn before(server: &str) -> Self {
        let (listener, url) = listen();
        let (server, changes) = (server.trim_start_matches("http://").to_owned(), Arc::<Mutex<Vec<String>>>::default());
        let kept = changes.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(behind) = TcpStream::connect(&server) else { continue };
                let (kept, back) = (kept.clone(), (behind.try_clone(), client.try_clone()));
                if let (Ok(from), Ok(to)) = back {
                    std::thread::spawn(move || pass(from, to, |_| ()));
                }
                std::thread::spawn(move || {
                    pass(client, behind, |bytes| {
                        let text = String::from_utf8_lossy(bytes);
                        let is_change = |line: &&str| {
                            let verb = line.split(' ').next().unwrap_or_default();
                            line.contains(" HTTP/") && ["POST", "PUT", "PATCH", "DELETE"].contains(&verb)
                        };
                        kept.lock().expect("unpoisoned").extend(text.lines().filter(is_change).map(str::to_owned));
                    });
                });
            }
        });
        Self { url, changes }
    }

    pub fn changes(&self) -> Vec<String> {
        self.changes.lock().expect("unpoisoned").clone()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&[u8])) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        look(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// A server that answers everything, `/redirect` with the way to the metadata service.
pub fn misleading() -> String {
    let (listener, url) = listen();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Ok(reading) = client.try_clone() else { continue };
            let lines: Vec<String> =
                BufReader::new(reading).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let to = "Location: http://169.254.169.254/stackit/v1/service-accounts\r\n";
            let is_redirect = lines.first().is_some_and(|line| line.contains(" /redirect "));
            let (status, location) = if is_redirect { ("302 Found", to) } else { ("200 OK", "") };
            let head = format!("HTTP/1.1 {status}\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = client.write_all(head.as_bytes());
        }
    });
    url
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, url)
}
