//! What lists can do beside what rhai gives them: fast, without a closure for each item.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, ImmutableString, Map};

use crate::engine::arguments::Arguments;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, Type, type_name_of};
use crate::engine::values::{FieldPath, Object, display, equal, order};
use crate::error::{Error, Kind};

const PATHS: Type = Type::OneOf(&[Type::Text, Type::List]);

pub(super) fn natives() -> Vec<Native> {
    vec![
        Native::method(Type::List, "where")
            .takes("fields", Type::Map)
            .gives(Type::List)
            .doc("The items whose fields equal those given; maps in it are looked into, so labels can be asked for.")
            .errors(&["incomplete: this form of the answer leaves a field out"])
            .example("[#{ a: 1, b: 2 }, #{ a: 2, b: 2 }].where(#{ a: 1 }).len() == 1")
            .by(where_equal),
        Native::method(Type::List, "sort_by")
            .takes("path", PATHS)
            .may_take("direction", Type::Text)
            .gives(Type::List)
            .doc("A copy sorted by a field, or by several in turn; `\"desc\"` turns the order round, items without the field come last.")
            .example("[#{ n: 2 }, #{ n: 1 }].sort_by(\"n\")[0].n == 1")
            .by(sort_by),
        Native::method(Type::List, "group_by")
            .takes("path", Type::Text)
            .gives(Type::Map)
            .doc("A map from each value of a field to the list of items with it; items without the field are under `\"\"`.")
            .example("[#{ a: \"x\" }, #{ a: \"x\" }].group_by(\"a\").x.len() == 2")
            .by(group_by),
        Native::method(Type::List, "count_by")
            .takes("path", Type::Text)
            .gives(Type::Map)
            .doc("A map from each value of a field to how many items have it; items without the field are under `\"\"`.")
            .example("[#{ a: \"x\" }, #{ a: \"x\" }].count_by(\"a\") == #{ x: 2 }")
            .by(count_by),
        Native::method(Type::List, "sum_by")
            .takes("path", Type::Text)
            .gives(Type::Number)
            .doc("The sum of a field of all items. An item without the field is an error, not a zero.")
            .example("[#{ size: 2 }, #{ size: 3 }].sum_by(\"size\") == 5")
            .by(sum_by),
        Native::method(Type::List, "pluck")
            .takes("path", PATHS)
            .gives(Type::List)
            .doc("A field of each item; for a list of fields a map of them for each item.")
            .example("[#{ n: 1 }, #{ n: 2 }].pluck(\"n\") == [1, 2]")
            .by(pluck),
        Native::method(Type::List, "first")
            .gives(Type::Any)
            .doc("The first item, or `()` if there is none.")
            .example("[7, 8].first() == 7")
            .by(|call| at(call, |list| list.first().cloned())),
        Native::method(Type::List, "last")
            .gives(Type::Any)
            .doc("The last item, or `()` if there is none.")
            .example("[7, 8].last() == 8")
            .by(|call| at(call, |list| list.last().cloned())),
        Native::method(Type::List, "unique")
            .may_take("path", Type::Text)
            .gives(Type::List)
            .doc("The items without repeats, or the first item for each value of a field.")
            .example("[1, 2, 1].unique() == [1, 2]")
            .by(unique),
    ]
}

/// Runs `with` on the list without copying it.
fn at(call: &mut Arguments<'_, '_>, with: impl FnOnce(&Array) -> Option<Dynamic>) -> Result<Dynamic, Fault> {
    let list = call.value(0)?.read_lock::<Array>();
    Ok(list.and_then(|list| with(&list)).unwrap_or(Dynamic::UNIT))
}

/// The items with what a path gives for each.
fn each(call: &Arguments<'_, '_>, path: &FieldPath) -> Result<Vec<(Dynamic, Dynamic)>, Fault> {
    let Some(list) = call.value(0)?.read_lock::<Array>() else { return Err(call.wrong(0, "a list")) };
    let mut pairs = Vec::with_capacity(list.len());
    for item in list.iter() {
        call.run().check()?;
        pairs.push((item.clone(), path.read(item)?));
    }
    Ok(pairs)
}

fn paths(call: &mut Arguments<'_, '_>, index: usize) -> Result<Vec<FieldPath>, Fault> {
    let value = call.any(index)?;
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(vec![FieldPath::parse(&text)?]);
    }
    let mut paths = Vec::new();
    for item in value.into_array().unwrap_or_default() {
        let Ok(text) = item.into_immutable_string() else { return Err(call.wrong(index, "a path or a list of paths")) };
        paths.push(FieldPath::parse(&text)?);
    }
    if paths.is_empty() { Err(call.wrong(index, "a path or a list of paths, at least one")) } else { Ok(paths) }
}

fn where_equal(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let wanted = call.map(1)?;
    if wanted.is_empty() {
        let error = Error::new(Kind::Invalid, "empty_selector", "`where` without a field would be every item");
        return Err(error.with_hint("leave `where` out if all are meant").into());
    }
    refuse_nothing(&wanted)?;
    let Some(list) = call.value(0)?.read_lock::<Array>() else { return Err(call.wrong(0, "a list")) };
    let mut found = Array::new();
    for item in list.iter() {
        call.run().check()?;
        if matches(item, &wanted)? {
            found.push(item.clone());
        }
    }
    Ok(found.into())
}

fn refuse_nothing(wanted: &Map) -> Result<(), Error> {
    for (key, value) in wanted {
        if value.is_unit() {
            let message = format!("`where` is given `()` for `{key}`");
            return Err(Error::new(Kind::Invalid, "nothing_given", message)
                .with_hint(format!("for items without the field: `filter(|x| !(\"{key}\" in x))`")));
        }
        if let Some(inner) = value.read_lock::<Map>() {
            refuse_nothing(&inner)?;
        }
    }
    Ok(())
}

fn matches(item: &Dynamic, wanted: &Map) -> Result<bool, Error> {
    for (key, wanted) in wanted {
        let has = if let Some(object) = item.read_lock::<Object>() {
            object.read(key)?
        } else if let Some(map) = item.read_lock::<Map>() {
            map.get(key).cloned().unwrap_or(Dynamic::UNIT)
        } else {
            let message = format!("`where` looks into objects and maps, not into {}", type_name_of(item));
            return Err(Error::new(Kind::Invalid, "no_fields", message));
        };
        if let Some(inner) = wanted.read_lock::<Map>() {
            if has.is_unit() || !matches(&has, &inner)? {
                return Ok(false);
            }
        } else if has.is_unit() {
            return Ok(false);
        } else if !has.is_array() && !has.is::<Object>() && order(&has, wanted).is_none() {
            let (one, other) = (type_name_of(&has), type_name_of(wanted));
            let message = format!("`where` compares `{key}`, which is of type {one}, with one of type {other}");
            return Err(Error::new(Kind::Script, "incomparable", message)
                .with_hint("for one of several values: `filter(|x| x.status in [\"ACTIVE\", \"INACTIVE\"])`"));
        } else if !equal(&has, wanted) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sort_by(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let is_descending = match call.get_if::<ImmutableString>(2)?.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(call.wrong(2, "`\"asc\"` or `\"desc\"`")),
    };
    let paths = paths(call, 1)?;
    let Some(list) = call.value(0)?.read_lock::<Array>() else { return Err(call.wrong(0, "a list")) };
    let mut rows = Vec::with_capacity(list.len());
    for item in list.iter() {
        call.run().check()?;
        let keys = paths.iter().map(|path| path.read(item)).collect::<Result<Vec<_>, _>>()?;
        rows.push((keys, item.clone()));
    }
    drop(list);
    for (position, path) in paths.iter().enumerate() {
        check_sortable(path, rows.iter().map(|(keys, _)| &keys[position]))?;
    }
    rows.sort_by(|(left, _), (right, _)| compare_keys(left, right, is_descending));
    Ok(rows.into_iter().map(|(_, item)| item).collect::<Array>().into())
}

/// All values of a field must have an order among each other; `()` is allowed and comes last.
fn check_sortable<'k>(path: &FieldPath, mut keys: impl Iterator<Item = &'k Dynamic>) -> Result<(), Error> {
    let Some(first) = keys.find(|key| !key.is_unit()) else { return Ok(()) };
    for key in std::iter::once(first).chain(keys.filter(|key| !key.is_unit())) {
        if order(first, key).is_none() {
            let (one, other) = (type_name_of(first), type_name_of(key));
            let message = format!("`{}` cannot be sorted by: it is of type {one} here and {other} there", path.text());
            return Err(Error::new(Kind::Script, "incomparable", message));
        }
    }
    Ok(())
}

fn compare_keys(left: &[Dynamic], right: &[Dynamic], is_descending: bool) -> Ordering {
    for (left, right) in left.iter().zip(right) {
        let ordering = match (left.is_unit(), right.is_unit()) {
            (true, true) => Ordering::Equal,
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => order(left, right).unwrap_or(Ordering::Equal),
        };
        if ordering.is_ne() {
            return if is_descending { ordering.reverse() } else { ordering };
        }
    }
    Ordering::Equal
}

/// A field's value as a key of a map.
fn key_of(value: &Dynamic, limit: usize) -> Result<String, Error> {
    if value.is_unit() { Ok(String::new()) } else { display(value, limit) }
}

fn group_by(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let path = FieldPath::parse(&call.text(1)?)?;
    let limit = call.run().limits.text_bytes();
    let mut groups = std::collections::BTreeMap::<String, Array>::new();
    for (item, value) in each(call, &path)? {
        groups.entry(key_of(&value, limit)?).or_default().push(item);
    }
    Ok(groups.into_iter().map(|(key, list)| (key.into(), list.into())).collect::<Map>().into())
}

fn count_by(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let path = FieldPath::parse(&call.text(1)?)?;
    let limit = call.run().limits.text_bytes();
    let mut counts = std::collections::BTreeMap::<String, i64>::new();
    for (_, value) in each(call, &path)? {
        *counts.entry(key_of(&value, limit)?).or_default() += 1;
    }
    Ok(counts.into_iter().map(|(key, count)| (key.into(), count.into())).collect::<Map>().into())
}

#[expect(clippy::cast_precision_loss, reason = "a sum with decimals in it is a decimal number")]
fn sum_by(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let path = FieldPath::parse(&call.text(1)?)?;
    let (mut whole, mut decimal, mut is_whole) = (0_i64, 0.0_f64, true);
    for (index, (_, value)) in each(call, &path)?.into_iter().enumerate() {
        if let Ok(number) = value.as_int() {
            let too_large = || Error::new(Kind::Script, "overflow", "the sum is too large for a whole number");
            whole = whole.checked_add(number).ok_or_else(too_large)?;
        } else if let Ok(number) = value.as_float() {
            decimal += number;
            is_whole = false;
        } else {
            let given = type_name_of(&value);
            let message = format!("`sum_by` adds numbers, but `{}` of item {index} is {given}", path.text());
            return Err(Error::new(Kind::Script, "not_a_number", message)
                .with_hint("leave items without the field out first, with `filter`")
                .into());
        }
    }
    Ok(if is_whole { whole.into() } else { (whole as f64 + decimal).into() })
}

fn pluck(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let is_single = call.value(1)?.is_string();
    let paths = paths(call, 1)?;
    let Some(list) = call.value(0)?.read_lock::<Array>() else { return Err(call.wrong(0, "a list")) };
    let mut plucked = Array::with_capacity(list.len());
    for item in list.iter() {
        call.run().check()?;
        if is_single {
            plucked.push(paths[0].read(item)?);
            continue;
        }
        let mut map = Map::new();
        for path in &paths {
            call.run().check()?;
            map.insert(path.text().into(), path.read(item)?);
        }
        plucked.push(map.into());
    }
    Ok(plucked.into())
}

fn unique(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let path = match call.get_if::<ImmutableString>(1)? {
        Some(text) => Some(FieldPath::parse(&text)?),
        None => None,
    };
    let Some(list) = call.value(0)?.read_lock::<Array>() else { return Err(call.wrong(0, "a list")) };
    let limit = call.run().limits.text_bytes();
    // Equal values print alike, so that only values of one bucket need to be compared.
    let mut seen = std::collections::HashMap::<String, Vec<Dynamic>>::new();
    let mut kept = Array::new();
    for item in list.iter() {
        call.run().check()?;
        let key = path.as_ref().map_or_else(|| Ok(item.clone()), |path| path.read(item))?;
        let bucket = seen.entry(bucket_of(&key, limit)?).or_default();
        if !bucket.iter().any(|known| equal(known, &key)) {
            bucket.push(key);
            kept.push(item.clone());
        }
    }
    Ok(kept.into())
}

/// A text that equal values share; fields may come in another order, and `1` equals `1.0`.
fn bucket_of(value: &Dynamic, limit: usize) -> Result<String, Error> {
    if value.is::<Map>() || value.is::<Object>() || value.is_array() {
        return Ok(String::new());
    }
    match value.as_float() {
        Ok(number) => Ok(format!("{number}")),
        Err(_) => display(value, limit),
    }
}
