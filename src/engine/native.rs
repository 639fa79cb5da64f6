//! The declaration of a native function: name, receiver, parameters, result, words, effect, operations. Registration,
//! argument checks, help, completion and the reference all come from it.

use std::any::TypeId;
use std::borrow::Cow;
use std::sync::Arc;

use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};

use super::arguments::Arguments;
use super::fault::Fault;
use super::values::Object;

/// What a native does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NativeEffect {
    /// Nothing: the same arguments give the same result.
    Pure,
    /// Reads the API.
    Read,
    /// Makes an object.
    Create,
    /// Changes an object.
    Update,
    /// Removes an object.
    Delete,
    /// Hands out a credential.
    Mint,
    /// Acts on this machine or this run alone: prints, sleeps, reads the clock, calls a closure.
    Local,
}

/// The type of a parameter or a result, as scripts see it.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// Any value, `()` as well.
    Any,
    /// Nothing; only as a result.
    Nothing,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A whole or a decimal number.
    Number,
    /// Text.
    Text,
    /// An array.
    List,
    /// A map; an object of the API serves as one.
    Map,
    /// A closure or function.
    Function,
    /// An object of the API: of this kind, or of any kind if empty.
    Object(&'static str),
    /// A type of ours: its name, and Rust's identity of it.
    Custom(&'static str, fn() -> TypeId),
    /// One of several.
    OneOf(&'static [Type]),
}

impl Type {
    /// The name that help and messages use.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::Any => "any".into(),
            Self::Nothing => "()".into(),
            Self::Boolean => "bool".into(),
            Self::Integer => "int".into(),
            Self::Number => "number".into(),
            Self::Text => "text".into(),
            Self::List => "list".into(),
            Self::Map => "map".into(),
            Self::Function => "closure".into(),
            Self::Object("") => "object".into(),
            Self::Object(name) | Self::Custom(name, _) => (*name).into(),
            Self::OneOf(types) => types.iter().map(Self::name).collect::<Vec<_>>().join(" or ").into(),
        }
    }

    /// Whether a value is of this type.
    #[must_use]
    pub fn accepts(&self, value: &Dynamic) -> bool {
        match self {
            Self::Any => true,
            Self::Nothing => value.is_unit(),
            Self::Boolean => value.is_bool(),
            Self::Integer => value.is_int(),
            Self::Number => value.is_int() || value.is_float(),
            Self::Text => value.is_string(),
            Self::List => value.is_array(),
            Self::Map => value.is_map() || value.is::<Object>(),
            Self::Function => value.is_fnptr(),
            Self::Object(kind) => {
                value.read_lock::<Object>().is_some_and(|object| kind.is_empty() || object.kind() == *kind)
            }
            Self::Custom(_, id) => value.type_id() == id(),
            Self::OneOf(types) => types.iter().any(|one| one.accepts(value)),
        }
    }

    /// Rhai's identity of the type, if it is one type alone; else `Dynamic`'s, which takes any value.
    pub(super) fn id(&self) -> TypeId {
        match self {
            Self::Boolean => TypeId::of::<bool>(),
            Self::Integer => TypeId::of::<i64>(),
            Self::Text => TypeId::of::<ImmutableString>(),
            Self::List => TypeId::of::<Array>(),
            Self::Function => TypeId::of::<FnPtr>(),
            Self::Object(_) => TypeId::of::<Object>(),
            Self::Nothing => TypeId::of::<()>(),
            Self::Custom(_, id) => id(),
            Self::Any | Self::Number | Self::Map | Self::OneOf(_) => TypeId::of::<Dynamic>(),
        }
    }
}

/// A parameter of a native.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name in help and messages.
    pub name: &'static str,
    /// What it takes.
    pub kind: Type,
    /// Whether the call is wrong without it. Optional ones come last.
    pub is_required: bool,
}

/// What carries a native out.
pub(super) type Body = Arc<dyn Fn(&mut Arguments<'_, '_>) -> Result<Dynamic, Fault> + Send + Sync>;

/// One native function. Several may share a name; arguments decide which one is meant.
#[derive(Clone)]
pub struct Native {
    /// The name in scripts; an operator such as `+`, or a property as `name` of an object of ours.
    pub name: &'static str,
    /// What it is a method of. A method is also a function whose first argument is the receiver.
    pub receiver: Option<Type>,
    /// The parameters after the receiver.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub result: Type,
    /// For a method of lists: what the items must be; anything if `None`.
    pub receives_items: Option<Type>,
    /// If it gives a list of its own making: what the items are.
    pub gives_items: Option<Type>,
    /// What it does: one sentence, then what a caller must know.
    pub doc: &'static str,
    /// The errors worth handling, each with its `kind` first.
    pub errors: &'static [&'static str],
    /// A line of script that runs as a test against the simulator, or is empty.
    pub example: &'static str,
    /// What it does to the world.
    pub effect: NativeEffect,
    /// The operations that it may call: `iaas.list_servers`.
    pub operations: &'static [&'static str],
    /// The keys that its map of options takes; empty if it takes none, or if its operations say it.
    pub options: &'static [&'static str],
    /// Whether it is read like a field: `clock.year`.
    pub is_property: bool,
    /// Whether it changes its receiver, which then cannot be a constant.
    pub is_mutating: bool,
    /// Whether it is registered for exactly its types, so that it comes before a function of rhai's own.
    pub(super) is_exact: bool,
    pub(super) body: Body,
}

impl Native {
    /// A function: `minutes(10)`.
    #[must_use]
    pub fn function(name: &'static str) -> Self {
        Self {
            name,
            receiver: None,
            parameters: Vec::new(),
            result: Type::Nothing,
            receives_items: None,
            gives_items: None,
            doc: "",
            errors: &[],
            example: "",
            effect: NativeEffect::Pure,
            operations: &[],
            options: &[],
            is_property: false,
            is_mutating: false,
            is_exact: !name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_'),
            body: Arc::new(|_| Ok(Dynamic::UNIT)),
        }
    }

    /// A method: `server.deallocate()`, also `deallocate(server)`. For an operator the receiver is its left side.
    #[must_use]
    pub fn method(receiver: Type, name: &'static str) -> Self {
        Self { receiver: Some(receiver), ..Self::function(name) }
    }

    /// A property that is read like a field: `duration.seconds`. The receiver must be a custom type.
    #[must_use]
    pub fn property(receiver: Type, name: &'static str) -> Self {
        Self { is_property: true, ..Self::method(receiver, name) }
    }

    /// Adds a parameter that must be given.
    #[must_use]
    pub fn takes(mut self, name: &'static str, kind: Type) -> Self {
        self.parameters.push(Parameter { name, kind, is_required: true });
        self
    }

    /// Adds a parameter that may be left out.
    #[must_use]
    pub fn may_take(mut self, name: &'static str, kind: Type) -> Self {
        self.parameters.push(Parameter { name, kind, is_required: false });
        self
    }

    /// Says what it gives.
    #[must_use]
    pub fn gives(mut self, result: Type) -> Self {
        self.result = result;
        self
    }

    /// Says that it gives a list of these.
    #[must_use]
    pub fn gives_list_of(mut self, items: Type) -> Self {
        self.result = Type::List;
        self.gives_items = Some(items);
        self
    }

    /// Says what the items of the list must be that it is a method of.
    #[must_use]
    pub fn of_each(mut self, items: Type) -> Self {
        self.receives_items = Some(items);
        self
    }

    /// Says what it does.
    #[must_use]
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Names the errors worth handling.
    #[must_use]
    pub fn errors(mut self, errors: &'static [&'static str]) -> Self {
        self.errors = errors;
        self
    }

    /// Shows it in use.
    #[must_use]
    pub fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Says what it does to the world; [`NativeEffect::Pure`] unless told.
    #[must_use]
    pub fn effect(mut self, effect: NativeEffect) -> Self {
        self.effect = effect;
        self
    }

    /// Names the operations that it may call.
    #[must_use]
    pub fn calls(mut self, operations: &'static [&'static str]) -> Self {
        self.operations = operations;
        self
    }

    /// Names the keys that its map of options takes.
    #[must_use]
    pub fn options(mut self, keys: &'static [&'static str]) -> Self {
        self.options = keys;
        self
    }

    /// Says that it changes its receiver.
    #[must_use]
    pub fn mutating(mut self) -> Self {
        self.is_mutating = true;
        self
    }

    /// Puts it before a function of rhai's own that has the same name and the same types. Operators are always so.
    #[must_use]
    pub fn exactly(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Gives it its body; the declaration's last word.
    #[must_use]
    pub fn by(
        mut self,
        body: impl Fn(&mut Arguments<'_, '_>) -> Result<Dynamic, Fault> + Send + Sync + 'static,
    ) -> Self {
        self.body = Arc::new(body);
        self
    }

    /// How it is called, for people: `server.resize(machine_type: text, options?: map) -> Server`.
    #[must_use]
    pub fn signature(&self) -> String {
        let mut text = String::new();
        if let Some(receiver) = &self.receiver {
            text.push_str(&receiver.name().to_lowercase());
            text.push('.');
        }
        text.push_str(self.name);
        if !self.is_property {
            let parameters = self.parameters.iter().map(|parameter| {
                let mark = if parameter.is_required { "" } else { "?" };
                format!("{}{mark}: {}", parameter.name, parameter.kind.name())
            });
            text.push('(');
            text.push_str(&parameters.collect::<Vec<_>>().join(", "));
            text.push(')');
        }
        if !matches!(self.result, Type::Nothing) {
            text.push_str(" -> ");
            text.push_str(&self.result.name());
        }
        text
    }

    /// How many arguments it takes at least and at most, the receiver not counted.
    #[must_use]
    pub fn arity(&self) -> std::ops::RangeInclusive<usize> {
        self.parameters.iter().filter(|parameter| parameter.is_required).count()..=self.parameters.len()
    }

    /// Whether these arguments, the receiver first if it has one, are of its types.
    pub(super) fn accepts(&self, values: &[&mut Dynamic]) -> bool {
        let types = self.receiver.iter().chain(self.parameters.iter().map(|parameter| &parameter.kind));
        types.zip(values).all(|(kind, value)| kind.accepts(value))
    }
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Native").field(&self.signature()).finish()
    }
}

/// Rhai's name of a value's type as scripts know it.
#[must_use]
pub fn type_name_of(value: &Dynamic) -> Cow<'static, str> {
    if let Some(object) = value.read_lock::<Object>() {
        return object.type_name().into();
    }
    if value.is_unit() {
        return "()".into();
    }
    if value.is_string() {
        return "text".into();
    }
    if value.is_array() {
        return "list".into();
    }
    if value.is::<Map>() {
        return "map".into();
    }
    if value.is_fnptr() {
        return "closure".into();
    }
    if value.is_int() {
        return "int".into();
    }
    if value.is_float() {
        return "float".into();
    }
    let path = value.type_name();
    if path.contains("::range::") {
        return "range".into();
    }
    path.rsplit("::").next().unwrap_or_default().to_owned().into()
}
