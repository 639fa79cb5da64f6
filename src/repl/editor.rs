//! A session at a terminal.

use rustyline::error::ReadlineError;
use rustyline::history::{DefaultHistory, MemHistory};
use rustyline::{Config, EditMode, Editor};

use super::conversation::{Conversation, Step};
use super::helper::Helper;
use super::questions::Keyboard;
use crate::error::{Error, ExitCode, Kind, Result};

/// Which keys edit a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keys {
    /// As in Emacs.
    #[default]
    Emacs,
    /// As in vi.
    Vi,
}

impl Keys {
    fn mode(self) -> EditMode {
        match self {
            Self::Emacs => EditMode::Emacs,
            Self::Vi => EditMode::Vi,
        }
    }
}

/// Reads and takes inputs until somebody leaves, and gives the exit code.
///
/// # Errors
/// When the terminal cannot be read.
pub fn converse(conversation: &mut Conversation, keys: Keys) -> Result<u8> {
    let mut editor = editor(keys).map_err(|error| broken(&error))?;
    editor.set_helper(Some(Helper));
    conversation.set_keyboard(Box::new(Answers(plain_editor(keys).map_err(|error| broken(&error))?)));
    loop {
        let width = editor.dimensions().map_or(80, |(columns, _)| columns);
        let prompt = conversation.place().prompt(conversation.number, width);
        match editor.readline(&(prompt.raw, prompt.styled)) {
            Ok(text) => {
                let _ = editor.add_history_entry(text.trim_end());
                if let Step::Leave(code) = conversation.take(&text) {
                    return Ok(code);
                }
            }
            // What was typed is thrown away, as in a shell.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(ExitCode::Done as u8),
            Err(error) => return Err(broken(&error)),
        }
    }
}

fn editor(keys: Keys) -> rustyline::Result<Editor<Helper, DefaultHistory>> {
    let config = Config::builder()
        .edit_mode(keys.mode())
        .bracketed_paste(true)
        .auto_add_history(false)
        .history_ignore_space(true)
        .build();
    Editor::with_config(config)
}

/// Reads answers, which no history keeps.
struct Answers(Editor<(), MemHistory>);

impl Keyboard for Answers {
    fn answer(&mut self, question: &str) -> Option<String> {
        self.0.readline(question).ok()
    }
}

fn plain_editor(keys: Keys) -> rustyline::Result<Editor<(), MemHistory>> {
    let config = Config::builder().edit_mode(keys.mode()).auto_add_history(false).build();
    Editor::with_history(config, MemHistory::new())
}

fn broken(error: &ReadlineError) -> Error {
    Error::new(Kind::Bug, "no_terminal", format!("the terminal cannot be read: {error}"))
}
