//! Notices on their way over real connections: to a web server, a mail server, a program.

#[cfg(unix)]
pub mod ear;
mod receiver;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use stackhand::clock::{Busy, Clock};
use stackhand::config::{Event, Rate, Zone};
use stackhand::database::Database;
use stackhand::notices::{
    Channel, ChannelKind, Courier, Delivered, Heartbeat, Mailing, Notice, Outbox, Owner, Program, Surroundings,
    Template, Topic,
};
use stackhand::secret::Scrubber;
use stackhand::transport::{Encryption, Live, LiveOptions, MailServer};

use receiver::Receiver;

/// A workspace's notices, on a clock that stands while this is held.
struct Desk {
    outbox: Outbox,
    courier: Courier,
    channels: Vec<Channel>,
    clock: Clock,
    scrubber: Scrubber,
    log: Arc<Mutex<Vec<String>>>,
    busy: Mutex<Option<Busy>>,
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 19, 0, 0).unwrap()
}

async fn desk(kinds: Vec<ChannelKind>, options: LiveOptions) -> Desk {
    desk_at(Clock::starting_at(start()), kinds, options).await
}

async fn desk_at(clock: Clock, kinds: Vec<ChannelKind>, options: LiveOptions) -> Desk {
    let busy = clock.busy();
    let scrubber = Scrubber::new();
    let database = Database::in_memory(&clock).await.expect("a database");
    let outbox = Outbox::open(&database, &scrubber).await.expect("an outbox");
    let rate = Rate { most: 100, per: Duration::from_hours(1) };
    let channels: Vec<Channel> = kinds
        .into_iter()
        .enumerate()
        .map(|(number, kind)| Channel { name: format!("channel-{number}"), kind, events: Event::ALL.to_vec(), rate })
        .collect();
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    let surroundings = Surroundings {
        outside: Live::new(&options).expect("a network").outside(),
        clock: clock.clone(),
        scrubber: scrubber.clone(),
        zone: Zone::of("Europe/Berlin").expect("a zone"),
        log: Arc::new(move |line| lines.lock().expect("no panic").push(line.to_owned())),
        owner: Owner::unknown(),
    };
    let courier = Courier::new(outbox.clone(), channels.clone(), surroundings);
    Desk { outbox, courier, channels, clock, scrubber, log, busy: Mutex::new(Some(busy)) }
}

impl Desk {
    async fn tell(&self, notice: &Notice) {
        let told = self.outbox.enqueue(notice, &self.channels, None).await.expect("taken in");
        assert_eq!(told, self.channels.len());
    }

    async fn deliver(&self) -> Delivered {
        self.courier.deliver_due(self.clock.now() + TimeDelta::seconds(10)).await.expect("delivered")
    }

    /// Lets the clock go, and far ahead.
    async fn let_time_pass(&self) {
        drop(self.busy.lock().expect("no panic").take());
        self.clock.sleep(Duration::from_hours(1)).await;
    }

    /// Why the only channel has not taken its notice.
    async fn refusal(&self) -> String {
        self.tell(&failed()).await;
        let delivered = self.deliver().await;
        let [waiting] = &delivered.remaining[..] else { panic!("one channel waits: {delivered:?}") };
        waiting.error.clone().expect("a reason")
    }
}

fn failed() -> Notice {
    Notice {
        job: Some("night-shift".to_owned()),
        reason: Some("quota".to_owned()),
        text: Some("3 of 4 servers, größer als erlaubt".to_owned()),
        ..Notice::new(Topic::Job(Event::Failed), start())
    }
}

fn webhook(url: String, secret: Option<&str>) -> ChannelKind {
    ChannelKind::Webhook { url: url.into(), secret: secret.map(Into::into), template: None }
}

/// HMAC-SHA256 as RFC 2104 writes it, in hex, by an interpreter that has nothing of ours.
fn signed_elsewhere(key: &str, text: &[u8]) -> Option<String> {
    use std::io::Write;
    let script =
        "import hmac, sys; print(hmac.new(sys.argv[1].encode(), sys.stdin.buffer.read(), 'sha256').hexdigest())";
    let mut python = std::process::Command::new("python3")
        .args(["-c", script, key])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .ok()?;
    python.stdin.take()?.write_all(text).ok()?;
    let output = python.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[tokio::test]
async fn a_webhook_gets_json_that_its_signature_vouches_for() {
    let (receiver, url) = Receiver::start(Vec::new()).await;
    let desk =
        desk(vec![webhook(format!("{url}/hook?key=s3cret-in-url"), Some("hunter22"))], LiveOptions::default()).await;
    desk.tell(&failed()).await;
    let delivered = desk.deliver().await;
    assert_eq!((delivered.sent, delivered.remaining_count()), (1, 0));
    let [request] = &receiver.received()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.uri.to_string().as_str()), ("POST", "/hook?key=s3cret-in-url"));
    let body = request.json();
    assert_eq!(body["title"], "night-shift failed");
    assert_eq!(body["text"], "3 of 4 servers, größer als erlaubt");
    assert_eq!((body["event"].as_str(), body["severity"].as_str()), (Some("failed"), Some("error")));
    assert_eq!(body["id"], request.header("x-stackhand-id"));
    assert_eq!(body["id"], request.header("idempotency-key"));
    let signature = request.header("x-stackhand-signature");
    let time = start().timestamp();
    let text = [format!("{time}.").as_bytes(), &request.body].concat();
    match signed_elsewhere("hunter22", &text) {
        Some(expected) => assert_eq!(signature, format!("t={time},v1={expected}")),
        None => eprintln!("left out: a signature from elsewhere (no python3)"),
    }
}

#[tokio::test]
async fn chats_and_templates_get_their_shapes() {
    let (receiver, url) = Receiver::start(vec![(202, vec![], "")]).await;
    let template = Template::parse(r#"{ "content": "{{title}}: {{reason}}" }"#).expect("a template");
    let kinds = vec![
        ChannelKind::Teams(format!("{url}/teams").into()),
        ChannelKind::Slack(format!("{url}/slack").into()),
        ChannelKind::Mattermost(format!("{url}/mattermost").into()),
        ChannelKind::Webhook { url: format!("{url}/other").into(), secret: None, template: Some(template) },
        ChannelKind::Log,
    ];
    let desk = desk(kinds, LiveOptions::default()).await;
    desk.tell(&failed()).await;
    assert_eq!(desk.deliver().await.sent, 5);
    let schemas = [
        ("/teams", include_str!("data/notices/teams.schema.json")),
        ("/slack", include_str!("data/notices/slack.schema.json")),
        ("/mattermost", include_str!("data/notices/mattermost.schema.json")),
    ];
    let requests = receiver.received();
    let sent_to = |path: &str| requests.iter().find(|request| request.uri.path() == path).expect("sent").json();
    for (path, schema) in schemas {
        let schema = serde_json::from_str(schema).expect("JSON");
        jsonschema::validate(&schema, &sent_to(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    assert_eq!(sent_to("/other"), serde_json::json!({ "content": "night-shift failed: quota" }));
    let log = desk.log.lock().expect("no panic");
    assert!(
        log[0].starts_with("night-shift failed\n    3 of 4 servers, größer als erlaubt\n    Reason: quota\n"),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_receiver_that_fails_and_asks_for_time_gets_the_same_notice_again() {
    let answers = vec![(503, vec![], "busy"), (429, vec![("retry-after", "7")], ""), (408, vec![], "")];
    let (receiver, url) = Receiver::start(answers).await;
    let desk = desk(vec![webhook(url, None)], LiveOptions::default()).await;
    desk.tell(&failed()).await;
    let mut waits = Vec::new();
    while desk.deliver().await.sent == 0 {
        let next = desk.courier.next_due().await.expect("read").expect("it waits");
        waits.push((next - desk.clock.now()).num_seconds());
        desk.clock.sleep_until(next).await;
    }
    let requests = receiver.received();
    let ids: std::collections::HashSet<_> = requests.iter().map(|request| request.header("x-stackhand-id")).collect();
    assert_eq!((requests.len(), ids.len()), (4, 1));
    assert!(waits[0] <= 2 && waits[1] == 7 && waits[2] <= 8, "{waits:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_notice_itself_is_not_sent_twice() {
    let (receiver, url) = Receiver::start(vec![(400, vec![], "invalid_payload")]).await;
    let desk = desk(vec![webhook(url, None)], LiveOptions::default()).await;
    desk.tell(&failed()).await;
    let delivered = desk.deliver().await;
    assert_eq!((delivered.given_up, delivered.remaining_count(), receiver.received().len()), (1, 0, 1));
    let given_up = desk.outbox.given_up(start()).await.expect("read");
    assert_eq!(given_up[0].error, "the channel answers 400: invalid_payload");
}

#[tokio::test]
async fn whatever_breaks_is_told_without_the_url_and_the_notice_stays() {
    // Nobody listens any more.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = listener.local_addr().expect("bound");
    drop(listener);
    let refusal = desk(vec![webhook(format!("http://{closed}/t0ken-of-url"), None)], LiveOptions::default())
        .await
        .refusal()
        .await;
    assert!(refusal.starts_with(&format!("no answer from `{closed}`")) && !refusal.contains("t0ken"), "{refusal}");
    // Somebody hangs up; to somebody who speaks no TLS that is what our greeting leads to.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hung_up = listener.local_addr().expect("bound");
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{hung_up}/t0ken-of-url");
        let refusal = desk(vec![webhook(url, None)], LiveOptions::default()).await.refusal().await;
        assert!(refusal.starts_with(&format!("no answer from `{hung_up}`")) && !refusal.contains("t0ken"), "{refusal}");
    }
    let redirect = Receiver::start(vec![(302, vec![("location", "http://169.254.169.254/")], "")]).await.1;
    let refusal = desk(vec![webhook(redirect, None)], LiveOptions::default()).await.refusal().await;
    assert!(refusal.starts_with("the channel answers 302"), "{refusal}");
    let refusal =
        desk(vec![webhook("http://169.254.169.254/x".to_owned(), None)], LiveOptions::default()).await.refusal().await;
    assert!(refusal.contains("leads to a link-local address"), "{refusal}");
    let gone = Receiver::start(vec![(404, vec![], "no_service")]).await.1;
    let refusal = desk(vec![ChannelKind::Slack(gone.into())], LiveOptions::default()).await.refusal().await;
    assert!(refusal.starts_with("the channel answers 404: no_service (the URL of the channel may be old"), "{refusal}");
}

#[tokio::test]
async fn an_answer_that_never_ends_was_an_answer() {
    let long: &'static str = "x".repeat(1 << 20).leak();
    let (_receiver, url) = Receiver::start(vec![(200, vec![], long), (500, vec![], long)]).await;
    let telling = desk(vec![webhook(url.clone(), None)], LiveOptions::default()).await;
    telling.tell(&failed()).await;
    assert_eq!(telling.deliver().await.sent, 1);
    let refusal = desk(vec![webhook(url, None)], LiveOptions::default()).await.refusal().await;
    assert!(refusal.starts_with("the channel answers 500: xxx"), "{refusal}");
}

#[tokio::test]
async fn a_text_of_others_is_no_line_of_the_log() {
    let desk = desk(vec![ChannelKind::Log], LiveOptions::default()).await;
    let text = Some("no\n2026-11-22T19:00:00Z  INFO all is well\u{1b}[2J".to_owned());
    desk.tell(&Notice { text, ..failed() }).await;
    desk.deliver().await;
    let told = desk.log.lock().expect("no panic").join("|");
    assert!(told.lines().skip(1).all(|line| line.starts_with("    ")) && !told.contains('\u{1b}'), "{told}");
}

#[tokio::test]
async fn who_never_answers_is_left_when_the_time_is_over() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let desk = desk(vec![webhook(format!("http://{address}/"), None)], LiveOptions::default()).await;
    desk.tell(&failed()).await;
    let delivered = desk.courier.deliver_due(start() + TimeDelta::milliseconds(300)).await.expect("delivered");
    let error = delivered.remaining[0].error.clone().expect("a reason");
    assert!(error.starts_with(&format!("`{address}` did not answer in time")), "{error}");
    held.abort();
}

#[tokio::test]
async fn secrets_that_are_learnt_late_do_not_go_out_either() {
    let (receiver, url) = Receiver::start(vec![(500, vec![], "echo: hunter22-and-more")]).await;
    let desk = desk(vec![webhook(url, None)], LiveOptions::default()).await;
    let text = Some("the password is hunter22-and-more, in base64 aHVudGVyMjItYW5kLW1vcmU=".to_owned());
    desk.tell(&Notice { text, ..Notice::new(Topic::Message, start()) }).await;
    desk.scrubber.learn("hunter22-and-more");
    let delivered = desk.deliver().await;
    assert_eq!(delivered.remaining[0].error.as_deref(), Some("the channel answers 500: echo: ***"));
    let told = receiver.received()[0].json()["text"].to_string();
    assert!(told.contains("the password is ***, in base64 ***") && !told.contains("aHVudGVy"), "{told}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_reads_the_notice_and_says_how_it_went() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("told.json");
    let program = |line: &[&str]| {
        ChannelKind::Command(Program {
            line: line.iter().map(|&word| word.to_owned()).collect(),
            folder: folder.path().to_owned(),
            withheld: vec!["PATH".to_owned()],
            time_limit: Duration::from_secs(30),
        })
    };
    let shell = |script: &str| program(&["/bin/sh", "-c", script]);
    let desk_of = async |kind| desk_at(Clock::process(), vec![kind], LiveOptions::default()).await;
    let desk = desk_of(shell("/bin/cat > told.json")).await;
    desk.tell(&failed()).await;
    assert_eq!(desk.deliver().await.sent, 1);
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).expect("written")).expect("JSON");
    assert_eq!(told["title"], "night-shift failed");
    let script = "/usr/bin/yes | /usr/bin/head -c 1000000; echo no mailbox >&2; exit 3";
    let refusal = desk_of(shell(script)).await.refusal().await;
    assert_eq!(refusal, "the program `/bin/sh` ended with 3: no mailbox");
    // What it leaves behind holds its output open, and is not waited for.
    let desk = desk_of(shell("/bin/sleep 100 & echo $! > left.pid; test -z \"$(/usr/bin/printenv PATH)\"")).await;
    desk.tell(&failed()).await;
    let delivered = desk.deliver().await;
    let left = std::fs::read_to_string(folder.path().join("left.pid")).expect("written");
    std::process::Command::new("/bin/kill").arg(left.trim()).status().expect("started");
    assert_eq!(delivered.sent, 1, "{delivered:?}");
    let refusal = desk_of(program(&["/nowhere/program"])).await.refusal().await;
    assert_eq!(refusal, "the program `/nowhere/program` cannot be started: there is no such file or folder");
}

/// A program whose child holds a pipe open, and would say so if it were let be.
#[cfg(unix)]
struct Parent {
    folder: tempfile::TempDir,
    /// What both of them said, once none of them is left.
    said: tokio::task::JoinHandle<String>,
    /// Told when the child is there.
    is_there: tokio::sync::oneshot::Receiver<()>,
}

#[cfg(unix)]
impl Parent {
    const SCRIPT: &str = "(echo child; /bin/sleep 5; echo left) > pipe & wait";

    fn new() -> Self {
        use std::io::{BufRead, BufReader, Read};
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("started").success());
        let (sender, is_there) = tokio::sync::oneshot::channel();
        let said = tokio::task::spawn_blocking(move || {
            let mut pipe = BufReader::new(std::fs::File::open(pipe).expect("opened"));
            let mut said = String::new();
            pipe.read_line(&mut said).expect("text");
            let _ = sender.send(());
            pipe.read_to_string(&mut said).expect("text");
            said
        });
        Self { folder, said, is_there }
    }

    fn channel(&self) -> ChannelKind {
        ChannelKind::Command(Program {
            line: ["/bin/sh", "-c", Self::SCRIPT].map(str::to_owned).to_vec(),
            folder: self.folder.path().to_owned(),
            withheld: Vec::new(),
            time_limit: Duration::from_secs(30),
        })
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_whose_time_is_over_is_ended_with_its_children() {
    let parent = Parent::new();
    let desk = desk(vec![parent.channel()], LiveOptions::default()).await;
    desk.tell(&failed()).await;
    let time_passes = async {
        parent.is_there.await.expect("it came");
        desk.let_time_pass().await;
    };
    let (delivered, ()) = tokio::join!(desk.deliver(), time_passes);
    assert_eq!(delivered.remaining[0].error.as_deref(), Some("the program `/bin/sh` was ended after 10 s"));
    assert_eq!(parent.said.await.expect("no panic"), "child\n");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_nobody_waits_for_any_more_is_ended_with_its_children() {
    let parent = Parent::new();
    let desk = desk_at(Clock::process(), vec![parent.channel()], LiveOptions::default()).await;
    desk.tell(&failed()).await;
    tokio::select! {
        delivered = desk.deliver() => panic!("{delivered:?}"),
        there = parent.is_there => there.expect("it came"),
    }
    assert_eq!(parent.said.await.expect("no panic"), "child\n");
}

#[tokio::test]
async fn a_heartbeat_is_tried_three_times() {
    let answers = vec![(502, vec![], ""), (200, vec![], ""), (500, vec![], ""), (500, vec![], ""), (500, vec![], "no")];
    let (receiver, url) = Receiver::start(answers).await;
    let desk = desk(Vec::new(), LiveOptions::default()).await;
    let heartbeat = Heartbeat::new(format!("{url}/beat/uuid-of-the-check").into());
    desk.courier.ping(&heartbeat).await.expect("heard");
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(receiver.received()[0].method.as_str(), "GET");
    let error = desk.courier.ping(&heartbeat).await.expect_err("not heard");
    assert_eq!(error.message, "the heartbeat was not heard: the channel answers 500: no");
    assert_eq!(receiver.received().len(), 5);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_by_hand_tells_its_channel_before_it_ends_and_says_what_is_left() {
    use crate::process::Workspace;
    let (receiver, url) = Receiver::start(Vec::new()).await;
    let workspace = "timezone = \"Europe/Berlin\"\n\
        [channel.ops]\nkind = \"webhook\"\nurl = \"env:OPS_URL\"\nsecret = \"env:OPS_SECRET\"\n\
        [channel.away]\nkind = \"slack\"\nurl = \"http://127.0.0.1:9/t0ken-of-url\"\n";
    let home = Workspace::new()
        .file("stackhand.toml", workspace)
        .file("night.rhai", "notify(\"ops\", #{ text: \"3 of 4 servers\", failed: 1 }); 1")
        .file("away.rhai", "notify(\"away\", \"nobody hears\")")
        .file("typo.rhai", "notify(\"osp\", \"hello\")")
        .variable("OPS_URL", format!("{url}/hook"))
        .variable("OPS_SECRET", "hunter22-and-more");
    let run = |script: &'static str| home.run(&["run", script]);
    let (told, typo, away) = tokio::task::block_in_place(|| (run("night.rhai"), run("typo.rhai"), run("away.rhai")));
    assert_eq!(told.code, 0, "{told:?}");
    let requests = receiver.received();
    let [request] = &requests[..] else { panic!("one request: {told:?}") };
    let body = request.json();
    assert_eq!((body["title"].as_str(), body["event"].as_str()), (Some("3 of 4 servers"), Some("message")));
    assert_eq!((body["fields"]["failed"].as_str(), body["recipe"].as_str()), (Some("1"), Some("night.rhai")));
    assert!(request.header("x-stackhand-signature").starts_with("t="));
    assert!(typo.code == 1 && typo.stderr.contains("did you mean `ops`?"), "{typo:?}");
    assert_eq!(away.code, 0, "{away:?}");
    assert!(away.stderr.contains("1 notice waits in the outbox for the channel `away`: no answer from"), "{away:?}");
    assert!(!away.stderr.contains("t0ken"), "{away:?}");
    // On the simulator nobody is told, and no state is begun.
    let simulated = Workspace::new().file("stackhand.toml", workspace).file("away.rhai", "notify(\"away\", \"x\")");
    let ran = tokio::task::block_in_place(|| simulated.run(&["--sim", "run", "away.rhai"]));
    assert!(ran.code == 0 && !simulated.path(".stackhand").exists(), "{ran:?}");
}

/// A mail server that others wrote: Python's `aiosmtpd`, where an interpreter that has it is named by
/// `STACKHAND_PYTHON` or is `python3`.
#[cfg(unix)]
#[tokio::test]
async fn a_mail_server_that_others_wrote_takes_mails_with_starttls_and_login() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    let python = std::env::var("STACKHAND_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_it = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
    if !has_it.is_ok_and(|status| status.success()) {
        eprintln!("left out: mail to aiosmtpd (`{python}` does not have it)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let (certificate, key) = (folder.path().join("server.pem"), folder.path().join("server.key"));
    std::fs::write(&certificate, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notices/mail_server.py");
    let mut server = Command::new(&python)
        .arg(script)
        .args([&certificate, &key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(server.stdout.take().expect("piped"));
    let mut port = String::new();
    said.read_line(&mut port).expect("a port");
    let options = LiveOptions { ca_file: Some(certificate), ..LiveOptions::default() };
    let of = |password: &str| Mailing {
        server: MailServer {
            host: "localhost".to_owned(),
            port: port.trim().parse().expect("a port"),
            encryption: Encryption::StartTls,
            login: Some(("ops".to_owned(), password.into())),
        },
        from: "Nachtschicht Köln <night@example.org>".to_owned(),
        to: vec!["ops@example.org".to_owned()],
    };
    let refused = desk(vec![ChannelKind::Mail(of("wrong-password"))], options.clone()).await.refusal().await;
    assert!(refused.contains("refuses: 535"), "{refused}");
    let desk = desk(vec![ChannelKind::Mail(of("hunter22"))], options).await;
    desk.tell(&Notice { text: Some("größer\n.\n..\nEnde".to_owned()), ..failed() }).await;
    let delivered = desk.deliver().await;
    drop(server.stdin.take());
    let mut taken = String::new();
    said.read_to_string(&mut taken).expect("what it was told");
    server.wait().expect("it ends");
    assert_eq!(delivered.sent, 1, "{delivered:?}");
    let taken: serde_json::Value = serde_json::from_str(taken.trim()).expect("JSON");
    assert_eq!(taken["subject"], "[error] night-shift failed");
    assert_eq!(taken["from"], "Nachtschicht Köln <night@example.org>");
    assert_eq!(taken["tls"], true);
    let body = taken["body"].as_str().expect("a text");
    assert!(body.starts_with("night-shift failed\n\ngrößer\n.\n..\nEnde\n\nReason: quota\n"), "{body}");
}
