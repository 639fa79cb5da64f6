//! The journal of one run, as those see it who write it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::SubsecRound as _;
use tokio::sync::oneshot;

use super::chain::Chain;
use super::folder::{Folder, create_file, create_folder};
use super::index::{Event, Index};
use super::output::{self, OutputFile};
use super::prune::prune;
use super::record::{After, Before, Began, Counts, Ended, Module, Outcome, Record, Settled};
use super::sink::{RunSink, Sink};
use super::syslog::{Syslog, SyslogAddress};
use super::writer::{Broken, Writer};
use crate::clock::Clock;
use crate::error::{self, Kind, io_cause};
use crate::secret::Scrubber;

/// Where and how long journals are kept, and what guards them.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The folder; without one nothing can be changed.
    pub folder: Option<Folder>,
    /// For so many days.
    pub days: u32,
    /// Where each record is sent besides.
    pub syslog: Option<SyslogAddress>,
    /// The process clock.
    pub clock: Clock,
    /// Takes secrets out of all that is written.
    pub scrubber: Scrubber,
}

/// The journal of one run. Cheap to clone; clones write the same file.
#[derive(Clone)]
pub struct Journal(Arc<State>);

enum State {
    Open(Box<Opened>),
    /// Nothing is recorded, so nothing may be changed.
    Shut(Unwritable),
}

/// The journal of a run that is under way.
pub struct Opened {
    run: String,
    path: PathBuf,
    folder: Option<Folder>,
    writer: Writer,
    clock: Clock,
    scrubber: Scrubber,
    began: Duration,
    calls: AtomicU64,
    outcomes: Mutex<BTreeMap<u64, Outcome>>,
    /// Whether its end is on record: the first one counts.
    has_ended: AtomicBool,
    output: OutputFile,
}

/// Why nothing can be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written: {cause}")]
pub struct Unwritable {
    /// The file or folder.
    pub path: Option<PathBuf>,
    /// What the system said.
    pub cause: String,
}

impl Unwritable {
    fn new(path: &Path, error: &io::Error) -> Self {
        Self { path: Some(path.to_owned()), cause: io_cause(error) }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.path {
            Some(path) => {
                let folder = path.parent().unwrap_or(path).display();
                format!("make sure that there is room in `{folder}` and that you may write there; reading goes on")
            }
            None => "run it in a workspace (a folder with stackhand.toml), or set HOME or XDG_STATE_HOME".to_owned(),
        }
    }
}

impl From<Unwritable> for error::Error {
    fn from(unwritable: Unwritable) -> Self {
        let message = format!("{unwritable}; nothing is changed without it");
        let error = Self::new(Kind::Policy, "journal_unwritable", message).with_hint(unwritable.hint());
        match unwritable.path {
            Some(path) => error.with_place(path.display().to_string()),
            None => error,
        }
    }
}

/// A record on its way to the disk.
#[must_use]
pub struct Written<'j> {
    path: &'j Path,
    written: oneshot::Receiver<Result<(), Broken>>,
}

impl Written<'_> {
    /// Returns once the record is on disk.
    ///
    /// # Errors
    /// When it is not, and will not be.
    pub async fn wait(self) -> Result<(), Unwritable> {
        let gone = self.gone();
        match self.written.await {
            Ok(result) => result.map_err(|broken| Unwritable::new(self.path, &broken)),
            Err(_) => Err(gone),
        }
    }

    /// The same for a thread of its own.
    ///
    /// # Errors
    /// As [`Written::wait`].
    pub fn wait_here(self) -> Result<(), Unwritable> {
        let gone = self.gone();
        match self.written.blocking_recv() {
            Ok(result) => result.map_err(|broken| Unwritable::new(self.path, &broken)),
            Err(_) => Err(gone),
        }
    }

    fn gone(&self) -> Unwritable {
        Unwritable { path: Some(self.path.to_owned()), cause: "its writer has gone".to_owned() }
    }
}

impl Journal {
    /// Records that a run begins. If that cannot be done, nothing is changed in it: see [`Journal::unwritable`].
    #[must_use]
    pub fn begin(keeping: &Keeping, began: Began) -> Self {
        Self(Arc::new(match Opened::begin(keeping, began) {
            Ok(opened) => State::Open(Box::new(opened)),
            Err(why) => State::Shut(why),
        }))
    }

    /// A journal that records nothing and lets nothing be changed, for who only reads.
    #[must_use]
    pub fn shut(why: &str) -> Self {
        Self(Arc::new(State::Shut(Unwritable { path: None, cause: why.to_owned() })))
    }

    /// Why nothing is recorded, if that is so.
    #[must_use]
    pub fn unwritable(&self) -> Option<&Unwritable> {
        match &*self.0 {
            State::Open(_) => None,
            State::Shut(why) => Some(why),
        }
    }

    /// The open journal.
    ///
    /// # Errors
    /// When nothing is recorded.
    pub fn opened(&self) -> Result<&Opened, Unwritable> {
        match &*self.0 {
            State::Open(opened) => Ok(opened),
            State::Shut(why) => Err(why.clone()),
        }
    }
}

impl Opened {
    fn begin(keeping: &Keeping, began: Began) -> Result<Self, Unwritable> {
        let Some(folder) = &keeping.folder else {
            return Err(Unwritable { path: None, cause: "there is no folder for it".to_owned() });
        };
        let now = keeping.clock.now();
        let file = Folder::file_of(now, &began.run);
        let path = folder.path().join(&file);
        let fail = |error: &io::Error| Unwritable::new(&path, error);
        folder.create().map_err(|error| fail(&error))?;
        let day = path.parent().unwrap_or(folder.path()).to_owned();
        let is_first_of_day = !day.is_dir();
        create_folder(&day).map_err(|error| fail(&error))?;
        let opened = create_file(&path).map_err(|error| fail(&error))?;
        let index = Index::lock(folder).map_err(|error| fail(&error))?;
        let event = Event::Began { time: now, run: began.run.clone(), file: file.display().to_string() };
        let previous = index.add(&event).map_err(|error| fail(&error))?;
        if is_first_of_day {
            // What cannot be thrown away today may be tomorrow.
            let _ = prune(folder, keeping.days, now, &index);
        }
        drop(index);
        let mirror = keeping.syslog.as_ref().map(|address| Syslog::new(address.clone(), &began, &keeping.clock));
        let sink = RunSink::new(opened, path.clone(), vec![day, folder.path().to_owned()], mirror);
        let journal = Self {
            run: began.run.clone(),
            folder: Some(folder.clone()),
            ..Self::new(&path, Chain::after(previous), Box::new(sink), keeping)
        };
        journal.writer.add(&journal.object(&Record::Run(Box::new(began))));
        journal.writer.flush().map_err(|error| fail(&error))?;
        Ok(journal)
    }

    fn new(path: &Path, chain: Chain, sink: Box<dyn Sink>, keeping: &Keeping) -> Self {
        let (clock, scrubber) = (keeping.clock.clone(), keeping.scrubber.clone());
        Self {
            run: String::new(),
            path: path.to_owned(),
            folder: None,
            writer: Writer::new(chain, sink),
            began: clock.monotonic(),
            calls: AtomicU64::new(0),
            outcomes: Mutex::default(),
            has_ended: AtomicBool::new(false),
            output: OutputFile::new(output::path_beside(path), clock.clone(), scrubber.clone()),
            clock,
            scrubber,
        }
    }

    /// The run's id.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Keeps what the run prints and logs.
    #[must_use]
    pub fn output(&self) -> &OutputFile {
        &self.output
    }

    /// The number of the next change.
    #[must_use]
    pub fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Records that a try of a change is about to be sent. Nothing may be sent before [`Written::wait`] has returned.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn before(&self, before: Before<'_>) -> Result<Written<'_>, Unwritable> {
        let (call, object) = (before.call, self.object(&Record::Before(before)));
        let written = self.writer.add_synced(&object).map_err(|broken| Unwritable::new(&self.path, &broken))?;
        self.note(call, Outcome::Unknown);
        Ok(Written { path: &self.path, written })
    }

    /// Records how a try ended.
    pub fn after(&self, after: After<'_>) {
        self.note(after.call, after.outcome);
        self.writer.add(&self.object(&Record::After(after)));
    }

    /// Records that a module is about to be run.
    pub fn module(&self, module: Module) {
        self.writer.add(&self.object(&Record::Module(module)));
    }

    /// Records what a look told of a change whose answer was lost.
    pub fn settled(&self, settled: Settled<'_>) {
        self.note(settled.call, settled.outcome);
        self.writer.add(&self.object(&Record::Settled(settled)));
    }

    /// What became of the changes so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).values() {
            match outcome {
                Outcome::Done => counts.done += 1,
                Outcome::Refused | Outcome::Unsent => counts.refused += 1,
                Outcome::Unknown => counts.unknown += 1,
            }
        }
        counts
    }

    /// Records how the run ended, unless that is on record already; counts and time are filled in.
    ///
    /// # Errors
    /// When it cannot be recorded. The changes were, each before it was sent.
    pub fn end(&self, mut ended: Ended) -> Result<(), Unwritable> {
        if self.has_ended.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        ended.changes = self.counts();
        let took = self.clock.monotonic().saturating_sub(self.began);
        ended.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.writer.add(&self.object(&Record::End(Box::new(ended))));
        self.writer.flush().map_err(|error| Unwritable::new(&self.path, &error))?;
        let Some(folder) = &self.folder else { return Ok(()) };
        let Chain { length: records, last: hash } = self.writer.end_of_chain();
        let event = Event::Ended { time: self.clock.now(), run: self.run.clone(), records, hash };
        let added = Index::lock(folder).and_then(|index| index.add(&event));
        added.map(drop).map_err(|error| Unwritable::new(&Index::path_in(folder), &error))
    }

    fn note(&self, call: u64, outcome: Outcome) {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(call, outcome);
    }

    /// A record with its time as a JSON object, without secrets.
    fn object(&self, record: &Record<'_>) -> Vec<u8> {
        let mut object = Vec::with_capacity(1_024);
        object.extend_from_slice(b"{\"time\":");
        // Neither fails: what is written are texts, numbers and maps of them, and memory takes them.
        let _ = serde_json::to_writer(&mut object, &self.clock.now().trunc_subsecs(6));
        let end_of_time = object.len();
        let _ = serde_json::to_writer(&mut object, record);
        if let Some(brace) = object.get_mut(end_of_time) {
            *brace = b',';
        }
        scrubbed(object, &self.scrubber)
    }
}

/// An object without secrets, and still an object.
fn scrubbed(object: Vec<u8>, scrubber: &Scrubber) -> Vec<u8> {
    let clean = match scrubber.scrub_bytes(&object) {
        std::borrow::Cow::Borrowed(_) => return object,
        std::borrow::Cow::Owned(clean) => clean,
    };
    // A secret that reads like JSON may have taken a quote or a comma with it; then each text is cleaned by itself.
    if serde_json::from_slice::<serde::de::IgnoredAny>(&clean).is_ok() {
        return clean;
    }
    let mut value: serde_json::Value = serde_json::from_slice(&object).unwrap_or_default();
    scrub_texts(&mut value, scrubber);
    serde_json::to_vec(&value).unwrap_or_default()
}

fn scrub_texts(value: &mut serde_json::Value, scrubber: &Scrubber) {
    match value {
        serde_json::Value::String(text) => *text = scrubber.scrub(text).into_owned(),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| scrub_texts(item, scrubber)),
        serde_json::Value::Object(entries) => {
            let dirty = std::mem::take(entries);
            for (name, mut value) in dirty {
                scrub_texts(&mut value, scrubber);
                entries.insert(scrubber.scrub(&name).into_owned(), value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
