//! Jobs and channels of `stackhand.toml`, good and bad.

use std::fmt::Write as _;
use std::path::Path;

use super::*;

/// The example of the documentation, whole.
const EXAMPLE: &str = r#"timezone = "Europe/Berlin"

[channel.ops]
kind = "webhook"
url = "env:OPS_WEBHOOK"

[profile.shop-test]
[profile.shop-prod]
project_id = "11111111-1111-4111-8111-111111111111"
credentials = "keys/shop-prod.json"
production = true
protect = ["env=db-primary"]

[[job]]
name = "night-shift"
recipe = "scripts/deallocate_at_night.rhai"
schedule = "0 20 * * Mon-Fri"
profiles = ["shop-test", "shop-prod"]
args = { selector = "schedule=office-hours", count = 3, since = 2026-11-22, deep = [{ a = 1.5 }] }
permissions = ["iaas.server.list", "iaas.server.deallocate where schedule=office-hours"]
caps = { changes = 120, share = "60%", daily = 500 }
timeout = "2h"
overlap = "cancel-running"
missed = "all"
missed_window = "3h"
opposes = ["morning-shift"]
dst_gap = "skip"
dst_overlap = "both"
jitter = "90s"
retry = { attempts = 2, backoff = "1m", on = ["network", "quota"] }
interrupted = "rerun"
state = "office-hours"
concurrency_group = "power"
notify = { channels = ["ops"], events = ["done"], late_after = "10m" }
heartbeat = "https://heartbeat.example.org/abc"

[[job]]
name = "morning-shift"
recipe = "scripts/start_in_the_morning.rhai"
every = "15m"
calendar = { skip = ["holidays:DE-BW", "2026-12-24..2027-01-06", "file:closed.ics"] }
"#;

fn read(text: &str) -> Result<Workspace, Error> {
    Workspace::read(Path::new("stackhand.toml"), text)
}

#[test]
fn a_job_that_says_everything_is_read() {
    let workspace = read(EXAMPLE).unwrap();
    let job = &workspace.jobs[0];
    assert_eq!(
        job.each().map(|at| job.id(at.map(|at| at.value.as_str()))).collect::<Vec<_>>(),
        ["night-shift@shop-test", "night-shift@shop-prod"]
    );
    assert_eq!(
        serde_json::to_value(
            job.args.iter().map(|(name, value)| (name, &value.value)).collect::<std::collections::BTreeMap<_, _>>()
        )
        .unwrap(),
        serde_json::json!({
            "selector": "schedule=office-hours", "count": 3, "since": "2026-11-22", "deep": [{ "a": 1.5 }]
        })
    );
    assert_eq!(job.caps.iter().map(|cap| cap.value.0.as_str()).collect::<Vec<_>>(), ["changes", "share"]);
    assert_eq!(job.daily.as_ref().map(|daily| daily.value), Some(500));
    let second = |seconds| std::time::Duration::from_secs(seconds);
    assert_eq!((job.timeout, job.missed_window.value, job.jitter.value), (second(7_200), second(10_800), second(90)));
    assert_eq!((job.overlap, job.missed), (OverlapPolicy::CancelRunning, MissedPolicy::All));
    assert_eq!((job.dst_gap, job.dst_overlap), (DstGap::Skip, DstOverlap::Both));
    assert_eq!((job.retry.attempts, job.retry.backoff, job.retry.on.len()), (2, second(60), 2));
    assert_eq!(job.interrupted.value, InterruptedPolicy::Rerun);
    assert_eq!((job.state.as_str(), job.concurrency_group.as_deref()), ("office-hours", Some("power")));
    assert_eq!(job.notify.events, Some(vec![Event::Done]));
    assert_eq!(
        job.permissions.as_ref().map(|list| (list.line, list.value.len(), list.value[1].column)),
        Some((20, 2, 36))
    );
    let JobTime::Schedule(schedule) = &job.when else { panic!("{:?}", job.when) };
    assert_eq!((schedule.value.as_str(), schedule.line, schedule.column), ("0 20 * * Mon-Fri", 17, 12));
    let other = &workspace.jobs[1];
    assert!(matches!(&other.when, JobTime::Every(every) if every.value == second(900)));
    let calendar = other.calendar.as_ref().unwrap();
    assert_eq!((calendar.mode, calendar.entries.len(), calendar.entries[1].column), (CalendarMode::Skip, 3, 40));
    assert_eq!(workspace.channels["ops"].kind_name(), "webhook");
    assert_eq!(workspace.channels["ops"].events, Event::BY_DEFAULT);
}

/// What is documented as the default is what holds.
#[test]
fn a_job_that_says_nothing_is_one_that_says_every_default() {
    let start = "timezone = \"UTC\"\n[[job]]\nname = \"a\"\nrecipe = \"a.rhai\"\nevery = \"1h\"\n";
    let mut said = start.to_owned();
    for key in keys::JOB.all.iter().filter(|key| !key.default.is_empty()) {
        let _ = writeln!(said, "{} = {}", key.name, key.default);
    }
    let [silent, said] = [start, &said].map(|text| read(text).unwrap().jobs.remove(0));
    let plain = |job: &Job| Job {
        missed_window: job.name.with(job.missed_window.value),
        jitter: job.name.with(job.jitter.value),
        interrupted: job.name.with(job.interrupted.value),
        ..job.clone()
    };
    assert_eq!(plain(&silent), plain(&said));
    let table = |name: &str, keys: &keys::Keys| {
        let said = keys.all.iter().filter(|key| !key.default.is_empty());
        let said: Vec<String> = said.map(|key| format!("{} = {}", key.name, key.default)).collect();
        format!("{name} = {{ {} }}\n", said.join(", "))
    };
    let retry = read(&format!("{start}{}", table("retry", &keys::RETRY))).unwrap();
    assert_eq!(retry.jobs[0].retry, Retry::usual());
    assert_eq!(read(&format!("{start}retry = {{}}")).unwrap().jobs[0].retry, Retry::usual());
    assert_eq!(read(start).unwrap().jobs[0].retry.attempts, 1);
    let top = format!("max_running = 8\n{}{}", table("history", &keys::HISTORY), table("notify", &keys::NOTIFY));
    let (said, silent) = (read(&top).unwrap(), read("").unwrap());
    assert_eq!((said.max_running, said.history, said.notify), (silent.max_running, silent.history, silent.notify));
    for (kind, keys) in keys::CHANNELS {
        let mut text = format!("[channel.a]\nkind = \"{kind}\"\n");
        for key in keys.all.iter().filter(|key| key.is_needed && key.name != "kind") {
            let value = if key.name == "url" { "https://example.org" } else { "a@b" };
            let _ = writeln!(text, "{} = \"{value}\"", key.name);
        }
        let silent = read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        for key in keys.all.iter().filter(|key| !key.default.is_empty()) {
            let _ = writeln!(text, "{} = {}", key.name, key.default);
        }
        text.push_str(&table("rate", &keys::RATES));
        assert_eq!(read(&text).unwrap().channels, silent.channels);
    }
}

/// One line of a job, and what is said of it.
fn complaints(lines: &[&str], start: &str) -> String {
    let mut report = String::new();
    for line in lines {
        let text = start.replace("LINE", line);
        let _ = match read(&text) {
            Ok(_) => writeln!(report, "{line}\n  nothing is wrong"),
            Err(error) => {
                let hint = error.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
                writeln!(report, "{line}\n  {}: {error}{hint}", error.code)
            }
        };
    }
    report
}

#[test]
fn jobs_that_are_wrong() {
    let job = "timezone = \"UTC\"\n[channel.ops]\nkind = \"log\"\n[profile.prod]\n[[job]]\nname = \"a\"\nrecipe = \"a.rhai\"\nLINE\n";
    let lines = [
        "",
        "every = \"1h\"\nschedule = \"@daily\"",
        "shedule = \"@daily\"",
        "every = \"soon\"",
        "every = 15",
        "every = \"0s\"",
        "every = \"1s500ms\"",
        "every = \"1h\"\noverlap = \"skp\"",
        "every = \"1h\"\noverlap = true",
        "every = \"1h\"\ntimeout = \"99d\"",
        "every = \"1h\"\nprofiles = []",
        "every = \"1h\"\nprofiles = [\"prdo\"]",
        "every = \"1h\"\nprofiles = [\"prod\", \"prod\"]",
        "every = \"1h\"\nopposes = [\"a\"]",
        "every = \"1h\"\nopposes = [\"b\"]",
        "every = \"1h\"\nopposes = [1]",
        "every = \"1h\"\nnotify = { channels = [\"opps\"] }",
        "every = \"1h\"\nnotify = { channel = \"ops\" }",
        "every = \"1h\"\nnotify = { channels = \"ops\", events = [\"fail\"] }",
        "every = \"1h\"\nnotify = \"ops\"",
        "every = \"1h\"\ncalendar = {}",
        "every = \"1h\"\ncalendar = { skip = [], only = [] }",
        "every = \"1h\"\ncaps = { daily = \"many\" }",
        "every = \"1h\"\ncaps = { changes = 1.5 }",
        "every = \"1h\"\nretry = { attempts = 0 }",
        "every = \"1h\"\nretry = { on = [\"netwrk\"] }",
        "every = \"1h\"\nstate = \"a b\"",
        "every = \"1h\"\nheartbeat = \"example.org/secret\"",
        "every = \"1h\"\nargs = { big = 99999999999999999999 }",
        "every = \"1h\"\nargs = { not = nan }",
        "every = \"1h\"\n[[job]]\nname = \"a\"\nrecipe = \"b.rhai\"\nevery = \"1h\"",
        "every = \"1h\"\n[[job]]\nrecipe = \"b.rhai\"\nevery = \"1h\"",
        "every = \"1h\"\n[[job]]\nname = \"b\"\nevery = \"1h\"",
    ];
    insta::assert_snapshot!(complaints(&lines, job));
}

#[test]
fn names_that_are_none() {
    let lines = ["a@b", "a b", "", "-a", "a/b", "\\u0007", "a\\nb", "ä", "a.b-c_1", &"a".repeat(65)];
    let job = "timezone = \"UTC\"\n[[job]]\nname = \"LINE\"\nrecipe = \"a.rhai\"\nevery = \"1h\"\n";
    insta::assert_snapshot!(complaints(&lines, job));
}

#[test]
fn channels_that_are_wrong() {
    let lines = [
        "[channel.ops]",
        "[channel.ops]\nkind = \"webhok\"",
        "[channel.ops]\nkind = 1",
        "[channel.ops]\nkind = \"webhook\"",
        "[channel.ops]\nkind = \"webhook\"\nurl = \"ftp://x\"",
        "[channel.ops]\nkind = \"webhook\"\nurl = \"env:\"",
        "[channel.ops]\nkind = \"webhook\"\nurl = \"http://0xa9fea9fe/hunter22\"",
        "[channel.ops]\nkind = \"slack\"\nurl = \"https://ops:hunter22@chat.example.org/x\"",
        "[channel.ops]\nkind = \"email\"\nhost = \"fe80::1\"\nfrom = \"a@b\"\nto = \"c@d\"",
        "[channel.ops]\nkind = \"teams\"\nurl = \"https://x\"\nsecret = \"s\"",
        "[channel.ops]\nkind = \"log\"\nevents = [\"partly\"]",
        "[channel.ops]\nkind = \"log\"\nrate = { most = 0 }",
        "[channel.ops]\nkind = \"command\"\ncommand = []",
        "[channel.ops]\nkind = \"email\"\nhost = \"mail\"\nfrom = \"a@b\"\nto = \"c\"",
        "[channel.ops]\nkind = \"email\"\nhost = \"mail\"\nfrom = \"a@b\"\nto = \"c@d\"\nuser = \"a\"",
        "[channel.\"o p\"]\nkind = \"log\"",
        "channel = 1",
        "notify = { channels = [\"ops\"] }",
        "[[job]]\nname = \"a\"\nrecipe = \"b\"\nevery = \"1h\"",
        "[job]\nname = \"a\"",
        "job = [1]",
        "max_running = 0",
        "max_running = 99999999999999999999999999999999999999999",
        "history = { days = -1 }",
    ];
    insta::assert_snapshot!(complaints(&lines, "LINE\n"));
}

/// A value of each other kind, for each key.
#[test]
fn a_value_of_the_wrong_kind_is_refused_for_every_key() {
    fn wrong_for(shape: keys::Shape) -> Vec<&'static str> {
        use keys::Shape::*;
        let all = ["true", "1", "1.5", "\"text\"", "[1]", "[[]]", "{ a = [] }", "2026-11-22", "[{}]", "\"\\u0000\""];
        let fits: &[&str] = match shape {
            Truth => &["true"],
            Text | Texts | Secret => &["\"text\"", "\"\\u0000\""],
            Name | Names | SomeNames => &["\"text\""],
            Number(..) => &["1"],
            Duration(..) | Choice(_) | Choices(_) | Numbers | TextsByName | Table(_) | Tables(_) | TablesByName(_)
            | TablesByKind(_) => &[],
            TruthOrText(_) => &["true", "\"text\"", "\"\\u0000\""],
            Values => &["{ a = [] }"],
        };
        all.into_iter().filter(|value| !fits.contains(value)).collect()
    }
    let tables: [(&str, &keys::Keys); 6] = [
        ("", &keys::TOP),
        ("[profile.a]\n", &keys::PROFILE),
        ("[[job]]\n", &keys::JOB),
        ("[job.retry]\n", &keys::RETRY),
        ("[notify]\n", &keys::NOTIFY),
        ("[history]\n", &keys::HISTORY),
    ];
    let kinds: Vec<(String, &keys::Keys)> =
        keys::CHANNELS.iter().map(|(kind, keys)| (format!("[channel.a]\nkind = \"{kind}\"\n"), *keys)).collect();
    let tables = tables.into_iter().chain(kinds.iter().map(|(start, keys)| (start.as_str(), *keys)));
    for (start, keys) in tables {
        for key in keys.all.iter().filter(|key| key.name != "kind") {
            for value in wrong_for(key.shape) {
                let text = format!("{start}{} = {value}\n", key.name);
                let error = read(&text).expect_err(&text);
                assert!(error.place.is_some() && !error.message.is_empty(), "{text}");
                assert!(!error.to_string().contains(char::is_control), "{text}: {error:?}");
            }
        }
    }
}

#[test]
fn other_line_ends_and_marks_at_the_beginning_do_not_move_places() {
    let text = "\u{feff}timezone = \"UTC\"\r\n[[job]]\r\nname = \"a\"\r\nrecipe = \"a.rhai\"\r\n  evry = \"1h\"\r\n";
    assert!(read(text).unwrap_err().to_string().ends_with("(stackhand.toml:5:3)"));
    assert!(read("\u{feff}timezon = \"UTC\"").unwrap_err().to_string().ends_with("(stackhand.toml:1:1)"));
}

#[test]
fn what_is_nested_without_end_is_an_error() {
    for (open, close) in [("[", "]"), ("{ a = ", " }")] {
        let text = format!("caps = {}{}", open.repeat(100_000), close.repeat(100_000));
        assert!(read(&text).is_err());
    }
    assert!(read(&format!("{} = 1", vec!["a"; 100_000].join("."))).is_err());
    assert!(read(&format!("[{}]", vec!["a"; 100_000].join("."))).is_err());
}

#[test]
fn secrets_are_read_from_where_they_are_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    std::fs::write(folder.path().join("keys/url"), " https://example.org/hunter22\n").unwrap();
    std::fs::write(folder.path().join("keys/none"), "\n").unwrap();
    let channel = |name: &str, url: &str| format!("[channel.{name}]\nkind = \"slack\"\nurl = \"{url}\"\n");
    let text = [
        ("clear", "https://example.org/hunter21"),
        ("file", "file:keys/url"),
        ("variable", "env:OPS"),
        ("unset", "env:NOTHING"),
        ("gone", "file:keys/gone"),
        ("folder", "file:keys"),
        ("empty", "file:keys/none"),
        ("other", "env:OTHER"),
        ("link", "env:LINK"),
    ];
    let text: String = text.iter().map(|(name, url)| channel(name, url)).collect();
    let workspace = Workspace::read(&folder.path().join("stackhand.toml"), &text).unwrap();
    let environment = Environment::empty("/")
        .with("OPS", "https://example.org/hunter23")
        .with("OTHER", "no-url-hunter24")
        .with("LINK", "http://169.254.169.254/hunter25");
    let url = |name: &str| {
        let secret = workspace.channels[name].secrets().next().unwrap();
        secret.read_url(&environment, &workspace).map(|url| url.expose().to_owned())
    };
    assert_eq!(url("clear").unwrap(), "https://example.org/hunter21");
    assert_eq!(url("file").unwrap(), "https://example.org/hunter22");
    assert_eq!(url("variable").unwrap(), "https://example.org/hunter23");
    for (name, part) in [
        ("unset", "the environment variable `NOTHING` is not set"),
        ("gone", "there is no such file"),
        ("folder", "cannot be read"),
        ("empty", "the file `keys/none` is empty"),
        ("other", "the environment variable `OTHER` is no URL"),
        ("link", "the environment variable `LINK` leads to a link-local address"),
    ] {
        let error = url(name).unwrap_err();
        assert!(error.message.contains(part) && error.place.is_some(), "{error:?}");
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
    assert!(!format!("{workspace:?}").contains("hunter"));
    assert_eq!(workspace.secrets(&environment).len(), 5);
}
