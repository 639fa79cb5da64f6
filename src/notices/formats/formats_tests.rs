use chrono::{TimeZone, Utc};
use serde_json::{Value, json};

use super::*;
use crate::config::{Event, Zone};
use crate::notices::letter::Letter;
use crate::notices::{Mailing, Notice, Template, Topic};
use crate::transport::{Encryption, MailServer};

const TEAMS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/notices/teams.schema.json"));
const SLACK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/notices/slack.schema.json"));
const MATTERMOST: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/notices/mattermost.schema.json"));

fn letter() -> Letter {
    let at = Utc.with_ymd_and_hms(2026, 11, 22, 19, 0, 7).unwrap();
    let mut notice = Notice::new(Topic::Job(Event::Failed), at);
    notice.job = Some("night-shift@shop-prod".to_owned());
    notice.profile = Some("shop-prod".to_owned());
    notice.production = true;
    notice.reason = Some("quota".to_owned());
    notice.text = Some("the API answers 413: <!channel> [click](http://evil.example) **now** @all & co".to_owned());
    notice.fire_time = Some(at);
    notice.fields.insert("servers".to_owned(), "web-1, web-2".to_owned());
    let zone = Zone::of("Europe/Berlin").unwrap();
    Letter { id: "0b7e".to_owned(), channel: "ops".to_owned(), notice, count: 1, since: at, zone }
}

/// One that is as large as letters get.
fn huge() -> Letter {
    let mut letter = letter();
    letter.notice.text = Some("ä&<> ".repeat(1_300));
    letter.notice.reason = Some("r".repeat(1_024));
    for number in 0..32 {
        letter.notice.fields.insert(format!("{number} {}", "k".repeat(1_000)), "v".repeat(1_024));
    }
    letter
}

fn assert_valid(schema: &str, body: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{body:#}");
}

#[test]
fn bodies_have_the_shapes_that_chats_take_however_large_a_notice_is() {
    let mut message = letter();
    message.notice.topic = Topic::Message;
    for letter in [letter(), huge(), message] {
        assert_valid(TEAMS, &teams(&letter));
        assert_valid(SLACK, &slack(&letter));
        assert_valid(MATTERMOST, &mattermost(&letter));
        assert!(teams(&letter).to_string().len() <= 28 << 10, "Teams takes 28 KB");
    }
}

#[test]
fn the_texts_of_others_are_no_markup() {
    let letter = letter();
    let slack = slack(&letter);
    assert_eq!(slack["blocks"][1]["text"]["type"], "plain_text");
    let mut message = letter.clone();
    message.notice.topic = Topic::Message;
    message.notice.text = Some("<!channel> & co".to_owned());
    assert_eq!(super::slack(&message)["text"], "&lt;!channel&gt; &amp; co");
    let text = mattermost(&letter)["attachments"][0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("\\[click\\]\\(http\\://evil\\.example\\) \\*\\*now\\*\\* @\u{200b}all"), "{text}");
    assert!(!teams(&letter).to_string().contains("\"TextBlock\""));
}

#[test]
fn a_mail_is_ascii_and_says_who_sent_it() {
    let mailing = Mailing {
        server: MailServer {
            host: "mail.example.org".to_owned(),
            port: 587,
            encryption: Encryption::StartTls,
            login: None,
        },
        from: "Nachtschicht Köln <night@example.org>".to_owned(),
        to: vec!["ops@example.org".to_owned(), "Boss <boss@example.org>".to_owned()],
    };
    let mut letter = letter();
    letter.notice.text = Some(format!("größer als erlaubt\n.\n{}", "x".repeat(3_000)));
    let text = mail(&letter, &mailing);
    assert!(text.is_ascii());
    assert!(text.lines().all(|line| line.len() <= 998));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends in CR LF");
    let (headers, body) = text.split_once("\r\n\r\n").expect("headers and a body");
    for header in [
        "Subject: [error] night-shift@shop-prod failed",
        "Message-ID: <0b7e@example.org>",
        "Auto-Submitted: auto-generated",
        "X-Stackhand-Event: failed",
        "Date: Sun, 22 Nov 2026 19:00:07 +0000",
    ] {
        assert!(headers.lines().any(|line| line == header), "{header}\n{headers}");
    }
    assert!(headers.contains("<night@example.org>") && headers.contains("<boss@example.org>"), "{headers}");
    assert!(!body.is_empty());
    assert_eq!(address_of(&mailing.from), "night@example.org");
    for end in [chrono::DateTime::<Utc>::MIN_UTC, chrono::DateTime::<Utc>::MAX_UTC] {
        letter.notice.at = end;
        assert!(mail(&letter, &mailing).contains("Subject: "));
    }
    letter.notice.job = Some("x\r\nBcc: everybody@example.org".to_owned());
    let text = mail(&letter, &mailing);
    let (headers, _) = text.split_once("\r\n\r\n").expect("headers and a body");
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
}

#[test]
fn a_template_is_filled_with_values_and_texts() {
    let template = Template::parse(
        r#"{ "summary": "{{title}} ({{ severity }})", "n": "{{count}}", "none": "{{late_seconds}}", "in": ["{{fields.servers}}"],
             "late": "by {{late_seconds}}", "fixed": 7, "all": "{{fields}}" }"#,
    )
    .expect("a template");
    let mut letter = letter();
    letter.notice.job = Some("a \"quoted\" job".to_owned());
    assert_eq!(
        template.fill(&letter),
        json!({
            "summary": "a \"quoted\" job failed (error)", "n": letter.count, "none": null, "in": ["web-1, web-2"], "late": "by ",
            "fixed": 7, "all": { "servers": "web-1, web-2" },
        })
    );
    let wrong = |text: &str| Template::parse(text).expect_err("wrong");
    assert_eq!(wrong("{{title}}").code, "bad_template");
    assert_eq!(wrong(r#"{ "a": "{{titel}}" }"#).hint.as_deref(), Some("did you mean `title`?"));
    assert_eq!(wrong(r#"{ "a": "{{title" }"#).message, "`{{` of the template has no `}}`");
}

#[test]
fn every_name_of_a_template_is_told() {
    let told = letter().to_json();
    let mut names: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    let mut known = Letter::NAMES.to_vec();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known);
}
