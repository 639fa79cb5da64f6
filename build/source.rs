//! The catalogue as it stands in `catalog/*.json`: read by `build.rs`, written by `examples/import_catalog`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::operation::{Method, Place, Style};

/// One file: a version of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub service: String,
    pub version: String,
    pub module: String,
    pub base_url: String,
    pub operations: Vec<Operation>,
    pub shapes: BTreeMap<String, Shape>,
}

/// One operation, as far as the document tells; effects and the like come from `extra.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub name: String,
    pub id: String,
    pub method: Method,
    pub path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    pub success: Vec<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<List>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Whether the document says that no credential is needed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// By status; `4XX`, `5XX` and `default` as in the document.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    pub place: Place,
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "is_exploded")]
    pub style: Style,
    pub shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    pub types: Vec<String>,
    pub shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub types: Vec<String>,
    /// Of the JSON, if it is JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Empty for a bare array.
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
}

/// See `Paging` of the library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    Token {
        parameter: String,
        next: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
    },
    Number {
        parameter: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
        total: String,
    },
    Offset {
        parameter: String,
        size: String,
    },
    Cut {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    Counted {
        total: String,
    },
}

/// A shape with its parts in place, or by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    Any,
    Never,
    Boolean,
    /// A shape of the same file, by name.
    Ref(String),
    Integer {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<i64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        values: Vec<i64>,
    },
    Number {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<f64>,
    },
    Text {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        values: Vec<String>,
    },
    List {
        item: Box<Shape>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<u32>,
        #[serde(default, skip_serializing_if = "is_false")]
        unique: bool,
    },
    Object(Object),
    Tagged {
        tag: String,
        shapes: BTreeMap<String, Shape>,
    },
    OneOf(Vec<Shape>),
    AnyOf(Vec<Shape>),
    AllOf(Vec<Shape>),
    Nullable(Box<Shape>),
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Box<Shape>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Box<Shape>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub write_only: bool,
    pub shape: Shape,
}

impl Document {
    /// The file's text: one operation a line, one shape a line, so that a change of one is a change of one line.
    pub fn to_text(&self) -> serde_json::Result<String> {
        let text = |value: &str| serde_json::to_string(value);
        let head = format!(
            "\"service\": {},\n\"version\": {},\n\"module\": {},\n\"base_url\": {}",
            text(&self.service)?,
            text(&self.version)?,
            text(&self.module)?,
            text(&self.base_url)?
        );
        let operations =
            self.operations.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?.join(",\n");
        let shapes = self
            .shapes
            .iter()
            .map(|(name, shape)| Ok(format!("{}: {}", text(name)?, serde_json::to_string(shape)?)))
            .collect::<serde_json::Result<Vec<_>>>()?
            .join(",\n");
        Ok(format!("{{\n{head},\n\"operations\": [\n{operations}\n],\n\"shapes\": {{\n{shapes}\n}}\n}}\n"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_exploded(value: &Style) -> bool {
    *value == Style::Exploded
}
