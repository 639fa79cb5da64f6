//! A session without its line editor: inputs go in, results are shown.

use std::sync::Arc;

use super::interrupts::Interrupts;
use super::prompt::Place;
use super::questions::{Keyboard, Nobody, Questions};
use super::screen::Screen;
use super::show::{Style, show};
use crate::app::{Confirm, Interactive, Piece};
use crate::engine::{Evaluated, Failure, Source, Verdict};
use crate::error::Result;

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
    pub fn new(interactive: Interactive, screen: Arc<dyn Screen>, interrupts: Interrupts) -> Self {
        let questions =
            Questions { screen: screen.clone(), interrupts: interrupts.clone(), keyboard: Box::new(Nobody) };
        Self { interactive, screen, interrupts, questions, number: 1 }
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
        let source = self.interactive.interpreter.typed(self.number, text);
        let step = self.evaluate(source);
        if self.interrupts.must_end() { Step::Leave(crate::error::ExitCode::Terminated as u8) } else { step }
    }

    /// Evaluates a script and shows what came of it.
    pub(super) fn evaluate(&mut self, source: Source) -> Step {
        let piece = Piece {
            source,
            number: self.number,
            output: self.screen.output(),
            cancel: self.interrupts.begin(),
            width: self.screen.width(),
        };
        self.number += 1;
        self.screen.set_busy(true);
        let evaluated = self.interactive.evaluate(piece, &mut self.questions);
        self.screen.set_busy(false);
        self.interrupts.end();
        self.show(&evaluated)
    }

    fn show(&self, evaluated: &Evaluated) -> Step {
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

    fn show_result(&self, evaluated: &Evaluated) -> Result<()> {
        let shown = &evaluated.shown;
        if self.screen.machine_result(shown)? {
            return Ok(());
        }
        let style = Style {
            width: self.screen.width(),
            has_colour: self.screen.has_data_colour(),
            now: self.interactive.session.recipe_clock.now(),
            // Whoever reads from a pipe wants all of it.
            rows: if self.screen.is_watched() { ROWS } else { usize::MAX },
            names: &|_| None,
        };
        let page = show(shown, 0, &style);
        if !page.text.is_empty() {
            self.screen.data(&page.text);
        }
        if page.left > 0 {
            self.screen.note(&format!("… and {} more", page.left));
        }
        Ok(())
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
            project: session.target.project.as_ref().map(|id| id.split('-').next().unwrap_or(id).to_owned()),
            region: session.target.region.clone(),
            is_production: settings.is_production,
            is_simulated: session.is_simulated(),
            is_unasked: self.interactive.confirm() == Confirm::Off,
        }
    }

    /// Ends the session.
    ///
    /// # Errors
    /// When its simulated world cannot be kept.
    pub fn finish(self, exit_code: u8) -> Result<()> {
        self.interactive.finish(exit_code)
    }
}
