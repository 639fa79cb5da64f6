//! What variables, maps and function pointers hold so far. Everything only grows.

use std::collections::{BTreeMap, HashMap};

use super::pointers::Pointer;
use super::value::{Atom, Value};
use crate::resources::Kind;

/// What a map of the recipe's own holds.
#[derive(Debug, Default)]
struct Fields {
    named: BTreeMap<String, Value>,
    /// What is stored under keys that are not spelled out.
    others: Value,
}

/// All that is held.
#[derive(Default)]
pub(super) struct Heap {
    /// Whether anything grew since this was last cleared.
    pub has_grown: bool,
    variables: Vec<Value>,
    by_site: HashMap<(usize, usize, usize), usize>,
    maps: Vec<Fields>,
    maps_by_site: HashMap<(usize, usize), usize>,
    /// The fields that the recipe sets in its copies of objects.
    of_kinds: HashMap<Kind, usize>,
    pub pointers: Vec<Pointer>,
    pointers_by_site: HashMap<(usize, usize), usize>,
}

impl Heap {
    /// The variable of an instance that is declared at a site; `index` tells several at one site apart.
    pub fn variable(&mut self, instance: usize, site: usize, index: usize) -> usize {
        let next = self.variables.len();
        let variable = *self.by_site.entry((instance, site, index)).or_insert(next);
        if variable == next {
            self.variables.push(Value::default());
        }
        variable
    }

    pub fn fresh_variable(&mut self) -> usize {
        self.variables.push(Value::default());
        self.variables.len() - 1
    }

    pub fn read(&self, variable: usize) -> Value {
        self.variables[variable].clone()
    }

    pub fn store(&mut self, variable: usize, value: &Value) {
        self.has_grown |= self.variables[variable].join(value);
    }

    /// The map that an instance makes at a site.
    pub fn map(&mut self, instance: usize, site: usize) -> usize {
        let next = self.maps.len();
        let map = *self.maps_by_site.entry((instance, site)).or_insert(next);
        if map == next {
            self.maps.push(Fields::default());
        }
        map
    }

    /// The fields that are set in copies of objects of a kind.
    pub fn map_of_kind(&mut self, kind: Kind) -> usize {
        let next = self.maps.len();
        let map = *self.of_kinds.entry(kind).or_insert(next);
        if map == next {
            self.maps.push(Fields::default());
        }
        map
    }

    pub fn field(&self, map: usize, name: &str) -> Value {
        let fields = &self.maps[map];
        fields.named.get(name).cloned().unwrap_or_default().joined(&fields.others)
    }

    pub fn field_names(&self, map: usize) -> Vec<String> {
        self.maps[map].named.keys().cloned().collect()
    }

    pub fn all_fields(&self, map: usize) -> Value {
        let fields = &self.maps[map];
        fields.named.values().fold(fields.others.clone(), Value::joined)
    }

    pub fn set_field(&mut self, map: usize, name: &str, value: &Value) {
        let slot = self.maps[map].named.entry(name.to_owned()).or_default();
        self.has_grown |= slot.join(value);
    }

    pub fn set_some_field(&mut self, map: usize, value: &Value) {
        self.has_grown |= self.maps[map].others.join(value);
    }

    /// The pointer that an instance makes at a site.
    pub fn pointer(&mut self, instance: usize, site: usize, make: impl FnOnce(&mut Self) -> Pointer) -> usize {
        if let Some(known) = self.pointers_by_site.get(&(instance, site)) {
            return *known;
        }
        let pointer = make(self);
        self.pointers.push(pointer);
        let number = self.pointers.len() - 1;
        self.pointers_by_site.insert((instance, site), number);
        self.has_grown = true;
        number
    }

    /// A value with everything that can be reached from it.
    pub fn deep(&self, value: &Value) -> Value {
        let mut all = value.clone();
        let mut seen = Vec::new();
        let mut open: Vec<usize> = self.maps_in(value).collect();
        while let Some(map) = open.pop() {
            if seen.contains(&map) {
                continue;
            }
            seen.push(map);
            let fields = self.all_fields(map);
            open.extend(self.maps_in(&fields));
            all.join(&fields);
        }
        all
    }

    fn maps_in<'a>(&'a self, value: &'a Value) -> impl Iterator<Item = usize> + 'a {
        value.atoms().filter_map(|atom| match atom {
            Atom::Map(map) => Some(*map),
            Atom::Object(kind) => self.of_kinds.get(kind).copied(),
            _ => None,
        })
    }
}
