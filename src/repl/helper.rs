//! What the line editor asks about the text that is being typed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use rustyline::completion::{Candidate, Completer};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Context};

use super::completion::{Completion, Knowledge, complete};
use super::lexer::{Class, partner, pieces};
use crate::engine::{Completeness, completeness};

/// Answers the line editor.
pub(super) struct Helper {
    pub knowledge: Knowledge,
    pub has_colour: bool,
    pub closing: Closing,
    history: HistoryHinter,
}

impl Helper {
    pub fn new(has_colour: bool) -> Self {
        Self { knowledge: Knowledge::default(), has_colour, closing: Closing::default(), history: HistoryHinter::new() }
    }
}

impl rustyline::Helper for Helper {}

/// A closing bracket that is to take the place of the blanks before the cursor, from this byte on. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Closing(Arc<Mutex<Option<(usize, char)>>>);

impl Closing {
    pub fn set(&self, start: usize, bracket: char) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((start, bracket));
    }

    fn take(&self) -> Option<(usize, char)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Candidate for Completion {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.text
    }
}

impl Completer for Helper {
    type Candidate = Completion;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Self::Candidate>)> {
        // It was set a key stroke ago, if it is for this one.
        let is_blank = |start: usize| line.get(start..cursor).is_some_and(|begun| begun.trim().is_empty());
        Ok(match self.closing.take().filter(|(start, _)| is_blank(*start)) {
            Some((start, bracket)) => {
                let text = bracket.to_string();
                (start, vec![Completion { shown: text.clone(), text }])
            }
            None => complete(line, cursor, &self.knowledge),
        })
    }
}

/// What is shown behind the cursor.
pub(super) struct Shade {
    text: String,
    /// Whether it may be taken over as typed.
    is_typed: bool,
}

impl Hint for Shade {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.is_typed.then_some(self.text.as_str())
    }
}

impl Hinter for Helper {
    type Hint = Shade;

    /// The rest of the latest line that began so, or how the function is called whose arguments are typed.
    fn hint(&self, line: &str, cursor: usize, context: &Context<'_>) -> Option<Shade> {
        if cursor < line.len() || line.trim().is_empty() {
            return None;
        }
        let earlier = self.history.hint(line, cursor, context).filter(|rest| !rest.contains('\n'));
        let typed = earlier.map(|text| Shade { text, is_typed: true });
        typed.or_else(|| self.signature(line).map(|text| Shade { text, is_typed: false }))
    }
}

impl Helper {
    fn signature(&self, line: &str) -> Option<String> {
        let own = pieces(line);
        let [.., call, open] = own.as_slice() else { return None };
        if call.class != Class::Call || &line[open.span.clone()] != "(" || open.span.end != line.len() {
            return None;
        }
        let signature = self.knowledge.scene.signature(&line[call.span.clone()])?;
        let (_, arguments) = signature.split_once('(')?;
        Some(arguments.to_owned())
    }
}

impl Highlighter for Helper {
    fn highlight<'l>(&self, line: &'l str, cursor: usize) -> Cow<'l, str> {
        if !self.has_colour {
            return Cow::Borrowed(line);
        }
        Cow::Owned(coloured(line, cursor))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if !self.has_colour {
            return Cow::Borrowed(hint);
        }
        let style = Style::new().dimmed();
        Cow::Owned(format!("{style}{hint}{style:#}"))
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        match candidate.split_once("  ") {
            Some((name, detail)) if self.has_colour => {
                let style = Style::new().dimmed();
                Cow::Owned(format!("{name}{style}  {detail}{style:#}"))
            }
            _ => Cow::Borrowed(candidate),
        }
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        // A bracket's partner is shown as the cursor moves, too.
        let _ = kind;
        self.has_colour
    }
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

/// A text in colours, with the bracket that belongs to the one at the cursor or before it.
fn coloured(line: &str, cursor: usize) -> String {
    let own = pieces(line);
    let at_cursor = partner(&own, cursor).or_else(|| cursor.checked_sub(1).and_then(|before| partner(&own, before)));
    let mut text = String::with_capacity(line.len() * 2);
    let mut at = 0;
    for piece in own {
        text.push_str(&line[at..piece.span.start]);
        at = piece.span.end;
        let mut style = style_of(piece.class);
        if Some(&piece.span) == at_cursor.as_ref() {
            style = AnsiColor::Yellow.on_default().bold();
        }
        // Line ends of a text stay outside of styles, which the line editor counts row by row.
        for (index, row) in line[piece.span.clone()].split('\n').enumerate() {
            if index > 0 {
                text.push('\n');
            }
            if style.is_plain() || row.is_empty() {
                text.push_str(row);
            } else {
                let _ = write!(text, "{style}{row}{style:#}");
            }
        }
    }
    text.push_str(&line[at..]);
    text
}

fn style_of(class: Class) -> Style {
    match class {
        Class::Keyword => AnsiColor::Magenta.on_default(),
        Class::Call => AnsiColor::Blue.on_default(),
        Class::Module => AnsiColor::Cyan.on_default(),
        Class::Number => AnsiColor::Yellow.on_default(),
        Class::Text => AnsiColor::Green.on_default(),
        Class::Comment => Style::new().dimmed(),
        Class::Name | Class::Open | Class::Close | Class::Sign => Style::new(),
    }
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

    #[test]
    fn colours_take_no_room_and_brackets_find_each_other() {
        let line = "let a = f(`x\n`, [1]); // end";
        let shown = coloured(line, 9);
        let mut plain = String::new();
        let mut letters = shown.chars();
        while let Some(letter) = letters.next() {
            if letter == '\u{1b}' {
                letters.by_ref().find(|letter| *letter == 'm');
            } else {
                plain.push(letter);
            }
        }
        assert_eq!(plain, line);
        assert!(shown.contains("\u{1b}[1m\u{1b}[33m)"), "{shown:?}");
    }

    #[test]
    fn a_call_says_what_it_takes() {
        let helper = Helper::new(false);
        assert!(helper.signature("x.resize(").is_some_and(|hint| hint.contains("machine_type")));
        assert_eq!(helper.signature("x.resize(1"), None);
    }
}
