//! What changes the world.

use serde_json::json;
use stackhand::error::Kind;

use crate::stage::Stage;

#[test]
fn a_servers_life_goes_through_its_verbs() {
    let stage = Stage::demo();
    let statuses = stage.eval(
        "let s = server(\"staging-web-1\");
         let seen = [s.stop().wait().status, s.start().wait().status, s.reboot().wait().status];
         seen.push(s.resize(\"g2i.2\").wait().machineType);
         seen.push(s.rescue(image(\"Debian 12\")).wait().status);
         seen.push(s.unrescue().wait().status);
         seen.push(s.deallocate().wait(minutes(10)).status);
         seen.push(s.status);
         seen",
    );
    assert_eq!(statuses, json!(["INACTIVE", "ACTIVE", "ACTIVE", "g2i.2", "RESCUE", "ACTIVE", "DEALLOCATED", "ACTIVE"]));
}

#[test]
fn create_update_and_delete_a_server() {
    let stage = Stage::demo();
    let names = stage.eval(
        "let s = create_server(#{ name: \"web-9\", machineType: \"g2i.1\", networking: #{ networkId: network(\"shop\").id },
             bootVolume: #{ size: 20, source: #{ type: \"image\", id: image(\"Debian 12\").id } }, labels: #{ a: \"b\", c: \"d\" } });
         let ready = s.wait();
         let named = ready.update(#{ name: \"web-10\", labels: #{ a: () } });
         let gone = named.delete().wait();
         [s.status, ready.status, named.name, named.labels, gone.name, gone.status]",
    );
    assert_eq!(names, json!(["CREATING", "ACTIVE", "web-10", { "c": "d" }, "web-10", "DELETED"]));
    assert_eq!(stage.fail("server(\"web-10\")").kind, Kind::NotFound);
}

#[test]
fn what_is_wrong_is_named_before_it_is_sent() {
    let stage = Stage::demo();
    for script in [
        "create_volume(#{ nme: \"a\", availabilityZone: \"eu01-1\", size: 1 })",
        "create_volume(#{ name: \"a\" })",
        "create_volume(#{ name: \"a:b\", availabilityZone: \"eu01-1\", size: 1 })",
        "volumes()[0].create_snapshot(\"at 12:00\")",
        "volumes()[0].create_snapshot(\"a\", #{ label: #{} })",
        "volumes()[0].create_snapshot(\"a\", #{ labels: () })",
        "volumes()[0].update(#{})",
        "volumes()[0].delete(#{ force: true })",
        "servers()[0].reboot(\"warm\")",
        "servers()[0].resize(\"\")",
        "servers()[0].wait(minutes(-1))",
        "servers().resize(4)",
        "[1, 2].deallocate()",
        "volumes().deallocate()",
    ] {
        let error = stage.fail(script);
        assert_eq!(error.kind, Kind::Invalid, "{script}: {error:?}");
    }
    assert_eq!(stage.changes(), 0);
}

#[test]
fn volumes_grow_attach_and_detach() {
    let stage = Stage::demo();
    let seen = stage.eval(
        "let v = create_volume(#{ name: \"data\", availabilityZone: \"eu01-1\", size: 5 }).wait();
         let grown = v.resize(8).wait();
         let a = server(\"web-1\").attach(grown, #{ deleteOnTermination: true }).wait();
         let held = v.refresh();
         let freed = held.detach().wait();
         let again = v.attach(server(\"web-1\")).wait();
         again.detach().wait();
         [grown.size, type_of(a), a.deleteOnTermination, held.status, held.server().name, v.refresh().status,
          v.delete().wait().status]",
    );
    assert_eq!(seen, json!([8, "VolumeAttachment", true, "ATTACHED", "web-1", "AVAILABLE", "DELETED"]));
}

#[test]
fn a_refusal_says_what_the_object_is_doing() {
    let stage = Stage::demo();
    let error = stage.fail("volume(\"shop-uploads\").delete()");
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(
        error.hint.as_deref(),
        Some("the volume `shop-uploads` is attached to the server `api-1`; detach it first")
    );
    let error = stage.fail("server(\"web-1\").unrescue().stop(); server(\"web-1\").start()");
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(error.hint.as_deref(), Some("the server `web-1` is STOPPING now"));
    assert_eq!(stage.fail("volumes().filter(|v| v.status == \"AVAILABLE\")[0].detach()").kind, Kind::Conflict);
}

#[test]
fn a_verb_that_is_refused_because_it_is_done_already_is_done() {
    let stage = Stage::demo();
    let seen = stage.eval(
        "let s = server(\"web-1\");
         let up = s.start().wait().status;
         let going = s.stop().stop();
         let down = [going.wait().status, s.stop().wait().status];
         [up, down, s.deallocate().deallocate().wait().status]",
    );
    assert_eq!(seen, json!(["ACTIVE", ["INACTIVE", "INACTIVE"], "DEALLOCATED"]));
    // Where it may lead elsewhere, a refusal stays one.
    stage.fail("let s = server(\"web-2\"); s.resize(\"g2i.2\"); s.resize(\"g2i.2\")");
    let error = stage.fail("let s = server(\"api-1\"); s.stop(); s.deallocate()");
    assert_eq!((error.kind, error.hint.as_deref()), (Kind::Conflict, Some("the server `api-1` is STOPPING now")));
}

#[test]
fn what_a_cluster_manages_is_listed_and_never_changed() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("servers().filter(|s| s.managed_by == \"ske\").len()"), json!(2));
    assert!(stage.eval("volumes().filter(|v| v.managed_by == \"ske\").len()").as_i64() > Some(0));
    for script in [
        "servers().filter(|s| s.managed_by == \"ske\")[0].deallocate()",
        "servers().filter(|s| s.managed_by == \"ske\").stop()",
        "servers().filter(|s| s.managed_by == \"ske\")[0].update(#{ labels: #{ \"mcm.gardener.cloud_role\": () } })",
        "let s = servers().filter(|s| s.managed_by == \"ske\")[0]; s.labels = #{}; s.delete()",
        "volumes().filter(|v| v.managed_by == \"ske\")[0].delete()",
        "volumes().filter(|v| v.managed_by == \"ske\")[0].resize(500)",
        "servers().filter(|s| s.managed_by == \"ske\")[0].attachments()[0].update(#{ deleteOnTermination: false })",
        "servers().filter(|s| s.managed_by == \"ske\")[0].attachments()[0].detach()",
        "server(\"web-1\").attach(volumes().filter(|v| v.managed_by == \"ske\")[0])",
    ] {
        let error = stage.fail(script);
        assert_eq!((error.kind, error.hint.is_some()), (Kind::Policy, true), "{script}: {error:?}");
    }
    assert_eq!(stage.changes(), 0);
    let allowed = Stage::demo().allowing_managed();
    allowed.eval("servers().filter(|s| s.managed_by == \"ske\").deallocate().wait_all()");
}

#[test]
fn snapshots_are_ensured_once() {
    let stage = Stage::demo();
    let same = stage.eval(
        "let v = volume(\"shop-uploads\");
         let first = ensure_snapshot(v, \"weekly\", #{ labels: #{ kind: \"w\" } });
         let second = v.ensure_snapshot(\"weekly\");
         let third = first.wait();
         [first.id == second.id, ensure_snapshot(v, \"weekly\").id == third.id, third.labels.kind, third.status]",
    );
    assert_eq!(same, json!([true, true, "w", "AVAILABLE"]));
    assert_eq!(stage.count("create_snapshot"), 1);
}

#[test]
fn those_who_ensure_a_snapshot_at_once_end_up_with_one() {
    let stage = Stage::demo();
    let left = stage.eval(
        "let v = volume(\"shop-uploads\");
         let ids = parallel([1, 2, 3, 4], |i| ensure_snapshot(v, \"weekly\").wait().id);
         sleep(minutes(5));
         let left = snapshots().where(#{ name: \"weekly\" });
         [ids.unique().len(), left.len(), ids[0] == left[0].id]",
    );
    assert_eq!(left, json!([1, 1, true]));
    assert_eq!(stage.count("create_snapshot"), 1 + stage.count("delete_snapshot"));
}

#[test]
fn backups_are_taken_and_written_back() {
    let stage = Stage::demo();
    let statuses = stage.eval(
        "let v = create_volume(#{ name: \"data\", availabilityZone: \"eu01-1\", size: 5 }).wait();
         let b = v.create_backup(\"monthly\", #{ labels: #{ keep: \"12\" } }).wait();
         let c = v.create_snapshot(\"now\").wait().create_backup(\"from-snapshot\").wait();
         [b.status, b.restore().wait().status, b.volume().name, c.status, v.backups().len()]",
    );
    assert_eq!(statuses, json!(["AVAILABLE", "AVAILABLE", "data", "AVAILABLE", 2]));
}

#[test]
fn a_lists_verb_asks_for_all_first() {
    let stage = Stage::demo();
    let statuses = stage.eval(
        "let idle = servers(\"schedule=office-hours\").filter(|s| s.status in [\"ACTIVE\", \"INACTIVE\"]);
         let done = wait_all(idle.deallocate(), minutes(10));
         done.count_by(\"status\")",
    );
    assert_eq!(statuses, json!({ "DEALLOCATED": 7 }));

    let stage = Stage::demo();
    let caught = stage.eval(
        "let names = [\"web-1\", \"load-test\", \"web-2\"];
         let seen = []; try { names.map(|n| server(n)).unrescue() } catch (e) { seen = [e.kind, e.message, e.results.pluck(\"ok\")] } seen",
    );
    assert_eq!(caught[0], json!("conflict"));
    assert_eq!(caught[2], json!([true, false, true]));
}

#[test]
fn the_console_is_a_secret_and_the_log_is_not() {
    let stage = Stage::demo();
    let shown = stage.run("print(server(\"web-1\").console()); server(\"web-1\").log(2)");
    assert!(shown.failure.is_none(), "{:?}", shown.error());
    assert!(stage.said().iter().all(|line| !line.contains("http")), "{:?}", stage.said());
    assert!(shown.value.is_string());
}
