//! The types that values have, as far as they can be told without running anything.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::{Array, Dynamic, FnPtr, ImmutableString};

use super::probe::Member;
use crate::catalog::{self, Field, Service, Shape, ShapeId};
use crate::engine::Registry;
use crate::engine::native::Type;
use crate::engine::recipe::{ParameterKind, Parameters};
use crate::engine::values::{Form, Object};
use crate::resources;

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Unknown,
    /// It is `()`.
    Nothing,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A decimal number.
    Float,
    /// Text.
    Text,
    /// A list of these.
    List(Box<Kind>),
    /// A map of the script's own, with these fields at least.
    Map(Rc<BTreeMap<String, Kind>>),
    /// A closure, and what it gives.
    Function(Box<Kind>),
    /// An object of the API.
    Object(Rc<ObjectKind>),
    /// A type of ours.
    Custom(&'static str, TypeId),
    /// What `params` gives.
    Args(Rc<BTreeMap<String, Kind>>),
}

/// What is known of an object of the API.
#[derive(Debug, PartialEq)]
pub struct ObjectKind {
    /// `Server`, or the way to it: `Server.labels`.
    pub name: String,
    /// `Server`, or nothing for an object within another.
    pub type_name: &'static str,
    /// The shapes that it may have.
    shapes: Vec<(&'static str, ShapeId)>,
    /// Fields that we add.
    extra: &'static [&'static str],
}

/// The fields of a row of quotas, which we make ourselves.
const QUOTA_FIELDS: &[&str] = &["name", "limit", "usage", "percent"];

impl Kind {
    /// The kind of the objects of this type name.
    pub fn object(type_name: &str) -> Self {
        let Some(kind) = resources::Kind::ALL.iter().find(|kind| kind.row().type_name == type_name) else {
            return Self::Unknown;
        };
        let row = kind.row();
        let operations = [row.operations.get, row.operations.list];
        let shapes: Vec<_> = operations
            .into_iter()
            .flatten()
            .filter_map(|name| catalog::operation("iaas", name))
            .filter_map(|operation| {
                Some((operation.module, operation.item_shape().or_else(|| operation.answer_shape())?))
            })
            .collect();
        let is_quota = row.type_name == "Quota";
        Self::Object(Rc::new(ObjectKind {
            name: row.type_name.to_owned(),
            type_name: row.type_name,
            shapes: if is_quota { Vec::new() } else { shapes },
            extra: if is_quota { QUOTA_FIELDS } else { &["managed_by"] },
        }))
    }

    /// The kind of an answer of this shape.
    pub fn of_shape(name: &str, service: &'static Service, shape: ShapeId) -> Self {
        match service.shape(shape) {
            Shape::Boolean => Self::Boolean,
            Shape::Integer { .. } => Self::Integer,
            Shape::Text { format: Some("date-time"), .. } => Self::instant(),
            Shape::Text { .. } => Self::Text,
            Shape::List { item, .. } if *item != shape => {
                Self::List(Box::new(Self::of_shape(&format!("{name}[]"), service, *item)))
            }
            Shape::Nullable(inner) if *inner != shape => Self::of_shape(name, service, *inner),
            Shape::Object { .. } | Shape::AllOf(_) => Self::Object(Rc::new(ObjectKind {
                name: name.to_owned(),
                type_name: "",
                shapes: vec![(service.module, shape)],
                extra: &[],
            })),
            _ => Self::Unknown,
        }
    }

    fn instant() -> Self {
        Self::of(&crate::engine::builtins::time::INSTANT)
    }

    /// What a native's result of this type is.
    pub fn of(kind: &Type) -> Self {
        match kind {
            Type::Nothing => Self::Nothing,
            Type::Boolean => Self::Boolean,
            Type::Integer => Self::Integer,
            Type::Text => Self::Text,
            Type::List => Self::List(Box::new(Self::Unknown)),
            Type::Function => Self::Function(Box::new(Self::Unknown)),
            Type::Object(name) => Self::object(name),
            Type::Custom("map", _) | Type::Map => Self::Map(Rc::default()),
            Type::Custom(name, id) => Self::Custom(name, id()),
            Type::Any | Type::Number | Type::OneOf(_) => Self::Unknown,
        }
    }

    /// What `params` gives for these parameters.
    pub fn args(parameters: &Parameters) -> Self {
        let kinds =
            parameters.all.iter().map(|parameter| (parameter.name.clone(), Self::of_parameter(&parameter.kind)));
        Self::Args(Rc::new(kinds.collect()))
    }

    fn of_parameter(kind: &ParameterKind) -> Self {
        match kind {
            ParameterKind::Text | ParameterKind::OneOf(_) => Self::Text,
            ParameterKind::Integer => Self::Integer,
            ParameterKind::Float => Self::Float,
            ParameterKind::Boolean => Self::Boolean,
            ParameterKind::Duration => Self::of(&crate::engine::builtins::time::DURATION),
            ParameterKind::Instant => Self::instant(),
            ParameterKind::List(item) => Self::List(Box::new(Self::of_parameter(item))),
            ParameterKind::Map(_) => Self::Map(Rc::default()),
            ParameterKind::Secret => Self::of(&crate::engine::builtins::SECRET),
            ParameterKind::Any => Self::Unknown,
        }
    }

    /// What is known of a value.
    pub fn of_value(value: &Dynamic) -> Self {
        Self::of_value_within(value, 3)
    }

    fn of_value_within(value: &Dynamic, depth: usize) -> Self {
        let fields = |entries: &mut dyn Iterator<Item = (String, Dynamic)>| {
            let kinds = entries.map(|(name, value)| (name, Self::of_value_within(&value, depth.saturating_sub(1))));
            Self::Map(Rc::new(kinds.collect()))
        };
        if depth == 0 {
            return Self::Unknown;
        }
        if let Some(object) = value.read_lock::<Object>() {
            if object.kind().is_empty() {
                return fields(&mut object.entries().map(|(name, value)| (name.to_string(), value.clone())));
            }
            return Self::object(object.kind());
        }
        if let Some(list) = value.read_lock::<Array>() {
            return Self::List(Box::new(list.first().map_or(Self::Unknown, |item| Self::of_value_within(item, depth))));
        }
        if let Some(map) = value.read_lock::<rhai::Map>() {
            return fields(&mut map.iter().map(|(name, value)| (name.to_string(), value.clone())));
        }
        match () {
            () if value.is_unit() => Self::Nothing,
            () if value.is_bool() => Self::Boolean,
            () if value.is_int() => Self::Integer,
            () if value.is_float() => Self::Float,
            () if value.is_string() => Self::Text,
            () if value.is_fnptr() => Self::Function(Box::new(Self::Unknown)),
            () => Self::custom(value),
        }
    }

    /// A value of a type of ours.
    fn custom(value: &Dynamic) -> Self {
        let receivers = Registry::shared().iter().filter_map(|native| native.receiver.as_ref());
        let mut found = receivers.filter_map(|receiver| match receiver {
            Type::Custom(name, id) if id() == value.type_id() => Some(Self::Custom(name, id())),
            _ => None,
        });
        found.next().unwrap_or(Self::Unknown)
    }

    /// The fields that a value of this kind has, or may have.
    pub fn field_kinds(&self) -> Vec<Member> {
        let member = |name: &str, kind: &Self| {
            let detail = if *kind == Self::Unknown { String::new() } else { kind.name() };
            Member { name: name.to_owned(), detail, is_method: false }
        };
        match self {
            Self::Object(object) => object
                .names()
                .into_iter()
                .map(|name| match object.field(name) {
                    FieldKind::Present { kind, .. } => member(name, &kind),
                    FieldKind::Absent(_) => member(name, &Self::Unknown),
                })
                .collect(),
            Self::Map(fields) | Self::Args(fields) => {
                fields.iter().filter(|(name, _)| is_name(name)).map(|(name, kind)| member(name, kind)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The item of a list; unknown for anything else.
    pub fn item(&self) -> Self {
        match self {
            Self::List(item) => Self::clone(item),
            _ => Self::Unknown,
        }
    }

    /// Whether a value of this kind may be given where a native takes this type.
    pub fn fits(&self, wanted: &Type) -> bool {
        match (wanted, self) {
            (Type::OneOf(types), kind) => types.iter().any(|one| kind.fits(one)),
            (_, Self::Unknown)
            | (Type::Any, _)
            | (Type::Nothing, Self::Nothing)
            | (Type::Boolean, Self::Boolean)
            | (Type::Integer, Self::Integer)
            | (Type::Number, Self::Integer | Self::Float)
            | (Type::Text, Self::Text)
            | (Type::List, Self::List(_))
            | (Type::Map, Self::Map(_) | Self::Object(_))
            | (Type::Custom("map", _), Self::Map(_))
            | (Type::Function, Self::Function(_))
            | (Type::Custom("Args", _), Self::Args(_)) => true,
            (Type::Object(name), Self::Object(object)) => {
                name.is_empty() || object.type_name.is_empty() || object.type_name == *name
            }
            (Type::Custom(_, id), Self::Custom(_, own)) => id() == *own,
            _ => false,
        }
    }

    /// Whether a value of this kind may be given where one of Rhai's own functions takes this type.
    pub fn fits_rhai(&self, wanted: TypeId) -> bool {
        if wanted == TypeId::of::<Dynamic>() {
            return true;
        }
        match self {
            Self::Unknown => true,
            Self::Nothing => wanted == TypeId::of::<()>(),
            Self::Boolean => wanted == TypeId::of::<bool>(),
            Self::Integer => wanted == TypeId::of::<i64>(),
            Self::Float => wanted == TypeId::of::<f64>(),
            Self::Text => {
                [TypeId::of::<ImmutableString>(), TypeId::of::<String>(), TypeId::of::<&str>()].contains(&wanted)
            }
            Self::List(_) => wanted == TypeId::of::<Array>(),
            Self::Map(_) => wanted == TypeId::of::<rhai::Map>(),
            Self::Function(_) => wanted == TypeId::of::<FnPtr>(),
            Self::Object(_) | Self::Custom(..) | Self::Args(_) => false,
        }
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::Unknown => "a value".to_owned(),
            Self::Nothing => "()".to_owned(),
            Self::Boolean => "bool".to_owned(),
            Self::Integer => "int".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Text => "text".to_owned(),
            Self::List(_) => "list".to_owned(),
            Self::Map(_) => "map".to_owned(),
            Self::Function(_) => "closure".to_owned(),
            Self::Object(object) => object.name.clone(),
            Self::Custom(name, _) => (*name).to_owned(),
            Self::Args(_) => "args".to_owned(),
        }
    }
}

/// What is known of a field.
pub enum FieldKind {
    /// There is none of this name; these are the names that there are.
    Absent(Vec<&'static str>),
    /// It is there, or may be.
    Present {
        /// Its kind.
        kind: Kind,
        /// Whether the answer may lack it.
        is_optional: bool,
    },
}

/// Whether a field of this name can be read after a dot.
fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

impl ObjectKind {
    /// The names of the fields that are known.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.extra.to_vec();
        for &(module, shape) in &self.shapes {
            let Some(service) = catalog::service(module) else { continue };
            names.extend(service.shapes().fields(shape).iter().map(|field| field.name));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is known of a field.
    pub fn field(&self, name: &str) -> FieldKind {
        if self.extra.contains(&name) {
            return FieldKind::Present { kind: Kind::Unknown, is_optional: name == "managed_by" };
        }
        let mut is_open = self.shapes.is_empty() && self.extra != QUOTA_FIELDS;
        let mut names: Vec<&'static str> = self.extra.to_vec();
        for &(module, shape) in &self.shapes {
            let Some(service) = catalog::service(module) else { continue };
            let shapes = service.shapes();
            if let Some(field) = shapes.field(shape, name) {
                let kind = Kind::of_shape(&format!("{}.{name}", self.name), service, field.shape);
                return FieldKind::Present { kind, is_optional: may_be_absent(field) };
            }
            names.extend(shapes.fields(shape).iter().map(|field| field.name));
            is_open |= Form::of(service, shape).is_none_or(|form| form.is_open());
        }
        if is_open {
            return FieldKind::Present { kind: Kind::Unknown, is_optional: true };
        }
        names.sort_unstable();
        names.dedup();
        FieldKind::Absent(names)
    }
}

/// Fields that only answers have are always sent, but for those that tell of something that may not have happened.
pub fn may_be_absent(field: &Field) -> bool {
    const EVENTS: [&str; 4] = ["errorMessage", "launchedAt", "maintenanceWindow", "serverId"];
    !field.is_required && (!field.is_read_only || EVENTS.contains(&field.name))
}
