//! The reference of the language, as Markdown.

use std::fmt::Write as _;

use super::index::groups;
use super::{kinds, natives};
use crate::engine::Registry;
use crate::engine::native::Native;
use crate::resources;

/// The whole reference; `docs/reference.md` is this text.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(
        "# Reference\n\nMade from the declarations of the functions themselves; `stackhand doc NAME` shows the same in the \
         terminal.\nRhai's own functions are in [its book](https://rhai.rs/book/).\n",
    );
    for (owner, members) in groups() {
        let _ = write!(text, "\n## {owner}\n");
        for name in members.keys() {
            for native in overloads(name, &owner) {
                entry(&mut text, native);
            }
        }
    }
    text.push_str("\n## Kinds of objects\n");
    for kind in resources::Kind::ALL {
        let _ = write!(text, "\n### {}\n\n", kind.row().type_name);
        let fields = kinds::fields(*kind);
        if fields.is_empty() {
            continue;
        }
        text.push_str("| field | type | |\n|---|---|---|\n");
        for field in fields {
            let mark = if field.is_optional { "may be absent" } else { "" };
            let _ = writeln!(text, "| `{}` | {} | {mark} |", field.name, field.kind.replace('|', "\\|"));
        }
    }
    text
}

/// All natives of a name in a group, in the order of their declaration.
fn overloads(name: &str, owner: &str) -> impl Iterator<Item = &'static Native> {
    let owner = owner.strip_prefix("Methods of ").map(str::to_owned);
    Registry::shared().get(name).iter().map(AsRef::as_ref).filter(move |native| natives::owner(native) == owner)
}

fn entry(text: &mut String, native: &Native) {
    let _ = write!(text, "\n### `{}`\n\n{}\n", native.signature(), native.doc.replace('\n', "\n\n"));
    if let Some(effect) = natives::effect(native.effect) {
        let _ = write!(text, "\nEffect: {effect}.");
        let permissions: Vec<String> = natives::permissions(native).iter().map(|name| format!("`{name}`")).collect();
        if !permissions.is_empty() {
            let _ = write!(text, " Permissions: {}.", permissions.join(", "));
        }
        text.push('\n');
    }
    if !native.options.is_empty() {
        let _ = write!(text, "\nOptions: {}.\n", native.options.join(", "));
    }
    if !native.errors.is_empty() {
        text.push_str("\nErrors:\n\n");
        for error in native.errors {
            let _ = writeln!(text, "- {error}");
        }
    }
    if !native.example.is_empty() {
        let _ = write!(text, "\n```rhai\n{}\n```\n", native.example);
    }
}
