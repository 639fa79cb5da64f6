//! How the kinds of receivers are followed through a recipe.

use super::{footprint, needs, one_of};
use crate::engine::footprint::Reason;

#[test]
fn receivers_are_followed_through_a_recipe() {
    let wrong: Vec<String> = [
        // Variables, loops, conditions.
        ("let s = servers(); for one in s { one.stop() }", "iaas.server.list iaas.server.stop"),
        ("let s = (); s = server(\"a\"); s.stop()", "iaas.server.list iaas.server.stop"),
        ("let x = if true { volumes()[0] } else { volumes()[1] }; x.delete()", "iaas.volume.delete iaas.volume.list"),
        ("let x = switch 1 { 1 => snapshots()[0], _ => () }; x.delete()", "iaas.snapshot.delete iaas.snapshot.list"),
        ("let x = { let y = backups(); y[0] }; x.delete()", "iaas.backup.delete iaas.backup.list"),
        ("let x = loop { break images()[0]; }; x.delete()", "iaas.image.delete iaas.image.list"),
        ("(server(\"a\") ?? server(\"b\")).stop()", "iaas.server.list iaas.server.stop"),
        ("try { servers()[0].stop() } catch (e) { volumes()[0].delete() }", "iaas.server.list iaas.server.stop iaas.volume.delete iaas.volume.list"),
        // List functions.
        ("servers().filter(|s| s.status == \"ACTIVE\").map(|s| s.stop())", "iaas.server.list iaas.server.stop"),
        ("servers().map(|s| s.boot_volume()).filter(|v| v != ()).map(|v| v.delete())", "iaas.server.list iaas.volume.delete iaas.volume.get"),
        ("servers().sort_by(\"name\").first().stop()", "iaas.server.list iaas.server.stop"),
        ("servers().reduce(|all, s| all + [s], []).map(|s| s.stop())", "iaas.server.list iaas.server.stop"),
        ("let g = servers().group_by(\"status\"); g.ACTIVE.stop()", "iaas.server.list iaas.server.stop"),
        ("servers().some(|s| s.stop().status == \"x\")", "iaas.server.list iaas.server.stop"),
        ("servers().filter(|| this.stop() == ())", "iaas.server.list iaas.server.stop"),
        ("let l = []; for s in servers() { l.push(s) } l.stop()", "iaas.server.list iaas.server.stop"),
        ("let l = []; l += servers(); l[0].stop()", "iaas.server.list iaas.server.stop"),
        ("let l = []; push(l, servers()[0]); l[0].stop()", "iaas.server.list iaas.server.stop"),
        // Several at once.
        ("parallel(volumes(), |v| v.create_snapshot(\"x\")).wait_all()", "iaas.snapshot.create iaas.snapshot.get iaas.volume.list"),
        ("for r in try_parallel(volumes(), |v| v.create_snapshot(\"x\")) { r.value.wait() }", "iaas.snapshot.create iaas.snapshot.get iaas.volume.list"),
        ("try_parallel(volumes(), |v| 1).pluck(\"item\").delete()", "iaas.volume.delete iaas.volume.list"),
        ("attempt(|| server(\"a\")).value.stop()", "iaas.server.list iaas.server.stop"),
        ("try { parallel(volumes(), |v| v.create_snapshot(\"x\")) } catch (e) { for r in e.results { r.value.delete() } }", "iaas.snapshot.create iaas.snapshot.delete iaas.volume.list"),
        ("try { throw server(\"a\") } catch (e) { e.stop() }", "iaas.server.list iaas.server.stop"),
        // Functions, each call apart.
        ("fn one(l) { l[0] } one(servers()).stop(); one(volumes()).delete()", "iaas.server.list iaas.server.stop iaas.volume.delete iaas.volume.list"),
        ("fn see(x) { if x.status == \"a\" { return x; } x.refresh() } see(server(\"a\")).stop()", "iaas.server.get iaas.server.list iaas.server.stop"),
        ("fn down() { this.stop() } servers()[0].down()", "iaas.server.list iaas.server.stop"),
        ("fn f(n, s) { if n == 0 { s.stop() } else { f(n - 1, s) } } f(3, servers()[0])", "iaas.server.list iaas.server.stop"),
        ("let v = volume(\"a\"); let f = || v.delete(); f.call()", "iaas.volume.delete iaas.volume.list"),
        ("fn never(x) { x.delete() } servers()", "iaas.server.list"),
        // Maps.
        ("let m = #{ s: servers(), v: volumes() }; m.v.delete()", "iaas.server.list iaas.volume.delete iaas.volume.list"),
        ("let m = #{}; m.s = servers()[0]; m[\"s\"].stop()", "iaas.server.list iaas.server.stop"),
        ("let m = #{}; for s in servers() { m[s.name] = s } for k in m.keys() { m[k].stop() }", "iaas.server.list iaas.server.stop"),
        ("let m = #{ f: |s| s.stop() }; m.f(servers()[0])", "iaas.server.list iaas.server.stop"),
        ("let m = #{ a: #{ b: [server(\"a\")] } }; m.a.b[0].stop()", "iaas.server.list iaas.server.stop"),
        ("let rows = servers().map(|s| #{ s: s, v: s.boot_volume() }); rows.map(|r| r.s.stop())", "iaas.server.list iaas.server.stop iaas.volume.get"),
        ("#{ s: servers() }.values()[0].stop()", "iaas.server.list iaas.server.stop"),
        ("let s = server(\"a\"); s.spare = volume(\"b\"); s.spare.delete()", "iaas.server.list iaas.volume.delete iaas.volume.list"),
        // Outside the API.
        ("env(\"HOME\"); reveal(secret(\"TOKEN\"))", "env:HOME secret.reveal secret:TOKEN"),
    ]
    .into_iter()
    .filter(|(text, wanted)| needs(text).join(" ") != *wanted)
    .map(|(text, wanted)| format!("{text}\n  {}\n  {wanted}", needs(text).join(" ")))
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_receiver_of_several_kinds_needs_each_and_none_for_certain() {
    let found = footprint("let x = servers()[0]; if x.status == \"a\" { x = volumes()[0]; } x.delete()");
    let deletes: Vec<_> = found
        .needs
        .iter()
        .filter(|need| need.reason == Reason::Recipe && need.operation.name.starts_with("delete_"))
        .map(|need| (need.operation.name, need.is_certain))
        .collect();
    assert_eq!(deletes, [("delete_server", false), ("delete_volume", false)]);
    assert!(found.choices.iter().all(|choice| choice.is_known && choice.name == "delete"));
    assert!(found.loose.is_empty());
}

#[test]
fn what_nothing_is_known_of_may_be_any_of_those_that_have_the_method() {
    let text = "let args = params(#{ f: \"\" }); let x = Fn(args.f).call(); x.deallocate(); x.create_backup(\"a\")";
    assert_eq!(
        one_of(text).into_iter().collect::<Vec<_>>(),
        ["iaas.create_backup", "iaas.deallocate_server"],
        "both natives of `create_backup` call one operation"
    );
    assert!(!footprint(text).loose.is_empty());
}

#[test]
fn the_belts_read_what_is_changed_and_that_is_told_apart() {
    let needs = footprint("servers()[0].stop()").permissions();
    let get = needs.iter().find(|need| need.permission == "iaas.server.get").expect("its labels are read");
    assert_eq!((get.reason, get.effect), (Reason::Belts, "read"));
    let needs =
        footprint("import \"stackit/iaas\" as iaas; iaas::remove_volume_from_server(\"a\", \"b\")").permissions();
    let belts: Vec<_> = needs.iter().filter(|need| need.reason == Reason::Belts).map(|need| &need.permission).collect();
    assert_eq!(belts, ["iaas.server.get", "iaas.volume.get"], "both are touched");
}

#[test]
fn what_a_recipe_needs_itself_is_not_said_of_its_belts() {
    let needs = footprint("let s = server(\"a\").refresh();\ns.stop()").permissions();
    let get = needs.iter().find(|need| need.permission == "iaas.server.get").expect("it refreshes");
    assert_eq!(get.reason, Reason::Recipe);
    assert_eq!(get.places.iter().map(super::super::Spot::label).collect::<Vec<_>>(), ["1"]);
}
