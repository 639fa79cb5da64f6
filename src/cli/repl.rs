//! `stackhand repl`: a session at a terminal, or a script from the standard input.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::arguments::{ReplArguments, Shared, reserved_option_names};
use super::execute::{note_simulation, opening, runtime};
use super::log::TraceSwitch;
use super::modes::Silence;
use super::output::RunOutput;
use super::printer::Printer;
use super::process::Process;
use super::progress::ProgressLine;
use super::signals;
use crate::app::jobs::HandState;
use crate::app::{GivenCaps, Interactive, Opening, Recording};
use crate::engine::{Output, Shown, Surroundings};
use crate::error::{Error, Result};
use crate::policy::Sources;
use crate::repl::{self, Conversation, Interrupts, Keys, Screen, Start};

/// Opens a session and follows it to its end.
pub fn repl(process: &Process, shared: &Shared, arguments: &ReplArguments) -> Result<u8> {
    let printer = &process.printer;
    let is_watched = std::io::stdin().is_terminal() && printer.streams.data_terminal;
    let progress = Arc::new(ProgressLine::new(printer.streams.talk_terminal && !shared.quiet && shared.verbose == 0));
    let limits = arguments.limits.to_engine(None)?;
    let runtime = runtime()?;
    let opening = Opening {
        progress: Some(progress.clone()),
        recording: Some(Recording { command: "repl", reason: arguments.limits.reason.clone(), ..Recording::default() }),
        max_calls: arguments.limits.max_calls,
        caps: GivenCaps { flag: arguments.limits.caps.clone(), ..GivenCaps::default() },
        ..opening(process, shared, &arguments.grants, Sources::default())?
    };
    let surroundings = Surroundings {
        environment: process.environment.clone(),
        scrubber: process.scrubber.clone(),
        has_colour: printer.streams.data_colour,
        ..Surroundings::default()
    };
    let interrupts = Interrupts::default();
    {
        let _entered = runtime.enter();
        signals::watch_session(&interrupts);
    }
    let mut interactive = Interactive::open(opening, runtime.handle().clone(), limits, surroundings)?;
    let state = HandState::of(&interactive.session, arguments.limits.state.as_deref(), None);
    interactive.kept = HandState::kept(state.as_ref());
    let kept = interactive.kept.clone();
    note_simulation(process, &interactive.session);
    let screen = Arc::new(ReplScreen {
        printer: printer.clone(),
        progress,
        is_watched,
        trace: process.trace.clone(),
        is_traced: AtomicBool::new(shared.verbose > 0),
        silence: Mutex::default(),
    });
    let mut conversation = Conversation::new(Start {
        interactive,
        screen,
        interrupts,
        reserved: reserved_option_names(),
        is_unasked: arguments.limits.yes,
    });
    let result = if is_watched {
        printer.note("`:help` says what there is; Ctrl-D leaves");
        repl::converse(&mut conversation, if arguments.vi { Keys::Vi } else { Keys::Emacs })
    } else {
        repl::follow(&mut conversation, std::io::stdin().lock())
    };
    let code = result.as_ref().map_or_else(|error| error.exit_code() as u8, |code| *code);
    let mut finished = conversation.finish(code);
    let changes = kept.changes();
    if let (Some(state), 0, false) = (&state, code, changes.is_empty()) {
        finished = finished.and(runtime.block_on(state.keep(&changes)));
    }
    // Tasks that are still under way belong to calls that were given up; the process does not wait for them.
    runtime.shutdown_background();
    result.and_then(|code| finished.map(|()| code))
}

/// The process's streams, as a session sees them.
struct ReplScreen {
    printer: Printer,
    progress: Arc<ProgressLine>,
    is_watched: bool,
    trace: TraceSwitch,
    /// Whether calls are told as they happen: no line of progress is to be in their way.
    is_traced: AtomicBool,
    /// While something is evaluated.
    silence: Mutex<Option<Silence>>,
}

impl Screen for ReplScreen {
    fn data(&self, text: &str) {
        self.printer.data(text);
    }

    fn machine_result(&self, shown: &Shown) -> Result<bool> {
        let is_for_machines = self.printer.is_for_machines();
        if is_for_machines && !shown.text.is_empty() {
            self.printer.result(&shown.value, &shown.text)?;
        }
        Ok(is_for_machines)
    }

    fn is_for_machines(&self) -> bool {
        self.printer.is_for_machines()
    }

    fn talk(&self, text: &str) {
        self.printer.talk(text);
    }

    fn note(&self, text: &str) {
        self.printer.note(text);
    }

    fn warning(&self, text: &str) {
        self.printer.warning(text);
    }

    fn error(&self, error: &Error) {
        self.printer.error(error);
    }

    fn output(&self) -> Arc<dyn Output> {
        Arc::new(RunOutput { printer: self.printer.clone(), progress: self.progress.clone() })
    }

    fn set_busy(&self, is_busy: bool) {
        // What is typed ahead is shown by the line editor once it is its turn.
        *self.silence.lock().unwrap_or_else(PoisonError::into_inner) =
            (is_busy && self.is_watched).then(Silence::begin);
        if is_busy && !self.is_traced.load(Ordering::Relaxed) { self.progress.start() } else { self.progress.finish() }
    }

    fn set_trace(&self, is_on: bool) {
        self.is_traced.store(is_on, Ordering::Relaxed);
        (self.trace)(is_on);
    }

    fn has_data_colour(&self) -> bool {
        self.printer.streams.data_colour
    }

    fn has_talk_colour(&self) -> bool {
        self.printer.streams.talk_colour
    }

    fn width(&self) -> Option<u16> {
        self.printer.streams.width.and_then(|width| comfy_table::Table::new().width().or(Some(width)))
    }

    fn is_watched(&self) -> bool {
        self.is_watched
    }
}
