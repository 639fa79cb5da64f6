//! Calls of natives: which are meant, and what they need of the API.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::arguments::{acts_on, is_meant, kinds_for, looked_up, may_be, takes, ways_to_look_up};
use super::need::{Choice, Spot};
use super::operations::{Called, of, of_kind};
use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::catalog::{self, Operation};
use crate::engine::Registry;
use crate::engine::native::{Native, Type};
use crate::resources::Kind;

/// The service of the platform's own kinds.
const MODULE: &str = "iaas";

impl Walk {
    /// A call of whatever natives have a name; the receiver is the first argument. Gives what they may give.
    pub fn native(&mut self, frame: &Frame, name: &str, arguments: &[Value], site: usize, place: &Spot) -> Value {
        let all = Registry::shared().get(name);
        let natives: Vec<Arc<Native>> =
            all.iter().filter(|native| !native.is_property && takes(native, arguments.len())).cloned().collect();
        self.of_objects(&natives, name, arguments, place);
        let mut meant = Vec::new();
        for native in natives {
            if is_meant(&native, arguments) {
                self.of_others(&native, arguments, place);
                meant.push(native);
            }
        }
        self.results(frame, name, &meant, arguments, site, place)
    }

    /// What verbs need for the objects that they may be called on.
    fn of_objects(&mut self, natives: &[Arc<Native>], name: &str, arguments: &[Value], place: &Spot) {
        let Some(receiver) = arguments.first() else { return };
        let mut kinds: BTreeSet<Kind> = BTreeSet::new();
        let mut called: Vec<Called> = Vec::new();
        let verbs: Vec<&Arc<Native>> =
            natives.iter().filter(|native| acts_on(native).is_some() && fits_behind(native, arguments)).collect();
        for native in &verbs {
            for kind in kinds_for(native, receiver) {
                let of = if acts_on(native) == Some("") { of_kind(native, kind) } else { of(native) };
                if !of.is_empty() {
                    kinds.insert(kind);
                    for called in &of {
                        self.taken_along(called.operation, None, &arguments[1..], place);
                    }
                    called.extend(of);
                }
            }
        }
        let is_certain = kinds.len() == 1;
        let mut choice = operations_of(&called);
        for called in called {
            self.called(&called, place, is_certain);
        }
        if kinds.len() > 1 {
            self.choose(Choice { name: name.to_owned(), place: place.clone(), operations: choice, is_known: true });
        }
        if receiver.has(&Atom::Unknown) {
            choice = operations_of(&verbs.iter().flat_map(|native| of(native)).collect::<Vec<_>>());
            if !choice.is_empty() {
                self.choose(Choice {
                    name: name.to_owned(),
                    place: place.clone(),
                    operations: choice,
                    is_known: false,
                });
            }
        }
    }

    /// What a native needs that acts on no object.
    fn of_others(&mut self, native: &Native, arguments: &[Value], place: &Spot) {
        self.outside(native, arguments, place);
        if acts_on(native).is_some() || native.operations.is_empty() {
            return;
        }
        // An object's own method comes before a function that takes any map.
        let first = native.parameters.first().map(|parameter| &parameter.kind);
        if native.receiver.is_none()
            && let (Some(given), Some(wanted)) = (arguments.first(), first)
            && given.kinds().next().is_some()
            && given.atoms().all(|atom| {
                matches!(atom, Atom::List)
                    || matches!(atom, Atom::Object(kind) if has_method(native.name, *kind))
                    || !may_be(&Value::of(atom.clone()), wanted)
            })
        {
            return;
        }
        if let Some(kind) = looked_up(native) {
            return self.look_up(native, kind, arguments, place);
        }
        for called in of(native) {
            self.called(&called, place, true);
        }
    }

    fn look_up(&mut self, native: &Native, kind: Kind, arguments: &[Value], place: &Spot) {
        let row = kind.row();
        let wanted = arguments.get(usize::from(native.receiver.is_some())).cloned().unwrap_or_default();
        let (get, list) = (row.operations.get, row.operations.list);
        let operation = |name: Option<&str>| name.and_then(|name| catalog::operation(MODULE, name));
        let (Some(get), Some(list)) = (operation(get), operation(list)) else {
            for called in of(native) {
                self.called(&called, place, true);
            }
            return;
        };
        if row.id_field == "name" {
            // Read by its name; the list only tells the nearest if there is none.
            self.need(get, place.clone(), true);
            self.help(list, place.clone());
            return;
        }
        let (by_id, by_name) = ways_to_look_up(&wanted);
        let is_certain = by_id != by_name;
        if by_id {
            self.need(get, place.clone(), is_certain);
        }
        if by_name {
            self.need(list, place.clone(), is_certain);
        }
        if !is_certain {
            let name = native.name.to_owned();
            self.choose(Choice { name, place: place.clone(), operations: vec![get, list], is_known: true });
        }
    }

    /// What a deletion needs for what it is asked to delete along: whoever may not delete such alone may not do it so.
    /// `first` is what may be the volume or a map of all arguments; what comes behind it are options.
    pub fn taken_along(
        &mut self,
        operation: &'static Operation,
        first: Option<&Value>,
        options: &[Value],
        place: &Spot,
    ) {
        const CASCADE: &str = "cascade";
        if operation.name != "delete_volume" {
            return;
        }
        let spells_it = |atom: &Atom| matches!(atom, Atom::Map(map) if !self.heap.field(*map, CASCADE).is_empty());
        let may_hold_it = |atom: &Atom| matches!(atom, Atom::Plain | Atom::Unknown) || spells_it(atom);
        let may_cascade = first.is_some_and(|first| first.atoms().any(spells_it))
            || options.iter().flat_map(Value::atoms).any(may_hold_it);
        if may_cascade && let Some(snapshots) = catalog::operation(operation.module, "delete_snapshot") {
            self.need(snapshots, place.clone(), false);
        }
    }

    fn called(&mut self, called: &Called, place: &Spot, is_certain: bool) {
        if called.is_help {
            self.help(called.operation, place.clone());
        } else {
            self.need(called.operation, place.clone(), is_certain);
        }
    }
}

fn operations_of(called: &[Called]) -> Vec<&'static Operation> {
    let mut operations: Vec<&'static Operation> =
        called.iter().filter(|called| !called.is_help).map(|called| called.operation).collect();
    operations.sort_by_key(|operation| (operation.module, operation.name));
    operations.dedup_by_key(|operation| (operation.module, operation.name));
    operations
}

/// Whether the arguments after the receiver may be what a native takes.
fn fits_behind(native: &Native, arguments: &[Value]) -> bool {
    native.parameters.iter().zip(&arguments[1..]).all(|(parameter, value)| may_be(value, &parameter.kind))
}

/// Whether objects of a kind have a method of this name.
fn has_method(name: &str, kind: Kind) -> bool {
    let natives = Registry::shared().get(name).iter();
    natives
        .filter_map(|native| native.receiver.as_ref())
        .any(|receiver| matches!(receiver, Type::Object(wanted) if wanted.is_empty() || *wanted == kind.type_name()))
}
