//! What the recipes that ship say of themselves.

use std::collections::BTreeSet;

use serde_json::json;
use stackhand::engine::Source;
use stackhand::engine::check::findings;
use stackhand::engine::recipe::Header;
use stackhand::policy::Grant;

use super::stage::{Stage, last_days, path_of, with_room};

fn header(recipe: &str) -> (Header, BTreeSet<String>) {
    let text = std::fs::read_to_string(path_of(recipe)).expect("a recipe");
    let (header, findings) = Header::read(&text);
    assert_eq!(findings, [], "{recipe}");
    let asked = header
        .permissions
        .iter()
        .flatten()
        .map(|asked| Grant { labels: Vec::new(), ..asked.grant.clone() }.to_string());
    let asked = asked.collect();
    (header, asked)
}

/// What a recipe needed in some runs that leave nothing out.
fn needed(recipe: &str) -> BTreeSet<String> {
    let many = Stage::demo();
    let few = Stage::demo_with(|region| {
        last_days(region, 6);
        with_room(region, 50, 10);
    });
    if recipe == "start_in_the_morning" {
        // Nights of their own, so that only the mornings are counted.
        let mut permissions = BTreeSet::new();
        for selector in ["schedule=office-hours", "role=ci"] {
            let night = Stage::demo();
            night.run("deallocate_at_night", json!({}), night.clock.now());
            let before = night.forget_permissions();
            assert!(!before.is_empty());
            night.run(recipe, json!({ "selector": selector }), night.clock.now());
            permissions.extend(night.permissions().into_iter().map(str::to_owned));
        }
        return permissions;
    }
    many.run(recipe, json!({}), many.clock.now());
    let tight =
        if recipe == "snapshot_rotation" { json!({ "when_full": "oldest_first", "reserve": 0 }) } else { json!({}) };
    few.run(recipe, tight, few.clock.now());
    many.permissions().union(&few.permissions()).map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_recipe_asks_for_exactly_what_it_needs() {
    for recipe in ["snapshot_rotation", "deallocate_at_night", "start_in_the_morning", "quota_alert"] {
        assert_eq!(header(recipe).1, needed(recipe), "{recipe}");
    }
}

#[test]
fn each_recipe_that_ships_has_help_and_says_whether_it_can_be_repeated() {
    let mut count = 0;
    for file in std::fs::read_dir(path_of("x").parent().expect("a folder")).expect("scripts") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            continue;
        }
        let (header, permissions) = header(&path.file_stem().expect("a name").to_string_lossy());
        assert!(
            header.summary().ends_with('.') && header.summary().len() < 100,
            "{}: {}",
            path.display(),
            header.summary()
        );
        assert!(header.repeatable.is_some() && !permissions.is_empty(), "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn nothing_is_found_wrong_with_the_recipes_and_the_library() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["scripts", "stdlib"] {
        for file in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = file.expect("a file").path();
            if path.is_dir() {
                continue;
            }
            let source = Source::read(&path).expect("a script");
            found.extend(findings(&source, &[]).into_iter().map(|finding| format!("{}: {finding:?}", source.name)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_recipes_in_the_documentation_run() {
    let text = std::fs::read_to_string(path_of("x").with_file_name("../docs/recipes.md")).expect("the documentation");
    let blocks: Vec<&str> = text.split("```rhai\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let stage = Stage::demo();
        let told = stage.run_source(&Source::inline("recipes.md", block), json!({}), stage.clock.now(), None);
        assert!(told.outcome.failure.is_none(), "{block}\n{:?}", told.outcome.failure);
        assert_eq!(findings(&Source::inline("recipes.md", block), &[]), [], "{block}");
    }
}
