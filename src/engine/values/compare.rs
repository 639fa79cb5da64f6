//! Equality and order of values, and the comparisons that are errors because rhai alone would quietly say `false`.

use std::any::TypeId;
use std::cmp::Ordering;
use std::sync::Arc;

use rhai::{Array, Dynamic, FuncRegistration, Map, Module, RhaiFunc};

use super::object::Object;
use crate::engine::builtins::time::{Duration, Instant};
use crate::engine::fault::Fault;
use crate::engine::native::type_name_of;
use crate::error::{Error, Kind};

/// Whether two values are equal: numbers by value, maps and objects by their fields, whatever the order.
#[must_use]
pub fn equal(left: &Dynamic, right: &Dynamic) -> bool {
    if let (Some(left), Some(right)) = (left.read_lock::<Object>(), right.read_lock::<Object>()) {
        return left.is_same(&right)
            || left.len() == right.len()
                && left.keys().all(|key| match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => equal(&left, &right),
                    _ => false,
                });
    }
    if let Some(object) = left.read_lock::<Object>() {
        return right.read_lock::<Map>().is_some_and(|map| object_equals_map(&object, &map));
    }
    if let Some(object) = right.read_lock::<Object>() {
        return left.read_lock::<Map>().is_some_and(|map| object_equals_map(&object, &map));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Map>(), right.read_lock::<Map>()) {
        return left.len() == right.len()
            && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| equal(left, right)));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Array>(), right.read_lock::<Array>()) {
        return left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| equal(left, right));
    }
    order(left, right) == Some(Ordering::Equal)
}

fn object_equals_map(object: &Object, map: &Map) -> bool {
    object.len() == map.len() && map.iter().all(|(key, right)| object.get(key).is_some_and(|left| equal(&left, right)))
}

/// The order of two values of one kind; `None` if they have none.
#[must_use]
pub fn order(left: &Dynamic, right: &Dynamic) -> Option<Ordering> {
    if let (Ok(left), Ok(right)) = (left.as_immutable_string_ref(), right.as_immutable_string_ref()) {
        return Some(left.as_str().cmp(right.as_str()));
    }
    if let (Ok(left), Ok(right)) = (left.as_int(), right.as_int()) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return left.partial_cmp(&right);
    }
    if let (Ok(left), Ok(right)) = (left.as_bool(), right.as_bool()) {
        return Some(left.cmp(&right));
    }
    if let (Ok(left), Ok(right)) = (left.as_char(), right.as_char()) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Instant>(), right.read_lock::<Instant>()) {
        return Some(left.time().cmp(&right.time()));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Duration>(), right.read_lock::<Duration>()) {
        return Some(left.span().cmp(&right.span()));
    }
    (left.is_unit() && right.is_unit()).then_some(Ordering::Equal)
}

#[expect(clippy::cast_precision_loss, reason = "as rhai compares whole with decimal numbers")]
fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|whole| whole as f64))
}

const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Makes each comparison of a type of ours with anything else an error, and compares objects with objects and maps.
pub fn register(module: &mut Module) {
    let any = TypeId::of::<Dynamic>();
    for ours in [TypeId::of::<Object>(), TypeId::of::<Instant>(), TypeId::of::<Duration>()] {
        for operator in COMPARISONS {
            for types in [[ours, any], [any, ours]] {
                set(module, operator, types, move |left, right| Err(incomparable(operator, left, right)));
            }
        }
    }
    let (object, map) = (TypeId::of::<Object>(), TypeId::of::<Map>());
    for types in [[object, object], [object, map], [map, object]] {
        set(module, "==", types, |left, right| Ok(equal(left, right)));
        set(module, "!=", types, |left, right| Ok(!equal(left, right)));
    }
    set_ordered::<Instant>(module);
    set_ordered::<Duration>(module);
}

fn set_ordered<T: 'static>(module: &mut Module) {
    let types = [TypeId::of::<T>(); 2];
    set(module, "==", types, |left, right| Ok(order(left, right) == Some(Ordering::Equal)));
    set(module, "!=", types, |left, right| Ok(order(left, right) != Some(Ordering::Equal)));
    set(module, "<", types, |left, right| Ok(order(left, right).is_some_and(Ordering::is_lt)));
    set(module, "<=", types, |left, right| Ok(order(left, right).is_some_and(Ordering::is_le)));
    set(module, ">", types, |left, right| Ok(order(left, right).is_some_and(Ordering::is_gt)));
    set(module, ">=", types, |left, right| Ok(order(left, right).is_some_and(Ordering::is_ge)));
}

fn set(
    module: &mut Module,
    operator: &'static str,
    types: [TypeId; 2],
    compare: impl Fn(&Dynamic, &Dynamic) -> Result<bool, Fault> + Send + Sync + 'static,
) {
    let func = move |_: Option<rhai::NativeCallContext<'_>>, values: &mut [&mut Dynamic]| match values {
        [left, right] => compare(left, right).map(Dynamic::from),
        _ => Ok(Dynamic::FALSE),
    };
    FuncRegistration::new(operator).in_global_namespace().set_into_module_raw(
        module,
        types,
        RhaiFunc::Method { func: Arc::new(func), has_context: true, is_pure: true, is_volatile: false },
    );
}

#[cold]
fn incomparable(operator: &str, left: &Dynamic, right: &Dynamic) -> Fault {
    let (one, other) = (type_name_of(left), type_name_of(right));
    let error = Error::new(
        Kind::Script,
        "incomparable",
        format!("a value of type {one} cannot be compared with one of type {other} by `{operator}`"),
    );
    let names = [one.as_ref(), other.as_ref()];
    error.with_hint(hint(names)).into()
}

fn hint(names: [&str; 2]) -> &'static str {
    let has = |name: &str| names.contains(&name);
    if has("()") {
        return "to ask whether a field is there, use `\"field\" in object`; to give it a value if not, `object.field ?? other`";
    }
    match (has("Instant"), has("Duration")) {
        (true, true) => "compare an instant with an instant: `a < now() - minutes(10)`",
        (true, false) => "make an instant of it first: `instant(\"2026-11-22T08:00:00Z\")`",
        (false, true) => "make a duration of it first: `minutes(10)`, or compare the seconds: `a.seconds < 600`",
        (false, false) => "compare one of its fields: `server.name == \"web-1\"`",
    }
}
