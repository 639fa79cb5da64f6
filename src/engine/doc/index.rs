//! Everything there is, a line each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::natives;
use crate::catalog;
use crate::engine::native::Native;
use crate::engine::{Registry, stdlib};
use crate::resources;

/// All names, grouped by what they belong to, each with its first sentence.
#[must_use]
pub fn doc_index() -> String {
    let mut text = String::new();
    for (owner, natives) in groups() {
        let _ = writeln!(text, "{owner}");
        let width = natives.keys().map(|name| name.len()).max().unwrap_or(0);
        for (name, native) in natives {
            let _ = writeln!(text, "  {name:width$}  {}", natives::summary(native));
        }
        text.push('\n');
    }
    let kinds: Vec<&str> = resources::Kind::ALL.iter().map(|kind| kind.row().type_name).collect();
    let _ = writeln!(text, "Kinds of objects\n  {}\n", kinds.join(", "));
    let modules: Vec<String> = stdlib::names().map(|name| format!("stdlib/{name}")).collect();
    if !modules.is_empty() {
        let _ = writeln!(text, "Standard library\n  {}\n", modules.join(", "));
    }
    let services: Vec<&str> = catalog::modules().collect();
    let _ = writeln!(text, "Services, as `import \"stackit/…\"`\n  {}", services.join(", "));
    text
}

/// The natives by what they belong to and by name; functions come first, operators not at all.
pub(super) fn groups() -> Vec<(String, BTreeMap<&'static str, &'static Native>)> {
    let mut functions = BTreeMap::new();
    let mut methods: BTreeMap<String, BTreeMap<&'static str, &'static Native>> = BTreeMap::new();
    for native in Registry::shared().iter() {
        if !native.name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        match natives::owner(native) {
            None => functions.entry(native.name).or_insert(native.as_ref()),
            Some(owner) => methods.entry(owner).or_default().entry(native.name).or_insert(native.as_ref()),
        };
    }
    let mut groups = vec![("Functions".to_owned(), functions)];
    groups.extend(methods.into_iter().map(|(owner, natives)| (format!("Methods of {owner}"), natives)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_has_every_native_once_with_its_sentence() {
        let text = doc_index();
        for part in [
            "Functions\n",
            "Methods of Instant\n",
            "  minutes ",
            "The time on the recipe's clock",
            "stackit/",
            "dns",
            "Server, ",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("  ==  "));
    }

    #[test]
    fn every_native_says_what_it_does() {
        for native in Registry::shared().iter() {
            assert!(
                natives::summary(native).ends_with('.') || native.doc.ends_with(['.', ')', ':']),
                "{native:?}: {}",
                native.doc
            );
        }
    }
}
