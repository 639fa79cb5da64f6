//! The stage of the caps: counts a change before it is made, and how many objects there are of the kind that it touches.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::catalog::{Effect, Operation, Place};
use crate::clock::{HandoffSender, handoff};
use crate::error::Kind;
use crate::policy::{Census, Change, Changed, Deletions, Excess, Halt, ObjectFacts, Role, Tally, in_words, plural};
use crate::transport::client::{Inner, LOOK_TIME};
use crate::transport::delivery::Delivery;
use crate::transport::pages::Passage;
use crate::transport::request::Prepared;
use crate::transport::sightings::{Index, index, place_of};
use crate::transport::subject::list_of_kind;
use crate::transport::{Answer, Call, Client, Error, Subject, Target, Touched};

impl Client {
    /// Tells the names of the volumes that excesses are about, as far as they can be read.
    pub async fn name_volumes(&self, excesses: &mut [Excess], target: &Target) {
        self.0.name_volumes(excesses, target).await;
    }
}

/// The lists that are being read, each with those who wait for it.
#[derive(Default)]
pub(super) struct Censuses(Mutex<HashMap<String, Vec<HandoffSender<()>>>>);

impl Inner {
    /// Counts a change, for [`Inner::give_back`] should it not be carried out; nothing where nobody counts.
    ///
    /// # Errors
    /// Of kind `policy` when it would pass a cap.
    pub async fn charge(&self, call: &Call, target: &Target, subject: &Subject) -> Result<Option<Change>, Error> {
        let Some(tally) = &self.tally else { return Ok(None) };
        let objects = changed(call.operation, subject);
        let deletions = deletions(call, subject);
        let change = Change { operation: call.operation, objects, ids: ids(subject), deletions };
        loop {
            match tally.admit(&change) {
                Ok(()) => return Ok(Some(change)),
                Err(Halt::Over(mut excesses)) => {
                    self.name_volumes(&mut excesses, target).await;
                    return Err(refusal(call.operation, tally, &excesses));
                }
                Err(Halt::Census(index)) => match change.objects.get(index) {
                    Some(object) => self.take_census(call, tally, object).await,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Tells the names of the volumes that excesses are about; what cannot be read stays without.
    async fn name_volumes(&self, excesses: &mut [Excess], target: &Target) {
        let Some(read) = crate::catalog::operation("iaas", "get_volume") else { return };
        for excess in excesses {
            let Some(id) = excess.unnamed_volume() else { continue };
            let mut call = Call::new(read, target.clone()).with("volumeId", id);
            call.time_limit = Some(LOOK_TIME);
            let Ok(prepared) = Prepared::new(&call, &self.endpoints, &self.uploads) else { continue };
            let name = match self.sightings.facts(&place_of(&prepared), false, Duration::ZERO) {
                Some(facts) => facts.name.clone(),
                None => match Delivery::new(self, &call, &prepared).run().await {
                    Ok(answer) => ObjectFacts::read(&answer.body).and_then(|facts| facts.name),
                    Err(_) => None,
                },
            };
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                excess.name_volume(name);
            }
        }
    }

    /// Takes back what was counted for a change that was certainly not carried out.
    pub fn give_back(&self, change: Option<&Change>) {
        if let (Some(tally), Some(change)) = (&self.tally, change) {
            tally.give_back(change);
        }
    }

    /// Reads without asking the gate, which is not asked for what the pipeline itself wants to know.
    pub async fn read_past_the_gate(&self, call: &Call) -> Result<Answer, Error> {
        let prepared = Prepared::new(call, &self.endpoints, &self.uploads)?;
        let asked_at = self.clock.monotonic();
        let answer = Delivery::new(self, call, &prepared).run().await?;
        self.sightings.note(&prepared, &answer.body, asked_at);
        Ok(answer)
    }

    /// Tells the tally how many objects there are beside this one: from the list that the run has read, else from one
    /// that is read now, by one for all who ask.
    async fn take_census(&self, call: &Call, tally: &Tally, object: &Changed) {
        if let Some(seen) = self.sightings.whole(&object.collection) {
            return tally.set_census(&object.collection, Census::Whole(seen));
        }
        let waiting = {
            let mut under_way = self.censuses.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(waiters) = under_way.get_mut(&object.collection) {
                let (sender, receiver) = handoff(&self.clock);
                waiters.push(sender);
                Some(receiver)
            } else {
                under_way.insert(object.collection.clone(), Vec::new());
                None
            }
        };
        if let Some(waiting) = waiting {
            // Whoever reads may have been cancelled: the caller asks the tally again.
            waiting.await;
            return;
        }
        let _under_way = UnderWay { censuses: &self.censuses, collection: &object.collection };
        let census = match self.list(call, &object.kind).await {
            Ok(listing) => Census::Whole(Arc::new(listing)),
            Err(why) => Census::Hidden(why),
        };
        tally.set_census(&object.collection, census);
    }

    /// All objects of a kind, or why they cannot be had.
    async fn list(&self, call: &Call, kind: &str) -> Result<Index, String> {
        let Some(mut list) = list_of_kind(call, kind) else {
            return Err(format!("the API has no list of {}", plural(kind)));
        };
        list.time_limit = Some(LOOK_TIME);
        let operation = list.operation;
        let pages = Box::pin(self.pages(list, Passage::Past)).await.map_err(|error| match error.kind {
            Kind::Permission => {
                let needed = operation.permissions.first().map(|permission| permission.name).unwrap_or_default();
                format!("the credential may not list them: it needs `{needed}`")
            }
            _ => format!("`{}.{}` failed: {}", operation.module, operation.name, error.message),
        })?;
        Ok(pages.iter().flat_map(|page| index(operation, &page.body)).collect())
    }
}

/// Held by who reads a list; those who wait for it go on when it is dropped.
struct UnderWay<'c> {
    censuses: &'c Censuses,
    collection: &'c str,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let waiters = self.censuses.0.lock().unwrap_or_else(PoisonError::into_inner).remove(self.collection);
        drop(waiters);
    }
}

/// The objects that a call changes or deletes: those that its path names, but for what they lie in. What is made is
/// no part of anything yet.
fn changed(operation: &Operation, subject: &Subject) -> Vec<Changed> {
    // What a backup is written back to changes; the backup does not, nor what something new is put into.
    let is_named = matches!(operation.effect, Effect::Update | Effect::Delete)
        && (operation.name != "restore_backup" || subject.also.is_empty());
    let named = subject.objects.iter().filter(|_| is_named);
    let reached = subject.also.iter().filter(|(role, _)| *role != Role::Entered).map(|(_, object)| object);
    let mut found: Vec<Changed> = Vec::new();
    // What the path names is told of, so that it comes first here and last in the end.
    for object in named.rev().chain(reached) {
        let Some((collection, _)) = object.place.as_deref().and_then(|place| place.rsplit_once('/')) else { continue };
        let place = object.place.as_deref().unwrap_or_default();
        let holds = |inner: &Changed| inner.collection.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
        if found.iter().any(holds) {
            continue;
        }
        let facts = object.facts();
        found.push(Changed {
            collection: collection.to_owned(),
            kind: object.kind.clone(),
            id: id_of(object),
            name: facts.and_then(|facts| facts.name.clone()),
            volume: facts.and_then(|facts| facts.volume_id.clone()),
        });
    }
    found.reverse();
    found
}

/// However it is spelled, it is the same object.
fn id_of(object: &Touched) -> String {
    uuid::Uuid::try_parse(&object.id).map_or_else(|_| object.id.clone(), |id| id.to_string())
}

/// The ids of all objects that a call touches, in an order of their own: that of a list may be another next time.
fn ids(subject: &Subject) -> Vec<String> {
    let reached = subject.also.iter().filter(|(role, _)| *role != Role::Entered).map(|(_, object)| id_of(object));
    let mut reached: Vec<String> = reached.collect();
    reached.sort_unstable();
    subject.objects.iter().map(id_of).chain(reached).collect()
}

/// What a call deletes: what it is about, each that a parameter names of several, and what goes along.
fn deletions(call: &Call, subject: &Subject) -> Deletions {
    let mut deletions = Deletions::default();
    if call.operation.effect != Effect::Delete {
        return deletions;
    }
    for (_, object) in subject.also.iter().filter(|(role, _)| *role == Role::Deleted) {
        *deletions.along.entry(object.kind.clone()).or_default() += 1;
    }
    // A network that is taken off a server stays.
    if call.operation.name.starts_with("remove_") && !deletions.along.is_empty() {
        return deletions;
    }
    let named = call.operation.parameters.iter().filter(|parameter| parameter.place == Place::Query);
    let lists = named.filter_map(|parameter| call.parameters.get(parameter.name)?.as_array());
    let several = lists.map(Vec::len).max().unwrap_or_default().max(1);
    let kind = subject.objects.last().map_or_else(|| "object".to_owned(), |object| object.kind.clone());
    deletions.own.insert(kind, several as u64);
    deletions
}

fn refusal(operation: &'static Operation, tally: &Tally, excesses: &[Excess]) -> Error {
    let words: Vec<String> = excesses.iter().map(ToString::to_string).collect();
    let mut text = words.join("; ");
    let (done, left) = tally.progress();
    let done = if done.is_empty() { "nothing".to_owned() } else { in_words(&done) };
    let _ = write!(text, "; done so far: {done}");
    if let Some(left) = left.filter(|left| !left.is_empty()) {
        let _ = write!(text, "; left: {}", in_words(&left));
    }
    Error::before_sending(operation, Kind::Policy, "cap_reached", text).with_hint(Excess::hint(excesses, false))
}

#[cfg(test)]
#[path = "census_tests.rs"]
mod tests;
