use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::config::Workspace;
use crate::config::keys::{self, CHANNELS, JOB, PROFILE};

/// What the schema and the reader think of a file.
fn opinions(text: &str) -> (bool, bool) {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let value: Value = toml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (validator.is_valid(&value), Workspace::read(Path::new("stackhand.toml"), text).is_ok())
}

const START: &str = "timezone = \"UTC\"\n[[job]]\nname = \"a\"\nrecipe = \"a.rhai\"\n";

#[test]
fn the_examples_of_the_documentation_fit_the_schema() {
    let pages = [include_str!("../../docs/scheduling.md"), include_str!("../../docs/credentials.md")];
    let mut count = 0;
    for example in pages.iter().flat_map(|page| page.split("```toml\n").skip(1)) {
        let example = example.split("```").next().unwrap();
        assert_eq!(opinions(example), (true, true), "{example}");
        count += 1;
    }
    assert!(count >= 2);
}

#[test]
fn the_schema_and_the_reader_agree_on_what_is_wrong() {
    for text in [
        "timezon = \"UTC\"\n".to_owned(),
        "[[job]]\nname = \"a\"\nrecipe = \"a\"\nevery = \"1h\"\n".to_owned(),
        START.to_owned(),
        format!("{START}every = \"1h\"\nschedule = \"@daily\"\n"),
        format!("{START}every = \"soon\"\n"),
        format!("{START}every = \"1h\"\noverlap = \"skp\"\n"),
        format!("{START}every = \"1h\"\nretry = {{ attempts = 0 }}\n"),
        format!("{START}every = \"1h\"\nstate = \"a b\"\n"),
        format!("{START}every = \"1h\"\ncalendar = {{}}\n"),
        "[channel.a]\nkind = \"log\"\nurl = \"https://x\"\n".to_owned(),
        "[channel.a]\nkind = \"webhook\"\n".to_owned(),
        "[channel.a]\nurl = \"https://x\"\n".to_owned(),
        format!("{START}every = \"1h\"\nprofiles = []\n"),
        "[profile.a]\nproduction = 1\n".to_owned(),
        "max_running = 0\n".to_owned(),
    ] {
        assert_eq!(opinions(&text), (false, false), "{text}");
    }
}

/// A value that fits.
fn fitting(key: &Key) -> String {
    if !key.default.is_empty() {
        return key.default.to_owned();
    }
    match key.shape {
        Shape::Truth | Shape::TruthOrText(_) => "true".to_owned(),
        Shape::Number(least, _) => least.to_string(),
        Shape::Duration(_, most) => format!("\"{most}\""),
        Shape::Choice(names) | Shape::Choices(names) => format!("\"{}\"", names[0]),
        Shape::Secret => "\"https://example.org\"".to_owned(),
        Shape::Text | Shape::Name => "\"a\"".to_owned(),
        Shape::SomeNames => "[\"sim\"]".to_owned(),
        Shape::Texts | Shape::Names | Shape::Tables(_) => "[]".to_owned(),
        Shape::Numbers
        | Shape::TextsByName
        | Shape::Values
        | Shape::Table(_)
        | Shape::TablesByName(_)
        | Shape::TablesByKind(_) => "{}".to_owned(),
    }
}

#[test]
fn every_key_that_the_reader_knows_is_in_the_schema_and_taken_by_both() {
    let job = format!("{START}every = \"1h\"\n");
    for key in JOB.all {
        let text = match key.name {
            "name" | "recipe" | "every" => continue,
            "schedule" => format!("{START}schedule = \"@daily\"\n"),
            "calendar" => format!("{job}calendar = {{ only = [\"Sat\"] }}\n"),
            _ => format!("{job}{} = {}\n", key.name, fitting(key)),
        };
        assert_eq!(opinions(&text), (true, true), "{text}");
    }
    for key in PROFILE.all {
        let text = format!("[profile.a]\n{} = {}\n", key.name, fitting(key).replace("[]", "[\"a\"]"));
        assert_eq!(opinions(&text), (true, true), "{text}");
    }
    for key in TOP.all.iter().filter(|key| !["timezone", "default_profile"].contains(&key.name)) {
        let text = format!("timezone = \"UTC\"\n{} = {}\n", key.name, fitting(key));
        assert_eq!(opinions(&text), (true, true), "{text}");
    }
    for (kind, keys) in CHANNELS {
        let mut text = format!("[channel.a]\nkind = \"{kind}\"\n");
        for key in keys.all.iter().filter(|key| key.name != "kind") {
            let value = match key.name {
                "from" | "to" => "\"a@b\"".to_owned(),
                "command" => "[\"true\"]".to_owned(),
                _ => fitting(key),
            };
            let _ = writeln!(text, "{} = {value}", key.name);
        }
        assert_eq!(opinions(&text), (true, true), "{text}");
    }
}

const BEGIN: &str = "<!-- The tables are made from the code: UPDATE_REFERENCE=1 cargo test --lib config::schema -->\n";
const END: &str = "<!-- End of the tables. -->\n";

/// The keys as tables of the documentation.
fn tables() -> String {
    let mut text = String::new();
    let mut table = |title: &str, keys: &[&Key]| {
        let _ = writeln!(text, "{title}\n\n| key | default | meaning |\n|---|---|---|");
        for key in keys {
            let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
            let words = match key.shape {
                Shape::Choice(names) | Shape::Choices(names) => {
                    format!(": {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
                }
                _ => String::new(),
            };
            let needed = if key.is_needed { " **needed**" } else { "" };
            let _ = writeln!(text, "| `{}` | {default}{needed} | {}{words} |", key.name, key.meaning);
        }
        text.push('\n');
    };
    let all = |keys: &'static Keys| keys.all.iter().collect::<Vec<_>>();
    table("At the top of the file:", &all(&TOP));
    table("`[[job]]`, of which each is one job:", &all(&JOB));
    table("`retry` of a job:", &all(&keys::RETRY));
    table("`notify` of a job or of the file:", &all(&keys::NOTIFY));
    table("`calendar` of a job, with one of:", &all(&keys::CALENDAR));
    table("`history` of the file:", &all(&keys::HISTORY));
    let is_common = |key: &&Key| ["kind", "events", "rate"].contains(&key.name);
    let common = CHANNELS[0].1.all.iter().filter(is_common).collect::<Vec<_>>();
    table("`[channel.NAME]`, for every kind:", &common);
    for (kind, keys) in CHANNELS {
        let own: Vec<&Key> = keys.all.iter().filter(|key| !is_common(key)).collect();
        if !own.is_empty() {
            table(&format!("`kind = \"{kind}\"` besides:"), &own);
        }
    }
    table("`rate` of a channel:", &all(&keys::RATES));
    text
}

#[test]
fn every_key_is_documented_with_its_default() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scheduling.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (documented, after) = rest.split_once(END).unwrap();
    let wanted = format!("\n{}", tables());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert!(
            documented == wanted,
            "UPDATE_REFERENCE=1 cargo test --lib config::schema writes docs/scheduling.md anew"
        );
    }
}
