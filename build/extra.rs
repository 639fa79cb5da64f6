//! `catalog/extra.json`: what the documents do not say, written by hand, with the reason or the source beside it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::operation::Effect;
use super::source::{Operation, Shape};

/// Names of operations, or of fields, by module.
pub type ByModule<T> = BTreeMap<String, T>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// What the sections mean, for the reader of the file.
    #[expect(dead_code, reason = "read by people")]
    pub about: BTreeMap<String, String>,
    /// Every operation of every module stands here once.
    pub effects: ByModule<BTreeMap<Effect, Vec<String>>>,
    /// Why an effect is not the one that the method suggests: `module.operation`.
    pub reasons: BTreeMap<String, String>,
    /// Permissions of ours for the operations that the documents give none.
    pub permissions: ByModule<BTreeMap<String, Vec<String>>>,
    /// Operations whose repetition does, or does no harm, against what effect and method suggest.
    pub idempotent: ByModule<Vec<String>>,
    pub not_idempotent: ByModule<Vec<String>>,
    /// Operations that are sent without the bearer token.
    pub tokenless: ByModule<Vec<String>>,
    /// Fields that hold secrets: `Shape.field`.
    pub secret: ByModule<Vec<String>>,
    /// Fields that change by themselves.
    pub volatile: ByModule<Vec<String>>,
    /// Fields that answers leave out unless a query parameter is set, by that parameter.
    pub only_with: ByModule<BTreeMap<String, Vec<String>>>,
    /// Shapes that replace those of the documents.
    pub shapes: ByModule<BTreeMap<String, Given<Shape>>>,
    /// Operations that no document has.
    pub operations: Vec<ExtraOperation>,
}

/// A fact with its source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given<T> {
    #[expect(dead_code, reason = "read by people")]
    pub source: String,
    pub shape: T,
}

/// An operation that no document has; its module may be a new one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraOperation {
    #[expect(dead_code, reason = "read by people")]
    pub source: String,
    pub service: String,
    pub version: String,
    pub module: String,
    pub base_url: String,
    pub operation: Operation,
    /// The shapes that only it has.
    #[serde(default)]
    pub shapes: BTreeMap<String, Shape>,
}
