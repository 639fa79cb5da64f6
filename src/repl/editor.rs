//! A session at a terminal.

use std::path::PathBuf;
use std::time::Duration;

use rustyline::error::ReadlineError;
use rustyline::history::{DefaultHistory, MemHistory};
use rustyline::{
    Cmd, ColorMode, CompletionType, ConditionalEventHandler, Config, EditMode, Editor, Event, EventContext,
    EventHandler, InputMode, KeyCode, KeyEvent, Modifiers, RepeatCount,
};

use super::conversation::{Conversation, Step};
use super::helper::{Closing, Helper, waits_for_more};
use super::history::{file_of, may_keep};
use super::lexer::{open_brackets, pieces};
use super::questions::Keyboard;
use crate::error::{Error, ExitCode, Kind, Result};

/// How many lines of history are kept.
const KEPT_LINES: usize = 5_000;

/// How far each open bracket indents.
const INDENT: &str = "  ";

/// How many brackets indent at most.
const DEEPEST: usize = 16;

/// How long a prompt waits for the project's name, which a simulator gives at once.
const FOR_THE_NAME: Duration = Duration::from_millis(15);

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
    let mut lines = Lines::new(keys, conversation.screen.has_talk_colour()).map_err(|error| broken(&error))?;
    conversation.set_keyboard(Box::new(Answers(plain_editor(keys).map_err(|error| broken(&error))?)));
    loop {
        match lines.read(conversation) {
            Ok(text) => {
                lines.keep(&text, conversation);
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

/// The lines that are typed, with the history of the profile.
struct Lines {
    editor: Editor<Helper, DefaultHistory>,
    /// The profile whose history it is.
    profile: Option<String>,
    file: Option<PathBuf>,
}

impl Lines {
    fn new(keys: Keys, has_colour: bool) -> rustyline::Result<Self> {
        let config = Config::builder()
            .edit_mode(keys.mode())
            .color_mode(if has_colour { ColorMode::Enabled } else { ColorMode::Disabled })
            .completion_type(CompletionType::List)
            .bracketed_paste(true)
            .auto_add_history(false)
            .history_ignore_space(true)
            .history_ignore_dups(true)?
            .max_history_size(KEPT_LINES)?
            .build();
        let mut editor: Editor<Helper, DefaultHistory> = Editor::with_config(config)?;
        let helper = Helper::new(has_colour);
        let plain = |code| KeyEvent(code, Modifiers::NONE);
        editor.bind_sequence(plain(KeyCode::Enter), EventHandler::Conditional(Box::new(Indent)));
        for bracket in [')', ']', '}'] {
            editor.bind_sequence(
                plain(KeyCode::Char(bracket)),
                EventHandler::Conditional(Box::new(Outdent(bracket, helper.closing.clone()))),
            );
        }
        editor.set_helper(Some(helper));
        editor.bind_sequence(plain(KeyCode::PageUp), Cmd::HistorySearchBackward);
        editor.bind_sequence(plain(KeyCode::PageDown), Cmd::HistorySearchForward);
        Ok(Self { editor, profile: None, file: None })
    }

    fn read(&mut self, conversation: &Conversation) -> rustyline::Result<String> {
        let place = conversation.place_within(FOR_THE_NAME);
        let profile =
            place.profile.clone().unwrap_or_else(|| if place.is_simulated { "sim" } else { "default" }.to_owned());
        if self.profile.as_ref() != Some(&profile) {
            self.file = file_of(&conversation.interactive.opening().environment, &profile);
            let _ = self.editor.clear_history();
            if let Some(file) = &self.file {
                // What cannot be read is no history; the session goes on without.
                let _ = self.editor.load_history(file);
            }
            self.profile = Some(profile);
        }
        if let Some(helper) = self.editor.helper_mut() {
            helper.knowledge = conversation.knowledge();
        }
        let width = self.editor.dimensions().map_or(80, |(columns, _)| columns);
        let prompt = place.prompt(conversation.number, width);
        self.editor.readline(&(prompt.raw, prompt.styled))
    }

    fn keep(&mut self, text: &str, conversation: &Conversation) {
        let text = text.trim_end();
        if may_keep(text, &conversation.interactive.opening().scrubber) {
            let _ = self.editor.add_history_entry(text);
            if let Some(file) = &self.file {
                let _ = self.editor.append_history(file);
            }
        }
    }
}

/// Goes on in a line of its own, indented as deep as brackets are open.
struct Indent;

impl ConditionalEventHandler for Indent {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let line = context.line();
        if context.pos() < line.len() || !waits_for_more(line) {
            return None;
        }
        let depth = open_brackets(&pieces(line)).min(DEEPEST);
        Some(Cmd::Insert(1, format!("\n{}", INDENT.repeat(depth))))
    }
}

/// Puts a closing bracket that begins its line under the line that opened it. The line editor has no command of its own
/// that replaces what stands before the cursor and goes on behind it, but it completes so.
struct Outdent(char, Closing);

impl ConditionalEventHandler for Outdent {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let (line, at) = (context.line(), context.pos());
        if at < line.len() || context.mode() == EditMode::Vi && context.input_mode() != InputMode::Insert {
            return None;
        }
        let (before, begun) = line.rsplit_once('\n')?;
        let wanted = INDENT.len() * open_brackets(&pieces(before)).checked_sub(1)?.min(DEEPEST);
        if begun.len() <= wanted || !begun.chars().all(|letter| letter == ' ') {
            return None;
        }
        self.1.set(before.len() + 1 + wanted, self.0);
        Some(Cmd::Complete)
    }
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
