//! What this client has read of objects, so that a change need not read again what is known already.
//!
//! Answers are kept as they came and looked into only when a change asks. What a change touches is forgotten: the next
//! one reads it afresh.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::catalog::{Operation, Paging, percent_decode};
use crate::policy::ObjectFacts;
use crate::transport::pages::items_of;
use crate::transport::request::Prepared;

/// Single objects are kept up to twice so many bytes; the oldest half goes first.
const OBJECT_BYTES: usize = 4 << 20;

/// Lists of one collection that are kept: the whole one and some narrowed ones.
const LISTS: usize = 8;

/// Objects of a list by id.
pub(super) type Index = HashMap<String, Arc<ObjectFacts>>;

/// What this client has read of objects. Places are host and path.
#[derive(Default)]
pub(super) struct Sightings(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// Counts up, so that the later of two sightings is known.
    count: u64,
    objects: HashMap<String, Sighting>,
    /// The half of `objects` that goes next.
    older: HashMap<String, Sighting>,
    /// When `older` got its last one.
    older_until: u64,
    /// Lists from before this may be older than what was dropped, and say nothing about single objects.
    floor: u64,
    bytes: usize,
    lists: HashMap<String, Vec<List>>,
}

/// One object at one time; without a body it was changed then.
#[derive(Clone)]
struct Sighting {
    count: u64,
    /// When it was asked, on the process clock.
    at: Duration,
    body: Option<Bytes>,
}

struct List {
    count: u64,
    at: Duration,
    query: String,
    operation: &'static Operation,
    body: Bytes,
    index: Option<Arc<Index>>,
}

impl Sightings {
    /// Keeps the answer of a read that came by now.
    pub fn note(&self, prepared: &Prepared, body: &Bytes, now: Duration) {
        if !body.first().is_some_and(|first| b"{[".contains(first)) {
            return;
        }
        let place = place_of(prepared);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if prepared.operation.list_key.is_some() {
            seen.note_list(place, prepared, body.clone(), now);
        } else {
            seen.note_object(place, Some(body.clone()), now);
        }
    }

    /// Forgets an object that is about to be changed.
    pub fn forget(&self, place: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).note_object(place.to_owned(), None, Duration::MAX);
    }

    /// What was last read of the object at a place, unless it was changed since, or read before a time. With
    /// `needs_labels`, only an answer that would have shown labels counts.
    pub fn facts(&self, place: &str, needs_labels: bool, not_before: Duration) -> Option<Arc<ObjectFacts>> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = seen.objects.get(place).or_else(|| seen.older.get(place)).cloned();
        let known_since = alone.as_ref().map_or(seen.floor, |sighting| sighting.count);
        let (collection, id) = place.rsplit_once('/')?;
        let id = percent_decode(id)?;
        let listed = seen.lists.get_mut(collection).into_iter().flatten();
        let newest = listed
            .filter(|list| {
                list.count > known_since && list.at >= not_before && (!needs_labels || shows_labels(list.operation))
            })
            .filter_map(|list| Some((list.count, list.index().get(&id)?.clone())))
            .max_by_key(|(count, _)| *count);
        let alone = alone.filter(|sighting| sighting.at >= not_before);
        match (newest, alone.and_then(|sighting| sighting.body)) {
            (Some((_, facts)), _) => Some(facts),
            (None, Some(body)) => ObjectFacts::read(&body).map(Arc::new),
            (None, None) => None,
        }
    }

    /// The objects of a collection, if the run has read it whole: not narrowed by a query, and in one answer.
    pub fn whole(&self, collection: &str) -> Option<Arc<Index>> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lists = seen.lists.get_mut(collection)?.iter_mut();
        let whole = lists.filter(|list| list.operation.paging == Paging::None && !narrows(&list.query));
        Some(whole.max_by_key(|list| list.count)?.index())
    }
}

impl Seen {
    fn note_object(&mut self, place: String, body: Option<Bytes>, at: Duration) {
        self.count += 1;
        self.bytes += place.len() + body.as_ref().map_or(0, Bytes::len);
        self.objects.insert(place, Sighting { count: self.count, at, body });
        if self.bytes > OBJECT_BYTES {
            self.older = std::mem::take(&mut self.objects);
            (self.floor, self.older_until) = (self.older_until, self.count);
            self.bytes = 0;
        }
    }

    fn note_list(&mut self, place: String, prepared: &Prepared, body: Bytes, at: Duration) {
        self.count += 1;
        let query = prepared.uri.query().unwrap_or_default().to_owned();
        let list = List { count: self.count, at, query, operation: prepared.operation, body, index: None };
        let lists = self.lists.entry(place).or_default();
        lists.retain(|other| other.query != list.query);
        if lists.len() >= LISTS {
            let oldest = lists.iter().enumerate().filter(|(_, list)| narrows(&list.query));
            if let Some((oldest, _)) = oldest.min_by_key(|(_, list)| list.count) {
                lists.swap_remove(oldest);
            }
        }
        lists.push(list);
    }
}

impl List {
    fn index(&mut self) -> Arc<Index> {
        self.index.get_or_insert_with(|| Arc::new(index(self.operation, &self.body))).clone()
    }
}

/// Host and path of a request.
pub(super) fn place_of(prepared: &Prepared) -> String {
    format!("{}{}", prepared.host, prepared.uri.path())
}

/// Whether a query makes a list smaller. `details` only makes its objects larger.
fn narrows(query: &str) -> bool {
    query.split('&').any(|pair| !pair.is_empty() && !pair.starts_with("details="))
}

/// Whether the answer of a read shows the labels of its objects, if they have some.
pub(super) fn shows_labels(operation: &'static Operation) -> bool {
    let crate::catalog::Answer::Json(shape) = operation.answer else { return false };
    let shapes = operation.service().shapes();
    let shape = match operation.list_key {
        Some(key) if !key.is_empty() => match shapes.field(shape, key) {
            Some(items) => items.shape,
            None => return false,
        },
        _ => shape,
    };
    let has_labels = |shape| shapes.field(shape, "labels").is_some();
    // Some answers hold the object in a field of its own: `{"share": {…}}`.
    has_labels(shape) || operation.list_key.is_none() && shapes.fields(shape).iter().any(|one| has_labels(one.shape))
}

/// The objects of a list's answer.
pub(super) fn index(operation: &Operation, body: &[u8]) -> Index {
    let key = operation.list_key.unwrap_or_default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let objects = if key.is_empty() {
        serde::Deserialize::deserialize(&mut reader).ok()
    } else {
        Items(key).deserialize(&mut reader).ok()
    };
    // An answer whose fields are of other types is read patiently.
    let objects: Vec<ObjectFacts> = objects.unwrap_or_else(|| {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        items_of(operation, &body).iter().filter_map(Value::as_object).map(ObjectFacts::of).collect()
    });
    objects.into_iter().filter_map(|facts| Some((facts.id.clone()?, Arc::new(facts)))).collect()
}

/// The array under one key of an object.
struct Items(&'static str);

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<ObjectFacts>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<ObjectFacts>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the key `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0 {
                found = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "sightings_tests.rs"]
mod tests;
