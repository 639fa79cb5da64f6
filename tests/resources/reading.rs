//! Lists and single objects.

use serde_json::json;
use stackhand::error::Kind;

use crate::stage::Stage;

#[test]
fn a_list_can_be_narrowed_by_labels_and_options() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("servers(\"role=db, env=production\").pluck(\"name\")"), json!(["db-primary", "db-replica"]));
    assert_eq!(
        stage.eval("servers(\"role in (ci, reports), schedule\").pluck(\"name\").len()"),
        stage.eval("servers(#{ label_selector: \"schedule, role notin (web, api, db)\" }).len()")
    );
    assert_eq!(stage.eval("servers().len()"), json!(19));
    assert_eq!(stage.eval("servers(#{ details: true })[0].nics.len()"), json!(1));
    assert_eq!(stage.fail("servers()[0].nics").kind, Kind::Incomplete);
}

#[test]
fn silence_is_never_all() {
    let stage = Stage::demo();
    for script in [
        "servers(\"\")",
        "servers(\"  \")",
        "servers(())",
        "servers(#{ label_selector: \"\" })",
        "servers(#{ label_selector: () })",
        "servers(#{ details: () })",
        "servers(#{ selector: \"a=b\" })",
        "servers(#{ details: \"yes\" })",
        "servers(\"a==\"+\",\")",
        "volumes(#{ details: true })",
        "machine_types(\"vcpus == 2\")",
        "machine_types(#{ filter: \"\" })",
        "server(\"\")",
        "server(\"web-1\", #{ detail: true })",
        "quotas(\"vcpu\")",
        "project(\"\")",
        "region(\" \")",
    ] {
        let error = stage.fail(script);
        assert!(matches!(error.kind, Kind::Invalid | Kind::Script), "{script}: {error:?}");
    }
    assert_eq!(stage.count("list_servers"), 0);
}

#[test]
fn a_selector_that_nothing_carries_says_so() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("servers(\"shedule=office-hours\").len()"), json!(0));
    assert_eq!(stage.eval("servers(\"schedule=officehours\").len()"), json!(0));
    assert_eq!(stage.eval("servers(\"env=production, role=ci\").len()"), json!(0));
    // Objects that lack the label are meant by `!=`, so that a slip there would select everything.
    assert_eq!(stage.eval("servers(\"env!=prodution\").len()"), json!(19));
    assert_eq!(stage.eval("servers(\"team=shop, role in (web, apis)\").len()"), json!(5));
    assert_eq!(
        stage.said(),
        [
            "warning: `shedule=office-hours` selects 0 of 19 servers: nothing carries the label `shedule`; did you mean `schedule`?",
            "warning: `schedule=officehours` selects 0 of 19 servers: nothing carries the label `schedule=officehours`; did you mean `schedule=office-hours`?",
            "warning: `env=production, role=ci` selects 0 of 19 servers; each of its labels exists, but not together",
            "warning: `env!=prodution` selects 19 of 19 servers: nothing carries the label `env=prodution`; did you mean `env=production`?",
            "warning: `team=shop, role in (web, apis)` selects 5 of 19 servers: nothing carries the label `role=apis`; did you mean `role=api`?",
        ]
    );
}

#[test]
fn an_object_is_found_by_its_id_or_its_name() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("server(server(\"web-1\").id).name"), json!("web-1"));
    assert_eq!((stage.count("get_server"), stage.count("list_servers")), (1, 1));
    let error = stage.fail("server(\"wbe-1\")");
    assert_eq!((error.kind, error.code), (Kind::NotFound, "object_not_found"));
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("`web-1`")), "{error:?}");
    let error = stage.fail("server(\"5c1f0a3e-7d42-4b86-9e0d-2f6b8a41c7d0\")");
    assert_eq!(error.kind, Kind::NotFound);
    stage.eval("create_volume(#{ name: \"twin\", availabilityZone: \"eu01-1\", size: 1 })");
    stage.eval("create_volume(#{ name: \"twin\", availabilityZone: \"eu01-1\", size: 1 })");
    let error = stage.fail("volume(\"twin\")");
    assert_eq!((error.kind, error.code), (Kind::Invalid, "several_objects"));
    assert!(error.message.starts_with("2 volumes are named `twin`: "), "{}", error.message);
}

#[test]
fn quotas_are_rows() {
    let stage = Stage::demo();
    let row = stage.eval("quota(\"gigabytes\")");
    assert_eq!(row["limit"], json!(7640));
    assert!(row["percent"].as_f64().is_some_and(|percent| percent > 80.0), "{row}");
    assert_eq!(stage.eval("quotas().len()"), json!(12));
    assert_eq!(stage.fail("quota(\"gigabyte\")").kind, Kind::NotFound);
}

#[test]
fn objects_lead_to_those_they_belong_with() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("server(\"api-1\").volumes().pluck(\"name\")"), json!(["api-1-boot", "shop-uploads"]));
    assert_eq!(stage.eval("server(\"api-1\").boot_volume().server().name"), json!("api-1"));
    assert_eq!(stage.eval("server(\"build-runner-1\").boot_volume()"), json!(null));
    assert_eq!(stage.eval("volume(\"shop-uploads\").snapshots()[0].volume().name"), json!("shop-uploads"));
    assert_eq!(stage.eval("server(\"api-1\").attachments().len()"), json!(2));
}

#[test]
fn the_same_functions_act_elsewhere() {
    let stage = Stage::demo();
    assert_eq!(stage.eval("region(\"eu02\").servers().len()"), json!(0));
    assert_eq!(
        stage.eval(&format!("project(\"{}\").server(\"web-1\").status", crate::stage::PROJECT)),
        json!("ACTIVE")
    );
    let there = stage.eval(
        "let there = region(\"eu02\"); let v = there.create_volume(#{ name: \"far\", availabilityZone: \
         there.availability_zones()[0], size: 1 }).wait(); [v.refresh().status, volumes().some(|v| v.name == \"far\")]",
    );
    assert_eq!(there, json!(["AVAILABLE", false]));
}

#[test]
fn a_list_that_is_cut_short_throws() {
    let rules = json!([{ "operation": "list_servers", "truncateBytes": 900 }]);
    let stage = Stage::demo().with_faults(&rules);
    let error = stage.fail("servers().len()");
    assert!(matches!(error.kind, Kind::Network | Kind::Incomplete), "{error:?}");
}

#[test]
fn expect_stops_a_recipe_before_it_acts() {
    let stage = Stage::demo();
    let error = stage.fail("expect(servers(), #{ max: 5 }).deallocate()");
    assert_eq!((error.kind, error.code), (Kind::Policy, "unexpected_count"));
    assert_eq!(stage.fail("expect(servers(\"role=none\"), #{ min: 1 }).deallocate()").kind, Kind::Policy);
    assert_eq!(stage.fail("expect(servers(), #{})").kind, Kind::Invalid);
    assert_eq!(stage.fail("expect(servers(), #{ maximum: 3 })").kind, Kind::Invalid);
    assert_eq!(stage.changes(), 0);
}
