//! What is recorded of a run besides its changes: how it began, what it said, how it ended.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::auth;
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::engine::{KeptChange, LogLevel, Outcome, Output, Source, Verdict};
use crate::error::{Error, Kind, Result};
use crate::journal::{
    Began, Counts, Ended, Folder, Journal, Keeping, ProcessFacts, RecipeFacts, RunOutcome, SyslogAddress, Trouble, Who,
    commit_of, host, sha256, user,
};
use crate::secret::{REDACTED, Scrubber};
use crate::transport::names_a_secret;

/// For how many days journals are kept when nobody says.
const DEFAULT_DAYS: u32 = 400;

/// The longest script that is kept with the journal because it lies in no file.
const LONGEST_TEXT: usize = 16 * 1024;

/// What a run is recorded as.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// What was typed: `run`, `eval`, `api`; `job` if nobody typed anything.
    pub command: &'static str,
    /// The id of the run, if it has one already.
    pub run: Option<String>,
    /// The script, if it runs one.
    pub source: Option<Source>,
    /// The values of its parameters.
    pub arguments: BTreeMap<String, Value>,
    /// The instant that it stands for, if it was given one.
    pub fire_time: Option<DateTime<Utc>>,
    /// The job that it belongs to.
    pub job: Option<String>,
    /// Why, as whoever started it says.
    pub reason: Option<String>,
}

impl Recording {
    /// Whether a text is among what is recorded at the beginning.
    pub(super) fn tells(&self, text: &str) -> bool {
        let source = self.source.as_ref().filter(|source| source.folder.is_none());
        let texts = self.reason.iter().chain(source.map(|source| &source.text));
        texts.into_iter().any(|told| told.contains(text)) || self.arguments.values().any(|value| tells(value, text))
    }

    /// How the run begins.
    pub(super) fn began(
        &self,
        run: &str,
        settings: &Settings,
        environment: &Environment,
        identity: Option<&auth::Identity>,
    ) -> Began {
        let account = identity.map(|identity| {
            let method = || identity.method.replace('_', " ");
            identity.email.clone().unwrap_or_else(method)
        });
        let who = Who {
            account,
            user: user(environment),
            host: host(environment),
            reason: self.reason.clone().filter(|reason| !reason.trim().is_empty()),
        };
        Began {
            run: run.to_owned(),
            command: self.command.to_owned(),
            who,
            profile: settings.profile.as_ref().map(|profile| profile.value.clone()),
            project: settings.project.as_ref().map(|project| project.value.clone()),
            region: Some(settings.region.value.clone()),
            job: self.job.clone(),
            fire_time: self.fire_time,
            recipe: self.source.as_ref().map(recipe_facts),
            arguments: self
                .arguments
                .iter()
                .map(|(name, value)| (name.clone(), open(name, value)))
                .collect::<Map<_, _>>(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: Some(ProcessFacts::of_self()),
        }
    }
}

fn tells(value: &Value, text: &str) -> bool {
    match value {
        Value::String(told) => told.contains(text),
        Value::Array(items) => items.iter().any(|item| tells(item, text)),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains(text) || tells(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A parameter's value, unless its name says that it is a secret.
fn open(name: &str, value: &Value) -> Value {
    if names_a_secret(name) && !value.is_null() { Value::from(REDACTED) } else { value.clone() }
}

fn recipe_facts(source: &Source) -> RecipeFacts {
    let text = source.folder.is_none().then(|| {
        let end = source.text.floor_char_boundary(LONGEST_TEXT);
        source.text[..end].to_owned()
    });
    RecipeFacts {
        name: source.name.clone(),
        sha256: sha256(source.text.as_bytes()),
        commit: source.folder.as_deref().and_then(|folder: &Path| commit_of(folder)),
        text,
    }
}

/// Where journals are kept, as settings and environment want it.
///
/// # Errors
/// When `journal_syslog` is no address, or leads to what is no socket.
pub fn keeping(settings: &Settings, environment: &Environment, clock: Clock, scrubber: &Scrubber) -> Result<Keeping> {
    let workspace = settings.workspace.as_ref();
    let written = workspace.and_then(|workspace| Some((workspace, workspace.journal_syslog.as_deref()?)));
    let syslog = written.map(|(workspace, text)| {
        let wrong = |message: String, hint: String| {
            Error::new(Kind::Config, "bad_syslog", message)
                .with_place(workspace.file.display().to_string())
                .with_hint(hint)
        };
        let address = SyslogAddress::parse(text)
            .map_err(|right| wrong(format!("`journal_syslog` is no place to send to: `{text}`"), right))?;
        if address.is_no_socket() {
            let hint = "give the socket on which the system's log listens, such as `/dev/log`";
            return Err(wrong(format!("`journal_syslog` leads to something that is no socket: `{text}`"), hint.into()));
        }
        Ok(address)
    });
    Ok(Keeping {
        folder: Folder::of(settings, environment),
        days: workspace.and_then(|workspace| workspace.journal_days).unwrap_or(DEFAULT_DAYS),
        syslog: syslog.transpose()?,
        clock,
        scrubber: scrubber.clone(),
    })
}

/// How a run of a script ended; its changes are counted by the journal.
pub(super) fn ended(outcome: &Outcome) -> Ended {
    let error = outcome.failure.as_ref().map(|failure| Trouble {
        line: failure.trace.first().map(|place| (place.source.clone(), place.line)),
        notes: failure.notes.clone(),
        code: failure.code.clone(),
        ..trouble(&failure.error)
    });
    let (reason, results) = match &outcome.verdict {
        Some(Verdict::Skipped(why)) => (Some(why.clone()), None),
        Some(Verdict::Partly { ok, failed }) => (None, Some((*ok, *failed))),
        Some(Verdict::Exited(_)) | None => (None, None),
    };
    let exit_code = outcome.exit_code();
    let run_outcome = match (outcome.error().map(|error| error.kind), &outcome.verdict) {
        (Some(kind), _) => outcome_of(kind),
        (None, Some(Verdict::Skipped(_))) => RunOutcome::Skipped,
        (None, Some(Verdict::Partly { ok: 1.., failed: 1.. })) => RunOutcome::Partial,
        (None, _) if exit_code != 0 => RunOutcome::Failed,
        (None, _) => RunOutcome::Done,
    };
    let kept = kept(run_outcome, outcome).len() as u64;
    Ended { outcome: run_outcome, exit_code, reason, error, changes: Counts::default(), results, kept, milliseconds: 0 }
}

/// What a run wants kept: nothing unless it ended well.
#[must_use]
pub fn kept_by(outcome: &Outcome) -> &[KeptChange] {
    kept(ended(outcome).outcome, outcome)
}

/// What a run wants kept that ended so: nothing unless it ended well.
pub(super) fn kept(ended: RunOutcome, outcome: &Outcome) -> &[KeptChange] {
    match ended {
        RunOutcome::Done | RunOutcome::Partial | RunOutcome::Skipped => &outcome.kept,
        RunOutcome::Failed | RunOutcome::Refused | RunOutcome::Interrupted | RunOutcome::Lost | RunOutcome::Open => &[],
    }
}

/// How a single call ended.
#[must_use]
pub fn ended_call(result: std::result::Result<(), &Error>) -> Ended {
    let error = result.err();
    Ended {
        outcome: error.map_or(RunOutcome::Done, |error| outcome_of(error.kind)),
        exit_code: error.map_or(0, |error| error.exit_code() as u8),
        reason: None,
        error: error.map(trouble),
        changes: Counts::default(),
        results: None,
        kept: 0,
        milliseconds: 0,
    }
}

/// How a run ended that did not wait for its end.
pub(super) fn ended_at_once(exit_code: u8) -> Ended {
    Ended {
        outcome: RunOutcome::Interrupted,
        exit_code,
        reason: Some("it was interrupted twice, and did not wait for what was under way".to_owned()),
        error: None,
        changes: Counts::default(),
        results: None,
        kept: 0,
        milliseconds: 0,
    }
}

fn outcome_of(kind: Kind) -> RunOutcome {
    match kind {
        Kind::Policy => RunOutcome::Refused,
        Kind::Cancelled => RunOutcome::Interrupted,
        _ => RunOutcome::Failed,
    }
}

fn trouble(error: &Error) -> Trouble {
    Trouble {
        kind: error.kind.to_string(),
        code: error.code.to_owned(),
        message: error.message.clone(),
        line: None,
        notes: Vec::new(),
        hint: error.hint.clone(),
    }
}

/// Keeps what a run prints and logs, and passes it on.
pub(super) struct RecordedOutput {
    pub output: Arc<dyn Output>,
    pub journal: Journal,
}

impl RecordedOutput {
    pub fn keep(&self, stream: &str, text: &str) {
        if let Ok(journal) = self.journal.opened() {
            journal.output().keep(stream, text);
        }
    }
}

impl Output for RecordedOutput {
    fn print(&self, text: &str) {
        self.output.print(text);
        self.keep("print", text);
    }

    fn say(&self, text: &str) {
        self.output.say(text);
        self.keep("talk", text);
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.output.log(level, text);
        self.keep(&level.to_string(), text);
    }
}
