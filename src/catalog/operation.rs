//! What the table of operations is made of. `build.rs` packs these types, the library decodes them, borrowing.

use serde::{Deserialize, Serialize};

use super::shape::ShapeId;

/// One version of one service of the STACKIT API. Its shapes are decoded apart: [`Service::shapes`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The service's name, such as `iaas` or `resource-manager`.
    pub name: &'static str,
    /// The API's version, such as `v2`.
    pub version: &'static str,
    /// How recipes import it: `iaas`, or `iaas/v1` where an older version is kept beside the newest.
    pub module: &'static str,
    /// Its operations, sorted by name.
    pub operations: Vec<Operation>,
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
    /// Scheme and host; `{region}` in it stands for the region followed by a dot. Of an operation that goes to a
    /// host that an earlier answer named, such as `{uploadUrl}`, it is that placeholder alone.
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
    /// Further content types that the answer can have, asked for with an `Accept` parameter.
    pub other_answer_types: Vec<&'static str>,
    /// What comes back when it fails: an index into [`super::Shapes::errors`], see [`Operation::errors`].
    pub error_set: u32,
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
    /// Whether it carries the bearer token. A presigned upload and the token endpoint must not.
    pub takes_token: bool,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As on the wire: `GET`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What an operation does; plan, caps, journal and retries decide by this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

impl Effect {
    /// As people and machine formats read it: `read`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Mint => "mint",
        }
    }
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
    /// How a list or an object is written.
    pub style: Style,
    /// Its shape.
    pub shape: ShapeId,
}

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Place {
    Path,
    Query,
    Header,
}

/// How a query parameter that is a list or an object is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A list repeats the parameter, `a=1&a=2`; an object's fields are parameters of their own, `x=1&y=2`.
    #[default]
    Exploded,
    /// A list is joined by commas: `a=1,2`.
    Joined,
    /// An object's fields stand in brackets: `a[x]=1&a[y]=2`.
    Brackets,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Whether the call is wrong without it.
    pub is_required: bool,
    /// `application/json`, or one of the few others.
    pub content_type: &'static str,
    /// Further content types that the operation takes.
    pub other_types: Vec<&'static str>,
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

/// What a failed call answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// The status; `4` and `5` stand for all of 4xx and 5xx that are not listed, `0` for whatever else.
    pub status: u16,
    /// The shape of its JSON; without, the document gives none.
    pub shape: Option<ShapeId>,
}

/// A permission that an operation needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// STACKIT's IAM action, such as `iaas.server.deallocate`.
    pub name: &'static str,
    /// Whether the documents give none and the name is ours.
    pub is_ours: bool,
}

/// How a list goes on after its first page. Parameters are query parameters; keys are dotted paths in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// The first answer is everything.
    None,
    /// The answer names the next page; none, `null` or empty ends the list.
    Token {
        /// Takes the name of the page: `pageToken`, `cursor`, `pageId`.
        parameter: &'static str,
        /// Where the answer names the next page: `nextPageToken`, `meta.nextCursor`.
        next: &'static str,
        /// Takes the size of a page: `pageSize`, `limit`.
        size: Option<&'static str>,
    },
    /// Pages are counted from 1.
    Number {
        /// Takes the page's number: `page`.
        parameter: &'static str,
        /// Takes the size of a page: `size`, `perPage`.
        size: Option<&'static str>,
        /// Where the answer says how many pages there are: `pagination.totalPages`.
        total: &'static str,
    },
    /// A page begins at an offset; one that is shorter than asked for ends the list.
    Offset {
        /// Takes the offset of the first item: `offset`.
        parameter: &'static str,
        /// Takes the size of a page: `limit`.
        size: &'static str,
    },
    /// There may be further pages, but the document has no way to ask for them: the list is whole only if this key of
    /// the answer is absent or empty. Without a key, nothing tells.
    Cut {
        /// Where the answer names the next page.
        next: Option<&'static str>,
    },
    /// There may be further pages, but the document has no way to ask for them: the list is whole only if it has as
    /// many items as this key of the answer says.
    Counted {
        /// Where the answer says how many items there are.
        total: &'static str,
    },
}
