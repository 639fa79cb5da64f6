//! From a recipe to its footprint.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;

use super::need::{Choice, Footprint, LocalNeed, Loose, Need, Reason, Spot};
use super::operations::around;
use super::program::Program;
use super::walk::{ByName, Found, Walk};
use crate::catalog::{Effect, Operation};
use crate::engine::Source;

/// The walk follows calls as deep as they lie in each other.
const STACK_BYTES: usize = 64 << 20;
/// A recipe as short as this, which imports nothing, cannot make it deep: it is walked where one is, for what a thread
/// costs is a good part of what such a run takes.
const SHORT: usize = 500;

/// Derives what a recipe may do. A recipe that does not parse does nothing; `check` says what is wrong with it.
#[must_use]
pub fn derive(source: &Source) -> Footprint {
    let walked = if source.text.len() <= SHORT && !source.text.contains("import") {
        catch_unwind(|| walk(source)).ok()
    } else {
        let source = source.clone();
        let walker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || walk(&source));
        walker.ok().and_then(|walker| walker.join().ok())
    };
    walked.unwrap_or_else(|| {
        let mut found = Found::default();
        found.loose.insert(intricate());
        footprint(found)
    })
}

fn walk(source: &Source) -> Footprint {
    let Some(program) = Program::of(source) else { return Footprint::default() };
    let mut walk = Walk::new(program);
    if !walk.run() {
        walk.found.loose.insert(intricate());
    }
    footprint(walk.found)
}

fn intricate() -> Loose {
    let place = Spot { module: None, line: 1, column: 1, length: 0 };
    Loose { place, why: "the recipe is too intricate to be followed" }
}

fn footprint(found: Found) -> Footprint {
    let mut needs = Vec::new();
    let mut reads = BTreeMap::from([(Reason::Help, found.helps)]);
    let mut surround = |operation: &'static Operation, places: &BTreeSet<Spot>| {
        for (reason, read) in around(operation) {
            let kept: &mut ByName<BTreeSet<Spot>> = reads.entry(reason).or_default();
            let entry = kept.entry((read.module, read.name)).or_insert_with(|| (read, BTreeSet::new()));
            entry.1.extend(places.iter().cloned());
        }
    };
    for (operation, places) in found.operations.values() {
        let all: BTreeSet<Spot> = places.keys().cloned().collect();
        surround(operation, &all);
        for is_certain in [true, false] {
            let places: BTreeSet<Spot> =
                places.iter().filter(|(_, known)| **known == is_certain).map(|(place, _)| place.clone()).collect();
            if !places.is_empty() {
                needs.push(Need { operation, reason: Reason::Recipe, is_certain, places });
            }
        }
    }
    let unknown: Vec<&Choice> = found.choices.iter().filter(|choice| !choice.is_known).collect();
    for choice in unknown {
        for operation in choice.operations.iter().filter(|operation| operation.effect != Effect::Read) {
            surround(operation, &BTreeSet::from([choice.place.clone()]));
        }
    }
    for (reason, kept) in reads {
        needs.extend(kept.into_values().map(|(operation, places)| Need {
            operation,
            reason,
            is_certain: false,
            places,
        }));
    }
    let mut choices = found.choices;
    choices.sort_by(|one, other| (&one.place, &one.name).cmp(&(&other.place, &other.name)));
    let local = found.local.into_iter().map(|(grant, places)| LocalNeed {
        grant,
        is_certain: places.values().any(|is_certain| *is_certain),
        places: places.into_keys().collect(),
    });
    let local = local.collect();
    Footprint { needs, local, unknown: found.unknown, choices, loose: found.loose }
}
