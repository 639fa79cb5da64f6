use std::fmt::Write as _;
use std::path::Path;

use super::*;

fn calendar(entries: &str, folder: &Path) -> Result<Calendar, Error> {
    let text = format!(
        "timezone = \"Europe/Berlin\"\n[[job]]\nname = \"a\"\nrecipe = \"a\"\nevery = \"1h\"\ncalendar = {{ {entries} }}\n"
    );
    let workspace = Workspace::read(&folder.join("stackhand.toml"), &text).unwrap();
    let rule = workspace.jobs[0].calendar.as_ref().unwrap();
    Calendar::read(rule, &workspace, workspace.timezone.unwrap(), &mut CalendarFiles::default())
}

fn why(calendar: &Calendar, date: &str) -> Option<String> {
    match calendar.verdict(date.parse().unwrap()) {
        Verdict::Open => None,
        Verdict::Closed { why } => Some(why),
    }
}

#[test]
fn each_kind_of_entry_closes_its_dates() {
    let folder = tempfile::tempdir().unwrap();
    let file = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260703\nSUMMARY:Summer party\nEND:VEVENT\nEND:VCALENDAR\n";
    std::fs::write(folder.path().join("closed.ics"), file).unwrap();
    let entries = r#"skip = ["holidays:DE-BW", "2026-12-28..2027-01-05", "2026-05-15", "file:closed.ics", "Sat-Sun", "02-28..03-02", "11-30..12-01"]"#;
    let calendar = calendar(entries, folder.path()).unwrap();
    for (date, wanted) in [
        ("2026-01-06", Some("Epiphany (holidays:DE-BW)")),
        ("2026-12-28", Some("2026-12-28..2027-01-05")),
        ("2027-01-05", Some("2026-12-28..2027-01-05")),
        ("2027-01-07", None),
        ("2026-05-15", Some("2026-05-15")),
        ("2026-07-03", Some("Summer party (file:closed.ics)")),
        ("2026-11-22", Some("Sunday (Sat-Sun)")),
        ("2026-11-23", None),
        ("2028-02-29", Some("02-28..03-02")),
        ("2027-12-01", Some("11-30..12-01")),
    ] {
        assert_eq!(why(&calendar, date).as_deref(), wanted, "{date}");
    }
    let next = calendar.next_open("2026-12-24".parse().unwrap());
    assert_eq!(next, "2026-12-24".parse().ok());
    assert_eq!(calendar.next_open("2026-12-25".parse().unwrap()), "2027-01-07".parse().ok());
}

#[test]
fn only_the_dates_of_the_entries_are_left() {
    let folder = Path::new("/");
    let only = calendar(r#"only = ["12-24..01-06", "2026-05-01"]"#, folder).unwrap();
    assert_eq!(why(&only, "2026-12-31"), None);
    assert_eq!(why(&only, "2027-01-06"), None);
    assert_eq!(why(&only, "2027-01-07").as_deref(), Some("none of 12-24..01-06, 2026-05-01"));
    let over = calendar(r#"only = ["2020-01-01"]"#, folder).unwrap();
    assert_eq!(over.next_open("2026-11-22".parse().unwrap()), None);
    let nothing = calendar("skip = []", folder).unwrap();
    assert_eq!(why(&nothing, "2026-12-25"), None);
    assert_eq!(why(&Calendar::default(), "2026-12-25"), None);
}

#[test]
fn entries_that_mean_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.ics"), "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n")
        .unwrap();
    let mut report = String::new();
    for entry in [
        "holidays:FR",
        "holidays:DE-BX",
        "2026-02-30",
        "2027-01-06..2026-12-24",
        "2026-1-1",
        "tomorrow",
        "",
        "Sat-Foo",
        "file:gone.ics",
        "file:bad.ics",
        "file:.",
        "5",
        "2026-12-24..",
        "\\u0007",
    ] {
        let error = calendar(&format!("skip = [\"{entry}\"]"), folder.path()).expect_err(entry);
        let error = crate::error::Error::from(error);
        assert!(error.place.as_ref().is_some_and(|place| place.ends_with("stackhand.toml:6:22")), "{error:?}");
        let _ = writeln!(report, "{entry}\n  {}\n  hint: {}", error.message, error.hint.unwrap_or_default());
    }
    insta::assert_snapshot!(report);
}
