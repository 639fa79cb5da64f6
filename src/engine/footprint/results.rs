//! What natives and Rhai's own functions give, and the closures that they call.

use std::sync::Arc;

use super::need::Spot;
use super::pointers::{COMPUTED_NAME, Given};
use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::engine::native::{Native, Type};
use crate::resources::Kind;

/// They give the list, or items of it.
const PRESERVING: [&str; 24] = [
    "filter",
    "where",
    "sort_by",
    "unique",
    "first",
    "last",
    "find",
    "expect",
    "sort",
    "reverse",
    "dedup",
    "drain",
    "retain",
    "extract",
    "chop",
    "truncate",
    "pop",
    "shift",
    "sort_desc",
    "split",
    "order_by",
    "clone",
    "slice",
    "take",
];

/// They give a number, a text, a truth value: nothing of what they were given.
const PLAIN: [&str; 26] = [
    "len",
    "contains",
    "index_of",
    "some",
    "all",
    "is_empty",
    "keys",
    "count_by",
    "sum_by",
    "join",
    "type_of",
    "to_string",
    "to_debug",
    "to_json",
    "print",
    "debug",
    "starts_with",
    "ends_with",
    "for_each",
    "==",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "!",
];

/// Rhai's functions that take a closure's name in the place of a closure.
const NAMING: [&str; 8] = ["map", "filter", "some", "all", "reduce", "reduce_rev", "find", "find_map"];

/// Whether a value is known to be more than data.
fn is_list(value: &Value) -> bool {
    !value.is_empty() && (value.has(&Atom::List) || !value.atoms().any(Atom::is_text))
}

impl Walk {
    /// What a call gives, whatever of these natives it means; Rhai's own function of the name, if there is one, gives
    /// no more than what it was given.
    pub(super) fn results(
        &mut self,
        frame: &Frame,
        name: &str,
        natives: &[Arc<Native>],
        arguments: &[Value],
        site: usize,
        place: &Spot,
    ) -> Value {
        let first = arguments.first().cloned().unwrap_or_default();
        let deep = arguments.iter().fold(Value::default(), |all, one| all.joined(&self.heap.deep(one)));
        let called = self.closures_of(frame, name, arguments, &first, &deep, site, place);
        match name {
            "parallel" => {
                self.throw_rows(frame, &first, &called, site);
                return called.joined(&Value::of(Atom::List));
            }
            "try_parallel" | "attempt" => return self.rows(frame, &first, &called, site),
            "params" => return self.parameters(frame, &first, site),
            "map" | "find_map" => return called.joined(&Value::plain()),
            "reduce" | "reduce_rev" => return called.joined(&deep.without_texts()),
            "pluck" => return self.plucked(frame, &first, arguments.get(1), site),
            "group_by" => {
                let groups = self.heap.map(frame.instance, site);
                self.heap.set_some_field(groups, &first);
                return Value::of(Atom::Map(groups));
            }
            "get" if arguments.len() > 1 => {
                let found = self.get(&first, &arguments[1]);
                return arguments.get(2).map_or(found.clone(), |default| found.joined(default)).joined(&Value::plain());
            }
            "values" => return self.fields(&first).joined(&Value::plain()),
            "remove" => return self.fields(&first).joined(&first).joined(&Value::plain()),
            "range" => return Value::plain(),
            _ if PRESERVING.contains(&name) && is_list(&first) => return first,
            _ if PLAIN.contains(&name) => return Value::plain(),
            _ => {}
        }
        if natives.is_empty() {
            return deep.without_texts().joined(&called).joined(&Value::plain());
        }
        let mut all = Value::default();
        for native in natives {
            let given = self.given(native, &first, &deep, &called);
            all.join(&given);
            if native.receives_items.is_some() {
                self.throw_rows(frame, &first, &given, site);
            }
        }
        all
    }

    /// What one native gives by its declaration.
    fn given(&mut self, native: &Native, first: &Value, deep: &Value, called: &Value) -> Value {
        if let Some(items) = &native.gives_items {
            return self.typed(items, first, deep, called);
        }
        self.typed(&native.result, first, deep, called)
    }

    fn typed(&mut self, kind: &Type, first: &Value, deep: &Value, called: &Value) -> Value {
        match kind {
            Type::Nothing | Type::Boolean | Type::Integer | Type::Number | Type::Text => Value::plain(),
            // A verb of every kind gives what it was called on.
            Type::Object("") => first.kinds().map(Atom::Object).collect(),
            Type::Object(name) => {
                Kind::ALL.iter().filter(|kind| kind.type_name() == *name).map(|kind| Atom::Object(*kind)).collect()
            }
            Type::Custom("map", _) | Type::Any | Type::List | Type::Map | Type::Function => {
                let mut all = deep.without_texts().joined(called).joined(&Value::plain());
                if first.atoms().any(Atom::is_holder) {
                    all.join(&self.heap.read(self.held));
                }
                all
            }
            Type::Custom(name, _) => {
                if Atom::Custom(name).is_holder() {
                    let things = deep.clone().joined(called).without_data();
                    self.heap.store(self.held, &things);
                }
                Value::of(Atom::Custom(name))
            }
            Type::OneOf(types) => {
                let parts = types.iter().map(|one| self.typed(one, first, deep, called)).collect::<Vec<_>>();
                parts.iter().fold(Value::default(), Value::joined)
            }
        }
    }

    /// Calls every closure among the arguments with whatever it may be given.
    #[expect(clippy::too_many_arguments, reason = "a call, its place, and what is known of its arguments")]
    fn closures_of(
        &mut self,
        frame: &Frame,
        name: &str,
        arguments: &[Value],
        first: &Value,
        deep: &Value,
        site: usize,
        place: &Spot,
    ) -> Value {
        let mut callees: Value = deep.pointers().map(Atom::Pointer).collect();
        if deep.has(&Atom::Unknown) && arguments.iter().skip(1).any(|argument| argument.has(&Atom::Unknown)) {
            callees.join(&Value::of(Atom::Unknown));
        }
        if NAMING.contains(&name)
            && let Some(argument) = arguments.get(1)
        {
            for text in argument.texts() {
                callees.join(&self.pointer_to(frame, text, site));
            }
            if argument.is_vague() && argument.pointers().next().is_none() && !argument.is_empty() {
                self.loose(place.clone(), COMPUTED_NAME);
            }
        }
        if callees.is_empty() {
            return Value::default();
        }
        let is_fold = matches!(name, "reduce" | "reduce_rev");
        let items = if is_fold { deep.clone() } else { first.clone().without_list() };
        // What a fold gives, it is given again in the next turn.
        let carried = self.heap.variable(frame.instance, site, usize::MAX);
        let items = if is_fold { items.joined(&self.heap.read(carried)) } else { items };
        // The second is the place of an item, or the value of a map's field.
        let second = if is_fold { items.clone() } else { deep.clone().joined(&Value::plain()) };
        let position = rhai::Position::new(
            u16::try_from(place.line).unwrap_or(u16::MAX),
            u16::try_from(place.column).unwrap_or(u16::MAX),
        );
        let given = [items, second, deep.clone(), deep.clone()];
        let called =
            self.call_pointers(frame, &callees, &Given { arguments: &given, this: Some(deep), site, position });
        if is_fold {
            self.heap.store(carried, &called);
        }
        called
    }

    /// The recipe's arguments: each its default, or whatever else it is given.
    fn parameters(&mut self, frame: &Frame, defaults: &Value, site: usize) -> Value {
        let arguments = self.heap.map(frame.instance, site);
        for atom in defaults.atoms() {
            let Atom::Map(map) = atom else { continue };
            for name in self.heap.field_names(*map) {
                let default = self.heap.field(*map, &name).as_parameter();
                self.heap.set_field(arguments, &name, &default);
            }
        }
        Value::of(Atom::Map(arguments)).joined(&Value::of(Atom::Custom("Args")))
    }

    /// The rows that tell what became of each item.
    fn rows(&mut self, frame: &Frame, items: &Value, values: &Value, site: usize) -> Value {
        let row = self.heap.map(frame.instance, site);
        let error = self.caught();
        self.heap.set_field(row, "item", &items.clone().joined(&Value::plain()));
        self.heap.set_field(row, "value", &values.clone().joined(&Value::plain()));
        self.heap.set_field(row, "error", &error);
        self.heap.set_field(row, "ok", &Value::plain());
        Value::of(Atom::Map(row))
    }

    /// An error of a list holds the rows of all its items.
    fn throw_rows(&mut self, frame: &Frame, items: &Value, values: &Value, site: usize) {
        let rows = self.rows(frame, items, values, site);
        self.heap.set_field(self.error, "results", &rows);
    }

    fn plucked(&mut self, frame: &Frame, list: &Value, paths: Option<&Value>, site: usize) -> Value {
        let Some(paths) = paths else { return Value::plain() };
        let mut found = Value::plain();
        for path in paths.texts() {
            let parts: Vec<&str> = path.split('.').collect();
            let mut value = list.clone();
            for part in parts {
                value = self.field(&value, part);
            }
            found.join(&value);
        }
        if paths.is_vague() {
            let all = self.heap.deep(list);
            found.join(&all);
        }
        // A list of paths gives maps.
        let row = self.heap.map(frame.instance, site);
        self.heap.set_some_field(row, &found);
        found.joined(&Value::of(Atom::Map(row)))
    }

    fn get(&mut self, of: &Value, name: &Value) -> Value {
        let mut found = Value::default();
        for name in name.texts() {
            let field = self.field(of, name);
            found.join(&field);
        }
        if name.is_vague() {
            let all = self.fields(of);
            // `get` of a list by its place.
            found.join(&all.joined(of));
        }
        found
    }
}
