//! `stackhand runs`: which runs there were, what one of them did, what it said.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::arguments::{GrantOptions, RunsCommand, Shared};
use super::execute::{DONE, opening, runtime};
use super::history_table::{counted, short, shown, table};
use super::journal::object;
use super::process::Process;
use crate::app::Session;
use crate::app::history::{self, ChangeLine, RunPage};
use crate::clock::Clock;
use crate::config::duration;
use crate::error::{Error, Kind, Result, io_cause};
use crate::journal::{Archive, History, Outcome, Who, read_output};
use crate::policy::Sources;

/// So many changes are shown on a page; `-o json` tells all.
const MOST_CHANGES: usize = 100;
/// So many lines of what was left.
const MOST_LEFT: usize = 20;

/// Shows runs.
pub fn runs(process: &Process, shared: &Shared, command: &RunsCommand) -> Result<u8> {
    let archive = || history::archive(&process.environment, &shared.given());
    match command {
        RunsCommand::List { since, limit } => list(process, &archive()?, since.as_deref(), *limit),
        RunsCommand::Show { run } => show(process, shared, &archive()?, run.as_deref()),
        RunsCommand::Logs { run } => logs(process, &archive()?, run.as_deref()),
        RunsCommand::Rerun { run } => super::jobs::rerun(process, shared, run),
    }
}

fn list(process: &Process, archive: &Archive, since: Option<&str>, limit: usize) -> Result<u8> {
    let since = since.map(|text| history::since(text, Clock::process().now())).transpose()?;
    let runs = archive.runs(since, limit)?;
    let rows: Vec<Value> = runs
        .iter()
        .map(|run| {
            json!({
                "run": run.began.run,
                "began": run.time,
                "outcome": run.outcome(),
                "exit_code": run.ended.as_ref().map(|ended| ended.exit_code),
                "milliseconds": run.ended.as_ref().map(|ended| ended.milliseconds),
                "changes": run.counts(),
                "command": run.began.command,
                "recipe": run.began.recipe.as_ref().map(|recipe| &recipe.name),
                "who": run.began.who,
                "profile": run.began.profile,
                "project": run.began.project,
            })
        })
        .collect();
    let cells = runs.iter().map(cells).collect();
    let text = if runs.is_empty() {
        String::new()
    } else {
        table(&process.printer, ["RUN", "BEGAN", "OUTCOME", "CHANGES", "WHAT", "WHO"], cells)
    };
    process.printer.result(&Value::Array(rows), &text)?;
    if runs.is_empty() {
        process.printer.note(&format!("no run is recorded in {}", archive.folder().path().display()));
    }
    Ok(DONE)
}

fn cells(run: &History) -> [String; 6] {
    let counts = run.counts();
    let mut changes = counts.done.to_string();
    for (count, word) in [(counts.refused, "refused"), (counts.unknown, "unknown")] {
        if count > 0 {
            let _ = write!(changes, ", {count} {word}");
        }
    }
    [
        short(&run.began.run),
        run.time.format("%Y-%m-%d %H:%M:%S").to_string(),
        run.outcome().as_str().to_owned(),
        changes,
        run.began.recipe.as_ref().map_or_else(|| run.began.command.clone(), |recipe| recipe.name.clone()),
        who(&run.began.who),
    ]
}

/// `ada@build-1 as night@sa.stackit.cloud`.
fn who(who: &Who) -> String {
    let host = who.host.as_ref().map(|host| format!("@{host}")).unwrap_or_default();
    let account = who.account.as_ref().map(|account| format!(" as {account}")).unwrap_or_default();
    format!("{}{host}{account}", who.user.as_deref().unwrap_or("somebody"))
}

fn show(process: &Process, shared: &Shared, archive: &Archive, run: Option<&str>) -> Result<u8> {
    let run = history::run_of(archive, run)?;
    let (now, trouble) = match state_now(process, shared, &run) {
        Ok(now) => (now, None),
        Err(error) => (BTreeMap::new(), Some(format!("the state now is not known: {error}"))),
    };
    let mut page = RunPage::of(&run, now);
    page.notes.extend(trouble);
    process.printer.result(&json!(page), &text(process, &page))?;
    Ok(DONE)
}

/// What the run's objects are now. Nothing is asked if it changed none.
fn state_now(process: &Process, shared: &Shared, run: &History) -> Result<BTreeMap<u64, String>> {
    if run.changes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut opening = opening(process, shared, &GrantOptions::default(), Sources::default())?;
    // Where the run was is where its objects are.
    opening.given.profile = opening.given.profile.or_else(|| run.began.profile.clone());
    let session = Session::open(&opening)?;
    session.check_credential()?;
    let _busy = session.process_clock.busy();
    Ok(runtime()?.block_on(history::state_now(&session, run)))
}

/// The page as a person reads it.
fn text(process: &Process, page: &RunPage) -> String {
    let mut lines = Lines(String::new());
    lines.add("run", &page.run);
    lines.add("outcome", &outcome(page));
    lines.add("began", &format!("{} by {}", page.began.format("%Y-%m-%d %H:%M:%S UTC"), who(&page.who)));
    lines.add_some("because", page.who.reason.as_deref());
    let target = &page.target;
    let place = [("profile", &target.profile), ("project", &target.project), ("region", &target.region)];
    let place: Vec<String> =
        place.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
    lines.add("where", &place.join(", "));
    if let Some(recipe) = &page.recipe {
        let commit = recipe
            .commit
            .as_ref()
            .map(|commit| format!(", commit {}", commit.get(..12).unwrap_or(commit)))
            .unwrap_or_default();
        let hash = recipe.sha256.get(..12).unwrap_or(&recipe.sha256);
        lines.add("recipe", &format!("{} (sha256 {hash}…{commit})", recipe.name));
        for module in &page.modules {
            let hash = module.sha256.get(..12).unwrap_or(&module.sha256);
            lines.add("imports", &format!("{} (sha256 {hash}…)", module.name));
        }
    }
    if !page.arguments.is_empty() {
        let arguments: Vec<String> = page.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.add("arguments", &arguments.join(" "));
    }
    if let Some(error) = &page.error {
        lines.add("error", &format!("{}: {}", error.code, error.message));
        lines.add_some("at", error.line.as_ref().map(|(source, line)| format!("{source}:{line}")).as_deref());
        lines.add_some("hint", error.hint.as_deref());
    }
    let counts = &page.counts;
    lines.add("changes", &format!("{} done, {} refused, {} unknown", counts.done, counts.refused, counts.unknown));
    if !page.changes.is_empty() {
        let on_page = on_page(&page.changes);
        let left_out = page.changes.len() - on_page.len();
        let cells = on_page.into_iter().map(|line| {
            [
                line.row.outcome.as_str().to_owned(),
                line.row.operation.clone(),
                object(&line.row),
                line.row.was.clone().unwrap_or_default(),
                line.now.clone().unwrap_or_default(),
            ]
        });
        let table = table(&process.printer, ["OUTCOME", "OPERATION", "OBJECT", "WAS", "NOW"], cells.collect());
        let _ = write!(lines.0, "\n{table}\n\n");
        if left_out > 0 {
            let all = format!("{} more: `stackhand journal --run {}`", counted(left_out, "change"), short(&page.run));
            lines.add("and", &all);
        }
    }
    page.left.iter().take(MOST_LEFT).for_each(|left| lines.add("left", left));
    if page.left.len() > MOST_LEFT {
        lines.add("left", &format!("{} more", page.left.len() - MOST_LEFT));
    }
    page.notes.iter().for_each(|note| lines.add("note", note));
    lines.add_some("next", page.next.as_deref());
    lines.0.trim_end().to_owned()
}

/// The changes that a page has room for, in their order: those that are not done before those that are.
fn on_page(changes: &[ChangeLine]) -> Vec<&ChangeLine> {
    let is_done = |line: &&ChangeLine| line.row.outcome == Outcome::Done;
    let open = changes.iter().filter(|line| !is_done(line));
    let mut kept: Vec<&ChangeLine> = open.chain(changes.iter().filter(is_done)).take(MOST_CHANGES).collect();
    kept.sort_by_key(|line| line.row.call);
    kept
}

fn outcome(page: &RunPage) -> String {
    let mut text = page.outcome.as_str().to_owned();
    if let Some(reason) = &page.reason {
        let _ = write!(text, ": {reason}");
    }
    if let Some(code) = page.exit_code.filter(|code| *code != 0) {
        let _ = write!(text, " (exit code {code})");
    }
    if let Some(milliseconds) = page.milliseconds {
        let span = chrono::TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX));
        let _ = write!(text, " after {}", duration::print(span));
    }
    text
}

struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "{name:<10} {}", shown(value));
    }

    fn add_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

fn logs(process: &Process, archive: &Archive, run: Option<&str>) -> Result<u8> {
    let run = history::run_of(archive, run)?;
    let id = &run.began.run;
    let unreadable = |cause: String| {
        Error::new(Kind::Config, "journal_unreadable", format!("the output of the run `{id}` cannot be read: {cause}"))
    };
    let path = archive.find(id)?.map_err(|_| unreadable("it is gone".to_owned()))?;
    let lines = read_output(&path).map_err(|error| unreadable(io_cause(&error)))?;
    let text: Vec<String> = lines
        .iter()
        .map(|line| match line.stream.as_str() {
            "print" | "talk" => line.text.trim_end_matches('\n').to_owned(),
            level => format!("{level}: {}", line.text),
        })
        .collect();
    process.printer.result(&json!(lines), &text.join("\n"))?;
    process.printer.note(&format!("{} of the run {}", counted(lines.len(), "line"), short(id)));
    Ok(DONE)
}
