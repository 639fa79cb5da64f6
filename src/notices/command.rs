//! A program that passes notices on: the notice as JSON on its standard input.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::bounded::said;
use super::sending::Failure;
use crate::clock::Clock;
use crate::config::variables;
use crate::error::{Error, Kind, io_cause};

/// So much of what it says is read to its end, in bytes; what comes after is thrown away.
const HEARD: usize = 16_384;

/// Runs a program with a notice on its standard input; it did its part if it ends with 0. Our own variables, which hold
/// credentials, are not its business.
pub(super) async fn run(line: &[String], notice: &str, time_limit: Duration, clock: &Clock) -> Result<(), Failure> {
    let Some((program, arguments)) = line.split_first() else {
        return Err(Failure::passing(Error::new(Kind::Config, "empty_command", "the channel names no program")));
    };
    let broken = |reason: &str| {
        Failure::passing(Error::new(Kind::Config, "command_failed", format!("the program `{program}` {reason}")))
    };
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in variables::all() {
        command.env_remove(variable.name);
    }
    let mut child = command.spawn().map_err(|error| broken(&format!("cannot be started: {}", io_cause(&error))))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let tell = async {
            if let Some(mut stdin) = stdin {
                // It may end without reading; what it ends with counts.
                let _ = stdin.write_all(notice.as_bytes()).await;
            }
        };
        let ((), _, errors, status) = tokio::join!(tell, hear(stdout), hear(stderr), child.wait());
        (errors, status)
    };
    let Some((errors, status)) = clock.timeout(time_limit, work).await else {
        return Err(broken(&format!("was ended after {} s", time_limit.as_secs())));
    };
    let status = status.map_err(|error| broken(&format!("was lost: {}", io_cause(&error))))?;
    if status.success() {
        return Ok(());
    }
    let words = said(&errors);
    let because = if words.is_empty() { String::new() } else { format!(": {words}") };
    Err(broken(&match status.code() {
        Some(code) => format!("ended with {code}{because}"),
        None => format!("was killed{because}"),
    }))
}

/// Reads to the end, and keeps the beginning.
async fn hear(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let (mut heard, mut piece) = (Vec::new(), vec![0; 4_096]);
    let Some(mut stream) = stream else { return heard };
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        let room = HEARD.saturating_sub(heard.len());
        heard.extend_from_slice(&piece[..read.min(room)]);
    }
    heard
}
