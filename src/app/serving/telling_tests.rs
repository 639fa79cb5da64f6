use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::app::{SharedWorlds, Simulation};
use crate::config::{Environment, Event, Given, Workspace};
use crate::notices::Topic;
use crate::secret::Scrubber;

const WORKSPACE: &str = r#"
timezone = "Europe/Berlin"
[channel.ops]
kind = "slack"
url = "file:url"
[[job]]
name = "night"
recipe = "r.rhai"
schedule = "0 20 * * *"
notify = { channels = ["ops"] }
"#;

/// A server's part that tells people, and a web server that hears it.
struct House {
    folder: tempfile::TempDir,
    clock: Clock,
    jobs: Arc<Jobs>,
    telling: Telling,
    /// The web server's URL.
    url: String,
    /// The paths that it was asked for.
    paths: mpsc::UnboundedReceiver<String>,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stackhand.toml");
        let jobs = Jobs::of(Workspace::read(&file, WORKSPACE).expect("it reads"), None).expect("they are jobs");
        let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time"));
        let database = Database::in_memory(&clock).await.expect("a database");
        let surround = Surround {
            environment: Environment::empty(folder.path()).with_home(folder.path()),
            given: Given::default(),
            scrubber: Scrubber::new(),
            max_in_flight: None,
            reserved: Vec::new(),
            worlds: Arc::new(SharedWorlds::new(Simulation::default())),
            progress: None,
            runtime: tokio::runtime::Handle::current(),
        };
        let telling = Telling::open(&database, &surround).await.expect("it opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (sender, paths) = mpsc::unbounded_channel();
        tokio::spawn(hear(listener, sender));
        Self { folder, clock, jobs: Arc::new(jobs), telling, url, paths }
    }

    /// Puts the channel's URL into its file.
    fn lead_to(&self, url: &str) {
        std::fs::write(self.folder.path().join("url"), url).expect("written");
    }

    /// Takes in that the job failed, as for the channels that it names.
    async fn fails(&self) {
        let task = self.jobs.tasks().next().expect("a job").clone();
        let notice =
            Notice { job: Some("night".to_owned()), ..Notice::new(Topic::Job(Event::Failed), self.clock.now()) };
        self.telling.put(&self.jobs, &task, [notice]).await.expect("taken in");
    }

    /// One round of deliveries, once there is something to deliver.
    async fn round(&self) -> Delivered {
        let desk = self.telling.desk(&self.jobs);
        let due = desk.courier.next_due().await.expect("read").expect("something waits");
        self.clock.sleep_until(due).await;
        let delivered = desk.courier.deliver_due(self.clock.now() + ROUND).await.expect("delivered");
        assert!(self.telling.judge(Ok(delivered.clone())));
        delivered
    }
}

async fn hear(listener: TcpListener, paths: mpsc::UnboundedSender<String>) {
    while let Ok((stream, _)) = listener.accept().await {
        let mut stream = BufReader::new(stream);
        let (mut first, mut length) = (String::new(), 0);
        stream.read_line(&mut first).await.expect("a request");
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.expect("a header");
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().expect("a number");
                }
                Some(_) => {}
                None => break,
            }
        }
        stream.read_exact(&mut vec![0; length]).await.expect("a body");
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let status = if path == "/old" { "404 Not Found" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.expect("written");
        let _ = paths.send(path);
    }
}

#[tokio::test]
async fn a_secret_is_read_again_after_a_failure() {
    let mut house = House::new().await;
    house.lead_to(&format!("{}/old", house.url));
    house.fails().await;
    let refused = house.round().await;
    let error = refused.remaining[0].error.clone().expect("a reason");
    assert!(error.starts_with("the channel answers 404"), "{error}");
    // Somebody puts in the new one; nothing tells the server of it.
    house.lead_to(&format!("{}/new", house.url));
    assert_eq!(house.round().await.sent, 1);
    assert_eq!([house.paths.recv().await, house.paths.recv().await].map(Option::unwrap), ["/old", "/new"]);
}

#[tokio::test]
async fn what_is_for_a_channel_whose_secret_is_away_waits_until_it_is_back() {
    let mut house = House::new().await;
    house.fails().await;
    let kept = house.round().await;
    let error = kept.remaining.first().and_then(|waiting| waiting.error.clone()).expect("it waits");
    assert!(error.starts_with("the file ") && error.contains("there is no such file"), "{error}");
    house.lead_to("http://169.254.169.254/");
    let kept = house.round().await.remaining[0].error.clone().expect("it waits");
    assert!(kept.starts_with("the file `url` leads to a link-local address"), "{kept}");
    house.lead_to(&format!("{}/back", house.url));
    assert_eq!(house.round().await.sent, 1);
    assert_eq!(house.paths.recv().await.as_deref(), Some("/back"));
}
