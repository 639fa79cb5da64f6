//! The functions that Rhai itself gives to recipes, by name.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::engine::builder;

/// One form of a function of Rhai's: the types of its parameters.
pub type Form = Vec<TypeId>;

/// Functions that the language treats on its own, with the counts of arguments that they take.
const KEYWORDS: [(&str, std::ops::RangeInclusive<usize>); 8] = [
    ("print", 1..=1),
    ("debug", 1..=1),
    ("Fn", 1..=1),
    ("call", 1..=64),
    ("curry", 1..=64),
    ("is_def_var", 1..=1),
    ("is_def_fn", 2..=3),
    ("is_shared", 1..=1),
];

/// The forms of a function of Rhai's.
pub fn rhai_forms(name: &str) -> &'static [Form] {
    table().get(name).map_or(&[], Vec::as_slice)
}

/// Whether the language takes a call of this name and count as its own.
pub fn is_keyword(name: &str, count: usize) -> bool {
    KEYWORDS.iter().any(|(known, counts)| *known == name && counts.contains(&count))
}

/// All names of functions that Rhai gives.
pub fn rhai_names() -> impl Iterator<Item = &'static str> {
    table().keys().map(String::as_str).chain(KEYWORDS.iter().map(|(name, _)| *name))
}

fn table() -> &'static BTreeMap<String, Vec<Form>> {
    static TABLE: LazyLock<BTreeMap<String, Vec<Form>>> = LazyLock::new(|| {
        let functions = builder::plain().collect_fn_metadata(
            None,
            |info| {
                let is_word = info.metadata.name.starts_with(|c: char| c.is_ascii_alphabetic());
                (is_word && !info.metadata.name.contains('$')).then(|| {
                    let types: Form = info.metadata.param_types.iter().copied().collect();
                    let count = info.metadata.num_params;
                    // A form without types takes anything.
                    let types = if types.len() == count { types } else { vec![TypeId::of::<rhai::Dynamic>(); count] };
                    (info.metadata.name.to_string(), types)
                })
            },
            true,
        );
        let mut table: BTreeMap<String, Vec<Form>> = BTreeMap::new();
        for (name, form) in functions {
            table.entry(name).or_default().push(form);
        }
        table
    });
    &TABLE
}
