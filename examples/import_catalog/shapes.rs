//! Schemas become shapes: what can be checked stays, what is only said goes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Api, is_set, list, object, schema_name, text};
use super::source::{Field, Object, Shape};

/// Formats that say something of the text; the documents also use the field for remarks.
const FORMATS: &[&str] = &[
    "binary",
    "byte",
    "cidr",
    "crontab",
    "date",
    "date-time",
    "decimal",
    "domain",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "jwt",
    "password",
    "uri",
    "uuid",
];

/// Converts the schemas of one document and notes which named ones are used.
pub struct Converter<'a> {
    pub api: &'a Api,
    pub used: BTreeSet<String>,
}

impl Converter<'_> {
    /// The shape of a schema; `null` is part of it where the document allows it.
    pub fn shape(&mut self, schema: &Value) -> Result<Shape, String> {
        if let Some(name) = schema_name(schema) {
            self.used.insert(name.to_owned());
            return Ok(Shape::Ref(name.to_owned()));
        }
        let shape = self.shape_without_null(schema)?;
        Ok(match shape {
            Shape::Any => Shape::Any,
            shape if is_set(schema, "nullable") => Shape::Nullable(Box::new(shape)),
            shape => shape,
        })
    }

    fn shape_without_null(&mut self, schema: &Value) -> Result<Shape, String> {
        let own = self.own_shape(schema)?;
        let mut parts = Vec::new();
        if !list(schema, "allOf").is_empty() {
            parts.extend(self.all_of(schema)?);
        }
        if !list(schema, "oneOf").is_empty() {
            parts.push(self.one_of(schema)?);
        }
        if !list(schema, "anyOf").is_empty() {
            parts.push(single(self.shapes(list(schema, "anyOf"))?, Shape::AnyOf));
        }
        if parts.is_empty() {
            return Ok(own);
        }
        let says_nothing = matches!(&own, Shape::Any) || own == Shape::Object(Object::default());
        if !says_nothing {
            parts.insert(0, own);
        }
        let parts = join_objects(parts);
        Ok(single(parts, Shape::AllOf))
    }

    /// What the schema says beside `allOf`, `oneOf` and `anyOf`.
    fn own_shape(&mut self, schema: &Value) -> Result<Shape, String> {
        let kind = match text(schema, "type") {
            Some(kind) => kind,
            None if schema.get("properties").is_some() || schema.get("required").is_some() => "object",
            None if schema.get("items").is_some() => "array",
            None if schema.get("enum").is_some() || schema.get("pattern").is_some() => "string",
            None => return Ok(Shape::Any),
        };
        match kind {
            "boolean" => Ok(Shape::Boolean),
            "integer" => {
                let exclusive = i64::from(is_set(schema, "exclusiveMinimum"));
                Ok(Shape::Integer {
                    minimum: whole(schema, "minimum").map(|minimum| minimum + exclusive),
                    maximum: whole(schema, "maximum"),
                    values: list(schema, "enum").iter().filter_map(Value::as_i64).collect(),
                })
            }
            "number" => Ok(Shape::Number {
                minimum: schema.get("minimum").and_then(Value::as_f64),
                maximum: schema.get("maximum").and_then(Value::as_f64),
            }),
            "string" => Ok(Shape::Text {
                minimum: size(schema, "minLength")?,
                maximum: size(schema, "maxLength")?,
                pattern: text(schema, "pattern").map(str::to_owned),
                format: text(schema, "format").filter(|format| FORMATS.contains(format)).map(str::to_owned),
                values: list(schema, "enum").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            }),
            "array" => Ok(Shape::List {
                item: Box::new(schema.get("items").map_or(Ok(Shape::Any), |items| self.shape(items))?),
                minimum: size(schema, "minItems")?,
                maximum: size(schema, "maxItems")?,
                unique: is_set(schema, "uniqueItems"),
            }),
            "object" => self.object(schema).map(Shape::Object),
            other => Err(format!("a schema has the unknown type `{other}`")),
        }
    }

    fn object(&mut self, schema: &Value) -> Result<Object, String> {
        let required: Vec<&str> = list(schema, "required").iter().filter_map(Value::as_str).collect();
        let mut fields = Vec::new();
        for (name, property) in object(schema, "properties").into_iter().flatten() {
            fields.push(Field {
                name: name.clone(),
                required: required.contains(&name.as_str()),
                read_only: self.is_marked(property, "readOnly")?,
                write_only: self.is_marked(property, "writeOnly")?,
                shape: self.shape(property)?,
            });
        }
        for name in required {
            if !fields.iter().any(|field| field.name == name) {
                fields.push(Field {
                    name: name.to_owned(),
                    required: true,
                    read_only: false,
                    write_only: false,
                    shape: Shape::Any,
                });
            }
        }
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        let others = match schema.get("additionalProperties") {
            None | Some(Value::Bool(true)) => None,
            Some(Value::Bool(false)) => Some(Shape::Never),
            Some(others) => Some(self.shape(others)?),
        };
        Ok(Object {
            fields,
            others: others.filter(|others| *others != Shape::Any).map(Box::new),
            names: None,
            minimum: size(schema, "minProperties")?,
            maximum: size(schema, "maxProperties")?,
        })
    }

    fn one_of(&mut self, schema: &Value) -> Result<Shape, String> {
        let tag = schema.get("discriminator").and_then(|tag| text(tag, "propertyName"));
        let mapping = schema.get("discriminator").and_then(|tag| object(tag, "mapping"));
        let (Some(tag), Some(mapping)) = (tag, mapping) else {
            return Ok(single(self.shapes(list(schema, "oneOf"))?, Shape::OneOf));
        };
        let mut shapes = std::collections::BTreeMap::new();
        for (value, reference) in mapping {
            shapes.insert(value.clone(), self.shape(&serde_json::json!({ "$ref": reference }))?);
        }
        Ok(Shape::Tagged { tag: tag.to_owned(), shapes })
    }

    /// The members of `allOf`; references to objects are taken in place, so that they can be joined.
    fn all_of(&mut self, schema: &Value) -> Result<Vec<Shape>, String> {
        let members = list(schema, "allOf");
        if members.len() == 1 {
            return Ok(vec![self.shape(&members[0])?]);
        }
        let mut shapes = Vec::new();
        for member in members {
            shapes.push(self.shape_without_null(self.api.resolve(member)?)?);
        }
        Ok(shapes)
    }

    fn shapes(&mut self, schemas: &[Value]) -> Result<Vec<Shape>, String> {
        schemas.iter().map(|schema| self.shape(schema)).collect()
    }

    /// Whether a property is marked, by itself or by what it refers to.
    fn is_marked(&self, property: &Value, mark: &str) -> Result<bool, String> {
        let target = self.api.resolve(property)?;
        if is_set(property, mark) || is_set(target, mark) {
            return Ok(true);
        }
        for member in list(target, "allOf") {
            if is_set(self.api.resolve(member)?, mark) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Objects that must hold together become one object of all their fields.
fn join_objects(parts: Vec<Shape>) -> Vec<Shape> {
    let mut joined: Option<Object> = None;
    let mut rest = Vec::new();
    for part in parts {
        match (part, &mut joined) {
            (Shape::Object(object), None) => joined = Some(object),
            (Shape::Object(object), Some(joined)) if can_join(joined, &object) => join(joined, object),
            (part, _) => rest.push(part),
        }
    }
    joined.map(Shape::Object).into_iter().chain(rest).collect()
}

fn can_join(left: &Object, right: &Object) -> bool {
    let agrees = |field: &Field| left.fields.iter().all(|other| other.name != field.name || other.shape == field.shape);
    left.others == right.others
        && right.fields.iter().all(agrees)
        && (left.minimum.is_none() || right.minimum.is_none())
        && (left.maximum.is_none() || right.maximum.is_none())
}

fn join(left: &mut Object, right: Object) {
    for field in right.fields {
        match left.fields.iter_mut().find(|other| other.name == field.name) {
            Some(other) => {
                other.required |= field.required;
                other.read_only |= field.read_only;
                other.write_only |= field.write_only;
            }
            None => left.fields.push(field),
        }
    }
    left.fields.sort_by(|one, other| one.name.cmp(&other.name));
    left.minimum = left.minimum.or(right.minimum);
    left.maximum = left.maximum.or(right.maximum);
}

fn single(mut shapes: Vec<Shape>, combine: fn(Vec<Shape>) -> Shape) -> Shape {
    match shapes.pop() {
        Some(shape) if shapes.is_empty() => shape,
        Some(shape) => {
            shapes.push(shape);
            combine(shapes)
        }
        None => Shape::Any,
    }
}

/// A bound; some documents write whole numbers as `1e2`, or beyond what `i64` holds.
fn whole(schema: &Value, key: &str) -> Option<i64> {
    let value = schema.get(key)?;
    #[expect(clippy::cast_possible_truncation, reason = "a bound beyond i64 bounds nothing; the cast saturates")]
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

fn size(schema: &Value, key: &str) -> Result<Option<u32>, String> {
    let Some(value) = schema.get(key) else { return Ok(None) };
    let size = value.as_u64().ok_or_else(|| format!("`{key}` is no size: {value}"))?;
    Ok(u32::try_from(size).ok())
}
