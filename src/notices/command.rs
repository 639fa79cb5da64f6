//! A program that passes notices on: the notice as JSON on its standard input.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::bounded::said;
use super::family::Family;
use super::sending::Failure;
use crate::clock::Clock;
use crate::config::variables;
use crate::error::{Error, Kind, io_cause};

/// So much of what it says is read to its end, in bytes; what comes after is thrown away.
const HEARD: usize = 16_384;

/// After a program has ended, what it left behind may hold its output open this long.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A program that passes notices on.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program, then its arguments.
    pub line: Vec<String>,
    /// Where it is started.
    pub folder: PathBuf,
    /// The variables that it is not given, besides stackhand's own.
    pub withheld: Vec<String>,
    /// How long it may take.
    pub time_limit: Duration,
}

/// Runs a program with a notice on its standard input; it did its part if it ends with 0. Our own variables, which hold
/// credentials, are not its business. When its time is over, or this is dropped, it is killed with all that it started.
pub(super) async fn run(program: &Program, notice: &str, time_limit: Duration, clock: &Clock) -> Result<(), Failure> {
    let Some((name, arguments)) = program.line.split_first() else {
        return Err(Failure::passing(Error::new(Kind::Config, "empty_command", "the channel names no program")));
    };
    let broken = |reason: &str| {
        Failure::passing(Error::new(Kind::Config, "command_failed", format!("the program `{name}` {reason}")))
    };
    let mut command = Command::new(name);
    command.args(arguments).current_dir(&program.folder);
    Family::begin(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in variables::all().map(|variable| variable.name).chain(program.withheld.iter().map(String::as_str)) {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(|error| broken(&format!("cannot be started: {}", io_cause(&error))))?;
    // Dropped before the child, as what is declared last is.
    let mut family = Family::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let errors = Mutex::new(Vec::new());
    let work = async {
        let tell = async {
            if let Some(mut stdin) = stdin {
                // It may end without reading; what it ends with counts.
                let _ = stdin.write_all(notice.as_bytes()).await;
            }
        };
        let talk = futures_util::future::join3(tell, hear(stdout, None), hear(stderr, Some(&errors)));
        let mut talk = std::pin::pin!(talk);
        match select(&mut talk, std::pin::pin!(child.wait())).await {
            Either::Left((_, waiting)) => {
                let status = waiting.await;
                family.leave();
                status
            }
            Either::Right((status, _)) => {
                family.leave();
                clock.timeout(LAST_WORDS, talk).await;
                status
            }
        }
    };
    let Some(status) = clock.timeout(time_limit, work).await else {
        return Err(broken(&format!("was ended after {} s", time_limit.as_secs())));
    };
    let status = status.map_err(|error| broken(&format!("was lost: {}", io_cause(&error))))?;
    if status.success() {
        return Ok(());
    }
    let words = said(&errors.into_inner().unwrap_or_else(PoisonError::into_inner));
    let because = if words.is_empty() { String::new() } else { format!(": {words}") };
    Err(broken(&match status.code() {
        Some(code) => format!("ended with {code}{because}"),
        None => format!("was killed{because}"),
    }))
}

/// Reads to the end, and keeps the beginning where it is to be kept.
async fn hear(stream: Option<impl AsyncRead + Unpin>, kept: Option<&Mutex<Vec<u8>>>) {
    let mut piece = vec![0; 4_096];
    let Some(mut stream) = stream else { return };
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        if let Some(kept) = kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let room = HEARD.saturating_sub(kept.len());
            kept.extend_from_slice(&piece[..read.min(room)]);
        }
    }
}
