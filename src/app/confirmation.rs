//! Changes that wait for a person's word: they come from any thread of a run, and are put together on the one thread
//! that owns the terminal.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::catalog::Effect;
use crate::transport::{Answered, Consent, Proposal};

/// Changes that come within this time of each other are put as one question.
const TOGETHER: Duration = Duration::from_millis(150);

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
    /// Where questions go while an input is evaluated.
    door: Option<Sender<Event>>,
}

/// What happens while an input is evaluated.
#[derive(Debug)]
pub(super) enum Event {
    /// A change waits.
    Asked(Waiting),
    /// It has ended.
    Over,
}

/// A change that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    proposal: Proposal,
    answer: oneshot::Sender<bool>,
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

    /// Lets questions through this door, or through none.
    pub fn set_door(&self, door: Option<Sender<Event>>) {
        self.state().door = door;
    }

    /// Puts changes to the person as they come, until the input has ended.
    pub fn serve(&self, events: &Receiver<Event>, asker: &mut dyn Asker) {
        while let Ok(Event::Asked(first)) = events.recv() {
            let mut waiting = vec![first];
            let is_over = loop {
                match events.recv_timeout(TOGETHER) {
                    Ok(Event::Asked(next)) => waiting.push(next),
                    Ok(Event::Over) | Err(RecvTimeoutError::Disconnected) => break true,
                    Err(RecvTimeoutError::Timeout) => break false,
                }
            };
            self.settle(waiting, asker);
            if is_over {
                return;
            }
        }
    }

    fn settle(&self, mut waiting: Vec<Waiting>, asker: &mut dyn Asker) {
        // Who was interrupted meanwhile asks no more.
        waiting.retain(|one| !one.answer.is_closed());
        if waiting.is_empty() {
            return;
        }
        // The order in which threads came to ask says nothing.
        waiting.sort_by_cached_key(|one| {
            let named =
                |one: &Waiting| one.proposal.objects.last().map(|object| (object.name.clone(), object.id.clone()));
            (one.proposal.operation.module, one.proposal.operation.name, named(one))
        });
        let proposals: Vec<&Proposal> = waiting.iter().map(|one| &one.proposal).collect();
        let word = asker.ask(&proposals);
        if word == Word::Always {
            let mut state = self.state();
            let kept = proposals.iter().filter(|proposal| proposal.operation.effect != Effect::Delete);
            state.always.extend(kept.map(|proposal| (proposal.operation.module, proposal.operation.name)));
        }
        for one in waiting {
            let _ = one.answer.send(word != Word::No);
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
        let (answer, answered) = oneshot::channel();
        {
            let state = self.state();
            let name = (proposal.operation.module, proposal.operation.name);
            match state.confirm {
                Confirm::Off => return Answered::Yes,
                Confirm::Refused => {
                    let hint = "if that is meant, give `--yes`".to_owned();
                    return Answered::No("nobody is there to ask".to_owned(), Some(hint));
                }
                Confirm::Asked if state.always.contains(&name) => return Answered::Yes,
                Confirm::Asked => {}
            }
            if let Some(door) = &state.door {
                let _ = door.send(Event::Asked(Waiting { proposal, answer }));
            }
        }
        match answered.await {
            Ok(true) => Answered::Yes,
            Ok(false) | Err(_) => Answered::No("you did not agree".to_owned(), None),
        }
    }
}
