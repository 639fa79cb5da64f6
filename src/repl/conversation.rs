//! A session without its line editor: inputs go in, results are shown.

use std::ops::Range;
use std::sync::Arc;

use super::command::Command;
use super::completion::Knowledge;
use super::growth::{Worked, without_header};
use super::interrupts::Interrupts;
use super::prompt::Place;
use super::questions::{Keyboard, Nobody, Questions};
use super::screen::Screen;
use super::show::{Style, show};
use crate::app::{Confirm, Interactive, Names, Opening, Piece};
use crate::engine::{Evaluated, Failure, Shown, ShownKind, Source, Verdict};
use crate::error::{ExitCode, Result};

/// How many rows of a list are shown at once.
const ROWS: usize = 40;

/// A session.
pub struct Conversation {
    pub(super) interactive: Interactive,
    pub(super) screen: Arc<dyn Screen>,
    pub(super) interrupts: Interrupts,
    questions: Questions,
    /// The number of the next input.
    pub(super) number: usize,
    /// Whether there is a latest result, which the session calls `last`.
    pub(super) has_result: bool,
    /// What of the latest list was not shown yet.
    pub(super) rest: Option<Rest>,
    /// What was entered, with its number.
    pub(super) entered: Vec<(usize, String)>,
    /// What of it worked.
    pub(super) worked: Vec<Worked>,
    /// The names that no parameter of a recipe may bear.
    pub(super) reserved: Vec<String>,
    /// Whether somebody said that nothing need be asked about.
    pub(super) is_unasked: bool,
    names: Names,
}

/// What a session begins with.
pub struct Start {
    /// The session below.
    pub interactive: Interactive,
    /// Where its words go.
    pub screen: Arc<dyn Screen>,
    /// What signals do.
    pub interrupts: Interrupts,
    /// The names that no parameter of a recipe may bear.
    pub reserved: Vec<String>,
    /// Whether nothing is to be asked about: `--yes`.
    pub is_unasked: bool,
}

/// The part of a list that was not shown yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rest {
    /// The expression that gives the list.
    pub of: String,
    /// Its first element that was not shown.
    pub from: usize,
}

/// How a session goes on after an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// With the next input.
    Next,
    /// The input failed, with this exit code.
    Failed(u8),
    /// Not at all; it ends with this exit code.
    Leave(u8),
}

impl Conversation {
    /// A session that begins.
    #[must_use]
    pub fn new(start: Start) -> Self {
        let Start { interactive, screen, interrupts, reserved, is_unasked } = start;
        let questions =
            Questions { screen: screen.clone(), interrupts: interrupts.clone(), keyboard: Box::new(Nobody) };
        let conversation = Self {
            interactive,
            screen,
            interrupts,
            questions,
            number: 1,
            has_result: false,
            rest: None,
            entered: Vec::new(),
            worked: Vec::new(),
            reserved,
            is_unasked,
            names: Names::default(),
        };
        conversation.arrive();
        conversation
    }

    /// Settles in where the session acts from now on.
    fn arrive(&self) {
        self.interactive.set_confirm(if self.is_unasked {
            Confirm::Off
        } else if self.screen.is_watched() {
            Confirm::Asked
        } else if self.interactive.session.is_simulated() {
            // Nobody is there to ask, and nothing real is touched.
            Confirm::Off
        } else {
            Confirm::Refused
        });
        for warning in &self.interactive.session.warnings {
            self.screen.warning(warning);
        }
        if self.is_unasked && self.interactive.session.settings.is_production {
            self.screen.warning("this is production, and changes are not asked about");
        }
        self.interrupts.set_last_words(self.interactive.session.last_words());
        self.names.forget();
        // Only who types is helped by names.
        if self.screen.is_watched() {
            self.interactive.refresh(&self.names);
        }
    }

    /// Goes on elsewhere.
    pub(super) fn switch(&mut self, change: impl FnOnce(&mut Opening)) -> Result<()> {
        self.interactive.switch(change)?;
        self.arrive();
        Ok(())
    }

    /// What completion knows now.
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        Knowledge {
            scene: self.interactive.interpreter.scene(),
            names: self.names.clone(),
            folder: self.interactive.opening().environment.folder().to_owned(),
        }
    }

    /// Lets somebody answer questions about changes.
    pub fn set_keyboard(&mut self, keyboard: Box<dyn Keyboard>) {
        self.questions.keyboard = keyboard;
    }

    /// Takes an input: a script, or a command that begins with a colon.
    pub fn take(&mut self, text: &str) -> Step {
        let text = text.trim_end();
        if text.trim().is_empty() {
            return Step::Next;
        }
        let step = if let Some(command) = Command::read(text) {
            self.command(command)
        } else {
            let source = self.interactive.interpreter.typed(self.number, text);
            self.evaluate(source)
        };
        if self.interrupts.must_end() { Step::Leave(ExitCode::Terminated as u8) } else { step }
    }

    /// Evaluates a script and shows what came of it.
    pub(super) fn evaluate(&mut self, source: Source) -> Step {
        let (number, text) = (self.number, source.text.clone());
        self.number += 1;
        self.entered.push((number, text.clone()));
        let evaluated = self.carry(source, Some(number), self.first_page());
        if evaluated.failure.is_none() {
            let has_value = evaluated.shown.kind != ShownKind::Nothing;
            self.worked.push(Worked { number, text: without_header(&text), has_value });
            self.has_result |= has_value;
        }
        self.show(&evaluated)
    }

    /// The elements of a list that are shown at first; all, if not a person reads them at a terminal.
    fn first_page(&self) -> Option<Range<usize>> {
        (self.screen.is_watched() && !self.screen.is_for_machines()).then_some(0..ROWS)
    }

    /// Evaluates an expression and gives its value, which is neither shown nor kept.
    pub(super) fn silent(&mut self, expression: &str) -> Result<Shown> {
        self.silent_part(expression, None)
    }

    /// The same with so many elements of what is a list.
    pub(super) fn silent_part(&mut self, expression: &str, elements: Option<Range<usize>>) -> Result<Shown> {
        let source =
            Source { name: "command".to_owned(), ..self.interactive.interpreter.typed(self.number, expression) };
        let evaluated = self.carry(source, None, elements);
        evaluated.failure.map_or(Ok(evaluated.shown), |failure| Err(failure.error))
    }

    fn carry(&mut self, source: Source, number: Option<usize>, elements: Option<Range<usize>>) -> Evaluated {
        let piece = Piece {
            source,
            number,
            output: self.screen.output(),
            cancel: self.interrupts.begin(),
            width: self.screen.width(),
            elements,
        };
        let changes = self.interactive.changes();
        self.screen.set_busy(true);
        let evaluated = self.interactive.evaluate(piece, &mut self.questions);
        self.screen.set_busy(false);
        self.interrupts.end();
        if self.interactive.changes() > changes && self.screen.is_watched() {
            self.interactive.refresh(&self.names);
        }
        evaluated
    }

    fn show(&mut self, evaluated: &Evaluated) -> Step {
        if let Some(failure) = &evaluated.failure {
            self.show_failure(failure);
            return Step::Failed(failure.error.exit_code() as u8);
        }
        match &evaluated.verdict {
            Some(Verdict::Exited(code)) => return Step::Leave(*code),
            Some(Verdict::Skipped(why)) => self.screen.note(&format!("skipped: {why}")),
            Some(Verdict::Partly { ok, failed }) => self.screen.note(&format!("{ok} went well, {failed} failed")),
            None => {}
        }
        match self.show_result(evaluated) {
            Ok(()) => Step::Next,
            Err(error) => {
                self.screen.error(&error);
                Step::Failed(error.exit_code() as u8)
            }
        }
    }

    fn show_result(&mut self, evaluated: &Evaluated) -> Result<()> {
        let shown = &evaluated.shown;
        if self.screen.machine_result(shown)? {
            return Ok(());
        }
        self.show_part(shown, "last", 0);
        Ok(())
    }

    /// Shows what an expression gives: of a list, the elements from one on that `:more` has come to.
    pub(super) fn show_expression(&mut self, expression: &str, from: usize) -> Result<()> {
        let elements = self.first_page().map(|page| from..from + page.len());
        let shown = self.silent_part(expression, elements)?;
        self.show_part(&shown, expression, from);
        Ok(())
    }

    fn show_part(&mut self, shown: &Shown, of: &str, from: usize) {
        let text = self.laid_out(shown, self.screen.width(), self.screen.has_data_colour());
        if !text.is_empty() {
            self.screen.data(&text);
        }
        self.rest = (shown.left > 0).then(|| Rest { of: of.to_owned(), from: from + ROWS });
        if shown.left > 0 {
            self.screen.note(&format!("… and {} more: `:more` shows them", shown.left));
        }
    }

    /// A result, laid out for so many columns.
    pub(super) fn laid_out(&self, shown: &Shown, width: Option<u16>, has_colour: bool) -> String {
        let now = self.interactive.session.recipe_clock.now();
        show(shown, &Style { width, has_colour, now, names: &|id| self.names.name_of(id) })
    }

    fn show_failure(&self, failure: &Failure) {
        self.screen.talk(&failure.render(self.screen.has_talk_colour()));
    }

    /// Where the session acts.
    #[must_use]
    pub fn place(&self) -> Place {
        let session = &self.interactive.session;
        let settings = &session.settings;
        Place {
            profile: settings.profile.as_ref().map(|profile| profile.value.clone()),
            project: self
                .names
                .project()
                .or_else(|| session.target.project.as_ref().map(|id| id.split('-').next().unwrap_or(id).to_owned())),
            region: session.target.region.clone(),
            is_production: settings.is_production,
            is_simulated: session.is_simulated(),
            is_unasked: self.interactive.confirm() == Confirm::Off,
        }
    }

    /// Where the session acts, with the project's name if it comes within this time.
    #[must_use]
    pub fn place_within(&self, span: std::time::Duration) -> Place {
        let _ = self.names.project_within(span);
        self.place()
    }

    /// Ends the session.
    ///
    /// # Errors
    /// When its simulated world cannot be kept.
    pub fn finish(self, exit_code: u8) -> Result<()> {
        self.interactive.finish(exit_code)
    }
}
