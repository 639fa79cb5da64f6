//! What natives take: whether an argument may be it, and which objects are meant.

use super::value::{Atom, Value};
use crate::engine::native::{Native, Type};
use crate::resources::Kind;

/// Whether a native takes so many arguments, its receiver among them.
pub(super) fn takes(native: &Native, count: usize) -> bool {
    let receiver = usize::from(native.receiver.is_some());
    count >= receiver && native.arity().contains(&(count - receiver))
}

/// Whether a value may be of a type.
pub(super) fn may_be(value: &Value, wanted: &Type) -> bool {
    value.is_empty() || value.atoms().any(|atom| atom_may_be(atom, wanted))
}

fn atom_may_be(atom: &Atom, wanted: &Type) -> bool {
    match (wanted, atom) {
        (Type::OneOf(types), atom) => types.iter().any(|one| atom_may_be(atom, one)),
        // A list is what its items are.
        (_, Atom::Unknown) | (Type::Any | Type::List, _) | (Type::Custom("map", _), Atom::Map(_)) => true,
        (Type::Object(name), Atom::Object(kind)) => name.is_empty() || kind.type_name() == *name,
        (Type::Custom(name, _), Atom::Custom(known)) => name == known,
        // A parameter or a field may be a duration; a place is nothing but what its functions give.
        (Type::Custom(name, _), Atom::Plain) => *name != "Place",
        (Type::Map, atom) => matches!(atom, Atom::Plain | Atom::Map(_) | Atom::Object(_)),
        (Type::Function, atom) => matches!(atom, Atom::Pointer(_)),
        (Type::Text, atom) => matches!(atom, Atom::Plain) || atom.is_text(),
        (Type::Nothing | Type::Boolean | Type::Integer | Type::Number, atom) => matches!(atom, Atom::Plain),
        (Type::Object(_) | Type::Custom(..), _) => false,
    }
}

/// The type of object that a native acts on: its receiver, or each item of it.
pub(super) fn acts_on(native: &Native) -> Option<&'static str> {
    match native.receives_items.as_ref().or(native.receiver.as_ref()) {
        Some(Type::Object(name)) => Some(name),
        _ => None,
    }
}

/// The kinds of objects in a value that a native acts on.
pub(super) fn kinds_for(native: &Native, receiver: &Value) -> Vec<Kind> {
    let Some(name) = acts_on(native) else { return Vec::new() };
    receiver.kinds().filter(|kind| name.is_empty() || kind.type_name() == name).collect()
}

/// The kind whose one object a native looks up by id or name.
pub(super) fn looked_up(native: &Native) -> Option<Kind> {
    let kind = Kind::ALL.iter().copied().find(|kind| kind.row().functions.one == native.name)?;
    let is_place = matches!(native.receiver, None | Some(Type::Custom(..)));
    (is_place && matches!(&native.result, Type::Object(name) if *name == kind.type_name())).then_some(kind)
}

/// Whether an object may be looked up by its id, and by its name.
pub(super) fn ways_to_look_up(wanted: &Value) -> (bool, bool) {
    let is_id = |text: &str| uuid::Uuid::try_parse(text).is_ok();
    let by_id = wanted.is_vague() || wanted.texts().any(is_id);
    let by_name = wanted.is_vague() || wanted.texts().any(|text| !is_id(text));
    (by_id, by_name)
}

/// Whether a native may be what is called with these arguments.
pub(super) fn is_meant(native: &Native, arguments: &[Value]) -> bool {
    let types = native.receiver.iter().chain(native.parameters.iter().map(|parameter| &parameter.kind));
    types.zip(arguments).all(|(wanted, value)| may_be(value, wanted))
}
