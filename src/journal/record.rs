//! What stands in a run's journal: how it began, each change before and after it was sent, how the run ended.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::alive::ProcessFacts;
use crate::policy::ObjectFacts;

/// One record. What is borrowed while it is written is owned once it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record<'r> {
    /// The run began. Always the first record; its facts hold for all that follow.
    Run(Box<Began>),
    /// A module was read from a file, and is about to be run.
    Module(Module),
    /// A try of a change is about to be sent.
    Before(Before<'r>),
    /// The try has ended.
    After(After<'r>),
    /// A look at the object told what became of a change whose answer was lost.
    Settled(Settled<'r>),
    /// The run ended.
    End(Box<Ended>),
}

/// How a run began: what, by whom, where.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Began {
    /// The run's id.
    pub run: String,
    /// What was typed, without its arguments: `run`, `eval`, `api`.
    pub command: String,
    /// Who did it.
    pub who: Who,
    /// The profile, if one was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The project that it acts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The region that it acts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The job that it belongs to, if a schedule started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The instant that it stands for, if it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fire_time: Option<DateTime<Utc>>,
    /// The script, if it runs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<RecipeFacts>,
    /// The values of its parameters, without secrets.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub arguments: Map<String, Value>,
    /// The program's version.
    pub version: String,
    /// The process that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessFacts>,
}

/// Who did it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// The account's mail, or else how it signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The user of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Why, as `--reason` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which script, exactly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecipeFacts {
    /// As messages call it: its path, `<eval>`, `<stdin>`.
    pub name: String,
    /// The SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// The commit that is checked out where it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The text of a script that lies in no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A file that the script imports, exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// As messages call it: its path from the recipe.
    pub name: String,
    /// The SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

/// The effect of what is done outside the API: a file is written, a request is sent to another host.
pub const OUTSIDE: &str = "outside";

/// A try of a change that is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before<'r> {
    /// Counts the changes of the run from 1; the tries of one change have the same number.
    pub call: u64,
    /// Counts the tries of the change from 1.
    pub attempt: u32,
    /// `iaas.create_server`; outside the API `http`, `write_file`, `append_file` or `notify`.
    pub operation: Cow<'r, str>,
    /// `create`, `update`, `delete` or `mint`, or [`OUTSIDE`].
    pub effect: Cow<'r, str>,
    /// Host and port; empty for a file.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub host: Cow<'r, str>,
    /// Method and path; of `http` the method alone, of a file its path, of `notify` the channel.
    pub request: Cow<'r, str>,
    /// The project that it acts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Cow<'r, str>>,
    /// The region that it acts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Cow<'r, str>>,
    /// Its parameters by their name on the wire, without secrets.
    #[serde(default, skip_serializing_if = "no_parameters")]
    pub parameters: Cow<'r, Map<String, Value>>,
    /// What is sent, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Cow<'r, Value>>,
    /// What it touches, and what is known of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Touched<'r>>,
}

fn no_parameters(parameters: &Map<String, Value>) -> bool {
    parameters.is_empty()
}

/// An object that a change touches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Touched<'r> {
    /// What it is: `server`, `volume`.
    pub kind: Cow<'r, str>,
    /// As the request names it.
    pub id: Cow<'r, str>,
    /// What it was before the change, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Cow<'r, ObjectFacts>>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was made.
    Done,
    /// The server refused it.
    Refused,
    /// It never reached the server.
    Unsent,
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    /// As it is spelled.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unsent => "unsent",
            Self::Unknown => "unknown",
        }
    }
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct After<'r> {
    /// The change's number.
    pub call: u64,
    /// The try's number.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The server's name for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Cow<'r, str>>,
    /// How long it took.
    pub milliseconds: u64,
    /// The object that the answer holds: of a create, the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ObjectFacts>,
    /// Why it is not done, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Cow<'r, str>>,
}

/// What a look told of a change whose answer was lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settled<'r> {
    /// The change's number.
    pub call: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// The object that was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ObjectFacts>,
    /// Why nobody knows, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Cow<'r, str>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// As what.
    pub outcome: RunOutcome,
    /// The exit code.
    pub exit_code: u8,
    /// Why, if it did not simply end: what `skip` said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What nothing caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Trouble>,
    /// How many changes it made.
    pub changes: Counts,
    /// How many results the recipe said went well, and how many did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<(u64, u64)>,
    /// How many keys of its state it wanted kept, with this end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kept: u64,
    /// How long it took.
    pub milliseconds: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// As what a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It did what it was to do.
    Done,
    /// Some of it.
    Partial,
    /// It said itself that there was nothing to do.
    Skipped,
    /// It failed.
    Failed,
    /// Our own gate, protection or caps refused it.
    Refused,
    /// It was interrupted.
    Interrupted,
    /// It has no last record, and its process has gone.
    #[serde(rename = "ended_without_a_record")]
    Lost,
    /// It has no last record: it is still under way, or its process was killed.
    Open,
}

impl RunOutcome {
    /// As it is spelled.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
            Self::Lost => "ended without a record",
            Self::Open => "open",
        }
    }
}

/// An error that nothing caught.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its kind.
    pub kind: String,
    /// Its code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The script, and the line from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<(String, usize)>,
    /// What else there is to say, such as the items that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Changes by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Made.
    pub done: u64,
    /// Refused, or never sent.
    pub refused: u64,
    /// Nobody knows.
    pub unknown: u64,
}
