//! What this process has created and is creating: so that an object is never taken for the result of two creates.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

/// How many ids are remembered.
const MOST_IDS: usize = 100_000;

/// The creates of this process; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Creations(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Ids that answers gave, in order.
    order: VecDeque<String>,
    known: HashSet<String>,
    /// Creates under way, by collection and name.
    under_way: HashMap<(String, String), UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    count: usize,
    /// Whether another create of the same name ran at any time beside one that still runs.
    has_twin: bool,
}

impl Creations {
    /// Says that a create of an object called `name` begins.
    pub fn begin(&self, collection: &str, name: &str) -> Creation {
        let key = (collection.to_owned(), name.to_owned());
        let mut state = self.lock();
        let under_way = state.under_way.entry(key.clone()).or_default();
        under_way.count += 1;
        under_way.has_twin |= under_way.count > 1;
        Creation { creations: self.clone(), key }
    }

    /// Remembers the id in the answer of a create.
    pub fn learn(&self, body: &[u8]) {
        #[derive(Deserialize)]
        struct Created {
            id: Option<String>,
        }
        if let Ok(Created { id: Some(id) }) = serde_json::from_slice(body) {
            self.claim(id);
        }
    }

    /// Takes an object as the result of a create; `false` if it already is that of another.
    pub fn claim(&self, id: String) -> bool {
        let mut state = self.lock();
        if !state.known.insert(id.clone()) {
            return false;
        }
        state.order.push_back(id);
        if state.order.len() > MOST_IDS
            && let Some(oldest) = state.order.pop_front()
        {
            state.known.remove(&oldest);
        }
        true
    }

    /// Whether an object is the result of another create.
    pub fn is_known(&self, id: &str) -> bool {
        self.lock().known.contains(id)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A create under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Creation {
    creations: Creations,
    key: (String, String),
}

impl Creation {
    /// Whether another create of the same name runs or ran beside this one: what is found then may be either's.
    pub fn has_twin(&self) -> bool {
        self.creations.lock().under_way.get(&self.key).is_some_and(|under_way| under_way.has_twin)
    }
}

impl Drop for Creation {
    fn drop(&mut self) {
        let mut state = self.creations.lock();
        if let Some(under_way) = state.under_way.get_mut(&self.key) {
            under_way.count -= 1;
            if under_way.count == 0 {
                state.under_way.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_the_result_of_one_create_only() {
        let creations = Creations::default();
        creations.learn(br#"{"id":"a","name":"x"}"#);
        creations.learn(b"no json");
        assert!(creations.is_known("a"));
        assert!(!creations.claim("a".into()));
        assert!(creations.claim("b".into()));
        assert!(!creations.claim("b".into()));
    }

    #[test]
    fn creates_of_the_same_name_at_the_same_time_know_of_each_other() {
        let creations = Creations::default();
        let first = creations.begin("/volumes", "data");
        let other = creations.begin("/volumes", "logs");
        assert!(!first.has_twin());
        let second = creations.begin("/volumes", "data");
        assert!(first.has_twin() && second.has_twin() && !other.has_twin());
        drop(second);
        assert!(first.has_twin(), "what the other made may still turn up");
        drop(first);
        assert!(!creations.begin("/volumes", "data").has_twin());
    }

    #[test]
    fn the_memory_of_ids_is_bounded() {
        let creations = Creations::default();
        for id in 0..=MOST_IDS {
            assert!(creations.claim(id.to_string()));
        }
        assert!(!creations.is_known("0"));
        assert!(creations.is_known("1"));
    }
}
