//! The walls between the rooms of `src/`: who may know whom, and which crate is touched where.
//!
//! The sources are parsed; comments, strings and test modules do not count.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, UseTree};

/// The rooms from the top down; each may know those below it.
const ORDER: [&str; 16] = [
    "main",
    "cli",
    "repl",
    "app",
    "engine",
    "resources",
    "plan",
    "transport",
    "journal",
    "policy",
    "auth",
    "catalog",
    "holidays",
    "config",
    "secret",
    "clock",
];

/// Rooms that stand aside: they know these and nothing else of ours.
const ASIDE: [(&str, &[&str]); 5] = [
    ("simulator", &["catalog", "config", "clock", "error", "secret"]),
    ("database", &["config", "clock", "error", "secret"]),
    ("schedule", &["catalog", "holidays", "config", "clock", "error", "secret", "database"]),
    ("notices", &["catalog", "config", "clock", "error", "secret", "transport", "database"]),
    ("dashboard", &["catalog", "config", "clock", "error", "secret"]),
];

/// Paths that are allowed in some rooms only.
const FENCED: [(&str, &[&str]); 13] = [
    ("rhai", &["engine"]),
    ("reqwest", &["transport", "auth"]),
    ("rustyline", &["repl"]),
    ("axum", &["dashboard", "simulator"]),
    ("sqlx", &["database", "schedule", "notices"]),
    ("tokio::time", &["clock"]),
    ("std::time::Instant", &["clock"]),
    ("Instant::now", &["clock"]),
    ("SystemTime::now", &["clock"]),
    ("Utc::now", &["clock"]),
    ("Local::now", &["clock"]),
    ("chrono::Local", &["clock"]),
    ("std::env::var", &["config"]),
];

#[test]
fn every_room_keeps_its_walls() {
    let mut breaches = Vec::new();
    for file in rust_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let room = room_of(&file);
        let text = fs::read_to_string(&file).expect("the source is readable");
        for path in paths_of(&text) {
            if let Some(why) = breach(&room, &path) {
                breaches.push(format!("{}: `{path}`: {why}", file.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "walls are broken:\n{}", breaches.join("\n"));
}

#[test]
fn the_guard_sees_through_groups_macros_and_renames_but_not_tests() {
    let found = paths_of(
        "use rhai::{Engine as E, Dynamic}; fn f() { tokio::select! { _ = tokio::time::sleep(d) => {} } }
         /// reqwest::Client
         #[cfg(test)] mod tests { use axum::Router; }",
    );
    assert!(found.contains(&"rhai::Engine".to_owned()));
    assert!(found.iter().any(|path| path == "tokio::time::sleep"));
    assert!(!found.iter().any(|path| path.starts_with("axum") || path.starts_with("reqwest")));
    assert!(breach("app", "rhai::Engine").is_some());
    assert!(breach("engine", "rhai::Engine").is_none());
    assert!(breach("resources", "crate::engine::Run").is_some());
    assert!(breach("simulator", "crate::resources::Kind").is_some());
    assert!(breach("transport", "std::time::Duration").is_none());
}

fn breach(room: &str, path: &str) -> Option<String> {
    for (fenced, rooms) in FENCED {
        let inside = format!("::{path}::").contains(&format!("::{fenced}::"));
        if inside
            && !rooms.contains(&room)
            && (fenced.contains("::") || path == fenced || path.starts_with(&format!("{fenced}::")))
        {
            return Some(format!("only in {}", rooms.join(", ")));
        }
    }
    let target = path.strip_prefix("crate::")?.split("::").next()?;
    if target == room || target == "error" || room == "main" || room == "lib" {
        return None;
    }
    if let Some((_, known)) = ASIDE.iter().find(|(aside, _)| *aside == room) {
        return (!known.contains(&target)).then(|| format!("`{room}` knows only {}", known.join(", ")));
    }
    if ASIDE.iter().any(|(aside, _)| *aside == target) {
        return (room != "app" && room != "plan").then(|| "only `app` plugs it in".to_owned());
    }
    let rank = |name: &str| ORDER.iter().position(|other| *other == name);
    match (rank(room), rank(target)) {
        (Some(from), Some(to)) if from >= to => Some("arrows go down only".to_owned()),
        _ => None,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn room_of(file: &Path) -> String {
    let inside = file.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("a file of src");
    let first = inside.components().next().expect("a path has a part").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every path that a file names outside of comments, strings and test modules.
fn paths_of(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).expect("the source parses");
    let mut paths = Vec::new();
    for item in file.items {
        paths_of_item(item, &mut paths);
    }
    paths
}

fn paths_of_item(item: Item, paths: &mut Vec<String>) {
    match item {
        Item::Mod(module) if is_test(&module.attrs) => {}
        Item::Mod(module) => {
            for item in module.content.map(|(_, items)| items).unwrap_or_default() {
                paths_of_item(item, paths);
            }
        }
        Item::Use(item) => paths_of_tree(&item.tree, "", paths),
        Item::Fn(function) if is_test(&function.attrs) => {}
        other => paths_of_tokens(other.to_token_stream(), paths),
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let tokens = attribute.meta.to_token_stream().to_string();
        tokens == "test" || tokens.starts_with("cfg (") && tokens.contains("test")
    })
}

fn paths_of_tree(tree: &UseTree, prefix: &str, paths: &mut Vec<String>) {
    let join =
        |name: &dyn std::fmt::Display| if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") };
    match tree {
        UseTree::Path(path) => paths_of_tree(&path.tree, &join(&path.ident), paths),
        UseTree::Name(name) => paths.push(join(&name.ident)),
        UseTree::Rename(rename) => paths.push(join(&rename.ident)),
        UseTree::Glob(_) => paths.push(join(&"*")),
        UseTree::Group(group) => group.items.iter().for_each(|tree| paths_of_tree(tree, prefix, paths)),
    }
}

fn paths_of_tokens(tokens: TokenStream, paths: &mut Vec<String>) {
    let mut path = String::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if colons == 2 => {
                path.push_str("::");
                path.push_str(&ident.to_string());
                colons = 0;
            }
            TokenTree::Ident(ident) => {
                paths.extend(Some(std::mem::replace(&mut path, ident.to_string())).filter(|path| path.contains("::")));
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                paths.extend(Some(std::mem::take(&mut path)).filter(|path| path.contains("::")));
                colons = 0;
                paths_of_tokens(group.stream(), paths);
            }
            _ => {
                paths.extend(Some(std::mem::take(&mut path)).filter(|path| path.contains("::")));
                colons = 0;
            }
        }
    }
    paths.extend(Some(path).filter(|path| path.contains("::")));
}
