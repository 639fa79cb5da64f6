//! What the line editor asks about the text that is being typed.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};

use crate::engine::{Completeness, completeness};

/// Answers the line editor.
#[derive(Default)]
pub(super) struct Helper;

impl rustyline::Helper for Helper {}

impl Completer for Helper {
    type Candidate = String;
}

impl Highlighter for Helper {}

impl Hinter for Helper {
    type Hint = String;
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if waits_for_more(context.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// Whether a further line is to be typed. An empty one submits whatever there is.
pub(super) fn waits_for_more(text: &str) -> bool {
    let is_submitted = text.rsplit_once('\n').is_some_and(|(_, last)| last.trim().is_empty());
    !is_submitted && !text.trim_start().starts_with(':') && completeness(text) == Completeness::Open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_submits_and_a_command_never_waits() {
        assert!(waits_for_more("servers("));
        assert!(waits_for_more("servers(\n#{ details: true }"));
        assert!(!waits_for_more("servers(\n"));
        assert!(!waits_for_more("servers(\n  "));
        assert!(!waits_for_more("servers()"));
        assert!(!waits_for_more(":csv fleet(1"));
    }
}
