//! What a run may do, from end to end: the natives and the binary before a simulator that counts.

use serde_json::json;
use stackhand::engine::{Native, NativeEffect, Registry, Type};
use stackhand::error::Kind;
use stackhand::policy::{Belts, Grant, Listed, Place, Rules, Sources};

use crate::bad_input::{case, page};
use crate::process::Workspace;
use crate::stage::Stage;

fn grants(texts: &[&str]) -> Vec<Grant> {
    texts.iter().map(|text| Grant::parse(text).expect(text)).collect()
}

/// A stage whose recipe asks for these permissions.
fn asking(texts: &[&str]) -> Stage {
    let header = Some(Listed { grants: grants(texts), place: Place::new("r.rhai", "r.rhai:1") });
    Stage::demo().obeying(Rules::new(&Sources { header, ..Sources::of_file("r.rhai") }, Belts::default()))
}

fn reading() -> Stage {
    asking(&["read"])
}

/// How a value of a type is written, where one can be made.
fn written(kind: &Type) -> String {
    match kind {
        Type::Boolean => "true".to_owned(),
        Type::Integer | Type::Number => "3".to_owned(),
        Type::Text => "\"web-1\"".to_owned(),
        Type::List => "servers()".to_owned(),
        Type::Any | Type::Nothing | Type::Map => "#{ name: \"x\" }".to_owned(),
        Type::Function => "|x| x".to_owned(),
        Type::Custom("Duration", _) => "minutes(1)".to_owned(),
        Type::Custom("Secret", _) => "secret(\"x\")".to_owned(),
        Type::Custom(..) => "()".to_owned(),
        Type::OneOf(several) => several.first().map(written).unwrap_or_default(),
        Type::Object(kind) => match *kind {
            "Volume" => "volumes()[0]".to_owned(),
            "VolumeAttachment" => "volumes().find(|v| v.get(\"serverId\") != ()).server().attachments()[0]".to_owned(),
            "Snapshot" => "snapshots()[0]".to_owned(),
            "Backup" => "backups()[0]".to_owned(),
            "Image" => "images()[0]".to_owned(),
            "Network" => "networks()[0]".to_owned(),
            "NetworkInterface" => "nics()[0]".to_owned(),
            "PublicIp" => "public_ips()[0]".to_owned(),
            "SecurityGroup" => "security_groups()[0]".to_owned(),
            "KeyPair" => "key_pairs()[0]".to_owned(),
            "MachineType" => "machine_types()[0]".to_owned(),
            _ => "servers()[0]".to_owned(),
        },
    }
}

/// A call of a native with made-up arguments: the fewest and the most that it takes.
fn calls_of(native: &Native) -> Vec<String> {
    if !native.name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return Vec::new();
    }
    let receiver = native.receiver.as_ref().map(|receiver| format!("{}.", written(receiver))).unwrap_or_default();
    if native.is_property {
        return vec![format!("{receiver}{}", native.name)];
    }
    [*native.arity().start(), *native.arity().end()]
        .map(|count| {
            let arguments = native.parameters.iter().take(count).map(|parameter| written(&parameter.kind));
            format!("{receiver}{}({})", native.name, arguments.collect::<Vec<_>>().join(", "))
        })
        .to_vec()
}

#[test]
fn no_native_sends_anything_but_reads_when_only_reading_is_granted() {
    let stage = reading();
    let (mut called, mut refused) = (0, 0);
    for native in Registry::shared().iter().filter(|native| native.name != "sleep") {
        for script in calls_of(native).into_iter().chain([native.example.to_owned()]) {
            let outcome = stage.run(&script);
            called += 1;
            refused += usize::from(outcome.error().is_some_and(|error| error.kind == Kind::Policy));
            assert_eq!(stage.sent_changes(), 0, "{script}");
        }
        let changes = !matches!(native.effect, NativeEffect::Pure | NativeEffect::Read | NativeEffect::Local);
        if changes && !native.example.is_empty() {
            let error = stage.fail(native.example);
            assert_eq!((error.kind, error.exit_code() as u8), (Kind::Policy, 4), "{}: {error:?}", native.example);
        }
    }
    assert!(called > 600 && refused > 40, "{called} calls, {refused} refused");
}

#[test]
fn generic_modules_pass_the_same_gate() {
    let stage = reading();
    let id = stage.eval("server(\"web-1\").id");
    for script in [
        format!("import \"stackit/iaas\" as iaas; iaas::stop_server({id})"),
        format!("import \"stackit/iaas/v1\" as iaas; iaas::delete_server({id})"),
        "import \"stackit/dns\" as dns; dns::create_zone(#{ name: \"a\", dnsName: \"a.example\" })".to_owned(),
        "import \"stackit/iaas\" as iaas; parallel([1, 2], |n| iaas::create_volume(#{ availabilityZone: \"eu01-1\", size: n }))"
            .to_owned(),
        "import \"stackit/iaas\" as iaas; let f = |id| iaas::stop_server(id); attempt(|| f.call(server(\"web-1\").id)).value()"
            .to_owned(),
    ] {
        assert!(stage.run(&script).error().is_some(), "{script}");
        assert_eq!(stage.sent_changes(), 0, "{script}");
    }
    // Nodes of a cluster are known by their labels, whoever asks.
    let all = Stage::demo();
    let error =
        all.fail("import \"stackit/iaas\" as iaas; iaas::stop_server(servers().find(|s| s.managed_by == \"ske\").id)");
    assert_eq!((error.kind, error.code), (Kind::Policy, "managed_object"));
    assert_eq!(all.sent_changes(), 0);
}

#[test]
fn a_narrowed_run_reaches_the_objects_that_it_names_and_cannot_widen_itself() {
    let narrow = ["read", "iaas.server.update", "iaas.server.deallocate where schedule=office-hours"];
    let stage = asking(&narrow);
    let error = stage.fail("servers(\"schedule!=office-hours\").find(|s| s.managed_by == ()).deallocate()");
    assert_eq!((error.kind, error.code), (Kind::Policy, "narrowed"));
    assert!(error.message.contains("lacks schedule=office-hours; this run may deallocate only servers"), "{error}");
    let stage = asking(&narrow);
    stage.eval("servers(\"schedule=office-hours\").filter(|s| s.managed_by == ()).deallocate().len()");
    assert!(stage.count("deallocate_server") > 0);
    assert_eq!(stage.count("get_server"), 0, "the list has shown the labels");
    let before = stage.sent_changes();
    let widening = "let other = servers(\"schedule!=office-hours\").find(|s| s.managed_by == ());\n\
        other.update(#{ labels: #{ schedule: \"office-hours\" } }); other.deallocate()";
    let error = stage.fail(widening);
    assert_eq!((error.kind, error.code), (Kind::Policy, "deciding_label"));
    assert_eq!(stage.sent_changes(), before);
    // A script's copy of an object is not what counts.
    let error = stage.fail(
        "let other = servers(\"schedule!=office-hours\").find(|s| s.managed_by == ());\n\
        other.labels = #{ schedule: \"office-hours\" }; other.deallocate()",
    );
    assert_eq!(error.code, "narrowed");
    let stage = asking(&["iaas.server.list where role=web"]);
    assert!(stage.eval("servers(\"role=web\").len()").as_u64().is_some_and(|count| count > 0));
    assert_eq!(stage.fail("servers()").code, "narrowed");
    assert_eq!(stage.eval("servers(\"role=web,env=nowhere\").len()"), json!(0), "a look beyond is not taken");
    // The label may stand anywhere, and every object carries it.
    for selector in ["schedule=office-hours,role=web", "!nothing, schedule in (office-hours), role = web"] {
        let script =
            format!("let all = servers(\"{selector}\"); [all.len() > 0, all.all(|s| s.labels.role == \"web\")]");
        assert_eq!(stage.eval(&script), json!([true, true]), "{selector}");
    }
    for selector in ["role in (web, db)", "role!=web", "role notin (db)", "!role", "role", "schedule=office-hours"] {
        assert_eq!(stage.fail(&format!("servers(\"{selector}\")")).code, "narrowed", "{selector}");
    }
    let of_service = "import \"stackit/iaas\" as iaas; iaas::list_servers(#{ label_selector: \"a=b,role=web\" }).len()";
    assert_eq!(stage.eval(of_service), json!(0));
}

#[test]
fn protected_objects_are_not_changed_by_any_way() {
    let stage = Stage::demo();
    let protect = "server(\"web-1\").update(#{ labels: #{ \"stackhand.protect\": \"true\" } })";
    stage.eval(&format!("{protect}; 1"));
    let before = stage.sent_changes();
    for script in [
        "server(\"web-1\").stop()",
        "server(\"web-1\").delete()",
        "server(\"web-1\").update(#{ labels: #{ \"stackhand.protect\": () } })",
        "let s = server(\"web-1\"); s.volumes()[0].detach()",
        "import \"stackit/iaas\" as iaas; iaas::delete_server(server(\"web-1\").id)",
        "import \"stackit/run-command\" as run; run::create_command(#{ serverId: server(\"web-1\").id, commandTemplateName: \"x\" })",
    ] {
        let error = stage.fail(script);
        assert!(error.kind == Kind::Policy || script.contains("run-command"), "{script}: {error:?}");
        assert_eq!(stage.sent_changes(), before, "{script}");
    }
    stage.eval("server(\"web-2\").stop().wait().status");
}

#[test]
fn a_server_is_not_deleted_with_a_protected_volume_that_goes_along() {
    let stage = Stage::demo();
    let error = stage.fail(
        "let s = server(\"web-1\"); let a = s.attachments()[0]; a.update(#{ deleteOnTermination: true });\n\
        volume(a.volumeId).update(#{ labels: #{ \"stackhand.protect\": \"delete\" } });\ns.delete()",
    );
    assert_eq!((error.kind, error.code), (Kind::Policy, "protected"), "{error:?}");
    assert_eq!(stage.count("delete_server"), 0);
}

#[test]
fn a_backup_is_not_written_back_onto_a_protected_volume() {
    let stage = Stage::demo();
    let script = "let v = volumes().find(|v| v.status == \"AVAILABLE\" && v.managed_by == ());\n\
        let b = v.create_backup(\"b\").wait();\n\
        v.update(#{ labels: #{ \"stackhand.protect\": \"true\" } });\nb.restore()";
    let error = stage.fail(script);
    assert_eq!((error.kind, error.code), (Kind::Policy, "protected"), "{error:?}");
    assert_eq!(stage.count("restore_backup"), 0);
}

/// A recipe against the simulator, with these options.
fn recipe(what: &str, code: i32, options: &[&str], text: &str) -> crate::bad_input::Case {
    let words: Vec<&str> = ["run", "night.rhai", "--sim"].into_iter().chain(options.iter().copied()).collect();
    case(what, code, &words).file("night.rhai", text).that_prints()
}

#[test]
fn refusals_read_well() {
    let stop = "let s = server(\"web-1\");\ns.stop();\nprint(\"stopped\");";
    let asking = format!("//! Stops.\n//!\n//! Permissions: iaas.server.list\n{stop}");
    let full = asking.replace("iaas.server.list", "iaas.server.list, iaas.server.stop");
    let narrow = asking.replace("iaas.server.list", "iaas.server.list, iaas.server.stop where schedule=office-hours");
    insta::assert_snapshot!(page([
        recipe("no header", 4, &[], stop),
        recipe("no header, and what its hint says", 0, &["--allow", "read,iaas.server.stop"], stop),
        recipe("a header that asks for less", 4, &[], &asking),
        recipe("a flag cannot give what the header does not ask for", 4, &["--allow", "*"], &asking),
        recipe("a header that asks for it", 0, &[], &full),
        recipe("a flag that allows less", 4, &["--allow", "read"], &full),
        recipe("a flag that takes away", 4, &["--deny", "iaas.server.*"], &full),
        recipe("a flag after a narrow header", 4, &[], &narrow),
        recipe("an empty header", 4, &[], &asking.replace(" iaas.server.list", "")),
        recipe("a permission that there is not", 2, &["--allow", "iaas.server.stpo"], stop),
        recipe("no permission", 2, &["--deny", "everything"], stop),
        recipe("a condition that is none", 2, &["--allow", "iaas.server.stop if team=web"], stop),
        recipe("half a condition", 2, &["--allow=iaas.server.stop where team"], stop),
        recipe("nothing at all", 2, &["--allow", ""], stop),
        recipe("the server underneath", 4, &[], &full).within(|work| {
            let id = work.run(&["eval", "server(\"web-1\").id", "--sim"]).stdout;
            work.variable("STACKHAND_SERVER_ID", id.trim())
        }),
        recipe("the server underneath, on purpose", 0, &["--include-self"], &full).within(|work| {
            let id = work.run(&["eval", "server(\"web-1\").id", "--sim"]).stdout;
            work.variable("STACKHAND_SERVER_ID", id.trim())
        }),
        case("a line that was typed", 0, &["eval", "server(\"web-1\").stop().name", "--sim"]).that_prints(),
        case("a line that may only read", 4, &["eval", "server(\"web-1\").stop()", "--sim", "--allow", "read"]),
        case("an operation that is denied", 4, &["api", "iaas", "list_servers", "--sim", "--deny", "iaas.server.list"]),
    ]));
}

#[test]
fn a_profile_is_a_ceiling_and_its_mistakes_are_told() {
    let profile = |more: &str| {
        format!(
            "[profile.prod]\nservice_account_token = \"x\"\nproject_id = \"11111111-1111-4111-8111-111111111111\"\n\
             endpoints.iaas = \"http://127.0.0.1:1\"\n{more}\n"
        )
    };
    let with = |what: &str, code: i32, more: &str| {
        let text = "import \"stackit/iaas\" as iaas;\niaas::create_volume(#{ availabilityZone: \"a\", size: 1 })";
        case(what, code, &["run", "r.rhai", "--profile", "prod", "--allow", "*"])
            .file("stackhand.toml", profile(more))
            .file("r.rhai", text)
    };
    insta::assert_snapshot!(page([
        with("a ceiling below", 4, "permissions = [\"iaas.server.*\", \"read\"]"),
        with("an empty ceiling", 4, "permissions = []"),
        with("read only", 4, "read_only = true"),
        with("a permission that there is not", 3, "permissions = [\"iaas.volumes.*\"]"),
        with("no list", 3, "permissions = 7"),
        with("a protection that is none", 3, "protect = [\"env in (prod\"]"),
        with("keys of another name", 3, "grants = [\"read\"]"),
    ]));
}

#[test]
fn the_recipes_that_ship_get_along_with_their_headers() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let paths = std::fs::read_dir(&root).expect("the scripts").map(|file| file.expect("a file").path());
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "rhai")) {
        let ran = Workspace::new().run(&["run", path.to_str().expect("a path"), "--sim"]);
        assert!([0, 7].contains(&ran.code), "{}: {}", path.display(), ran.stderr);
    }
}
