//! Whether what was typed is a whole script, or waits for more.

use rhai::{LexError, ParseError, ParseErrorType};

use super::check::plain_engine;
use super::recipe::{Comment, CommentKind, comments};

/// What a text is, as an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// It can be evaluated, or has a mistake that no further line takes away.
    Whole,
    /// It waits for more: a bracket is open, a text, a comment, or an operator lacks its right side.
    Open,
}

thread_local! {
    /// Building one takes longer than a key stroke should.
    static ENGINE: rhai::Engine = plain_engine();
}

/// Whether a text is a whole script. Takes well under a millisecond for what a person types.
#[must_use]
pub fn completeness(text: &str) -> Completeness {
    let last_line = text.trim_end().split('\n').count();
    // What is said of a function waits for the function.
    let waits_for_function =
        |comment: &Comment| comment.kind == CommentKind::Doc && comment.is_alone && comment.line == last_line;
    if comments(text).last().is_some_and(|comment| !comment.is_closed || waits_for_function(comment)) {
        return Completeness::Open;
    }
    super::tokens::start();
    crate::stack::unmark();
    match ENGINE.with(|engine| engine.compile(text)) {
        Err(error) if waits(text, &error) => Completeness::Open,
        Ok(_) | Err(_) => Completeness::Whole,
    }
}

/// Whether more text could take the mistake away.
fn waits(text: &str, error: &ParseError) -> bool {
    use ParseErrorType::{
        BadInput, FnMissingBody, FnMissingName, FnMissingParams, MissingToken, PropertyExpected, UnexpectedEOF,
        VariableExpected,
    };
    let (line, column) = (error.position().line().unwrap_or(0), error.position().position().unwrap_or(0));
    let last = text.rsplit('\n').next().unwrap_or("").chars().count();
    let lines = text.split('\n').count();
    let is_at_end = line > lines || (line == lines && column > last);
    match error.err_type() {
        UnexpectedEOF => true,
        // A text in quotes ends with its line; one in backticks does not, and goes on after each `${x}`.
        BadInput(LexError::UnterminatedString) => {
            let is_quoted = letter_at(text, line, column).is_some_and(|letter| matches!(letter, '"' | '\''));
            !is_quoted || column.checked_sub(1).and_then(|before| letter_at(text, line, before)) == Some('}')
        }
        MissingToken(..) | FnMissingParams(_) | FnMissingName | FnMissingBody(_) | VariableExpected
        | PropertyExpected => is_at_end,
        _ => false,
    }
}

fn letter_at(text: &str, line: usize, column: usize) -> Option<char> {
    text.split('\n').nth(line.checked_sub(1)?)?.chars().nth(column.checked_sub(1)?)
}
