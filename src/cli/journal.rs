//! `stackhand journal`: what was changed, by which run; whether the journals are whole; how to undo a run.

use serde_json::{Value, json};

use super::arguments::{JournalArguments, JournalCommand, Shared};
use super::execute::DONE;
use super::history_table::{counted, short, shown, table};
use super::process::Process;
use crate::app::history::{self, ChangeFilter, ChangeRow};
use crate::clock::Clock;
use crate::error::{Error, ExitCode, Kind, Result};
use crate::journal::{Archive, History, RunFile};

/// Shows changes, or does what the subcommand says.
pub fn journal(process: &Process, shared: &Shared, arguments: &JournalArguments) -> Result<u8> {
    let archive = history::archive(&process.environment, &shared.given())?;
    match &arguments.command {
        Some(JournalCommand::Verify) => verify(process, &archive),
        Some(JournalCommand::Export { run, since }) => export(process, &archive, run.as_deref(), since.as_deref()),
        None if arguments.undo => undo(process, &archive, arguments.run.as_deref()),
        None => changes(process, &archive, arguments),
    }
}

fn changes(process: &Process, archive: &Archive, arguments: &JournalArguments) -> Result<u8> {
    let runs = runs(archive, arguments.run.as_deref(), arguments.since.as_deref())?;
    let filter =
        ChangeFilter { object: arguments.object.clone(), name: arguments.name.clone(), deleted: arguments.deleted };
    let rows = history::changes(&runs, &filter);
    let printer = &process.printer;
    for note in
        runs.iter().flat_map(|run| run.notes.iter().map(|note| format!("run {}: {note}", short(&run.began.run))))
    {
        printer.note(&note);
    }
    let cells = rows.iter().map(cells).collect();
    let text = if rows.is_empty() {
        String::new()
    } else {
        table(printer, ["TIME", "OUTCOME", "OPERATION", "OBJECT", "WAS", "RUN"], cells)
    };
    printer.result(&json!(rows), &text)?;
    printer.note(&format!("{} of {}", counted(rows.len(), "change"), counted(runs.len(), "run")));
    Ok(DONE)
}

/// The cells of a change.
fn cells(row: &ChangeRow) -> [String; 6] {
    [
        row.time.format("%Y-%m-%d %H:%M:%S").to_string(),
        row.outcome.as_str().to_owned(),
        row.operation.clone(),
        object(row),
        row.was.clone().unwrap_or_default(),
        short(&row.run),
    ]
}

/// How a table calls the object of a change.
pub fn object(row: &ChangeRow) -> String {
    let (bytes, status) =
        (row.bytes.map(|bytes| format!("{bytes} bytes")), row.status.map(|status| status.to_string()));
    let told: Vec<String> = bytes.into_iter().chain(status.filter(|_| row.bytes.is_some())).collect();
    match (&row.name, &row.id) {
        (_, Some(id)) if !told.is_empty() => format!("{id} ({})", told.join(", ")),
        (Some(name), Some(id)) if !name.is_empty() => format!("{name} ({id})"),
        (Some(name), None) => name.clone(),
        (_, Some(id)) => id.clone(),
        (None, None) => String::new(),
    }
}

fn runs(archive: &Archive, run: Option<&str>, since: Option<&str>) -> Result<Vec<History>> {
    if let Some(run) = run {
        return Ok(vec![history::run_of(archive, Some(run))?]);
    }
    let since = since.map(|text| history::since(text, Clock::process().now())).transpose()?;
    archive.runs(since, usize::MAX)
}

fn verify(process: &Process, archive: &Archive) -> Result<u8> {
    let report = archive.verify()?;
    let lines: Vec<String> = report
        .flaws
        .iter()
        .map(|flaw| {
            let line = flaw.line.map(|line| format!(":{line}")).unwrap_or_default();
            let note = if flaw.is_harmless { "note: " } else { "" };
            format!("{note}{}{line}: {}", shown(&flaw.file.display().to_string()), flaw.what)
        })
        .collect();
    process.printer.result(&json!({ "is_sound": report.is_sound(), "report": report }), &lines.join("\n"))?;
    let read = format!("{} with {} verified", counted(report.files, "file"), counted(report.records, "record"));
    let wrong = report.flaws.iter().filter(|flaw| !flaw.is_harmless).count();
    if wrong == 0 {
        process
            .printer
            .note(&format!("{read}: none was changed; whether the last are missing, only a copy elsewhere tells"));
        return Ok(DONE);
    }
    process.printer.warning(&format!("{read}: {} wrong", counted(wrong, "place")));
    Ok(ExitCode::Script as u8)
}

fn export(process: &Process, archive: &Archive, run: Option<&str>, since: Option<&str>) -> Result<u8> {
    let mut records = Vec::new();
    for run in runs(archive, run, since)?.iter().rev() {
        let path = archive.find(&run.began.run)?.map_err(|_| gone(&run.began.run))?;
        let file = RunFile::read(&path).map_err(|_| gone(&run.began.run))?;
        records.extend(history::export(&file)?);
    }
    let text: Vec<String> = records.iter().map(Value::to_string).collect();
    process.printer.result(&Value::Array(records), &text.join("\n"))?;
    Ok(DONE)
}

fn gone(run: &str) -> Error {
    Error::new(Kind::Config, "journal_unreadable", format!("the journal of the run `{run}` is gone"))
}

fn undo(process: &Process, archive: &Archive, run: Option<&str>) -> Result<u8> {
    let run = history::run_of(archive, run)?;
    let recipe = history::undo(&run);
    process.printer.result(&Value::String(recipe.clone()), recipe.trim_end())?;
    process.printer.note("read it before you run it; `stackhand check` looks for mistakes in it");
    Ok(DONE)
}
