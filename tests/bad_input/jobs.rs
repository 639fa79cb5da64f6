//! What may be wrong with jobs, channels and calendars, and with what is asked of them.

use super::{Case, case, page};

const START: &str =
    "timezone = \"Europe/Berlin\"\n[channel.ops]\nkind = \"log\"\n[[job]]\nname = \"night\"\nrecipe = \"night.rhai\"\n";

fn job(what: &str, lines: &str) -> Case {
    case(what, 3, &["jobs", "next"]).file("stackhand.toml", format!("{START}{lines}"))
}

#[test]
fn jobs_that_are_wrong() {
    let right = "schedule = \"0 20 * * *\"\n";
    let file = |name: &str, text: &str| {
        let calendar = format!("{right}calendar = {{ skip = [\"file:{name}\"] }}\n");
        job("a calendar file", &calendar).file("closed.ics", text)
    };
    insta::assert_snapshot!(page([
        case("no workspace", 3, &["jobs", "check"]),
        case("no workspace", 3, &["jobs", "next"]),
        job("no time", ""),
        job("a misspelt key", "shedule = \"0 20 * * *\"\n"),
        job("a schedule that is none", "schedule = \"0 25 * * *\"\n"),
        job("a schedule that is never due", "schedule = \"0 0 30 2 *\"\n"),
        job("a control character", "schedule = \"\\u001b[31m\"\n"),
        job("a word that is none", &format!("{right}overlap = \"skp\"\n")),
        job("a channel that is not there", &format!("{right}notify = {{ channels = [\"opps\"] }}\n")),
        job("a region that is none", &format!("{right}calendar = {{ skip = [\"holidays:DE-XX\"] }}\n")),
        file("gone.ics", ""),
        file(
            "closed.ics",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261224\nRRULE:FREQ=HOURLY\nEND:VEVENT\nEND:VCALENDAR\n"
        ),
        case("another command", 3, &["eval", "1"]).file("stackhand.toml", format!("{START}{right}timeout = 5\n")),
        case("a job that is not there", 2, &["jobs", "next", "nigth"])
            .file("stackhand.toml", format!("{START}{right}")),
        case("a time that is none", 2, &["jobs", "next", "--from", "soon"])
            .file("stackhand.toml", format!("{START}{right}")),
    ]));
}

#[test]
fn workspaces_that_cannot_be_made() {
    insta::assert_snapshot!(page([
        case("one is there", 3, &["init", "--timezone", "UTC"]).file("stackhand.toml", ""),
        case("a zone that is none", 2, &["init", "--timezone", "Berlin"]),
        case("a profile that is built in", 2, &["init", "--timezone", "UTC", "--profile", "sim"]),
        case("a profile of two lines", 2, &["init", "--timezone", "UTC", "--profile", "a]\nb"]),
        case("a project that is no UUID", 2, &["init", "--timezone", "UTC", "--project-id", "shop"]),
        case("a region that is none", 2, &["init", "--timezone", "UTC", "--region", "eu01\"\n"]),
        case("a file in the way", 3, &["init", "--timezone", "UTC"]).file("scripts", "mine"),
    ]));
}
