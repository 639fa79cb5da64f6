//! A program that prints a token, such as `stackit auth get-access-token`: people act as themselves.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::renewing::{Cause, Minter, Passing};
use super::token::{self, Minted};
use super::{Error, Problem};
use crate::clock::Clock;
use crate::secret::Secret;

/// How long the program may take.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// Tokens are a few kilobytes; more is not read.
const MOST_BYTES: u64 = 1 << 18;
/// How much of the end of stderr is shown.
const LONGEST_WORDS: usize = 600;

/// Runs programs: the system, or a stand-in in tests.
pub trait Programs: Send + Sync {
    /// Runs a program without input and gathers what it prints. Dropping the future ends the program.
    ///
    /// # Errors
    /// When it cannot be started, with the system's words.
    fn run<'p>(&'p self, command: &'p [String], folder: &'p Path) -> BoxFuture<'p, Result<Printed, String>>;
}

/// What a program left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// Why it failed, in words; nothing if it succeeded.
    pub failure: Option<String>,
    /// Its output.
    pub stdout: Vec<u8>,
    /// Its complaints.
    pub stderr: Vec<u8>,
}

/// The system's programs.
#[derive(Debug, Clone, Copy)]
pub struct SystemPrograms;

impl Programs for SystemPrograms {
    fn run<'p>(&'p self, command: &'p [String], folder: &'p Path) -> BoxFuture<'p, Result<Printed, String>> {
        Box::pin(async move {
            let Some((program, arguments)) = command.split_first() else {
                return Err("no program is named".to_owned());
            };
            let mut child = tokio::process::Command::new(program)
                .args(arguments)
                .current_dir(folder)
                .stdin(std::process::Stdio::null())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| crate::error::io_cause(&error))?;
            let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
            let (status, stdout, stderr) = tokio::join!(child.wait(), read(stdout), read(stderr));
            let status = status.map_err(|error| crate::error::io_cause(&error))?;
            Ok(Printed { failure: (!status.success()).then(|| status.to_string()), stdout, stderr })
        })
    }
}

/// Reads a stream to its end but keeps only its beginning: a program that talks on must not block.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    if let Some(mut stream) = stream {
        // What came before a broken pipe is all there is.
        let _ = (&mut stream).take(MOST_BYTES).read_to_end(&mut kept).await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
    kept
}

/// Mints tokens by running a program.
pub(super) struct TokenCommand {
    pub(super) command: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) origin: String,
    pub(super) programs: Arc<dyn Programs>,
    pub(super) clock: Clock,
    pub(super) passing: Passing,
}

impl TokenCommand {
    fn program(&self) -> String {
        self.command.first().cloned().unwrap_or_default()
    }

    async fn output(&self) -> Result<String, Problem> {
        let program = self.program();
        let run = self.programs.run(&self.command, &self.folder);
        let Some(printed) = self.clock.timeout(TIME_LIMIT, run).await else {
            let seconds = TIME_LIMIT.as_secs();
            return Err(Problem::CommandTimeout { program, seconds });
        };
        let printed = printed.map_err(|reason| Problem::CommandNotFound { program: program.clone(), reason })?;
        if let Some(status) = printed.failure {
            return Err(Problem::CommandFailed { program, status, stderr: self.last_words(&printed.stderr) });
        }
        String::from_utf8(printed.stdout)
            .map_err(|_| Problem::CommandWithoutToken { program, found: "something that is not text" })
    }

    /// The end of what a program complained, without secrets, on one line.
    fn last_words(&self, stderr: &[u8]) -> String {
        let text = String::from_utf8_lossy(stderr);
        let clean = self.passing.scrubber().scrub(&text);
        let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.char_indices().rev().nth(LONGEST_WORDS) {
            Some((start, _)) => format!("…{}", &words[start..]),
            None => words,
        }
    }
}

impl Minter for TokenCommand {
    fn mint<'m>(&'m self, cause: Cause, current: Option<&'m Minted>) -> BoxFuture<'m, Result<Minted, Error>> {
        Box::pin(async move {
            let complain = |problem| Error::new(problem).at(self.origin.clone());
            let output = self.output().await.map_err(complain)?;
            let (token, lifetime) = token_in(&output)
                .map_err(|found| complain(Problem::CommandWithoutToken { program: self.program(), found }))?;
            let now = self.clock.now();
            self.passing.learn(&token);
            let minted = Minted::new(token, now, lifetime);
            if let Some(expired_at) = minted.expires_at.filter(|end| *end <= now) {
                return Err(complain(Problem::TokenExpired { expired_at }));
            }
            if cause == Cause::Rejection && current.is_some_and(|current| current.token == minted.token) {
                return Err(complain(Problem::TokenRefused));
            }
            Ok(minted)
        })
    }
}

impl fmt::Debug for TokenCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenCommand({})", self.program())
    }
}

/// The token in a program's output, and how long it lasts; else what there was instead.
fn token_in(output: &str) -> Result<(Secret, Option<TimeDelta>), &'static str> {
    let output = output.trim();
    if output.is_empty() {
        return Err("nothing");
    }
    let (token, lifetime) = match serde_json::from_str::<Value>(output) {
        Ok(Value::String(token)) => (token, None),
        Ok(value @ Value::Object(_)) => {
            let fields = value.get("status").filter(|status| status.is_object()).unwrap_or(&value);
            let token = ["access_token", "accessToken", "token"].iter().find_map(|name| fields.get(name)?.as_str());
            let lifetime = fields.get("expires_in").and_then(token::seconds).and_then(TimeDelta::try_seconds);
            (token.ok_or("JSON without a token")?.to_owned(), lifetime)
        }
        Ok(_) => return Err("JSON without a token"),
        Err(_) => (output.to_owned(), None),
    };
    token::checked(&token).map(|token| (token, lifetime)).map_err(|_| "something else")
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
