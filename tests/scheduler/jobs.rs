//! Jobs made by chance.

use std::path::Path;

use chrono::TimeDelta;
use stackhand::config::Workspace;
use stackhand::schedule::Rule;
use stackhand::schedule::calendar::{Calendar, CalendarFiles};
use stackhand::schedule::job::{InterruptedPolicy, Job, JobId, MissedPolicy, OverlapPolicy, Retry};

use super::chance::Chance;

const ZONES: [&str; 6] =
    ["Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"];

/// A rule as text.
pub fn spec(chance: &mut Chance) -> String {
    let (minute, hour) = (chance.below(60), chance.below(24));
    let when = match chance.below(24) {
        0..=9 => format!("{minute} {hour} * * *"),
        10..=13 => format!("{minute} {hour} * * Mon-Fri"),
        14 => format!("{minute} {hour},{} * * *", (hour + 12) % 24),
        15 => format!("30 2 * * {}", chance.below(7)),
        16 => format!("{minute} {hour} L * *"),
        17 => format!("{minute} {hour} 13 * Fri"),
        18 => format!("{minute} {hour} * * Tue#2"),
        19 => format!("{minute} */6 * * *"),
        20 => format!("{minute} * * * *"),
        21 => format!("*/{} 8-9 1-7 * *", chance.within(5, 30)),
        22 => format!("every {}s", chance.within(40_000, 400_000)),
        _ => format!("every {}s", chance.within(6_000, 40_000)),
    };
    let gap = chance.one_of(&["after", "skip"]);
    let overlap = chance.one_of(&["first", "last", "both"]);
    format!("{when} | {} | {gap} | {overlap}", chance.one_of(&ZONES))
}

/// A job of that number among `count`.
pub fn job(chance: &mut Chance, number: usize, count: usize) -> Job {
    let rule = Rule::of_spec(&spec(chance)).expect("chance makes rules that are right");
    let other = |chance: &mut Chance| JobId::new(&format!("job-{}", chance.below(count as u64)));
    let id = JobId::new(&format!("job-{number}"));
    let opposes = if chance.once_in(6) { vec![other(chance)] } else { Vec::new() };
    Job {
        opposes: opposes.into_iter().filter(|opponent| *opponent != id).collect(),
        id,
        spec: rule.spec(),
        rule,
        calendar: calendar(chance),
        overlap: *chance.one_of(&[
            OverlapPolicy::Skip,
            OverlapPolicy::Skip,
            OverlapPolicy::Queue,
            OverlapPolicy::CancelRunning,
            OverlapPolicy::Allow,
        ]),
        missed: *chance.one_of(&[MissedPolicy::Last, MissedPolicy::Last, MissedPolicy::None, MissedPolicy::All]),
        missed_window: TimeDelta::minutes(*chance.one_of(&[0, 1, 10, 60, 60, 60, 600, 3_000])),
        group: chance.once_in(8).then(|| chance.one_of(&["power", "copies"]).to_string()),
        jitter: TimeDelta::seconds(*chance.one_of(&[0, 0, 0, 0, 1, 60, 600])),
        retry: Retry {
            attempts: u32::try_from(chance.within(1, 3)).unwrap_or(1),
            backoff: TimeDelta::seconds(30),
            on: vec!["network".to_owned()],
        },
        interrupted: *chance.one_of(&[InterruptedPolicy::Leave, InterruptedPolicy::Leave, InterruptedPolicy::Rerun]),
    }
}

/// A calendar, or none for most.
fn calendar(chance: &mut Chance) -> Calendar {
    let entries = match chance.below(12) {
        0 => r#"skip = ["holidays:DE-BW", "2026-12-24..2027-01-06"]"#,
        1 => r#"skip = ["Sat", "Sun"]"#,
        2 => r#"only = ["Mon", "Wed", "holidays:AT"]"#,
        _ => return Calendar::default(),
    };
    let text = format!(
        "timezone = \"Europe/Berlin\"\n[[job]]\nname = \"a\"\nrecipe = \"a.rhai\"\nschedule = \"@daily\"\ncalendar = {{ {entries} }}\n"
    );
    let workspace = Workspace::read(Path::new("stackhand.toml"), &text).expect("a workspace");
    let (zone, rule) = (workspace.timezone.expect("a zone"), workspace.jobs[0].calendar.clone().expect("a calendar"));
    Calendar::read(&rule, &workspace, zone, &mut CalendarFiles::default()).expect("a calendar")
}
