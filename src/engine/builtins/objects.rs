//! What maps can do, for the objects of the API.

use rhai::{Dynamic, ImmutableString, Map};

use crate::engine::arguments::Arguments;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, Type};
use crate::engine::values::{Object, display};

const OBJECT: Type = Type::Object("");

pub(super) fn natives() -> Vec<Native> {
    let mut natives = reading();
    natives.extend(changing());
    natives.extend(printing());
    natives
}

fn reading() -> Vec<Native> {
    vec![
        Native::method(OBJECT, "len")
            .gives(Type::Integer)
            .doc("How many fields are there.")
            .by(|call| Ok(Dynamic::from_int(i64::try_from(call.object(0)?.len()).unwrap_or(i64::MAX)))),
        Native::method(OBJECT, "is_empty")
            .gives(Type::Boolean)
            .doc("Whether there is no field.")
            .by(|call| Ok(call.object(0)?.is_empty().into())),
        Native::method(OBJECT, "contains")
            .takes("field", Type::Text)
            .gives(Type::Boolean)
            .doc("Whether a field is there; also written `\"field\" in object`.")
            .errors(&["incomplete: this form of the answer leaves the field out"])
            .by(|call| {
                let field = call.text(1)?;
                Ok(call.object(0)?.contains(&field)?.into())
            }),
        Native::method(OBJECT, "get")
            .takes("field", Type::Text)
            .may_take("default", Type::Any)
            .gives(Type::Any)
            .doc("A field, or the default (`()` if none is given) where it is not there; asks without an error for unknown names.")
            .errors(&["incomplete: this form of the answer leaves the field out"])
            .by(get),
        Native::method(OBJECT, "keys")
            .gives(Type::List)
            .doc("The names of the fields that are there, in the API's order.")
            .by(|call| Ok(call.object(0)?.keys().map(|key| Dynamic::from(key.clone())).collect::<Vec<_>>().into())),
        Native::method(OBJECT, "values")
            .gives(Type::List)
            .doc("The fields' values, in the API's order.")
            .by(|call| Ok(call.object(0)?.values().collect::<Vec<_>>().into())),
        Native::method(OBJECT, "to_map")
            .gives(Type::Map)
            .doc("The fields as a plain map of the script's own.")
            .by(|call| Ok(call.object(0)?.to_map().into())),
    ]
}

fn get(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let field = call.text(1)?;
    let default = if call.has(2) { call.any(2)? } else { Dynamic::UNIT };
    let object = call.object(0)?;
    if object.contains(&field)? || field == "managed_by" { Ok(object.read(&field)?) } else { Ok(default) }
}

fn changing() -> Vec<Native> {
    vec![
        Native::method(OBJECT, "set")
            .takes("field", Type::Text)
            .takes("value", Type::Any)
            .mutating()
            .doc("Sets a field of this copy; nothing is sent.")
            .by(|call| {
                let (field, value) = (call.text(1)?, call.any(2)?);
                change(call, |object| Ok(object.set(&field, value).map(|()| Dynamic::UNIT)?))
            }),
        Native::method(OBJECT, "remove")
            .takes("field", Type::Text)
            .gives(Type::Any)
            .mutating()
            .doc("Takes a field out of this copy and gives it.")
            .by(|call| {
                let field = call.text(1)?;
                change(call, |object| Ok(object.remove(&field).unwrap_or(Dynamic::UNIT)))
            }),
        Native::method(OBJECT, "clear").mutating().doc("Empties this copy.").by(|call| {
            change(call, |object| {
                object.clear();
                Ok(Dynamic::UNIT)
            })
        }),
        merging("mixin", "Sets all fields of the other in this copy."),
        merging("+=", "Sets all fields of the other in this copy."),
        Native::method(OBJECT, "fill_with")
            .takes("other", Type::Map)
            .mutating()
            .doc("Sets those fields of the other that this copy lacks.")
            .by(|call| {
                let other = call.map(1)?;
                change(call, |object| {
                    for (key, value) in other {
                        if object.raw(&key).is_none() {
                            object.set(&key, value)?;
                        }
                    }
                    Ok(Dynamic::UNIT)
                })
            }),
        of_map("mixin", "Sets all fields of the object in this map."),
        of_map("fill_with", "Sets those fields of the object that this map lacks."),
        joined(OBJECT, Type::Object("")),
        joined(OBJECT, MAP),
        joined(MAP, Type::Object("")),
        as_map("map", "Calls the closure with each field and gives a map of the results.").gives(Type::Map),
        as_map("filter", "A map of the fields that the closure accepts; the value is `this` or the second argument.")
            .gives(Type::Map),
        as_map("drain", "Takes out of this copy the fields that the closure accepts, and gives them.").mutating(),
        as_map("retain", "Keeps in this copy only the fields that the closure accepts, and gives the others.")
            .mutating(),
    ]
}

/// Rhai's own map alone: as an operator's side it must be told from everything else.
const MAP: Type = Type::Custom("map", std::any::TypeId::of::<Map>);

fn change(
    call: &mut Arguments<'_, '_>,
    with: impl FnOnce(&mut Object) -> Result<Dynamic, Fault>,
) -> Result<Dynamic, Fault> {
    let wrong = call.wrong(0, "an object");
    let receiver = call.value_mut(0)?;
    let mut object = receiver.write_lock::<Object>().ok_or(wrong)?;
    with(&mut object)
}

fn merging(name: &'static str, doc: &'static str) -> Native {
    let other = if name == "+=" { Type::Any } else { Type::Map };
    Native::method(OBJECT, name).takes("other", other).mutating().doc(doc).by(|call| {
        if !Type::Map.accepts(call.value(1)?) {
            return Err(call.wrong(1, "a map"));
        }
        let other = call.map(1)?;
        change(call, |object| {
            for (key, value) in other {
                object.set(&key, value)?;
            }
            Ok(Dynamic::UNIT)
        })
    })
}

fn joined(left: Type, right: Type) -> Native {
    Native::method(left, "+")
        .takes("other", right)
        .gives(Type::Map)
        .doc("The fields of both; the right side's count.")
        .by(|call| {
            let (mut left, right) = (call.map(0)?, call.map(1)?);
            left.extend(right);
            Ok(left.into())
        })
}

/// What rhai's maps do with another map, for an object in its place.
fn of_map(name: &'static str, doc: &'static str) -> Native {
    Native::method(MAP, name).takes("other", OBJECT).mutating().doc(doc).by(move |call| {
        let mut other = Dynamic::from_map(call.map(1)?);
        let context = call.context();
        context.call_native_fn_raw(name, true, &mut [call.value_mut(0)?, &mut other])
    })
}

/// What maps do with a closure, done by the map itself.
fn as_map(name: &'static str, doc: &'static str) -> Native {
    Native::method(OBJECT, name).takes("closure", Type::Function).gives(Type::Map).doc(doc).by(move |call| {
        let closure = call.function(1)?;
        let object = call.object(0)?;
        let mut map = Dynamic::from_map(object.to_map());
        let mut closure = Dynamic::from(closure);
        let result = call.context().call_native_fn_raw(name, true, &mut [&mut map, &mut closure])?;
        if call.native().is_mutating {
            let map = map.try_cast::<Map>().unwrap_or_default();
            let _ = change(call, |object| {
                *object = object.with_fields(map);
                Ok(Dynamic::UNIT)
            })?;
        }
        Ok(result)
    })
}

fn printing() -> Vec<Native> {
    let text = |call: &mut Arguments<'_, '_>| -> Result<Dynamic, Fault> {
        let limit = call.run().limits.text_bytes();
        Ok(display(call.value(0)?, limit)?.into())
    };
    let mut natives: Vec<_> = ["to_string", "to_debug"]
        .into_iter()
        .flat_map(|name| [OBJECT, Type::List, MAP].map(|receiver| (name, receiver)))
        .map(|(name, receiver)| {
            Native::method(receiver, name)
                .gives(Type::Text)
                .doc("The value as text, as a script would write it.")
                .by(text)
        })
        .collect();
    natives.extend(["print", "debug"].into_iter().flat_map(|name| {
        [OBJECT, Type::List, MAP].map(|receiver| {
            Native::method(receiver, name).gives(Type::Text).doc("Writes a line to the output.").by(text)
        })
    }));
    natives.push(
        Native::function("type_of")
            .takes("value", Type::Any)
            .gives(Type::Text)
            .doc("The name of a value's type; an object of the API names its kind, such as `Server`.")
            .example("type_of(1) == \"i64\"")
            .by(|call| {
                let object = call.value(0)?.read_lock::<Object>().map(|object| object.type_name());
                let name = match object {
                    Some(name) => ImmutableString::from(name),
                    None => call.context().engine().map_type_name(call.value(0)?.type_name()).into(),
                };
                Ok(name.into())
            }),
    );
    natives
}
