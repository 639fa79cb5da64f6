//! What is said of a kind of objects: its fields and its methods.

use std::fmt::Write as _;

use crate::catalog::{self, Field, Service, Shape};
use crate::engine::Registry;
use crate::engine::check::may_be_absent;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::resources::Kind;

/// A field of a kind.
pub struct FieldRow {
    /// As in the API.
    pub name: String,
    /// Its type in a word or two.
    pub kind: String,
    /// Whether an answer may lack it.
    pub is_optional: bool,
}

/// The kind of this type name, whatever its letters' case.
#[must_use]
pub fn named(name: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.row().type_name.eq_ignore_ascii_case(name))
}

/// A kind as text.
#[must_use]
pub fn page(kind: Kind) -> String {
    let row = kind.row();
    let mut text = format!("{}: an object of the API, with the fields that the API gives it.\n", row.type_name);
    let fields = fields(kind);
    if !fields.is_empty() {
        text.push_str("\n  Fields:\n");
        let width = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
        for field in &fields {
            let mark = if field.is_optional { ", may be absent" } else { "" };
            let _ = writeln!(text, "    {:width$}  {}{mark}", field.name, field.kind);
        }
    }
    let methods = methods(row.type_name);
    if !methods.is_empty() {
        text.push_str("\n  Methods:\n");
        for method in methods {
            let _ = writeln!(text, "    {}", method.signature());
        }
    }
    if !row.stable.is_empty() {
        let _ = write!(text, "\n  Rests as: {}\n", row.stable.join(", "));
    }
    text
}

/// The fields of a kind, in the order of the API; those of the detailed form count.
#[must_use]
pub fn fields(kind: Kind) -> Vec<FieldRow> {
    let row = kind.row();
    let operation = row.operations.get.or(row.operations.list).and_then(|name| catalog::operation("iaas", name));
    let Some(operation) = operation.filter(|_| row.type_name != "Quota") else {
        let plain =
            |name: &str, kind: &str| FieldRow { name: name.to_owned(), kind: kind.to_owned(), is_optional: false };
        return match row.type_name {
            "Quota" => vec![
                plain("name", "text"),
                plain("limit", "int"),
                plain("usage", "int"),
                FieldRow { is_optional: true, ..plain("percent", "number") },
            ],
            _ => Vec::new(),
        };
    };
    let Some(shape) = operation.item_shape().or_else(|| operation.answer_shape()) else { return Vec::new() };
    let service = operation.service();
    service.shapes().fields(shape).into_iter().map(|field| row_of(service, field)).collect()
}

fn row_of(service: &'static Service, field: &Field) -> FieldRow {
    FieldRow {
        name: field.name.to_owned(),
        kind: shape_name(service, service.shape(field.shape), 0),
        is_optional: may_be_absent(field),
    }
}

/// A shape in a word or two.
pub(super) fn shape_name(service: &'static Service, shape: &Shape, depth: usize) -> String {
    match shape {
        Shape::Boolean => "bool".to_owned(),
        Shape::Integer { .. } => "int".to_owned(),
        Shape::Number { .. } => "number".to_owned(),
        Shape::Text { format: Some("date-time"), .. } => "Instant".to_owned(),
        Shape::Text { values, .. } if !values.is_empty() && values.len() <= 6 => values.join(" | "),
        Shape::Text { .. } => "text".to_owned(),
        Shape::List { item, .. } if depth < 3 => {
            format!("list of {}", shape_name(service, service.shape(*item), depth + 1))
        }
        Shape::List { .. } => "list".to_owned(),
        Shape::Nullable(inner) if depth < 3 => shape_name(service, service.shape(*inner), depth + 1),
        Shape::Object { .. } | Shape::AllOf(_) => "map".to_owned(),
        _ => "any".to_owned(),
    }
}

/// The methods of objects of a kind.
#[must_use]
pub fn methods(type_name: &str) -> Vec<&'static Native> {
    let is_of = |native: &Native| matches!(native.receiver, Some(Type::Object(name)) if name == type_name);
    Registry::shared().iter().map(AsRef::as_ref).filter(|native| is_of(native)).collect()
}

/// The methods that lead from an object of a kind to others: reads that need no argument.
#[must_use]
pub fn relations(type_name: &str) -> Vec<&'static str> {
    let gives_objects = |native: &Native| match native.result {
        Type::Object(_) => native.name != "refresh",
        Type::OneOf(types) => types.iter().any(|one| matches!(one, Type::Object(_))),
        _ => native.gives_items.is_some(),
    };
    methods(type_name)
        .into_iter()
        .filter(|native| native.effect == NativeEffect::Read && gives_objects(native))
        .filter(|native| native.parameters.iter().all(|parameter| !parameter.is_required))
        .map(|native| native.name)
        .collect()
}
