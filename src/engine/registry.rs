//! All natives, by name: what registration, help, completion and the nearest-name hints read.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use rhai::{Dynamic, FnNamespace, FuncRegistration, Module, NativeCallContext, Position, RhaiFunc};

use super::arguments::Arguments;
use super::builtins;
use super::context::RunContext;
use super::fault::Fault;
use super::native::{Native, NativeEffect, type_name_of};
use super::{tokens, values};
use crate::error::{Error, Kind};

/// Every native of the language, and the module that offers them to scripts.
pub struct Registry {
    natives: BTreeMap<&'static str, Vec<Arc<Native>>>,
    module: Arc<Module>,
}

/// The natives that are tried for one form of a call, the first that accepts the arguments counts.
type Group = Vec<Arc<Native>>;

impl Registry {
    /// The one registry of the process; nothing in it changes.
    #[must_use]
    pub fn shared() -> &'static Self {
        static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::of(builtins::natives()));
        &REGISTRY
    }

    /// A registry of some natives.
    #[must_use]
    pub fn of(list: impl IntoIterator<Item = Native>) -> Self {
        let mut natives: BTreeMap<&'static str, Vec<Arc<Native>>> = BTreeMap::new();
        for native in list {
            natives.entry(native.name).or_default().push(Arc::new(native));
        }
        let mut module = Module::new();
        for natives in natives.values() {
            register_all(&mut module, FnNamespace::Global, natives);
        }
        values::register_syntax(&mut module);
        builtins::register_syntax(&mut module);
        values::register_comparisons(&mut module);
        Self { natives, module: Arc::new(module) }
    }

    /// What the engine registers.
    #[must_use]
    pub fn module(&self) -> Arc<Module> {
        self.module.clone()
    }

    /// The natives of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> &[Arc<Native>] {
        self.natives.get(name).map_or(&[], Vec::as_slice)
    }

    /// All natives, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Native>> {
        self.natives.values().flatten()
    }
}

/// Registers the natives of one name.
pub(super) fn register_all(module: &mut Module, namespace: FnNamespace, natives: &[Arc<Native>]) {
    for (types, group) in groups(natives) {
        register(module, namespace, &types, group);
    }
}

/// One registration for each count of arguments and each type of receiver: rhai then finds it at once, and the wrapper
/// checks the other arguments with better words than rhai has.
fn groups(natives: &[Arc<Native>]) -> BTreeMap<Vec<TypeId>, Group> {
    let mut groups: BTreeMap<Vec<TypeId>, Group> = BTreeMap::new();
    for native in natives {
        for count in native.arity() {
            let receiver = native.receiver.as_ref().map(super::native::Type::id);
            let parameters = native
                .parameters
                .iter()
                .take(count)
                .map(|parameter| if native.is_exact { parameter.kind.id() } else { TypeId::of::<Dynamic>() });
            groups.entry(receiver.into_iter().chain(parameters).collect()).or_default().push(native.clone());
        }
    }
    groups
}

fn register(module: &mut Module, namespace: FnNamespace, types: &[TypeId], group: Group) {
    let name = group.first().map_or("", |native| tokens::name_for_rhai(native.name));
    let is_pure = !group.iter().any(|native| native.is_mutating);
    let is_volatile = group.iter().any(|native| native.effect != NativeEffect::Pure);
    let registration = match group.first() {
        Some(native) if native.is_property => FuncRegistration::new_getter(name),
        _ => FuncRegistration::new(name).with_namespace(namespace),
    };
    let func = move |context: Option<NativeCallContext<'_>>, values: &mut [&mut Dynamic]| call(&group, context, values);
    // Help and hints come from the natives themselves: what rhai could keep of parameters and words nobody would read.
    registration.set_into_module_raw(
        module,
        types,
        RhaiFunc::Method { func: Arc::new(func), has_context: true, is_pure, is_volatile },
    );
}

/// Carries one call out: finds the native that is meant, keeps panics inside, and looks at the limits first.
fn call(
    group: &[Arc<Native>],
    context: Option<NativeCallContext<'_>>,
    values: &mut [&mut Dynamic],
) -> Result<Dynamic, Fault> {
    let context =
        context.ok_or_else(|| Error::new(Kind::Bug, "no_context", "a native was called without a context"))?;
    let run = RunContext::of(&context)
        .ok_or_else(|| Error::new(Kind::Invalid, "no_run", format!("`{}` needs a run", context.fn_name())))?;
    run.check()?;
    let native = group.iter().find(|native| native.accepts(values)).ok_or_else(|| mismatch(group, values))?;
    let mut arguments = Arguments { context: &context, run: &run, native, values };
    match catch_unwind(AssertUnwindSafe(|| (native.body)(&mut arguments))) {
        Ok(result) => result.map_err(|mut fault| {
            if fault.position() == Position::NONE {
                fault.set_position(context.call_position());
            }
            fault
        }),
        Err(panic) => Err(panicked(native, panic.as_ref()).into()),
    }
}

fn panicked(native: &Native, panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::new(Kind::Bug, "panic", format!("`{}` panicked: {text}", native.name))
        .with_hint("this is a bug of stackhand: please report it with the recipe's line")
}

/// Says which argument is wrong, or which forms of the call there are.
fn mismatch(group: &[Arc<Native>], values: &[&mut Dynamic]) -> Error {
    if let [native] = group {
        let types = native.receiver.iter().map(|receiver| ("receiver", receiver));
        let types = types.chain(native.parameters.iter().map(|parameter| (parameter.name, &parameter.kind)));
        let wrong = types.zip(values).find(|((_, kind), value)| !kind.accepts(value));
        if let Some(((name, kind), value)) = wrong {
            let given = type_name_of(value);
            let message = format!("`{}`: `{name}` must be {}, not {given}", native.name, kind.name());
            return Error::new(Kind::Invalid, "wrong_argument", message)
                .with_hint(format!("it is called as `{}`", native.signature()));
        }
    }
    let name = group.first().map_or("?", |native| native.name);
    let given = values.iter().map(|value| type_name_of(value)).collect::<Vec<_>>().join(", ");
    let forms = group.iter().map(|native| format!("`{}`", native.signature())).collect::<Vec<_>>().join(", ");
    Error::new(Kind::Invalid, "wrong_arguments", format!("`{name}` does not take ({given})"))
        .with_hint(format!("it is called as {forms}"))
}
