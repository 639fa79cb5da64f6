//! Changes that wait for a person's word: they come from any thread of a run, and are put together on the one thread
//! that owns the terminal, as soon as no thread of the run is at work: each waits for its answer, for time, or for
//! another thread. So changes that come together are one question, however long each took to come so far.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::catalog::Effect;
use crate::clock::{Clock, HandoffSender, question};
use crate::transport::{Answered, Consent, Proposal};

/// Who says whether changes may be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Somebody at the terminal.
    #[default]
    Asked,
    /// Nobody: they may be made.
    Off,
    /// Nobody: they may not.
    Refused,
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Make these changes.
    Yes,
    /// Do not.
    No,
    /// Make these, and ask no more about their operations in this session.
    Always,
}

/// Puts changes to a person.
pub trait Asker {
    /// Asks about changes that are to be made at once, at least one.
    fn ask(&mut self, proposals: &[&Proposal]) -> Word;
}

/// Where changes wait.
#[derive(Debug, Default)]
pub(super) struct Desk(Mutex<State>, AtomicU64);

#[derive(Debug, Default)]
struct State {
    confirm: Confirm,
    /// The operations that nobody need ask about.
    always: BTreeSet<(&'static str, &'static str)>,
    /// The clock of the input that is evaluated, which counts its threads.
    clock: Option<Clock>,
    /// In the order of their coming.
    waiting: Vec<Waiting>,
}

/// What happens while an input is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// All its threads wait, one at least for an answer.
    Quiet,
    /// It has ended.
    Over,
}

/// A change that waits.
struct Waiting {
    proposal: Proposal,
    answer: HandoffSender<bool>,
}

impl Waiting {
    fn name(&self) -> (&'static str, &'static str) {
        name_of(&self.proposal)
    }
}

/// The module and name of what would be called.
fn name_of(proposal: &Proposal) -> (&'static str, &'static str) {
    (proposal.operation.module, proposal.operation.name)
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Waiting").field(&self.proposal).finish()
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many changes were let through so far.
    pub fn let_through(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    pub fn confirm(&self) -> Confirm {
        self.state().confirm
    }

    pub fn set_confirm(&self, confirm: Confirm) {
        let mut state = self.state();
        state.confirm = confirm;
        state.always.clear();
    }

    /// An input is evaluated from now on, whose threads this clock counts. The desk tells when all of them wait.
    pub fn open(&self, clock: &Clock, events: Sender<Event>) {
        self.state().clock = Some(clock.clone());
        clock.when_quiet(Some(Arc::new(move || {
            let _ = events.send(Event::Quiet);
        })));
    }

    /// No input is evaluated any more.
    pub fn close(&self) {
        let (clock, left) = {
            let mut state = self.state();
            (state.clock.take(), std::mem::take(&mut state.waiting))
        };
        if let Some(clock) = clock {
            clock.when_quiet(None);
        }
        drop(left);
    }

    /// Puts changes to the person whenever nothing else goes on, until the input has ended.
    pub fn serve(&self, events: &Receiver<Event>, asker: &mut dyn Asker) {
        while let Ok(Event::Quiet) = events.recv() {
            let waiting = std::mem::take(&mut self.state().waiting);
            self.settle(waiting, asker);
        }
    }

    fn settle(&self, waiting: Vec<Waiting>, asker: &mut dyn Asker) {
        // Who was interrupted meanwhile asks no more; who came while the person thought may have been answered.
        let waiting = waiting.into_iter().filter(|one| !one.answer.is_abandoned());
        let (agreed, mut waiting): (Vec<_>, Vec<_>) = {
            let state = self.state();
            waiting.partition(|one| state.always.contains(&one.name()))
        };
        for one in agreed {
            one.answer.send(true);
        }
        if waiting.is_empty() {
            return;
        }
        // The order in which threads came to ask says nothing.
        waiting.sort_by_cached_key(|one| {
            let named =
                |one: &Waiting| one.proposal.objects.last().map(|object| (object.name.clone(), object.id.clone()));
            (one.name(), named(one))
        });
        let proposals: Vec<&Proposal> = waiting.iter().map(|one| &one.proposal).collect();
        let word = asker.ask(&proposals);
        if word == Word::Always {
            let mut state = self.state();
            let kept = proposals.iter().filter(|proposal| proposal.operation.effect != Effect::Delete);
            state.always.extend(kept.map(|proposal| name_of(proposal)));
        }
        for one in waiting {
            one.answer.send(word != Word::No);
        }
    }
}

impl Consent for Desk {
    fn ask(&self, proposal: Proposal) -> BoxFuture<'_, Answered> {
        Box::pin(async move {
            let answered = self.answer(proposal).await;
            if answered == Answered::Yes {
                self.1.fetch_add(1, Ordering::Relaxed);
            }
            answered
        })
    }
}

impl Desk {
    async fn answer(&self, proposal: Proposal) -> Answered {
        let answered = {
            let mut state = self.state();
            let name = name_of(&proposal);
            match state.confirm {
                Confirm::Off => return Answered::Yes,
                Confirm::Refused => {
                    let hint = "if that is meant, give `--yes`".to_owned();
                    return Answered::No("nobody is there to ask".to_owned(), Some(hint));
                }
                Confirm::Asked if state.always.contains(&name) => return Answered::Yes,
                Confirm::Asked => {}
            }
            let Some(clock) = &state.clock else { return disagreed() };
            let (answer, answered) = question(clock);
            state.waiting.push(Waiting { proposal, answer });
            answered
        };
        match answered.await {
            Some(true) => Answered::Yes,
            Some(false) | None => disagreed(),
        }
    }
}

fn disagreed() -> Answered {
    Answered::No("you did not agree".to_owned(), None)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::catalog;

    /// Says what it is told to say, and keeps how many changes it was asked about at a time.
    struct Told(Word, Vec<usize>);

    impl Asker for Told {
        fn ask(&mut self, proposals: &[&Proposal]) -> Word {
            self.1.push(proposals.len());
            self.0
        }
    }

    fn change() -> Proposal {
        let operation = catalog::operation("iaas", "stop_server").expect("it is in the catalogue");
        Proposal { operation, objects: Vec::new(), also: Vec::new(), body: None }
    }

    #[test]
    fn a_question_waits_until_no_thread_is_at_work() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
        let (clock, desk) = (Clock::counting(), Arc::new(Desk::default()));
        let (sender, events) = channel();
        desk.open(&clock, sender.clone());
        let (answered, calls): (Vec<_>, Vec<_>) = (0..3)
            .map(|_| {
                // Stands for a call that takes its time.
                let (ended, call) = tokio::sync::oneshot::channel::<()>();
                let (desk, busy) = (desk.clone(), clock.busy());
                let thread = runtime.spawn(async move {
                    let _busy = busy;
                    let _ = call.await;
                    desk.ask(change()).await
                });
                (thread, ended)
            })
            .unzip();
        let mut calls = calls.into_iter();
        let last = calls.next().expect("there are three");
        calls.for_each(|call| call.send(()).expect("it is waited for"));
        while desk.state().waiting.len() < 2 {
            std::thread::yield_now();
        }
        assert!(events.try_recv().is_err(), "one is still in its call");
        last.send(()).expect("it is waited for");
        assert_eq!(events.recv(), Ok(Event::Quiet));
        // As if it had just been told.
        sender.send(Event::Quiet).and_then(|()| sender.send(Event::Over)).expect("it is read below");
        let mut told = Told(Word::Always, Vec::new());
        desk.serve(&events, &mut told);
        for thread in answered {
            assert_eq!(runtime.block_on(thread).expect("it ends"), Answered::Yes);
        }
        assert_eq!((told.1, desk.let_through()), (vec![3], 3));
        assert_eq!(runtime.block_on(desk.ask(change())), Answered::Yes, "it was agreed to for good");
        desk.close();
    }

    #[test]
    fn what_nobody_is_there_to_answer_is_not_agreed_to() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let desk = Desk::default();
        assert!(matches!(runtime.block_on(desk.ask(change())), Answered::No(..)));
        desk.set_confirm(Confirm::Refused);
        assert!(matches!(runtime.block_on(desk.ask(change())), Answered::No(_, Some(_))));
        desk.set_confirm(Confirm::Off);
        assert_eq!(runtime.block_on(desk.ask(change())), Answered::Yes);
    }
}
