//! What is derived of recipes.

mod facts;
mod hostile;
mod kinds;
mod outside;
mod shipped;
mod table;

use std::collections::BTreeSet;

use super::{Footprint, Reason, derive};
use crate::engine::Source;

fn footprint(text: &str) -> Footprint {
    derive(&Source::inline("test.rhai", text))
}

/// The permissions that a script itself needs, without those of its belts.
fn needs(text: &str) -> Vec<String> {
    let needs = footprint(text).permissions();
    needs.into_iter().filter(|need| need.reason == Reason::Recipe).map(|need| need.permission).collect()
}

/// What the calls on unknown receivers may mean.
fn one_of(text: &str) -> BTreeSet<String> {
    let choices = footprint(text).choices;
    let unknown = choices.iter().filter(|choice| !choice.is_known).flat_map(|choice| &choice.operations);
    unknown.map(|operation| format!("{}.{}", operation.module, operation.name)).collect()
}
