//! What is said of a native.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::catalog;
use crate::engine::native::{Native, NativeEffect, Type};

/// A native as text: signature, words, errors, permissions, example.
#[must_use]
pub fn page(native: &Native) -> String {
    let mut text = format!("{}\n\n{}\n", native.signature(), indented(native.doc));
    if let Some(effect) = effect(native.effect) {
        let _ = write!(text, "\n  Effect: {effect}\n");
    }
    if !native.options.is_empty() {
        let _ = write!(text, "\n  Options: {}\n", native.options.join(", "));
    }
    let permissions = permissions(native);
    if !permissions.is_empty() {
        let _ = write!(text, "\n  Permissions: {}\n", permissions.into_iter().collect::<Vec<_>>().join(", "));
    }
    if !native.errors.is_empty() {
        text.push_str("\n  Errors:\n");
        for error in native.errors {
            let _ = writeln!(text, "    {error}");
        }
    }
    if !native.example.is_empty() {
        let _ = write!(text, "\n  Example:\n    {}\n", native.example.replace('\n', "\n    "));
    }
    text
}

/// The permissions of the operations that it may call.
#[must_use]
pub fn permissions(native: &Native) -> BTreeSet<&'static str> {
    native
        .operations
        .iter()
        .filter_map(|name| name.rsplit_once('.'))
        .filter_map(|(module, name)| catalog::operation(module, name))
        .flat_map(|operation| operation.permissions.iter().map(|permission| permission.name))
        .collect()
}

/// The first sentence of what it does.
#[must_use]
pub fn summary(native: &Native) -> &'static str {
    let line = native.doc.lines().next().unwrap_or_default();
    line.find(". ").map_or(line, |end| &line[..=end])
}

/// What it does to the world, where that is worth a word.
#[must_use]
pub fn effect(effect: NativeEffect) -> Option<&'static str> {
    match effect {
        NativeEffect::Pure | NativeEffect::Local => None,
        NativeEffect::Read => Some("reads the API"),
        NativeEffect::Create => Some("creates"),
        NativeEffect::Update => Some("changes"),
        NativeEffect::Delete => Some("deletes"),
        NativeEffect::Mint => Some("hands out a credential"),
    }
}

/// What it is listed under: the type of its receiver, or nothing for a plain function.
#[must_use]
pub fn owner(native: &Native) -> Option<String> {
    match native.receiver.as_ref()? {
        Type::OneOf(_) | Type::Any => Some("any value".to_owned()),
        receiver => Some(receiver.name().into_owned()),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
