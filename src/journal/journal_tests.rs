use std::borrow::Cow;

use serde_json::{Map, json};

use super::super::{Archive, History, NoSuchRun, Report, RunFile, RunOutcome};
use super::*;

pub(super) fn keeping(folder: &Path) -> Keeping {
    Keeping {
        folder: Some(Folder::new(folder.join("journal"))),
        days: 400,
        syslog: None,
        clock: Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time")),
        scrubber: Scrubber::new(),
    }
}

fn began(run: &str) -> Began {
    Began { run: run.to_owned(), command: "run".to_owned(), ..Began::default() }
}

fn before(call: u64) -> Before<'static> {
    Before {
        call,
        attempt: 1,
        operation: "iaas.update_server".into(),
        effect: "update".into(),
        host: "iaas.api.stackit.cloud".into(),
        request: "PATCH /v2/servers/1".into(),
        project: None,
        region: None,
        parameters: Cow::Owned(Map::new()),
        body: Some(Cow::Owned(json!({ "name": "hunter22", "labels": { "a\"b": "x" } }))),
        objects: Vec::new(),
    }
}

fn after(call: u64) -> After<'static> {
    After {
        call,
        attempt: 1,
        outcome: Outcome::Done,
        status: Some(200),
        request_id: None,
        milliseconds: 3,
        result: None,
        why: None,
    }
}

fn ended() -> Ended {
    Ended {
        outcome: RunOutcome::Done,
        exit_code: 0,
        reason: None,
        error: None,
        changes: Counts::default(),
        results: None,
        kept: 0,
        milliseconds: 0,
    }
}

/// Records a run of so many changes.
fn record(keeping: &Keeping, run: &str, changes: u64) -> PathBuf {
    let journal = Journal::begin(keeping, began(run));
    let opened = journal.opened().expect("it is open");
    for call in 1..=changes {
        let written = opened.before(before(call)).expect("recorded");
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(written.wait())
            .expect("written");
        opened.after(after(call));
    }
    opened.end(ended()).expect("recorded");
    opened.path.clone()
}

fn verify(keeping: &Keeping) -> Report {
    Archive::new(keeping.folder.clone().expect("a folder")).verify().expect("readable")
}

/// What is wrong, as `line: what`.
fn flaws(keeping: &Keeping) -> Vec<String> {
    let flaws = verify(keeping).flaws.into_iter();
    flaws.map(|flaw| format!("{}: {}", flaw.line.unwrap_or(0), flaw.what)).collect()
}

/// Changes the lines of a file.
fn edit(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let text = std::fs::read_to_string(path).expect("readable");
    let mut lines = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(path, lines.join("\n") + "\n").expect("writable");
}

#[test]
fn a_run_is_read_as_it_was_recorded() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    let path = record(&keeping, "r-1", 3);
    let history = History::of(RunFile::read(&path).expect("readable")).expect("it began");
    assert_eq!((history.changes.len(), history.outcome()), (3, RunOutcome::Done));
    assert_eq!(history.ended.expect("it ended").changes, Counts { done: 3, refused: 0, unknown: 0 });
    let report = verify(&keeping);
    assert_eq!((report.files, report.records, report.flaws), (1, 8, vec![]));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().expect("a folder");
    let path = record(&keeping(home.path()), "r-1", 0);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    for folder in path.ancestors().skip(1).take(2) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    assert_eq!(mode(&home.path().join("journal/index.ndjson")), 0o600);
}

#[test]
fn an_edited_a_removed_and_a_moved_line_are_told_with_their_place() {
    for (what, change, wanted) in [
        (
            "edited",
            (|lines| lines[3] = lines[3].replace("update", "delete")) as fn(&mut Vec<String>),
            "4: the line was changed",
        ),
        ("removed", |lines| drop(lines.remove(3)), "4: 1 records are missing before"),
        ("moved", |lines| lines.swap(3, 4), "4: 1 records are missing before"),
        ("the end removed", |lines| lines.truncate(6), "6: 2 records are missing after"),
        (
            "the last edited",
            |lines| lines[7] = lines[7].replace("\"done\":3", "\"done\":2"),
            "8: the last record is not",
        ),
        ("no record", |lines| lines[3].clear(), "missing before"),
        ("garbage", |lines| lines[3] = "x".to_owned(), "4: the line is no record"),
    ] {
        let home = tempfile::tempdir().expect("a folder");
        let keeping = keeping(home.path());
        let path = record(&keeping, "r-1", 3);
        edit(&path, change);
        let flaws = flaws(&keeping);
        assert!(flaws.iter().any(|flaw| flaw.contains(wanted)), "{what}: {flaws:?}");
        assert!(!verify(&keeping).is_sound());
    }
}

#[test]
fn a_file_that_is_gone_or_was_put_there_is_told() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    let (first, second) = (record(&keeping, "r-1", 1), record(&keeping, "r-2", 1));
    std::fs::copy(&second, second.with_file_name("r-3.ndjson")).expect("copied");
    std::fs::remove_file(first).expect("removed");
    let flaws = flaws(&keeping);
    assert_eq!(flaws.len(), 2, "{flaws:?}");
    assert!(flaws[0].contains("the index does not name this file") && flaws[1].contains("is missing"), "{flaws:?}");
    let third = second.with_file_name("r-1.ndjson");
    std::fs::copy(&second, third).expect("copied");
    let flaws = self::flaws(&keeping);
    assert!(flaws.iter().any(|flaw| flaw.contains("this is another file")), "{flaws:?}");
}

#[test]
fn a_file_that_was_moved_to_another_day_is_told() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    let path = record(&keeping, "r-1", 1);
    // Where it would be thrown away sooner.
    let earlier = path.parent().and_then(Path::parent).expect("its folder").join("2025-01-01");
    std::fs::create_dir(&earlier).expect("made");
    std::fs::rename(&path, earlier.join("r-1.ndjson")).expect("moved");
    let flaws = flaws(&keeping);
    assert_eq!(flaws, ["0: the index names it as 2026-11-22/r-1.ndjson: it was moved"]);
}

#[test]
fn a_file_that_goes_away_while_the_run_goes_on_lets_nothing_more_be_changed() {
    let home = tempfile::tempdir().expect("a folder");
    let journal = Journal::begin(&keeping(home.path()), began("r-1"));
    let opened = journal.opened().expect("it is open");
    opened.before(before(1)).expect("taken").wait_here().expect("written");
    std::fs::remove_dir_all(opened.path.parent().expect("its day")).expect("removed");
    let why = opened.before(before(2)).expect("taken").wait_here().expect_err("it would be lost");
    assert!(why.cause.contains("its file was removed"), "{why}");
    assert!(opened.before(before(3)).is_err(), "and not one after it");
}

#[test]
fn an_index_that_was_cut_or_edited_is_told() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    for run in ["r-1", "r-2", "r-3"] {
        record(&keeping, run, 0);
    }
    let index = home.path().join("journal/index.ndjson");
    let text = std::fs::read_to_string(&index).expect("readable");
    edit(&index, |lines| drop(lines.drain(..2)));
    let found = flaws(&keeping);
    assert!(found.iter().any(|flaw| flaw.starts_with("1: 2 lines before this one are missing")), "{found:?}");
    std::fs::write(&index, text.replace("r-2", "r-9")).expect("writable");
    let found = flaws(&keeping);
    assert!(found.iter().any(|flaw| flaw.contains("the line was changed")), "{found:?}");
}

#[test]
fn a_torn_last_line_is_skipped_with_a_note_and_no_flaw() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    let journal = Journal::begin(&keeping, began("r-1"));
    let opened = journal.opened().expect("open");
    drop(opened.before(before(1)).expect("recorded"));
    let path = opened.path.clone();
    drop(journal);
    let text = std::fs::read_to_string(&path).expect("readable");
    std::fs::write(&path, &text[..text.len() - 20]).expect("writable");
    let file = RunFile::read(&path).expect("readable");
    assert_eq!((file.entries.len(), file.notes), (1, vec!["line 2 was not written whole, and is skipped".to_owned()]));
    let report = verify(&keeping);
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.flaws.len(), 2, "the line, and that the run has not ended: {report:?}");
}

#[test]
fn a_file_that_a_kill_left_empty_before_the_index_named_it_is_no_flaw() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    let path = record(&keeping, "r-1", 1).with_file_name("r-2.ndjson");
    std::fs::write(&path, "").expect("writable");
    let report = verify(&keeping);
    assert!(report.is_sound() && report.flaws.iter().any(|flaw| flaw.file == path), "{report:?}");
    std::fs::write(&path, "{}\n").expect("writable");
    assert!(!verify(&keeping).is_sound(), "nobody but the journal writes there");
}

#[test]
fn secrets_are_in_no_line_even_if_they_look_like_json() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    keeping.scrubber.learn("hunter22");
    // It reads like the end of one text and the beginning of another.
    keeping.scrubber.learn("\",\"labels\":{");
    let path = record(&keeping, "r-1", 1);
    let text = std::fs::read_to_string(&path).expect("readable");
    assert!(!text.contains("hunter22"), "{text}");
    assert_eq!(RunFile::read(&path).expect("readable").entries.len(), 4);
}

#[test]
fn without_a_folder_that_can_be_written_nothing_is_recorded_and_the_error_says_where() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("journal"), "a file").expect("writable");
    let journal = Journal::begin(&keeping(home.path()), began("r-1"));
    let error = error::Error::from(journal.opened().err().expect("it is shut"));
    assert_eq!((error.kind, error.code, error.exit_code() as u8), (Kind::Policy, "journal_unwritable", 4));
    assert!(error.place.expect("a place").contains("r-1.ndjson"));
    let nowhere = Keeping { folder: None, ..keeping(home.path()) };
    let error = error::Error::from(Journal::begin(&nowhere, began("r-1")).unwritable().expect("shut").clone());
    assert!(error.hint.expect("a hint").contains("XDG_STATE_HOME"));
}

#[test]
fn journals_are_thrown_away_after_their_time_with_the_first_run_of_a_day() {
    let home = tempfile::tempdir().expect("a folder");
    let first = Keeping { days: 2, ..keeping(home.path()) };
    record(&first, "r-1", 1);
    for (days_later, left) in [(1, 2), (2, 3), (3, 3), (9, 1)] {
        let clock = Clock::starting_at(first.clock.now() + chrono::TimeDelta::days(days_later));
        let later = Keeping { clock, ..first.clone() };
        record(&later, &format!("r-{}", days_later + 1), 1);
        let report = verify(&later);
        assert_eq!((report.files, &report.flaws), (left, &vec![]), "{days_later} days later");
    }
}

#[test]
fn runs_are_found_by_the_beginning_of_their_id() {
    let home = tempfile::tempdir().expect("a folder");
    let keeping = keeping(home.path());
    for run in ["abc1-run", "abc2-run", "xyz-run"] {
        record(&keeping, run, 0);
    }
    let archive = Archive::new(keeping.folder.clone().expect("a folder"));
    let found = |prefix: &str| archive.find(prefix).expect("readable");
    assert!(found("xy").expect("one").ends_with("2026-11-22/xyz-run.ndjson"));
    assert_eq!(found("abc"), Err(NoSuchRun::Ambiguous(vec!["abc1-run".to_owned(), "abc2-run".to_owned()])));
    let near = found("xyx-run").expect_err("no such");
    assert!(matches!(&near, NoSuchRun::Unknown { nearest: Some(near), .. } if near == "xyz-run"), "{near:?}");
    assert_eq!(archive.runs(None, 2).expect("readable").len(), 2);
}
