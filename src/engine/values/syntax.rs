//! The syntax that objects share with maps: `object.field`, `object["field"]`, assignment, `for`.

use std::any::TypeId;
use std::sync::Arc;

use rhai::{
    Array, Dynamic, EvalAltResult, FnPtr, FuncRegistration, ImmutableString, Module, NativeCallContext, Position,
    RhaiFunc,
};

use super::compare::order;
use super::object::Object;
use crate::engine::fault::Fault;

/// Registers property and index access and iteration over the fields' names.
pub fn register(module: &mut Module) {
    module.set_custom_type::<Object>("object");
    FuncRegistration::new_index_getter()
        .set_into_module(module, |object: &mut Object, name: &str| -> Result<Dynamic, Fault> {
            Ok(object.read(name)?)
        });
    let types = [TypeId::of::<Object>(), TypeId::of::<ImmutableString>(), TypeId::of::<Dynamic>()];
    FuncRegistration::new("index$set$").in_global_namespace().set_into_module_raw(
        module,
        types,
        // Called pure, since rhai also calls it after `object.field.method()` in case the method changed the field.
        RhaiFunc::Method { func: Arc::new(set), has_context: true, is_pure: true, is_volatile: false },
    );
    module.set_iter(TypeId::of::<Object>(), |value| {
        let object = value.cast::<Object>();
        let names: Vec<Dynamic> = object.keys().map(|key| Dynamic::from(key.clone())).collect();
        Box::new(names.into_iter())
    });
}

fn set(_: Option<NativeCallContext<'_>>, values: &mut [&mut Dynamic]) -> Result<Dynamic, Fault> {
    let [target, name, value] = values else { return Ok(Dynamic::UNIT) };
    let name = name.as_immutable_string_ref().map(|name| name.clone()).unwrap_or_default();
    let is_same = |object: &Object| object.get(&name).is_some_and(|old| same(&old, value));
    if target.read_lock::<Object>().is_some_and(|object| is_same(&object)) {
        return Ok(Dynamic::UNIT);
    }
    if target.is_read_only() {
        return Err(EvalAltResult::ErrorAssignmentToConstant(name.into(), Position::NONE).into());
    }
    let value = std::mem::take(*value).flatten();
    if let Some(mut object) = target.write_lock::<Object>() {
        object.set(&name, value)?;
    }
    Ok(Dynamic::UNIT)
}

/// Whether a value is certainly unchanged; `false` may also mean that it is hard to tell.
fn same(old: &Dynamic, new: &Dynamic) -> bool {
    if let (Some(old), Some(new)) = (old.read_lock::<Object>(), new.read_lock::<Object>()) {
        return old.is_same(&new);
    }
    if let (Some(old), Some(new)) = (old.read_lock::<Array>(), new.read_lock::<Array>()) {
        return old.len() == new.len() && old.iter().zip(new.iter()).all(|(old, new)| same(old, new));
    }
    // `order` finds 1 and 1.0 equal, and an instant and itself in another zone.
    old.type_id() == new.type_id()
        && !old.is::<FnPtr>()
        && order(old, new).is_some_and(std::cmp::Ordering::is_eq)
        && old.to_string() == new.to_string()
}
