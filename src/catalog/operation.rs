//! What the table of operations is made of. `build.rs` packs these types, the library decodes them, borrowing.

use serde::{Deserialize, Serialize};

/// One version of one service of the STACKIT API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The service's name, such as `iaas` or `resource-manager`.
    pub name: &'static str,
    /// The API's version, such as `v2`.
    pub version: &'static str,
    /// How recipes import it: `iaas`, or `iaas/v1` where an older version is kept beside the newest.
    pub module: &'static str,
    /// Its operations, by name.
    pub operations: Vec<Operation>,
    /// The shapes that parameters, bodies and answers refer to.
    pub shapes: Vec<Shape>,
}

/// One call of the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// The module of its [`Service`].
    pub module: &'static str,
    /// Our name, unique in its service: `list_server_nics`.
    pub name: &'static str,
    /// The document's name: `ListServerNICs`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Scheme and host; `{region}` in it stands for the region followed by a dot.
    pub base_url: &'static str,
    /// The path template: `/v2/projects/{projectId}/regions/{region}/servers`.
    pub path: &'static str,
    /// Path, query and header parameters, in the document's order.
    pub parameters: Vec<Parameter>,
    /// What is sent, if anything is.
    pub body: Option<Body>,
    /// The documented 2xx statuses, the usual one first.
    pub success: Vec<u16>,
    /// What comes back.
    pub answer: Answer,
    /// For a list: the key that holds the array; empty for a bare array.
    #[serde(borrow)]
    pub list_key: Option<&'static str>,
    /// How a list goes on.
    pub paging: Paging,
    /// Whether the document calls it deprecated.
    pub is_deprecated: bool,
    /// What the credential needs; never empty.
    pub permissions: Vec<Permission>,
    /// What it does to the world.
    pub effect: Effect,
    /// Whether sending it twice ends as sending it once.
    pub is_idempotent: bool,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

/// What an operation does; plan, caps, journal and retries decide by this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Makes an object.
    Create,
    /// Changes an object, its power state or its relations.
    Update,
    /// Removes an object, or a part of one for good.
    Delete,
    /// Hands out a credential.
    Mint,
}

/// A parameter of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// As on the wire: `label_selector`, `projectId`, `X-Request-ID`.
    pub name: &'static str,
    /// Where it goes.
    pub place: Place,
    /// Whether the call is wrong without it.
    pub is_required: bool,
    /// Its shape.
    pub shape: ShapeId,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Place {
    Path,
    Query,
    Header,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Whether the call is wrong without it.
    pub is_required: bool,
    /// `application/json`, or one of the few others.
    pub content_type: &'static str,
    /// Its shape.
    pub shape: ShapeId,
}

/// What a successful call answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing.
    Empty,
    /// JSON of this shape.
    Json(ShapeId),
    /// Bytes of this content type.
    Bytes(&'static str),
}

/// A permission that an operation needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// STACKIT's IAM action, such as `iaas.server.deallocate`.
    pub name: &'static str,
    /// Whether the documents give none and the name is ours.
    pub is_ours: bool,
}

/// How a list goes on after its first page, by the names of its query parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// The first answer is everything.
    None,
    /// `pageToken` and `pageSize`.
    PageToken,
    /// `cursor` and `limit`, or `cursor` and `pageSize`.
    Cursor,
    /// `page` and `size`.
    PageSize,
    /// `offset` and `limit`.
    Offset,
    /// `page` and `perPage`.
    PerPage,
    /// `page` and `pageSize`.
    PageAndPageSize,
}

/// An index into the shapes of a service.
pub type ShapeId = u32;

/// The shape of a JSON value, deep enough to validate with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "bounds are named by their words")]
pub enum Shape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number within bounds.
    Integer { minimum: Option<i64>, maximum: Option<i64> },
    /// A number within bounds.
    Number { minimum: Option<f64>, maximum: Option<f64> },
    /// Text; lengths in characters.
    Text {
        minimum: Option<u32>,
        maximum: Option<u32>,
        #[serde(borrow)]
        pattern: Option<&'static str>,
        #[serde(borrow)]
        /// `uuid`, `date-time`, `date`, `byte`, `ipv4`, …
        format: Option<&'static str>,
        /// The closed list of values, if the document closes it.
        #[serde(borrow)]
        values: Vec<&'static str>,
    },
    /// An array.
    List { item: ShapeId, minimum: Option<u32>, maximum: Option<u32> },
    /// An object of named fields; `others` is the shape of further ones, if the document allows any explicitly.
    Object { fields: Vec<Field>, others: Option<ShapeId> },
    /// Exactly one of these.
    OneOf(Vec<ShapeId>),
    /// At least one of these.
    AnyOf(Vec<ShapeId>),
    /// All of these.
    AllOf(Vec<ShapeId>),
    /// This, or `null`.
    Nullable(ShapeId),
}

/// A field of an object.
#[expect(clippy::struct_excessive_bools, reason = "independent marks of the document")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// As on the wire.
    pub name: &'static str,
    /// Its shape.
    pub shape: ShapeId,
    /// Whether the object is wrong without it.
    pub is_required: bool,
    /// Only in answers.
    pub is_read_only: bool,
    /// Only in requests.
    pub is_write_only: bool,
    /// Holds a secret; redacted wherever it is shown.
    pub is_secret: bool,
}
