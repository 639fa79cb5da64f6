//! Before a run changes anything: what it would change is counted, and in production a person is asked.

use std::io::{BufRead, IsTerminal};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::arguments::RunLimits;
use super::printer::Printer;
use crate::app::{Rehearsal, RunRequest, Session, ended_call, rehearse};
use crate::catalog::{Effect, plain_text};
use crate::error::{Error, Kind, Result};
use crate::policy::plural;
use crate::transport::Call;

/// Whether a run may go on.
pub enum Leave {
    /// It may.
    Given,
    /// It may not, for this reason, which was told.
    Refused(Error),
}

/// Rehearses a run where nobody watches it, and where mistakes hurt; refuses it, asks, or lets it go on.
///
/// # Errors
/// Of kind `policy` when it would pass caps, or changes something in production and nobody said that it may; the run is
/// recorded as refused.
pub fn before_changes(
    printer: &Printer,
    session: &Session,
    runtime: &Handle,
    limits: &RunLimits,
    request: &RunRequest,
) -> Result<Leave> {
    recorded(session, decide(printer, session, runtime, limits, request))
}

/// Asks before one call changes something in production.
///
/// # Errors
/// Of kind `policy` when nobody is there to ask and nobody said that it may; the call is recorded as refused.
pub fn before_call(
    printer: &Printer,
    session: &Session,
    runtime: &Handle,
    is_confirmed: bool,
    call: &Call,
) -> Result<Leave> {
    let is_harmless = call.operation.effect == Effect::Read || session.is_simulated();
    if is_harmless || is_confirmed || !session.settings.is_production {
        return Ok(Leave::Given);
    }
    let name = format!("{}.{}", call.operation.module, call.operation.name);
    let leave = if is_watched(printer) {
        let words = call.parameters.iter().map(|(name, value)| format!("{name}={}", plain_text(value)));
        printer.talk(&[name].into_iter().chain(words).collect::<Vec<_>>().join(" "));
        ask(printer, session, runtime, &CancellationToken::new(), "Make these changes?")
    } else {
        Err(unconfirmed(&format!("call `{name}`")))
    };
    recorded(session, leave)
}

/// A refusal is where a run ends, and stands on its record.
fn recorded(session: &Session, leave: Result<Leave>) -> Result<Leave> {
    if let Ok(Leave::Refused(why)) | Err(why) = &leave {
        session.end(ended_call(Err(why)));
    }
    leave
}

/// Whether a person sits at a terminal and can be asked.
fn is_watched(printer: &Printer) -> bool {
    std::io::stdin().is_terminal() && printer.streams.talk_terminal
}

fn unconfirmed(what: &str) -> Error {
    let message = format!("would {what} in production, and nobody is there to ask");
    Error::new(Kind::Policy, "not_confirmed", message).with_hint("if that is meant, give `--yes`")
}

fn decide(
    printer: &Printer,
    session: &Session,
    runtime: &Handle,
    limits: &RunLimits,
    request: &RunRequest,
) -> Result<Leave> {
    let is_production = session.settings.is_production;
    let is_watched = is_watched(printer);
    let is_confirmed = limits.yes || !is_production;
    if (is_watched && is_confirmed) || !session.may_change(&request.source) {
        return Ok(Leave::Given);
    }
    let rehearsal = rehearse(session, runtime, request)?;
    for note in &rehearsal.notes {
        printer.note(&format!("rehearsal: {note}"));
    }
    if let Some(failure) = rehearsal.refusal() {
        printer.talk(&failure.render(printer.streams.talk_colour));
        return Ok(Leave::Refused(failure.error.clone()));
    }
    rehearsal.check()?;
    if let Some(note) = rehearsal.note() {
        printer.warning(&note);
    }
    if rehearsal.changes() == 0 && rehearsal.ended.is_none() {
        return Ok(Leave::Given);
    }
    session.tally.expect(&rehearsal.counted);
    if is_confirmed {
        return Ok(Leave::Given);
    }
    if let (None, Some(why)) = (rehearsal.note(), &rehearsal.ended) {
        printer.warning(&format!("nothing could be counted: {why}"));
    }
    if !is_watched {
        return Err(unconfirmed(&format!("make {}", in_short(&rehearsal))));
    }
    if rehearsal.changes() > 0 {
        printer.talk(&table(&rehearsal));
    }
    let question = match rehearsal.ended {
        None => "Make these changes?",
        // Nothing but the caps holds for what comes then.
        Some(_) if rehearsal.changes() == 0 => "Make changes that were not counted, as far as the caps let it?",
        Some(_) => "Make these changes, and what comes after them and was not counted, as far as the caps let it?",
    };
    let leave = ask(printer, session, runtime, &request.cancel, question)?;
    if matches!(leave, Leave::Given) && rehearsal.ended.is_none() {
        rehearsal.bind(&session.tally);
    }
    Ok(leave)
}

/// `97 changes`.
fn in_short(rehearsal: &Rehearsal) -> String {
    let more = if rehearsal.ended.is_some() { " and what could not be counted" } else { "" };
    match rehearsal.changes() {
        0 => "changes that could not be counted".to_owned(),
        1 => format!("1 change{more}"),
        count => format!("{count} changes{more}"),
    }
}

/// What would be changed, a line an operation.
fn table(rehearsal: &Rehearsal) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["operation", "of", "count", "such as"]);
    for counted in &rehearsal.counted {
        let name = format!("{}.{}", counted.operation.module, counted.operation.name);
        let kind = if counted.kind.is_empty() { String::new() } else { plural(&counted.kind) };
        table.add_row([name, kind, counted.count.to_string(), counted.examples.join(", ")]);
        for (kind, count) in &counted.along {
            table.add_row(["  and with them".to_owned(), plural(kind), count.to_string(), String::new()]);
        }
    }
    table.trim_fmt()
}

/// Asks, and takes anything but a yes for a no; an interrupt too.
fn ask(
    printer: &Printer,
    session: &Session,
    runtime: &Handle,
    cancel: &CancellationToken,
    question: &str,
) -> Result<Leave> {
    let profile = session.settings.profile.as_ref().map_or("production", |profile| profile.value.as_str());
    printer.talk(&format!("`{profile}` is production. {question} [y/N]"));
    let answer = runtime.spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let answer = runtime.block_on(async {
        tokio::select! {
            answer = answer => answer.ok(),
            () = cancel.cancelled() => None,
        }
    });
    let line = answer
        .unwrap_or_else(|| Ok(String::new()))
        .map_err(|error| Error::new(Kind::Policy, "not_confirmed", format!("the answer cannot be read: {error}")))?;
    if ["y", "yes"].contains(&line.trim().to_lowercase().as_str()) {
        return Ok(Leave::Given);
    }
    printer.note("nothing was changed");
    let kind = if cancel.is_cancelled() { Kind::Cancelled } else { Kind::Policy };
    Ok(Leave::Refused(Error::new(kind, "not_confirmed", "the changes in production were not confirmed")))
}
