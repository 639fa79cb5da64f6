//! What a run did, undone by the recipe that its journal gives.

use crate::interrupts::cloud_at;

const CHANGE: &str = "//! Changes this and that.
//! Permissions: iaas.server.*, iaas.volume.*, iaas.snapshot.*
let s = server(\"web-1\");
s.update(#{ labels: #{ fresh: \"1\", role: \"changed\" } });
s.stop().wait();
let v = create_volume(#{ name: \"spare\", size: 10, availabilityZone: \"eu01-1\" }).wait();
let snapshot = v.create_snapshot(\"before\").wait();
snapshot.delete().wait();
";

const STATE: &str = "[server(\"web-1\").labels, server(\"web-1\").status, volumes().len(), snapshots().len()]";

#[test]
fn the_recipe_that_undoes_a_run_passes_the_check_and_brings_things_back() {
    let (_simulator, home) = cloud_at("100");
    let home = home.file("stackhand.toml", "").file("change.rhai", CHANGE);
    let state = || home.run(&["eval", STATE, "-o", "json"]).stdout;
    let before = state();
    let ran = home.run(&["run", "change.rhai"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_ne!(state(), before);
    let listed: serde_json::Value =
        serde_json::from_str(&home.run(&["runs", "list", "-o", "json"]).stdout).expect("JSON");
    let run =
        listed.as_array().expect("a list").iter().find(|run| run["recipe"] == "change.rhai").expect("it is there");
    let id = run["run"].as_str().expect("an id").to_owned();
    let ran = home.run(&["journal", "--run", &id[..8], "--undo", "--out", "undo.rhai"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let recipe = std::fs::read_to_string(home.path("undo.rhai")).expect("written");
    assert!(recipe.contains("not undone: the run had made it itself"), "{recipe}");
    let checked = home.run(&["check", "undo.rhai"]);
    assert!(checked.code == 0 && checked.stderr.contains("0 errors, 0 warnings"), "{checked:?}\n{recipe}");
    let ran = home.run(&["run", "undo.rhai"]);
    assert_eq!(ran.code, 0, "{ran:?}\n{recipe}");
    assert_eq!(state(), before, "{recipe}");
    let deleted = home.run(&["journal", "--deleted"]);
    assert!(deleted.stdout.contains("iaas.delete_snapshot") && !deleted.stdout.contains("create"), "{deleted:?}");
    let named = home.run(&["journal", "--name", "spare", "-o", "ndjson"]);
    assert!(named.stdout.lines().count() >= 2, "{named:?}");
}
