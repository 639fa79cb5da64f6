//! One run on one page.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::rows::ChangeRow;
use crate::journal::{Counts, History, Module, Outcome, RecipeFacts, RunOutcome, Trouble, Who};
use crate::secret::REDACTED;

/// One run on one page.
#[derive(Debug, Clone, Serialize)]
pub struct RunPage {
    /// The run's id.
    pub run: String,
    /// When it began.
    pub began: DateTime<Utc>,
    /// What was typed: `run`, `eval`, `api`.
    pub command: String,
    /// The script.
    pub recipe: Option<RecipeFacts>,
    /// The files that it imported.
    pub modules: Vec<Module>,
    /// The values of its parameters.
    pub arguments: Map<String, Value>,
    /// Who did it.
    pub who: Who,
    /// Where.
    pub target: Target,
    /// The instant that it stands for.
    pub fire_time: Option<DateTime<Utc>>,
    /// As what it ended.
    pub outcome: RunOutcome,
    /// Its exit code, if it ended.
    pub exit_code: Option<u8>,
    /// Why, if it said so.
    pub reason: Option<String>,
    /// What nothing caught.
    pub error: Option<Trouble>,
    /// How long it took.
    pub milliseconds: Option<u64>,
    /// Its changes by what became of them.
    pub counts: Counts,
    /// Its changes.
    pub changes: Vec<ChangeLine>,
    /// What was left undone.
    pub left: Vec<String>,
    /// The command to type next.
    pub next: Option<String>,
    /// What a person should know of the journal, or of the states.
    pub notes: Vec<String>,
}

/// Where a run acted.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// The profile.
    pub profile: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// The region.
    pub region: Option<String>,
}

/// A change, and what the object is now.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeLine {
    /// The change.
    #[serde(flatten)]
    pub row: ChangeRow,
    /// The object's state now, if it was asked for and can be.
    pub now: Option<String>,
}

impl RunPage {
    /// Puts the page together; `now` are states by the change's number.
    #[must_use]
    pub fn of(run: &History, mut now: BTreeMap<u64, String>) -> Self {
        let began = &run.began;
        let line = |change| {
            let row = ChangeRow::of(&began.run, change);
            let now = now.remove(&row.call);
            ChangeLine { row, now }
        };
        let changes: Vec<ChangeLine> = run.changes.iter().map(line).collect();
        let ended = run.ended.as_ref();
        Self {
            run: began.run.clone(),
            began: run.time,
            command: began.command.clone(),
            recipe: began.recipe.clone(),
            modules: run.modules.clone(),
            arguments: began.arguments.clone(),
            who: began.who.clone(),
            target: Target {
                profile: began.profile.clone(),
                project: began.project.clone(),
                region: began.region.clone(),
            },
            fire_time: began.fire_time,
            outcome: run.outcome(),
            exit_code: ended.map(|ended| ended.exit_code),
            reason: ended.and_then(|ended| ended.reason.clone()),
            error: ended.and_then(|ended| ended.error.clone()),
            milliseconds: ended.map(|ended| ended.milliseconds),
            counts: run.counts(),
            left: left(run, &changes),
            next: next(run),
            changes,
            notes: run.notes.clone(),
        }
    }
}

/// What was left undone: changes that were not made, items that failed, and what came after the end of the process.
fn left(run: &History, changes: &[ChangeLine]) -> Vec<String> {
    let not_made = changes.iter().map(|line| &line.row).filter(|row| row.outcome != Outcome::Done);
    let mut left: Vec<String> = not_made
        .map(|row| {
            let object = row.name.as_deref().or(row.id.as_deref()).unwrap_or("an object without a name");
            let why = row.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            match row.outcome {
                Outcome::Unknown => format!("nobody knows whether `{}` of {object} took effect{why}", row.operation),
                _ => format!("`{}` of {object} was {}{why}", row.operation, row.outcome.as_str()),
            }
        })
        .collect();
    match &run.ended {
        None if run.outcome() == RunOutcome::Lost => {
            left.push("the run has no end: its process has gone without a record".to_owned());
        }
        None => left.push("the run has no end: it is still under way, or its process was killed".to_owned()),
        Some(ended) => left.extend(ended.error.iter().flat_map(|error| error.notes.iter().cloned())),
    }
    left
}

/// The command to type next: again what failed, else how to undo what was done, else what it said.
fn next(run: &History) -> Option<String> {
    let began = &run.began;
    let short = began.run.get(..8).unwrap_or(&began.run);
    match run.outcome() {
        RunOutcome::Done | RunOutcome::Skipped if run.counts().done > 0 => {
            Some(format!("stackhand journal --run {short} --undo --out undo.rhai"))
        }
        RunOutcome::Done | RunOutcome::Skipped => Some(format!("stackhand runs logs {short}")),
        RunOutcome::Partial
        | RunOutcome::Failed
        | RunOutcome::Refused
        | RunOutcome::Interrupted
        | RunOutcome::Lost
        | RunOutcome::Open => again(run),
    }
}

/// The command that ran it.
fn again(run: &History) -> Option<String> {
    let began = &run.began;
    let recipe = began.recipe.as_ref()?;
    if began.job.is_some() {
        return Some(format!("stackhand runs rerun {}", began.run.get(..8).unwrap_or(&began.run)));
    }
    let mut words = vec!["stackhand".to_owned(), began.command.clone()];
    match &recipe.text {
        Some(text) if began.command == "eval" => words.push(text.clone()),
        Some(_) => return None,
        None => words.push(recipe.name.clone()),
    }
    if let Some(profile) = &began.profile {
        words.extend(["--profile".to_owned(), profile.clone()]);
    }
    if let Some(time) = began.fire_time {
        words.extend(["--fire-time".to_owned(), time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)]);
    }
    for (name, value) in &began.arguments {
        let option = format!("--{}", name.replace('_', "-"));
        match value {
            Value::Bool(false) => words.push(option.replacen("--", "--no-", 1)),
            Value::String(text) if text != REDACTED => words.extend([option, text.clone()]),
            // Of a secret the option's name is all that is known.
            Value::Bool(true) | Value::String(_) | Value::Null => words.push(option),
            other => words.extend([option, other.to_string()]),
        }
    }
    Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
}

/// A word as a shell takes it for one.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_wants_it() {
        assert_eq!(quoted("a-b/c.rhai"), "a-b/c.rhai");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("$(x)"), "'$(x)'");
        assert_eq!(quoted(""), "''");
    }
}
