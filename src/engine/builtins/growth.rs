//! Those of rhai's own functions that could take much more memory in one step than their arguments: they ask first.
//!
//! What a step makes of values that were copied for it needs no guard: each copy is charged, and looked at before the
//! step. Texts are another matter, since copies of a text share it, and so are steps that multiply.

use std::any::TypeId;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, LazyLock};

use rhai::{Array, Blob, Dynamic, Engine, FuncRegistration, ImmutableString, Map, Module, NativeCallContext, RhaiFunc};

use crate::engine::builder;
use crate::engine::context::RunContext;
use crate::engine::fault::Fault;

/// What a text takes beside its letters, and an entry of a map beside its key and value.
const TEXT_BYTES: usize = 80;

/// Registers the guarded functions in place of rhai's.
pub(super) fn register(module: &mut Module) {
    let (text, letter, any) = (TypeId::of::<ImmutableString>(), TypeId::of::<char>(), TypeId::of::<Dynamic>());
    let (whole, blob) = (TypeId::of::<i64>(), TypeId::of::<Blob>());
    for types in [[text, text], [text, letter], [letter, text], [text, any], [any, text]] {
        set(module, "+", &types, Changes::Nothing, add);
    }
    for types in [[text, text], [text, letter], [text, any]] {
        set(module, "+=", &types, Changes::Receiver, append);
    }
    set(module, "append", &[text, any], Changes::Receiver, append);
    for types in [[text, blob], [blob, text], [blob, blob]] {
        guard(module, "+", &types, Changes::Nothing, bytes_of_both);
    }
    for name in ["+=", "append"] {
        for types in [[text, blob], [blob, text], [blob, blob]] {
            if (name, types[0]) != ("append", blob) {
                guard(module, name, &types, Changes::Receiver, bytes_of_both);
            }
        }
    }
    guard(module, "to_blob", &[text], Changes::Nothing, |values| Size::Text(length(values, 0)));
    for with in [text, letter] {
        guard(module, "pad", &[text, whole, with], Changes::Receiver, padded_text);
    }
    guard(module, "pad", &[TypeId::of::<Array>(), whole, any], Changes::Receiver, padded_list);
    guard(module, "keys", &[TypeId::of::<Map>()], Changes::Nothing, keys);
    let ranges = [TypeId::of::<Range<i64>>(), TypeId::of::<RangeInclusive<i64>>()];
    let parts = [vec![text, whole], vec![text, whole, whole], vec![text, ranges[0]], vec![text, ranges[1]]];
    // They go by way of a list of letters.
    for types in &parts {
        guard(module, "sub_string", types, Changes::Nothing, letters);
        guard(module, "crop", types, Changes::Receiver, letters);
        guard(module, "chars", types, Changes::Nothing, letters);
    }
    guard(module, "chars", &[text], Changes::Nothing, letters);
    for (upper_or_lower, changes) in [
        ("to_upper", Changes::Nothing),
        ("to_lower", Changes::Nothing),
        ("make_upper", Changes::Receiver),
        ("make_lower", Changes::Receiver),
    ] {
        // A letter may become three.
        guard(module, upper_or_lower, &[text], changes, |values| Size::Value(3 * length(values, 0)));
    }
    // rhai's own makes a list of all letters before the first one.
    module.set_iter(text, |value| Box::new(Letters { text: value.cast(), at: 0 }));
}

/// What a function may change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    Nothing,
    Receiver,
}

/// How large a result will be.
enum Size {
    /// A text of so many bytes.
    Text(usize),
    /// Something of so many bytes.
    Value(usize),
}

type Values<'a, 'v> = &'a mut [&'v mut Dynamic];

fn set(
    module: &mut Module,
    name: &'static str,
    types: &[TypeId],
    changes: Changes,
    body: impl Fn(&NativeCallContext<'_>, Values<'_, '_>) -> Result<Dynamic, Fault> + Send + Sync + 'static,
) {
    let func = move |context: Option<NativeCallContext<'_>>, values: Values<'_, '_>| match context {
        Some(context) => body(&context, values),
        None => Ok(Dynamic::UNIT),
    };
    let is_pure = changes == Changes::Nothing;
    FuncRegistration::new(name).in_global_namespace().set_into_module_raw(
        module,
        types,
        RhaiFunc::Method { func: Arc::new(func), has_context: true, is_pure, is_volatile: false },
    );
}

/// A function of rhai's that first makes sure of the memory that `size` tells.
fn guard(
    module: &mut Module,
    name: &'static str,
    types: &[TypeId],
    changes: Changes,
    size: fn(&[&mut Dynamic]) -> Size,
) {
    set(module, name, types, changes, move |context, values| {
        if let Some(run) = RunContext::of(context) {
            match size(values) {
                Size::Text(bytes) => run.reserve_text(bytes)?,
                Size::Value(bytes) => run.reserve(bytes as u64)?,
            }
        }
        by_rhai(name, context, values)
    });
}

/// Lets rhai's own function do it: ours would be found again in the run's engine.
pub(super) fn by_rhai(name: &str, context: &NativeCallContext<'_>, values: Values<'_, '_>) -> Result<Dynamic, Fault> {
    static PLAIN: LazyLock<Engine> = LazyLock::new(builder::plain);
    let (global, position) = (context.global_runtime_state(), context.call_position());
    NativeCallContext::new_with_all_fields(&PLAIN, name, None, global, position).call_native_fn_raw(name, true, values)
}

/// `+` with a text on at least one side.
fn add(context: &NativeCallContext<'_>, values: Values<'_, '_>) -> Result<Dynamic, Fault> {
    let [left, right] = values else { return Ok(Dynamic::UNIT) };
    let (left, right) = (shown(context, left)?, shown(context, right)?);
    reserve(context, left.len() + right.len())?;
    Ok(if right.is_empty() {
        left
    } else if left.is_empty() {
        right
    } else {
        left + right.as_str()
    }
    .into())
}

/// `+=` of a text.
fn append(context: &NativeCallContext<'_>, values: Values<'_, '_>) -> Result<Dynamic, Fault> {
    let [target, value] = values else { return Ok(Dynamic::UNIT) };
    let more = shown(context, value)?;
    if let Some(mut text) = target.write_lock::<ImmutableString>() {
        reserve(context, text.len() + more.len())?;
        *text += more.as_str();
    }
    Ok(Dynamic::UNIT)
}

fn reserve(context: &NativeCallContext<'_>, bytes: usize) -> Result<(), Fault> {
    RunContext::of(context).map_or(Ok(()), |run| run.reserve_text(bytes))
}

/// A value as `print` shows it.
fn shown(context: &NativeCallContext<'_>, value: &mut Dynamic) -> Result<ImmutableString, Fault> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.clone());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.to_string().into());
    }
    let result = context.call_native_fn_raw("to_string", true, &mut [value])?;
    result.into_immutable_string().map_err(|_| "`to_string` gives no text".into())
}

/// The length of a text or a blob.
fn length(values: &[&mut Dynamic], index: usize) -> usize {
    let Some(value) = values.get(index) else { return 0 };
    let text = value.as_immutable_string_ref().map(|text| text.len());
    text.ok().or_else(|| value.read_lock::<Blob>().map(|blob| blob.len())).unwrap_or(0)
}

fn bytes_of_both(values: &[&mut Dynamic]) -> Size {
    Size::Text(length(values, 0) + length(values, 1))
}

fn letters(values: &[&mut Dynamic]) -> Size {
    Size::Value(length(values, 0).saturating_mul(5))
}

fn count(values: &[&mut Dynamic], index: usize) -> usize {
    let count = values.get(index).and_then(|value| value.as_int().ok());
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

fn padded_text(values: &[&mut Dynamic]) -> Size {
    let with = length(values, 2).max(size_of::<char>());
    Size::Text(count(values, 1).saturating_mul(with).max(length(values, 0)))
}

fn padded_list(values: &[&mut Dynamic]) -> Size {
    let has = values.first().and_then(|list| list.read_lock::<Array>().map(|list| list.len())).unwrap_or(0);
    let more = count(values, 1).saturating_sub(has);
    Size::Value(more.saturating_mul(values.get(2).map_or(0, |item| taken(item))))
}

fn keys(values: &[&mut Dynamic]) -> Size {
    let map = values.first().and_then(|map| map.read_lock::<Map>());
    Size::Value(map.map_or(0, |map| map.keys().map(|key| TEXT_BYTES + key.len()).sum()))
}

/// About what a copy of a value takes; texts are shared.
fn taken(value: &Dynamic) -> usize {
    // Captured variables are shared, and may hold the very closure that captures them.
    if value.is_shared() {
        return size_of::<Dynamic>();
    }
    let inner: usize = if let Some(list) = value.read_lock::<Array>() {
        size_of::<Array>() + list.iter().map(taken).sum::<usize>()
    } else if let Some(map) = value.read_lock::<Map>() {
        // A map has room for some entries from the first one on.
        11 * TEXT_BYTES + map.iter().map(|(key, value)| TEXT_BYTES + key.len() + taken(value)).sum::<usize>()
    } else if let Some(blob) = value.read_lock::<Blob>() {
        size_of::<Blob>() + blob.len()
    } else if let Some(function) = value.read_lock::<rhai::FnPtr>() {
        TEXT_BYTES + function.iter_curry().map(taken).sum::<usize>()
    } else {
        0
    };
    size_of::<Dynamic>() + inner
}

/// The letters of a text, one after the other.
struct Letters {
    text: ImmutableString,
    at: usize,
}

impl Iterator for Letters {
    type Item = Dynamic;

    fn next(&mut self) -> Option<Dynamic> {
        let letter = self.text.get(self.at..)?.chars().next()?;
        self.at += letter.len_utf8();
        Some(letter.into())
    }
}
