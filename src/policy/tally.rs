//! What a run has changed so far, held against its caps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::agreement::Agreement;
use super::caps::SHARED_FROM;
use super::{CallOn, Calls, CapLimit, Capped, Caps, Deeds, Excess, ObjectFacts, Share};
use crate::catalog::{Effect, Operation};

/// What a run has changed so far. Shared by everything that changes something for it, in any number of threads.
#[derive(Debug)]
pub struct Tally {
    caps: Caps,
    reach: Reach,
    counts: Mutex<Counts>,
}

/// What a tally does when a cap is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It refuses the change.
    Stops,
    /// It only counts.
    Counts,
}

/// A change that is about to be made.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is called.
    pub operation: &'static Operation,
    /// The objects that are changed or deleted; those that are made do not count.
    pub objects: Vec<Changed>,
    /// The ids of all objects that it touches, made or not made by the run.
    pub ids: Vec<String>,
    /// What it deletes, by kind; where the call is one deletion, and no more is known, one.
    pub deletions: Deletions,
}

/// How many objects are deleted, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deletions {
    /// What the calls are about.
    pub own: BTreeMap<String, u64>,
    /// What goes along.
    pub along: BTreeMap<String, u64>,
}

/// An object that is changed or deleted.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Where all of its kind are listed.
    pub collection: String,
    /// What it is: `server`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name, if that is known.
    pub name: Option<String>,
    /// The volume that it is a snapshot of.
    pub volume: Option<String>,
}

/// The objects of a kind by id.
pub type Listing = Arc<HashMap<String, Arc<ObjectFacts>>>;

/// How many objects of a kind there are.
#[derive(Debug, Clone)]
pub enum Census {
    /// These.
    Whole(Listing),
    /// Nobody can tell, for this reason.
    Hidden(String),
}

/// Why a change was not let pass.
#[derive(Debug)]
pub enum Halt {
    /// The objects of its kind must be counted first: of the object with this index in the change.
    Census(usize),
    /// It would pass caps.
    Over(Vec<Excess>),
}

/// One line of what was counted: an operation on one kind of object.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// What is called.
    pub operation: &'static Operation,
    /// On what: `server`; empty if it makes something.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// Names, or ids, of the first objects.
    pub examples: Vec<String>,
    /// What is deleted along, by kind.
    pub along: BTreeMap<String, u64>,
}

/// How many examples are kept of each operation: the first by name.
const EXAMPLES: usize = 3;

#[derive(Debug, Default)]
struct Counts {
    changes: u64,
    effects: BTreeMap<Effect, u64>,
    deletions: Deletions,
    permissions: BTreeMap<&'static str, u64>,
    operations: BTreeMap<(&'static str, &'static str), Counted>,
    groups: BTreeMap<String, Group>,
    /// What the whole run is expected to do.
    expected: Option<Deeds>,
    /// Each call, of a tally that only counts.
    calls: Calls,
    /// What a person agreed to; anything if nobody was asked.
    agreed: Option<Agreement>,
}

/// The objects of one kind in one place.
#[derive(Debug, Default)]
struct Group {
    kind: String,
    census: Option<Census>,
    touched: HashMap<String, Mark>,
    all: Portion,
    /// The same for each volume, where these are snapshots.
    volumes: BTreeMap<String, Portion>,
}

/// How many there are, and how many of them were touched.
#[derive(Debug, Default)]
struct Portion {
    part: usize,
    whole: usize,
}

/// An object that was touched.
#[derive(Debug)]
struct Mark {
    times: u64,
    verb: &'static str,
    volume: Option<String>,
    /// Whether it is one of those that there were: what the run made itself is not.
    is_part: bool,
    /// Whether it was touched before the census, and is not in it any more.
    is_gone: bool,
}

impl Tally {
    /// An empty tally.
    #[must_use]
    pub fn new(caps: Caps, reach: Reach) -> Self {
        Self { caps, reach, counts: Mutex::default() }
    }

    /// Counts a change, unless it would pass a cap; nothing is counted then.
    ///
    /// # Errors
    /// When it must not be made, or not yet.
    pub fn admit(&self, change: &Change) -> Result<(), Halt> {
        let mut counts = self.lock();
        let share = self.caps.share().map(|limit| limit.most);
        for (index, object) in change.objects.iter().enumerate() {
            if share.is_some_and(|share| counts.wants_census(object, share)) {
                return Err(Halt::Census(index));
            }
        }
        counts.add(change);
        if self.reach == Reach::Counts {
            *counts.calls.entry(CallOn::of(change)).or_default() += 1;
        }
        if self.reach == Reach::Stops {
            let excesses = self.excesses_of(&counts, Some(change));
            if !excesses.is_empty() {
                counts.subtract(change);
                return Err(Halt::Over(excesses));
            }
        }
        Ok(())
    }

    /// Takes back a change that was certainly not carried out.
    pub fn give_back(&self, change: &Change) {
        self.lock().subtract(change);
    }

    /// Says how many objects a collection holds. Only the first word counts, but for one that was no answer.
    pub fn set_census(&self, collection: &str, census: Census) {
        let mut counts = self.lock();
        counts.groups.entry(collection.to_owned()).or_default().set_census(census);
    }

    /// Every cap that what was counted passes.
    #[must_use]
    pub fn excesses(&self) -> Vec<Excess> {
        self.excesses_of(&self.lock(), None)
    }

    /// What was counted, by operation.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        self.lock().operations.values().filter(|counted| counted.count > 0).cloned().collect()
    }

    /// Each call that was counted, where nothing more is done than to count.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.lock().calls.clone()
    }

    /// How many changes were counted.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Says what the whole run is expected to do, so that what is left can be told.
    pub fn expect(&self, counted: &[Counted]) {
        self.lock().expected = Some(deeds(counted));
    }

    /// Holds the run to what a person was shown and agreed to: no other operation, on no other of the objects that were
    /// there with these ids, and none more often.
    pub fn agree(&self, calls: &Calls, known: HashSet<String>) {
        self.lock().agreed = Some(Agreement::to(calls, known));
    }

    /// What was done, and what is left as far as that is known.
    #[must_use]
    pub fn progress(&self) -> (Deeds, Option<Deeds>) {
        let counts = self.lock();
        let done = deeds(counts.operations.values());
        let left = counts.expected.as_ref().map(|expected| {
            let left = expected
                .iter()
                .map(|(name, count)| (*name, count.saturating_sub(done.get(name).copied().unwrap_or_default())));
            left.filter(|(_, count)| *count > 0).collect()
        });
        (done, left)
    }

    /// The caps that are passed; with a change, those that it has to do with.
    fn excesses_of(&self, counts: &Counts, change: Option<&Change>) -> Vec<Excess> {
        let mut found = Vec::new();
        if let Some(limit) = self.caps.share() {
            match change {
                None => counts.groups.values().for_each(|group| group.excesses(limit, None, &mut found)),
                Some(change) => {
                    for object in &change.objects {
                        let group = counts.groups.get(&object.collection);
                        if let Some(group) = group {
                            group.excesses(limit, Some(object), &mut found);
                        }
                    }
                }
            }
        }
        for (what, limit) in self.caps.limits() {
            let count = match what {
                Capped::Share => continue,
                Capped::Changes => counts.changes,
                Capped::Deletions => counts.deletions.count(),
                Capped::Effect(effect) => counts.effects.get(effect).copied().unwrap_or_default(),
                Capped::Permission(pattern) => {
                    let covered = counts.permissions.iter().filter(|(name, _)| pattern.covers(name));
                    covered.map(|(_, count)| count).sum()
                }
            };
            if count > limit.most && change.is_none_or(|change| concerns(what, change.operation)) {
                let deleted = match what {
                    Capped::Deletions => counts.deletions.clone(),
                    _ => Deletions::default(),
                };
                found.push(Excess::Calls { what: what.clone(), count, limit: limit.clone(), deleted });
            }
        }
        if let (Some(agreed), Some(change)) = (&counts.agreed, change) {
            found.extend(agreed.excess(change));
        }
        if let Some(daily) = self.caps.daily()
            && daily.so_far.saturating_add(counts.changes) > daily.most
        {
            found.push(Excess::Daily { count: daily.so_far.saturating_add(counts.changes), daily });
        }
        found
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a call counts towards a cap.
fn concerns(what: &Capped, operation: &Operation) -> bool {
    match what {
        Capped::Changes | Capped::Share => true,
        Capped::Deletions => operation.effect == Effect::Delete,
        Capped::Effect(effect) => operation.effect == *effect,
        Capped::Permission(pattern) => operation.permissions.iter().any(|needed| pattern.covers(needed.name)),
    }
}

fn deeds<'c>(counted: impl IntoIterator<Item = &'c Counted>) -> Deeds {
    let mut deeds = Deeds::new();
    for counted in counted.into_iter().filter(|counted| counted.count > 0) {
        *deeds.entry(counted.operation.name).or_default() += counted.count;
    }
    deeds
}

impl Counts {
    /// Whether touching an object asks for the number of those of its kind: with few, every share is allowed, whatever
    /// that number.
    fn wants_census(&self, object: &Changed, share: u64) -> bool {
        let Some(group) = self.groups.get(&object.collection) else { return always_allowed(share) == 0 && share < 100 };
        group.census.is_none()
            && !group.touched.contains_key(&object.id)
            && group.touched.len() >= always_allowed(share)
            && share < 100
    }

    fn add(&mut self, change: &Change) {
        let operation = change.operation;
        self.changes += 1;
        if let Some(agreed) = &mut self.agreed {
            agreed.add(change);
        }
        *self.effects.entry(operation.effect).or_default() += 1;
        self.deletions.add(&change.deletions);
        for permission in &operation.permissions {
            *self.permissions.entry(permission.name).or_default() += 1;
        }
        // What is made has no name yet; what it takes is not what the call is about.
        let about = change.objects.last().filter(|_| operation.effect != Effect::Create);
        let counted = self.operations.entry((operation.module, operation.name)).or_insert_with(|| Counted {
            operation,
            kind: about.map(|object| object.kind.clone()).unwrap_or_default(),
            count: 0,
            examples: Vec::new(),
            along: BTreeMap::new(),
        });
        counted.count += 1;
        add(&mut counted.along, &change.deletions.along);
        if let Some(object) = about {
            let name = object.name.as_ref().unwrap_or(&object.id);
            // The first by name: which of several calls at once was counted first is chance.
            if let Err(place) = counted.examples.binary_search(name)
                && place < EXAMPLES
            {
                counted.examples.insert(place, name.clone());
                counted.examples.truncate(EXAMPLES);
            }
        }
        for object in &change.objects {
            self.mark(object, operation);
        }
    }

    fn mark(&mut self, object: &Changed, operation: &'static Operation) {
        let verb = verb(operation);
        if !self.groups.contains_key(&object.collection) {
            self.groups.insert(object.collection.clone(), Group::default());
        }
        let Some(group) = self.groups.get_mut(&object.collection) else { return };
        group.mark(object, verb);
    }

    fn subtract(&mut self, change: &Change) {
        let operation = change.operation;
        self.changes = self.changes.saturating_sub(1);
        if let Some(agreed) = &mut self.agreed {
            agreed.subtract(change);
        }
        let less = |count: &mut u64| *count = count.saturating_sub(1);
        self.effects.entry(operation.effect).and_modify(less);
        self.deletions.subtract(&change.deletions);
        for permission in &operation.permissions {
            self.permissions.entry(permission.name).and_modify(less);
        }
        if let Some(counted) = self.operations.get_mut(&(operation.module, operation.name)) {
            less(&mut counted.count);
            subtract(&mut counted.along, &change.deletions.along);
        }
        for object in &change.objects {
            let Some(group) = self.groups.get_mut(&object.collection) else { continue };
            group.unmark(&object.id);
        }
    }
}

impl Deletions {
    /// How many these are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.own.values().chain(self.along.values()).sum()
    }

    fn add(&mut self, other: &Self) {
        add(&mut self.own, &other.own);
        add(&mut self.along, &other.along);
    }

    fn subtract(&mut self, other: &Self) {
        subtract(&mut self.own, &other.own);
        subtract(&mut self.along, &other.along);
    }
}

fn add(to: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (kind, count) in more {
        *to.entry(kind.clone()).or_default() += count;
    }
}

fn subtract(from: &mut BTreeMap<String, u64>, less: &BTreeMap<String, u64>) {
    for (kind, count) in less {
        from.entry(kind.clone()).and_modify(|left| *left = left.saturating_sub(*count));
    }
    from.retain(|_, count| *count > 0);
}

impl Group {
    /// Takes in how many there are; what was touched before counts with them.
    fn set_census(&mut self, census: Census) {
        if matches!(self.census, Some(Census::Whole(_))) {
            return;
        }
        if let Census::Whole(listing) = &census {
            self.all.whole = listing.len();
            for volume in listing.values().filter_map(|facts| facts.volume_id.as_ref()) {
                self.volumes.entry(volume.clone()).or_default().whole += 1;
            }
            for (id, mark) in &mut self.touched {
                let listed = listing.get(id);
                mark.volume = listed.and_then(|facts| facts.volume_id.clone()).or(mark.volume.take());
                (mark.is_part, mark.is_gone) = (true, listed.is_none());
                count(&mut self.all, &mut self.volumes, mark);
            }
        }
        self.census = Some(census);
    }

    fn mark(&mut self, object: &Changed, verb: &'static str) {
        if self.kind.is_empty() {
            self.kind.clone_from(&object.kind);
        }
        if let Some(mark) = self.touched.get_mut(&object.id) {
            mark.times += 1;
            if mark.verb != verb {
                mark.verb = "change";
            }
            return;
        }
        let listed = match &self.census {
            Some(Census::Whole(listing)) => listing.get(&object.id),
            Some(Census::Hidden(_)) | None => None,
        };
        let volume = listed.and_then(|facts| facts.volume_id.clone()).or_else(|| object.volume.clone());
        let mark = Mark { times: 1, verb, volume, is_part: listed.is_some(), is_gone: false };
        if mark.is_part {
            count(&mut self.all, &mut self.volumes, &mark);
        }
        self.touched.insert(object.id.clone(), mark);
    }

    fn unmark(&mut self, id: &str) {
        let Some(mark) = self.touched.get_mut(id) else { return };
        mark.times = mark.times.saturating_sub(1);
        if mark.times > 0 {
            return;
        }
        let Some(mark) = self.touched.remove(id) else { return };
        if !mark.is_part {
            return;
        }
        let of_volume = mark.volume.as_ref().and_then(|volume| self.volumes.get_mut(volume));
        for portion in [Some(&mut self.all), of_volume].into_iter().flatten() {
            portion.part = portion.part.saturating_sub(1);
            portion.whole = portion.whole.saturating_sub(usize::from(mark.is_gone));
        }
    }

    /// The caps on shares that are passed; with an object, those that it belongs to.
    fn excesses(&self, limit: &CapLimit, object: Option<&Changed>, found: &mut Vec<Excess>) {
        if let Some(Census::Hidden(why)) = &self.census
            && self.touched.len() >= SHARED_FROM
            && limit.most < 100
        {
            let whole = Portion { part: self.touched.len(), whole: 0 };
            let share = self.share(&whole, None);
            found.push(Excess::Uncounted { share, why: why.clone(), limit: limit.clone() });
        }
        let mark = object.map(|object| self.touched.get(&object.id));
        if mark.is_some_and(|mark| mark.is_none_or(|mark| !mark.is_part)) {
            return;
        }
        let mut add = |portion: &Portion, volume: Option<&String>| {
            if portion.is_over(limit.most) {
                found.push(Excess::Share(self.share(portion, volume), limit.clone()));
            }
        };
        add(&self.all, None);
        if self.kind != "snapshot" {
            return;
        }
        match mark.flatten() {
            None => self.volumes.iter().for_each(|(volume, portion)| add(portion, Some(volume))),
            Some(mark) => {
                let volume = mark.volume.as_ref().and_then(|volume| self.volumes.get_key_value(volume));
                if let Some((volume, portion)) = volume {
                    add(portion, Some(volume));
                }
            }
        }
    }

    fn share(&self, portion: &Portion, volume: Option<&String>) -> Share {
        let is_hidden = matches!(self.census, Some(Census::Hidden(_)));
        let marks = self.touched.values().filter(|mark| mark.is_part || is_hidden);
        let mut verbs = marks.filter(|mark| volume.is_none() || mark.volume.as_ref() == volume).map(|mark| mark.verb);
        let verb = verbs.next().unwrap_or("change");
        let verb = if verbs.all(|other| other == verb) { verb } else { "change" };
        Share {
            verb: verb.to_owned(),
            kind: self.kind.clone(),
            part: portion.part,
            whole: portion.whole,
            volume: volume.cloned(),
            volume_name: None,
        }
    }
}

/// Counts an object that was touched, and that it was there if the census lacks it.
fn count(all: &mut Portion, volumes: &mut BTreeMap<String, Portion>, mark: &Mark) {
    let of_volume = mark.volume.as_ref().map(|volume| volumes.entry(volume.clone()).or_default());
    for portion in [Some(all), of_volume].into_iter().flatten() {
        portion.part += 1;
        portion.whole += usize::from(mark.is_gone);
    }
}

impl Portion {
    fn is_over(&self, percent: u64) -> bool {
        self.whole >= SHARED_FROM && self.part as u64 * 100 > self.whole as u64 * percent
    }
}

/// How many objects may be touched without knowing how many there are.
fn always_allowed(percent: u64) -> usize {
    usize::try_from(SHARED_FROM as u64 * percent / 100).unwrap_or(SHARED_FROM)
}

/// What an operation does to its object, in a word that messages can use; several words would be said of all alike.
fn verb(operation: &Operation) -> &'static str {
    const VERBS: [&str; 11] = [
        "deallocate",
        "delete",
        "reboot",
        "rescue",
        "resize",
        "restore",
        "start",
        "stop",
        "unrescue",
        "update",
        "revoke",
    ];
    let word = operation.name.trim_start_matches("partial_").split('_').next().unwrap_or_default();
    VERBS.into_iter().find(|verb| *verb == word).unwrap_or("change")
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
