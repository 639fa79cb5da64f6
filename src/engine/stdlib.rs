//! The modules that are written in Rhai itself and come in the binary: `import "stdlib/retention" as retention;`.

use crate::error::{Error, Kind, nearest};

/// The modules by name. They are reviewed for one rule above others: no function of theirs returns a closure.
const MODULES: &[(&str, &str)] = &[
    ("retention", include_str!("../../stdlib/retention.rhai")),
    ("room", include_str!("../../stdlib/room.rhai")),
    ("tiers", include_str!("../../stdlib/tiers.rhai")),
];

/// A module's text.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".rhai").unwrap_or(name);
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all modules.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}

pub(super) fn unknown(name: &str) -> Error {
    let error = Error::new(Kind::Script, "unknown_module", format!("there is no module `stdlib/{name}`"));
    match nearest(name, names()) {
        Some(near) => error.with_hint(format!("did you mean `stdlib/{near}`?")),
        None => error.with_hint(format!(
            "there are {}",
            names().map(|name| format!("`stdlib/{name}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}
