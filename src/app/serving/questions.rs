//! What a person asks of a server over its socket.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::doors::Doors;
use super::reloading::reload;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result, io_cause};
use crate::schedule::executor::{Command, ENDING};
use crate::schedule::job::JobId;
use crate::schedule::rows::{Pause, RunId};
use crate::schedule::store::Store;

/// What a person asks of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Question {
    /// Start a job now.
    Run {
        /// The job's id.
        job: String,
    },
    /// Run the fire time of a run once more.
    Rerun {
        /// The job's id.
        job: String,
        /// The run.
        run: String,
    },
    /// Start nothing of a job for a while; an end that has passed resumes it.
    Pause {
        /// The job's id.
        job: String,
        /// Until when; until somebody resumes it if `None`.
        until: Option<DateTime<Utc>>,
        /// Why.
        note: Option<String>,
    },
    /// End what waits or runs of a job.
    Cancel {
        /// The job's id.
        job: String,
    },
    /// Read the workspace's file again.
    Reload,
}

/// Asks the server of a workspace; `None` if none is there.
///
/// # Errors
/// What the server answers, or that it does not answer.
#[cfg(unix)]
pub async fn ask_server(socket: &Path, question: &Question) -> Result<Option<Value>> {
    use std::io::ErrorKind;
    let answer = match crate::dashboard::ask(socket, &json!(question)).await {
        Ok(answer) => answer,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => {
            let message = format!("the server of the workspace does not answer: {}", io_cause(&error));
            return Err(Error::new(Kind::Network, "server_silent", message).with_place(socket.display().to_string()));
        }
    };
    match answer.get("error") {
        None => Ok(Some(answer.get("ok").cloned().unwrap_or_default())),
        Some(error) => Err(told(error)),
    }
}

/// Where there are no such sockets there is no server to be asked.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub async fn ask_server(_socket: &Path, _question: &Question) -> Result<Option<Value>> {
    Ok(None)
}

/// An error as the server told it.
fn told(error: &Value) -> Error {
    let text = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = match text("kind").as_deref() {
        Some("not_found") => Kind::NotFound,
        Some("conflict") => Kind::Conflict,
        Some("usage") => Kind::Usage,
        Some("bug") => Kind::Bug,
        _ => Kind::Config,
    };
    let code = if text("code").as_deref() == Some(ENDING) { ENDING } else { "server_refused" };
    let mut told = Error::new(kind, code, text("message").unwrap_or_default());
    (told.place, told.hint) = (text("place"), text("hint"));
    told
}

/// The server's answer.
pub(super) async fn answer<S: Store>(doors: &Doors<S>, question: Value) -> Value {
    match serde_json::from_value(question) {
        Ok(question) => match obey(doors, question).await {
            Ok(answer) => json!({ "ok": answer }),
            Err(error) => refusal(&error),
        },
        Err(error) => refusal(&Error::new(Kind::Usage, "unknown_question", error.to_string())),
    }
}

fn refusal(error: &Error) -> Value {
    json!({ "error": {
        "kind": error.kind.as_str(),
        "code": error.code,
        "message": error.message,
        "place": error.place,
        "hint": error.hint,
    } })
}

async fn obey<S: Store>(doors: &Doors<S>, question: Question) -> Result<Value> {
    let commands = &doors.commands;
    let known = |job: &str| {
        let id = JobId::new(job);
        let is_known = doors.runner.jobs().roster.get(&id).is_some();
        is_known.then_some(id).ok_or_else(|| {
            Error::new(Kind::NotFound, "unknown_job", format!("the server knows no job `{job}`"))
                .with_hint("has the workspace's file changed? `stackhand jobs list` tells its jobs")
        })
    };
    match question {
        Question::Run { job } => {
            let id = known(&job)?;
            let since = Clock::process().now();
            let is_taken = order(commands, |answer| Command::Start(id, None, answer)).await?;
            Ok(json!({ "job": job, "is_taken": is_taken, "since": since }))
        }
        Question::Rerun { job, run } => {
            let (id, rerun) = (known(&job)?, RunId(run.clone()));
            let is_taken = order(commands, |answer| Command::Start(id, Some(rerun), answer)).await?;
            Ok(json!({ "job": job, "run": run, "is_taken": is_taken }))
        }
        Question::Pause { job, until, note } => {
            let pause = Pause { since: Clock::process().now(), until, note };
            let id = known(&job)?;
            let is_taken = order(commands, |answer| Command::Pause(id, pause, answer)).await?;
            Ok(json!({ "job": job, "is_taken": is_taken }))
        }
        Question::Cancel { job } => {
            let id = JobId::new(&job);
            // What has left the file runs on, and ends like any other.
            if !doors.store.live().await?.iter().any(|entry| entry.job == id) {
                known(&job)?;
            }
            let running = order(commands, |answer| Command::Cancel(id, None, answer)).await?;
            let runs: Vec<String> = running.iter().map(ToString::to_string).collect();
            Ok(json!({ "job": job, "cancelled": runs }))
        }
        Question::Reload => Ok(json!({ "jobs": reload(doors).await? })),
    }
}

/// Has the loop do something, and waits for its answer.
async fn order<T>(
    commands: &mpsc::Sender<Command>,
    command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command,
) -> Result<T> {
    let ending = || Error::new(Kind::Conflict, ENDING, "the server ends");
    let (answer, answered) = oneshot::channel();
    commands.send(command(answer)).await.map_err(|_| ending())?;
    answered.await.map_err(|_| ending())?
}
