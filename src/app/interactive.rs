//! A session that somebody types: one run, made of inputs that come one after the other.

use std::ops::Range;
use std::sync::{Arc, mpsc};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::confirmation::{Asker, Confirm, Desk, Event};
use super::ledger::RecordedDeeds;
use super::messages::Messages;
use super::recording::RecordedOutput;
use super::rules::rules;
use super::{Names, Opening, Session};
use crate::engine::{Evaluated, Interpreter, Kept, Limits, Notifier, Output, RunContext, Source, Surroundings};
use crate::error::Result;
use crate::journal::{Counts, Ended, RunOutcome};
use crate::policy::Sources;

/// The name of the whole in `run.recipe`.
const NAME: &str = "repl";

/// A session that somebody types.
pub struct Interactive {
    /// The way to the API, and the run that all inputs belong to.
    pub session: Session,
    /// What earlier inputs left.
    pub interpreter: Interpreter,
    opening: Opening,
    desk: Arc<Desk>,
    runtime: Handle,
    limits: Limits,
    surroundings: Surroundings,
    /// What the session keeps from run to run: all its inputs see the same.
    pub kept: Arc<Kept>,
}

/// What an input gets besides the session.
pub struct Piece {
    /// The script.
    pub source: Source,
    /// Which input of the session it is; its value is called by this number. Without one it is not kept.
    pub number: Option<usize>,
    /// Where its words go.
    pub output: Arc<dyn Output>,
    /// Ends it, and not the session.
    pub cancel: CancellationToken,
    /// The columns of the terminal at the time.
    pub width: Option<u16>,
    /// Which elements of a long result are shown; without it, all.
    pub elements: Option<Range<usize>>,
}

impl Interactive {
    /// Opens a session. Each input has the limits for itself; the memory is that of all.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open(mut opening: Opening, runtime: Handle, limits: Limits, mut surroundings: Surroundings) -> Result<Self> {
        let desk = Arc::new(Desk::default());
        opening.consent = Some(desk.clone());
        let session = Session::open(&opening)?;
        let folder = opening.environment.folder().to_owned();
        let root = session.settings.workspace.as_ref().map(|workspace| workspace.folder().to_owned());
        let root = root.filter(|root| folder.starts_with(root));
        surroundings = session.around(surroundings, NAME);
        surroundings.identity.started_at = Some(session.recipe_clock.now());
        let interpreter = Interpreter::new(folder, root);
        Ok(Self { session, interpreter, opening, desk, runtime, limits, surroundings, kept: Arc::default() })
    }

    /// Goes on elsewhere: ends the run and begins another one. What inputs declared stays, with objects of where they
    /// were read.
    ///
    /// # Errors
    /// As [`Session::open`]; the session then goes on where it was.
    pub fn switch(&mut self, change: impl FnOnce(&mut Opening)) -> Result<()> {
        let mut opening = self.opening.clone();
        change(&mut opening);
        let session = Session::open(&opening)?;
        self.end(0);
        let mut surroundings = session.around(self.surroundings.clone(), NAME);
        surroundings.identity.started_at = Some(session.recipe_clock.now());
        (self.session, self.opening, self.surroundings) = (session, opening, surroundings);
        Ok(())
    }

    /// Holds inputs to what a file may do, as a run of it would be held, or to what the session may do again. Its caps
    /// stay the session's.
    ///
    /// # Errors
    /// When the profile's list of permissions is wrong.
    pub fn narrow(&mut self, file: Option<Sources>) -> Result<()> {
        let of_file = match file {
            Some(Sources { script, header, .. }) => {
                let sources = Sources { script, header, ..self.opening.sources.clone() };
                let opening = Opening { sources, ..self.opening.clone() };
                Some(rules(&opening, &self.session.settings)?)
            }
            None => None,
        };
        self.surroundings.local = of_file.as_ref().unwrap_or(&self.session.rules).grants().local().clone();
        self.session.gate.set(of_file);
        Ok(())
    }

    /// What it was opened with.
    #[must_use]
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Who says whether changes may be made.
    #[must_use]
    pub fn confirm(&self) -> Confirm {
        self.desk.confirm()
    }

    /// Says who says whether changes may be made; what was agreed to for the whole session is forgotten.
    pub fn set_confirm(&self, confirm: Confirm) {
        self.desk.set_confirm(confirm);
    }

    /// How many changes were let through so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.desk.let_through()
    }

    /// Reads what the objects are called anew, in the background.
    pub fn refresh(&self, names: &Names) {
        names.refresh(&self.session, &self.runtime);
    }

    /// Evaluates an input and blocks until it has ended. Changes are put to the asker on this thread. Not to be called on
    /// a thread of the runtime.
    pub fn evaluate(&mut self, piece: Piece, asker: &mut dyn Asker) -> Evaluated {
        let Piece { source, number, output, cancel, width, elements } = piece;
        let session = &self.session;
        let mut context = RunContext::new(self.runtime.clone(), session.recipe_clock.clone());
        context.process_clock = session.process_clock.clone();
        context.platform = Some(session.platform());
        context.outside.clone_from(&session.outside);
        context.limits = self.limits.clone();
        context.is_simulated = session.is_simulated();
        if let Some(journal) = session.journal.as_ref().filter(|_| session.outside.is_some()) {
            context.ledger = Some(Arc::new(RecordedDeeds::new(journal.clone(), session.process_clock.clone())));
        }
        context.output = match &session.journal {
            Some(journal) => {
                let recorded = RecordedOutput { output, journal: journal.clone() };
                recorded.keep("input", &source.text);
                Arc::new(recorded)
            }
            None => output,
        };
        context.cancel = cancel.clone();
        context.kept = self.kept.clone();
        let messages = Messages::of(session, &self.surroundings, &self.runtime, None);
        context.notifier = messages.clone().map(|messages| messages as Arc<dyn Notifier>);
        let said = context.output.clone();
        context.surroundings = Surroundings { terminal_width: width, ..self.surroundings.clone() };
        context.shown_elements = elements;
        context.is_asked = self.desk.confirm() == Confirm::Asked;
        let (sender, events) = mpsc::channel();
        self.desk.open(&session.recipe_clock, sender.clone());
        let (interpreter, desk) = (&mut self.interpreter, &self.desk);
        let evaluated = std::thread::scope(|scope| {
            let work = scope.spawn(move || {
                let evaluated = interpreter.evaluate(&source, number, context);
                let _ = sender.send(Event::Over);
                evaluated
            });
            desk.serve(&events, asker);
            work.join()
        });
        self.desk.close();
        if let Some(messages) = messages {
            messages.deliver(Some(&cancel)).iter().for_each(|line| said.say(line));
        }
        // The interpreter keeps panics to itself.
        evaluated.unwrap_or_default()
    }

    /// Records that the session ended, and keeps its simulated world if that was asked for.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn finish(&self, exit_code: u8) -> Result<()> {
        self.end(exit_code);
        self.session.save_world(&self.opening.simulation)
    }

    fn end(&self, exit_code: u8) {
        self.session.end(Ended {
            outcome: if exit_code == 0 { RunOutcome::Done } else { RunOutcome::Failed },
            exit_code,
            reason: None,
            error: None,
            changes: Counts::default(),
            results: None,
            kept: 0,
            milliseconds: 0,
        });
    }
}
