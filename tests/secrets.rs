//! Planted secrets: whatever a run says, on whichever stream and in whichever file, none of them is in it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::bad_input::keys::KEY;
use crate::process::{Stream, Workspace};

/// Has what each form writes differently.
const PASSWORD: &str = "canary-Wn7\"x\\y+/=%&ü-4471";
/// Fits into a label.
const PLAIN: &str = "canary-Qz83kd-secret-5512";
const TOKEN: &str = "eyJhbGciOiJSUzUxMiJ9.eyJlbWFpbCI6ImNhbmFyeUB0b2tlbi50ZXN0In0.c2lnbmF0dXJlLWNhbmFyeQ";

/// What the scripts need to hold one at all.
const GRANTS: &str = "env:*,secret:*";

/// A secret as it would be found: raw, escaped, percent-encoded, in base64 wherever it begins.
pub fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).expect("text is JSON");
    let percent: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let mut forms = vec![secret.to_owned(), json[1..json.len() - 1].to_owned(), percent.to_lowercase(), percent];
    for padding in ["", "x", "xx"] {
        let padded = format!("{padding}{secret}");
        for text in [STANDARD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            // The first and last groups hold neighbours too.
            forms.push(text.trim_end_matches('=')[4..text.trim_end_matches('=').len() - 3].to_owned());
        }
    }
    forms
}

/// Every line of a private key is as bad as the whole.
fn private_key_lines(key: &Value) -> Vec<String> {
    let pem = key["credentials"]["privateKey"].as_str().expect("a text");
    pem.lines().filter(|line| line.len() == 64).map(str::to_owned).collect()
}

#[track_caller]
fn assert_clean(what: &str, text: &str, secrets: &[&str], key: &Value) {
    for secret in secrets {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{what}: `{form}` is in it:\n{text}");
        }
    }
    for line in private_key_lines(key) {
        assert!(!text.contains(&line), "{what}: the private key is in it:\n{text}");
    }
}

#[test]
fn what_scripts_do_with_secrets_shows_none() {
    let home = Workspace::new()
        .variable("DB_PASSWORD", PASSWORD)
        .variable("PLAIN", PLAIN)
        .variable("STACKIT_ACCESS_TOKEN", TOKEN)
        .variable("STACKIT_SERVICE_ACCOUNT_KEY", KEY.to_string());
    let secret = "secret(\"DB_PASSWORD\")";
    for (script, code) in [
        (secret.to_owned(), 0),
        (format!("print({secret}); debug({secret});"), 0),
        (format!("`a ${{{secret}}} b` + {secret}"), 0),
        (format!("#{{ a: [{secret}], b: #{{ c: {secret} }} }}"), 0),
        (format!("to_json([{secret}]) + to_yaml(#{{ a: {secret} }})"), 0),
        (format!("log.info({secret}); log.error(`x ${{{secret}}}`); notify(\"ops\", #{{ a: {secret} }});"), 0),
        (format!("table([#{{ a: {secret} }}])"), 0),
        (format!("{secret}; env(\"DB_PASSWORD\")"), 0),
        ("env(\"STACKIT_ACCESS_TOKEN\")".to_owned(), 0),
        ("env(\"STACKIT_SERVICE_ACCOUNT_KEY\")".to_owned(), 0),
        (format!("throw {secret}"), 1),
        (format!("throw `it is ${{{secret}}}`"), 1),
        (format!("{secret}; throw env(\"DB_PASSWORD\")"), 1),
        (format!("{secret}; throw #{{ message: env(\"DB_PASSWORD\"), hint: env(\"DB_PASSWORD\") }}"), 1),
        (format!("let x = {secret}; x.nothing"), 1),
        (format!("let x = {secret}; x.foo(x)"), 1),
        (format!("server({secret})"), 1),
        (format!("{secret}; server(env(\"DB_PASSWORD\"))"), 5),
        (format!("reveal({secret})"), 4),
        (format!("skip(`it is ${{{secret}}}`)"), 0),
        (format!("{secret}; skip(env(\"DB_PASSWORD\"))"), 0),
        (format!("{secret}; parallel([env(\"DB_PASSWORD\")], |x| throw x)"), 1),
        ("let s = secret(\"PLAIN\"); server(\"web-1\").update(#{ labels: #{ password: s } })".to_owned(), 0),
        ("let s = secret(\"PLAIN\"); create_volume(#{ name: s, size: 1 })".to_owned(), 1),
    ] {
        for options in [&[][..], &["-o", "json", "-vvv", "--log-format", "json"]] {
            let words: Vec<&str> =
                ["eval", &script, "--sim", "--allow", GRANTS].into_iter().chain(options.iter().copied()).collect();
            let ran = home.run(&words);
            assert!(ran.code == code, "{script}: {ran:?}");
            assert_clean(&script, &ran.stdout, &[PASSWORD, PLAIN, TOKEN], &KEY);
            assert_clean(&script, &ran.stderr, &[PASSWORD, PLAIN, TOKEN], &KEY);
            if options.len() > 1 && code == 0 {
                let is_json = serde_json::from_str::<Value>(&ran.stdout).is_ok();
                assert!(is_json, "{script}: {}", ran.stdout);
            }
        }
    }
}

#[test]
fn files_that_a_run_writes_hold_none() {
    let home = Workspace::new().variable("PLAIN", PLAIN).variable("STACKIT_ACCESS_TOKEN", TOKEN);
    let script =
        "let s = secret(\"PLAIN\"); server(\"web-1\").update(#{ labels: #{ password: s } }); [s, env(\"PLAIN\")]";
    let ran = home.run(&[
        "eval",
        script,
        "--sim",
        "--allow",
        GRANTS,
        "--save",
        "world.json",
        "--out",
        "result.json",
        "-o",
        "json",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for file in ["world.json", "result.json"] {
        let text = std::fs::read_to_string(home.path(file)).expect("it was written");
        assert_clean(file, &text, &[PLAIN, TOKEN], &KEY);
    }
}

#[test]
fn signing_in_shows_neither_key_nor_token() {
    let home = Workspace::new();
    let mut simulator = home.start(&["sim", "--listen", "127.0.0.1:0", "--key-file", "key.json", "-o", "json", "-vvv"]);
    let line = simulator.hears(Stream::Out, "\"url\"");
    let url = line.split('"').nth(3).expect("a text").to_owned();
    let key: Value =
        serde_json::from_str(&std::fs::read_to_string(home.path("key.json")).expect("written")).expect("JSON");
    let home = home
        .variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", "key.json")
        .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", url)
        .variable("STACKIT_PROJECT_ID", crate::stage::PROJECT);
    // A token, an assertion: three parts, the first of which is a JSON object.
    let tokens = regex::Regex::new(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}").expect("a pattern");
    for (words, code) in [
        (&["auth", "status", "--check", "-vvv"][..], 0),
        (&["auth", "status", "--check", "-vvv", "-o", "json", "--log-format", "json"], 0),
        (&["eval", "servers().len()", "-vvv"], 0),
        (&["eval", "servers()", "-vvv", "-o", "ndjson"], 0),
        (&["api", "iaas", "list_servers", "-vvv"], 0),
        (&["eval", "server(\"gone\")", "-vvv"], 5),
        (&["eval", "servers()", "-vvv", "--region", "nowhere"], 5),
    ] {
        let ran = home.run(words);
        assert_eq!(ran.code, code, "{words:?}: {ran:?}");
        for text in [&ran.stdout, &ran.stderr] {
            assert_clean(&words.join(" "), text, &[], &key);
            assert!(!tokens.is_match(text), "{words:?}: {text}");
        }
    }
    simulator.signal("TERM");
    let ran = simulator.end();
    assert_clean("the simulator", &ran.stderr, &[], &key);
}

#[test]
fn keys_that_are_wrong_are_not_shown() {
    let mut swapped = KEY.clone();
    swapped["credentials"]["kid"] = Value::String(PLAIN.to_owned());
    let private = KEY["credentials"]["privateKey"].as_str().expect("a text");
    for (what, name, value) in [
        ("a broken key", "STACKIT_SERVICE_ACCOUNT_KEY", KEY.to_string().replacen('{', "{{", 1)),
        ("half a key", "STACKIT_SERVICE_ACCOUNT_KEY", KEY.to_string()[..1_500].to_owned()),
        ("a bare PEM", "STACKIT_SERVICE_ACCOUNT_KEY", private.to_owned()),
        ("a token with a blank", "STACKIT_ACCESS_TOKEN", format!("{TOKEN} {PASSWORD}")),
        ("a key for a path", "STACKIT_SERVICE_ACCOUNT_KEY_PATH", KEY.to_string()),
        ("nobody there", "STACKIT_SERVICE_ACCOUNT_KEY", KEY.to_string()),
    ] {
        let home = Workspace::new().variable(name, value).variable("STACKIT_PROJECT_ID", crate::stage::PROJECT);
        for words in [&["eval", "servers()", "-vvv"][..], &["auth", "status", "--check", "-o", "json"]] {
            let ran = home.run(words);
            assert!(ran.code == 3 || ran.code == 5, "{what}: {ran:?}");
            for text in [&ran.stdout, &ran.stderr] {
                assert_clean(what, text, &[PASSWORD, TOKEN], &KEY);
            }
        }
    }
}
