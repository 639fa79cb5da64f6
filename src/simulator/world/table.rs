//! Objects of one kind in the order of their creation, found by id.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::kind::Kind;

/// An object that a [`Table`] can hold.
pub trait Row {
    /// What it is.
    const KIND: Kind;
    /// Its id.
    fn id(&self) -> &str;
    /// Sets the id of an object that a file gives none.
    fn set_id(&mut self, id: String);
    /// Its name, if objects of its kind have one.
    fn name(&self) -> Option<&str>;
}

/// Objects of one kind. Insertion, look-up and removal do not depend on how many there are.
#[derive(Debug, Clone)]
pub struct Table<T> {
    rows: BTreeMap<u64, T>,
    index: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), index: HashMap::new(), next: 0 }
    }
}

impl<T: Row> Table<T> {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The object with this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(self.index.get(id)?)
    }

    /// The object with this id, to be changed; its id stays.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(self.index.get(id)?)
    }

    /// Whether an object has this id.
    pub fn contains(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// Adds an object behind the others; one with the same id is replaced. One without an id is found by none before
    /// [`Table::reindex`].
    pub fn insert(&mut self, row: T) {
        let sequence = self.next;
        if !row.id().is_empty()
            && let Some(old) = self.index.insert(row.id().to_owned(), sequence)
        {
            self.rows.remove(&old);
        }
        self.rows.insert(sequence, row);
        self.next += 1;
    }

    /// Takes the object with this id out.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.rows.remove(&self.index.remove(id)?)
    }

    /// All objects, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values()
    }

    /// All objects, to be changed; their ids only before [`Table::reindex`].
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.values_mut()
    }

    /// Brings the index up to date after ids were set; gives an id that two objects share.
    pub fn reindex(&mut self) -> Option<&str> {
        self.index.clear();
        let mut twice = None;
        for (sequence, row) in &self.rows {
            if self.index.insert(row.id().to_owned(), *sequence).is_some() {
                twice = Some(row.id());
            }
        }
        twice
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.values())
    }
}

impl<'de, T: Row + Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows: BTreeMap<u64, T> = (0..).zip(Vec::<T>::deserialize(deserializer)?).collect();
        let next = rows.len() as u64;
        Ok(Self { rows, index: HashMap::new(), next })
    }
}
