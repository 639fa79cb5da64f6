//! Caps on how much a run may change, against a simulator behind a socket: what passes them is counted before the
//! first change, and nothing is sent.

use serde_json::{Value, json};

use crate::process::{Ran, Running, Stream, Workspace};

/// A simulated cloud with many servers on a port of its own, and a folder whose processes use it.
struct Cloud {
    simulator: Option<Running>,
    home: Workspace,
}

/// So many servers, of which the first are of the office, and five volumes.
fn world(servers: usize, office: usize) -> Value {
    let server = |number: usize| {
        let labels = if number < office { json!({ "schedule": "office-hours" }) } else { json!({}) };
        json!({ "name": format!("web-{number:03}"), "machineType": "g2i.1", "labels": labels })
    };
    let volumes: Vec<Value> = (0..5).map(|number| json!({ "name": format!("data-{number}"), "size": 1 })).collect();
    json!({ "projects": [{ "regions": { "eu01": {
        "networks": [{ "name": "net", "prefix": "10.0.0.0/16" }],
        "quotas": { "vcpu": 9999, "ram": 99_999_999, "volumes": 9999, "snapshots": 9999, "backups": 99,
            "gigabytes": 99_999, "backupGigabytes": 99, "publicIps": 99, "networks": 99, "nics": 9999,
            "securityGroups": 99, "securityGroupRules": 999 },
        "servers": (0..servers).map(server).collect::<Vec<_>>(),
        "volumes": volumes,
    } } }] })
}

impl Cloud {
    fn new(servers: usize, office: usize, workspace: &str) -> Self {
        Self::of(&world(servers, office), workspace)
    }

    fn of(world: &Value, workspace: &str) -> Self {
        let home = Workspace::new().file("world.json", world.to_string()).file("stackhand.toml", workspace);
        let words = ["sim", "--listen", "127.0.0.1:0", "--key-file", "key.json", "--world", "world.json", "-o", "json"];
        let mut simulator = home.start(&[&words[..], &["--save", "after.json"]].concat());
        let value = |line: String| line.split('"').nth(3).expect("a text").to_owned();
        let project = value(simulator.hears(Stream::Out, "\"project"));
        let url = value(simulator.hears(Stream::Out, "\"url\""));
        let key = home.path("key.json").display().to_string();
        let home = home
            .variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", key)
            .variable("STACKIT_DNS_CUSTOM_ENDPOINT", url.clone())
            .variable("STACKIT_RESOURCE_MANAGER_CUSTOM_ENDPOINT", url.clone())
            .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", url)
            .variable("STACKIT_PROJECT_ID", project);
        Self { simulator: Some(simulator), home }
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.home.run(words)
    }

    /// Ends the simulator, and counts its servers by their state.
    fn servers(mut self, status: &str) -> usize {
        let simulator = self.simulator.take().expect("it runs");
        simulator.signal("INT");
        assert_eq!(simulator.end().code, 0);
        let after = std::fs::read_to_string(self.home.path("after.json")).expect("the world after");
        let after: Value = serde_json::from_str(&after).expect("JSON");
        let servers = after["projects"][0]["regions"]["eu01"]["servers"].as_array().expect("servers");
        servers.iter().filter(|server| server["status"] == status).count()
    }
}

const DEALLOCATE: &str = "try_parallel(servers(\"schedule=office-hours\"), |s| s.deallocate());";

#[test]
fn nothing_at_all_is_sent_when_a_run_would_pass_a_cap() {
    let cloud = Cloud::new(104, 97, "");
    let ran = cloud.run(&["eval", DEALLOCATE]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: would deallocate 97 of 104 servers (93 %); cap 34 %; nothing was changed\n\
         hint: if that is meant, give `--caps \"share=94%\"`, or write `caps = { share = \"94%\" }` at the top of \
         `stackhand.toml`\n"
    );
    assert_eq!(cloud.servers("ACTIVE"), 104);
}

#[test]
fn a_rehearsal_does_nothing_outside_the_api_either() {
    let cloud = Cloud::new(6, 5, "");
    let script = format!("print(\"began\"); write_file(\"report.txt\", \"x\"); {DEALLOCATE}");
    let ran = cloud.run(&["eval", &script, "--allow", "fs.write:."]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
    assert!(ran.stderr.contains("would deallocate 5 of 6 servers (83 %)"), "{ran:?}");
    assert!(!cloud.home.path("report.txt").exists());
    assert_eq!(cloud.servers("ACTIVE"), 6);
}

#[test]
fn whoever_gives_more_may_go_on() {
    let cloud = Cloud::new(6, 4, "");
    let ran = cloud.run(&["eval", DEALLOCATE, "--caps", "share=70%"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(cloud.servers("ACTIVE"), 2);
}

#[test]
fn a_cap_that_only_the_run_itself_meets_stops_it_in_the_middle() {
    let cloud = Cloud::new(3, 3, "caps = { deletions = 2 }\n");
    // What cannot be foretold ends the counting; what comes then is counted as it goes.
    let script = "import \"stackit/dns\" as dns; \
        try { dns::create_zone(#{ name: \"a\", dnsName: \"a.example\" }); dns::list_zones(); } catch { } \
        for v in volumes().sort_by(\"name\") { v.delete(); }";
    let ran = cloud.run(&["eval", script, "--caps", "share=100%"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let warning = "warning: counted up to 1 × `create_zone`: what `dns.list_zones` answers after `dns.create_zone` \
        cannot be foretold";
    assert!(ran.stderr.contains(warning), "{ran:?}");
    assert!(ran.stderr.contains("would make 3 deletions; cap 2; done so far: 2 × `delete_volume`"), "{ran:?}");
    assert!(ran.stderr.contains("`caps = { deletions = 4 }`"), "{ran:?}");
}

#[test]
fn changes_of_services_without_a_simulated_world_count_before_the_first_one() {
    let cloud = Cloud::new(2, 0, "");
    let script = "import \"stackit/dns\" as dns; \
        for n in 0..30 { dns::create_zone(#{ name: `zone-${n}`, dnsName: `z${n}.example` }); }";
    let ran = cloud.run(&["eval", script, "--caps", "create=20"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("would make 30 creates; cap 20") || ran.stderr.contains("30"), "{ran:?}");
    assert!(ran.stderr.contains("nothing was changed"), "{ran:?}");
}

#[test]
fn production_wants_a_yes() {
    let profile = "default_profile = \"prod\"\n[profile.prod]\nproduction = true\n";
    let cloud = Cloud::new(6, 1, profile);
    let ran = cloud.run(&["eval", DEALLOCATE]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: would make 1 change in production, and nobody is there to ask\nhint: if that is meant, give `--yes`\n"
    );
    let ran = cloud.run(&["eval", "servers().len()"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "6\n"), "who only reads is not asked");
    let ran = cloud.run(&["eval", DEALLOCATE, "-y"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(cloud.servers("ACTIVE"), 5);
}

#[test]
fn on_a_terminal_production_shows_the_changes_and_asks() {
    let profile = "default_profile = \"prod\"\n[profile.prod]\nproduction = true\n";
    let cloud = Cloud::new(6, 2, profile);
    let refused = cloud.home.converse(&["eval", DEALLOCATE], "[y/N]", "n\n");
    assert_eq!(refused.code, 4, "{refused:?}");
    for part in ["iaas.deallocate_server", "servers", "web-000, web-001", "`prod` is production"] {
        assert!(refused.stdout.contains(part), "{part}: {refused:?}");
    }
    let taken = cloud.home.converse(&["eval", DEALLOCATE], "[y/N]", "y\n");
    assert_eq!(taken.code, 0, "{taken:?}");
    assert_eq!(cloud.servers("ACTIVE"), 4);
}

#[test]
fn in_production_a_run_does_no_more_than_was_agreed_to() {
    let profile = "default_profile = \"prod\"\n[profile.prod]\nproduction = true\n";
    let cloud = Cloud::new(6, 0, profile);
    // In the rehearsal a second takes a second to the nanosecond.
    let script = "let began = now(); sleep(seconds(1)); let is_real = now() - began > seconds(1); \
        server(\"web-000\").deallocate(); if is_real { server(\"web-001\").deallocate(); }";
    let ran = cloud.home.converse(&["eval", script], "[y/N]", "y\n");
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stdout.contains("would call `deallocate_server` on `web-001`, which was not agreed to"), "{ran:?}");
    // The same number, but another object.
    let script = "let began = now(); sleep(seconds(1)); let is_real = now() - began > seconds(1); \
        server(if is_real { \"web-003\" } else { \"web-002\" }).deallocate();";
    let ran = cloud.home.converse(&["eval", script], "[y/N]", "y\n");
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stdout.contains("would call `deallocate_server` on `web-003`, which was not agreed to"), "{ran:?}");
    // What it makes itself has an id that nobody could know.
    let script = "let s = create_snapshot(#{ volumeId: volumes()[0].id, name: \"mine\" }).wait(); s.delete();";
    let ran = cloud.home.converse(&["eval", script], "[y/N]", "y\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    // Where counting ended early, the question says so.
    let script = "import \"stackit/dns\" as dns; server(\"web-004\").deallocate(); \
        try { dns::create_zone(#{ name: \"a\", dnsName: \"a.example\" }); dns::list_zones(); } catch { } \
        server(\"web-005\").deallocate();";
    let ran = cloud.home.converse(&["eval", script], "[y/N]", "n\n");
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stdout.contains("what comes after them and was not counted, as far as the caps let it?"), "{ran:?}");
    let ran = cloud.home.converse(&["eval", "server(\"web-004\").nothing().deallocate()"], "[y/N]", "n\n");
    assert!(ran.stdout.contains("nothing could be counted: "), "{ran:?}");
    assert_eq!(cloud.servers("ACTIVE"), 5);
}

#[test]
fn what_is_deleted_along_counts_before_the_first_call() {
    let mut world = world(1, 0);
    let snapshots: Vec<Value> =
        (0..7).map(|number| json!({ "name": format!("s-{number}"), "volumeId": "data-0" })).collect();
    world["projects"][0]["regions"]["eu01"]["snapshots"] = json!(snapshots);
    let cloud = Cloud::of(&world, "");
    let delete = "volume(\"data-0\").delete(#{ cascade: true }).wait()";
    let ran = cloud.run(&["eval", delete, "--caps", "deletions=7, share=100%"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(
        ran.stderr.starts_with("error: would delete 1 volume and 7 snapshots; cap 7; nothing was changed\n"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("--caps \"deletions=8\""), "{ran:?}");
    let ran = cloud.run(&["eval", delete, "--caps", "share=100%", "--deny", "iaas.snapshot.delete"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("which deletes the snapshot `s-0` too, needs `iaas.snapshot.delete`"), "{ran:?}");
    let ran = cloud.run(&["eval", delete, "--caps", "deletions=8, share=100%"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = cloud.run(&["eval", "snapshots().len()"]);
    assert_eq!(ran.stdout, "0\n", "{ran:?}");
}

#[test]
fn one_call_is_held_to_caps_and_production_like_a_run() {
    let profile = "default_profile = \"prod\"\n[profile.prod]\nproduction = true\n";
    let cloud = Cloud::new(2, 0, profile);
    let list: Value = serde_json::from_str(&cloud.run(&["api", "iaas", "list_servers", "-o", "json"]).stdout)
        .expect("who only reads is not asked");
    let id = format!("serverId={}", list["items"][0]["id"].as_str().expect("an id"));
    let stop = ["api", "iaas", "deallocate_server", "-p", &id];
    let ran = cloud.run(&stop);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: would call `iaas.deallocate_server` in production, and nobody is there to ask\n\
         hint: if that is meant, give `--yes`\n"
    );
    let ran = cloud.run(&[&stop[..], &["--yes", "--caps", "changes=0"]].concat());
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("would make 1 change; cap 0"), "{ran:?}");
    let refused = cloud.home.converse(&stop, "[y/N]", "n\n");
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stdout.contains(&format!("iaas.deallocate_server {id}")), "{refused:?}");
    let taken = cloud.home.converse(&stop, "[y/N]", "y\n");
    assert_eq!(taken.code, 0, "{taken:?}");
    assert!(!cloud.run(&["api", "--help"]).stdout.contains("reveal"));
    assert_eq!(cloud.servers("ACTIVE"), 1);
}

#[test]
fn a_project_is_deleted_only_where_that_is_said_in_so_many_words() {
    let cloud = Cloud::new(2, 0, "");
    let script = "import \"stackit/resource-manager\" as manager; manager::delete_project(run.project);";
    let ran = cloud.run(&["eval", script]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("would use `resource-manager.project.delete` 1 time; cap 0"), "{ran:?}");
    assert!(ran.stderr.contains("--caps \"resource-manager.project.delete=1\""), "{ran:?}");
}

#[test]
fn caps_that_are_none_are_told() {
    let ran = Workspace::new().run(&["eval", "1", "--sim", "--caps", "deletions=many"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("`deletions=many` is no cap") && ran.stderr.contains("--caps"), "{ran:?}");
    let home = Workspace::new().file("stackhand.toml", "project_id = \"x\"\ncaps = { remove = 5 }\n");
    let ran = home.run(&["eval", "1", "--sim"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("`remove 5` is no cap") && ran.stderr.contains("stackhand.toml"), "{ran:?}");
}

#[test]
fn on_the_simulator_the_recipe_itself_gives() {
    let recipe = |caps: &str| format!("//! Deletes.\n{caps}for v in volumes() {{ v.delete(); }}\n");
    let home = Workspace::new()
        .file("world.json", world(1, 0).to_string())
        .file("all.rhai", recipe("//! Permissions: iaas.volume.list, iaas.volume.delete\n//! Caps: share 100%\n"))
        .file("few.rhai", recipe("//! Permissions: iaas.volume.list, iaas.volume.delete\n//! Caps: deletions 1\n"));
    let ran = home.run(&["run", "all.rhai", "--sim", "--world", "world.json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = home.run(&["run", "few.rhai", "--sim", "--world", "world.json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("cap 1"), "{ran:?}");
}
