//! Labels that decide what a run may do, and that it must therefore leave alone.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Deed, Knowledge, Labels, Refusal};
use crate::catalog::{Effect, Method};

/// Refuses a change that gives an object another value of a label by which the run's own grants are narrowed: it could
/// otherwise reach every object.
pub(super) fn keep_deciding(deed: &Deed<'_>, deciding: &BTreeSet<String>) -> Result<(), Refusal> {
    // What is created by PUT may be there already.
    let is_new = deed.operation.effect == Effect::Create && !is_replacing(deed);
    if deciding.is_empty() || is_new {
        return Ok(());
    }
    let Some(key) = deciding.iter().find(|key| changes(deed, key)) else { return Ok(()) };
    let name = deed.objects.last().map_or_else(String::new, |object| format!(" of `{}`", object.label()));
    let message =
        format!("`{}` would change the label `{key}`{name}, and grants of this run depend on it", deed.name());
    Err(Refusal::new("deciding_label", message)
        .hinting("change such labels in a run whose grants are not narrowed by them"))
}

/// Whether a change may give an object another value of a label.
pub(super) fn changes(deed: &Deed<'_>, key: &str) -> bool {
    let now = deed.objects.last().map(|object| object.knowledge);
    let has = |labels: &Labels, value: Option<&str>| labels.get(key).map(String::as_str) == value;
    let differs = |value: Option<&str>| match now {
        Some(Knowledge::Known(facts)) => !has(&facts.labels, value),
        // What is not known may be anything.
        Some(Knowledge::Forbidden(_) | Knowledge::Unlabelled | Knowledge::Gone) | None => true,
    };
    match deed.body.and_then(|body| body.get("labels")) {
        Some(Value::Object(sent)) => match sent.get(key) {
            Some(value) => differs(value.as_str()),
            None => is_replacing(deed) && differs(None),
        },
        // None at all, perhaps.
        Some(Value::Null) => differs(None),
        Some(_) => true,
        // Labels have calls of their own in some services: `resource-manager.delete_project_labels`.
        None if deed.operation.path.ends_with("/labels") => true,
        None => is_replacing(deed) && deed.takes_labels() && differs(None),
    }
}

/// Whether what is sent takes the place of the whole object. A PATCH leaves the labels that it does not name.
///
/// Source: `Labels` of the IaaS document.
fn is_replacing(deed: &Deed<'_>) -> bool {
    deed.operation.method == Method::Put
}
