//! A session without a terminal: a script is read input by input, and the first error ends it.

use std::io::BufRead;

use super::conversation::{Conversation, Step};
use crate::engine::{Completeness, completeness};
use crate::error::{Error, ExitCode, Kind, Result, io_cause};

/// Follows a script to its end or its first error, and gives the exit code.
///
/// # Errors
/// When the script cannot be read.
pub fn follow(conversation: &mut Conversation, script: impl BufRead) -> Result<u8> {
    let mut input = String::new();
    for line in script.lines() {
        let line = line.map_err(|error| {
            let message = format!("the script cannot be read: {}", io_cause(&error));
            Error::new(Kind::Usage, "unreadable_script", message).with_place("standard input")
        })?;
        if !input.is_empty() {
            input.push('\n');
        }
        input.push_str(&line);
        if completeness(&input) == Completeness::Open {
            continue;
        }
        match conversation.take(&std::mem::take(&mut input)) {
            Step::Next => {}
            Step::Failed(code) | Step::Leave(code) => return Ok(code),
        }
    }
    // What is open at the end says itself what it lacks.
    match conversation.take(&input) {
        Step::Next => Ok(ExitCode::Done as u8),
        Step::Failed(code) | Step::Leave(code) => Ok(code),
    }
}
