use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::config::{Event, Workspace};
use crate::notices::Topic;
use crate::schedule::job::JobId;
use crate::schedule::outcome::Reason;
use crate::schedule::rows::{Fence, Phase, RunId, ScheduledBy};

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
    /// The paths that it was asked for, and the titles that it was told.
    heard: mpsc::UnboundedReceiver<(String, String)>,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stackhand.toml");
        let jobs = Jobs::of(Workspace::read(&file, WORKSPACE).expect("it reads"), None).expect("they are jobs");
        let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time"));
        let database = Database::in_memory(&clock).await.expect("a database");
        let surround = Surround::in_folder(folder.path());
        let telling = Telling::open(&database, &surround).await.expect("it opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (sender, heard) = mpsc::unbounded_channel();
        tokio::spawn(hear(listener, sender));
        Self { folder, clock, jobs: Arc::new(jobs), telling, url, heard }
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

async fn hear(listener: TcpListener, heard: mpsc::UnboundedSender<(String, String)>) {
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
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("a body");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let status = if path == "/old" { "404 Not Found" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.expect("written");
        let _ = heard.send((path, body["text"].as_str().unwrap_or_default().to_owned()));
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
    let [old, new] = [house.heard.recv().await, house.heard.recv().await].map(Option::unwrap);
    assert_eq!((old.0.as_str(), new.0.as_str()), ("/old", "/new"));
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
    assert_eq!(house.heard.recv().await.expect("it was told").0, "/back");
}

/// A run of the job that was started a second before midnight.
fn run(id: &str, outcome: Outcome) -> Entry {
    let at = |text: &str| text.parse().expect("a time");
    Entry {
        job: JobId::new("night"),
        fire_time: at("2026-11-21T23:59:59Z"),
        phase: Phase::Ended,
        by: ScheduledBy::Schedule,
        attempt: 1,
        not_before: at("2026-11-22T00:00:00Z"),
        start_by: at("2026-11-22T01:00:00Z"),
        held_by: None,
        run: Some(RunId(id.to_owned())),
        previous: None,
        fence: Fence(1),
        decided_at: at("2026-11-22T00:00:00Z"),
        started_at: Some(at("2026-11-21T23:59:59Z")),
        ended_at: Some(at("2026-11-22T00:10:00Z")),
        outcome: Some(outcome),
        reason: Some(Reason::new("quota", "so it is")),
    }
}

#[tokio::test]
async fn what_a_run_changed_is_told_by_its_journal() {
    use serde_json::json;
    let mut house = House::new().await;
    house.lead_to(&format!("{}/ops", house.url));
    // Its journal began in the day after; its third change has no answer, and to tell people is none.
    let change = |call: u64, effect: &str| {
        json!({ "record": "before", "call": call, "attempt": 1, "operation": "iaas.server.start", "effect": effect,
            "host": "h", "request": "POST /" })
    };
    let answer = |call: u64, outcome: &str| json!({ "record": "after", "call": call, "attempt": 1, "outcome": outcome, "milliseconds": 1 });
    let records = [
        json!({ "record": "run", "run": "r-1", "command": "job", "who": {}, "version": "0" }),
        change(1, "update"),
        answer(1, "done"),
        change(2, "update"),
        answer(2, "refused"),
        change(3, "delete"),
        change(4, "outside"),
        answer(4, "done"),
    ];
    let lines = records.into_iter().enumerate().map(|(seq, mut record)| {
        record["seq"] = seq.into();
        record["previous"] = "0".repeat(64).into();
        record["time"] = "2026-11-22T00:00:01Z".into();
        format!("{record}\n")
    });
    let day = house.folder.path().join(".stackhand/journal/2026-11-22");
    std::fs::create_dir_all(&day).expect("a folder");
    std::fs::write(day.join("r-1.ndjson"), lines.collect::<String>()).expect("written");
    for (id, outcome, title) in [
        ("r-1", Outcome::Unknown, "night ended with nobody knowing how: 1 of 3 changes made, 1 unknown"),
        ("r-0", Outcome::Failed, "night failed"),
    ] {
        house.telling.take_in(&house.jobs, &Record::Entry(run(id, outcome))).await.expect("taken in");
        assert_eq!(house.round().await.sent, 1);
        assert_eq!(house.heard.recv().await.expect("it was told").1, title);
    }
}
