//! The small things of the language, in scripts.

use serde_json::json;

use super::{Bench, granted};
use crate::clock::Clock;
use crate::config::Environment;
use crate::engine::{Identity, Occasion, Outcome, Source, Surroundings, Verdict, run};
use crate::error::Kind;

fn bench() -> Bench {
    Bench { clock: Clock::starting_at("2026-11-22T08:00:00Z".parse().expect("a time")), ..Bench::new() }
}

fn run_with(bench: &Bench, text: &str, change: impl FnOnce(&mut crate::engine::RunContext)) -> Outcome {
    let mut context = bench.context();
    context.surroundings.environment = Environment::empty("/").with("TOKEN", "hunter2secret").with("EMPTY", "");
    context.surroundings.local =
        granted(&["env:TOKEN", "env:NOWHERE", "secret:TOKEN", "secret:EMPTY", "secret:NOWHERE"]);
    change(&mut context);
    run(&Source::inline("test.rhai", text), context)
}

#[test]
fn comparing_time_with_anything_else_is_an_error() {
    let bench = bench();
    for value in ["now()", "minutes(5)"] {
        for other in ["\"x\"", "1", "1.5", "()", "true", "[]", "#{}", "'c'"] {
            for operator in ["==", "!=", "<", ">", "<=", ">="] {
                for script in [format!("{value} {operator} {other}"), format!("{other} {operator} {value}")] {
                    let outcome = bench.run(&script);
                    assert_eq!(outcome.error().map(|error| error.code), Some("incomparable"), "{script}");
                }
            }
        }
    }
    assert!(bench.run("now() == minutes(1)").error().is_some());
    assert!(bench.run("now() in [\"x\"]").error().is_some());
}

#[test]
fn nobody_sleeps_backwards() {
    let outcome = Bench::new().run("sleep(minutes(-1))");
    let error = outcome.failure.expect("it is refused").error;
    assert_eq!((error.kind, error.code), (Kind::Invalid, "wrong_argument"));
    assert_eq!(error.message, "`sleep` cannot take a negative duration: -1m");
    assert!(error.hint.expect("a hint").contains("if t > now()"));
}

#[test]
fn a_duration_divided_by_zero_says_so() {
    for script in ["minutes(1) / 0", "minutes(1) / 0.0", "minutes(1) / minutes(0)"] {
        let outcome = Bench::new().run(script);
        assert_eq!(outcome.error().map(|error| error.code), Some("division_by_zero"), "{script}");
    }
}

#[test]
fn the_run_shows_what_it_knows() {
    let bench = bench();
    let run = bench.run("run");
    assert_eq!(run.value["is_simulated"], bench.value("run.is_simulated"));
    assert_eq!(run.value["started_at"], json!("2026-11-22T08:00:00Z"));
    assert!(run.text.contains("fire_time") && !run.text.contains("CurrentRun"), "{}", run.text);
    let text = bench.value("fn f() { run.to_string() } f()");
    assert!(text.as_str().is_some_and(|text| text.contains("is_simulated") && text.contains("2026-11-22")), "{text}");
}

#[test]
fn constants_are_shown_alike_wherever_they_stand() {
    let bench = bench();
    let shown = bench.value("run.to_string()");
    for script in [
        "`${run}`",
        "\"\" + run",
        "fn f() { `${run}` } f()",
        "let f = || `${run}`; f.call()",
        "[1].map(|x| `${run}`)[0]",
        "parallel([1], |x| `${run}`)[0]",
        "fn f() { let t = (); try { t = `${run}`; } catch { } t } f()",
        "fn f() { if true { return `${run}`; } 1 } f()",
        "let r = run; `${r}`",
        "to_string(run)",
    ] {
        assert_eq!(bench.value(script), shown, "{script}");
    }
    let text = shown.as_str().expect("text");
    assert_eq!(bench.value("fn f() { `<${run}|${log}|${run}>` } f()"), json!(format!("<{text}|Log|{text}>")));
    let map = bench.value("run.to_map()");
    for script in ["parse_json(to_json(run))", "fn f() { parse_json(to_json(#{ a: [run] })).a[0] } f()", "run"] {
        assert_eq!(bench.value(script), map, "{script}");
    }
    assert_eq!(
        bench.value("fn f() { [type_of(run), type_of(log), `${type_of(run)}`] } f()"),
        json!(["Run", "Log", "Run"])
    );
    assert_eq!(bench.value("fn f() { to_yaml(run).contains(\"is_simulated: \") } f()"), true);
}

#[test]
fn time_passes_only_when_a_script_sleeps() {
    let bench = bench();
    assert_eq!(bench.value("sleep(days(30)); now()"), json!("2026-12-22T08:00:00Z"));
    assert_eq!(bench.value("`${now()} ${minutes(90)}`"), json!("2026-12-22T08:00:00Z 1h30m"));
    assert_eq!(bench.value("\"\" + minutes(90) + [now(), hours(1)]"), json!("1h30m[2026-12-22T08:00:00Z, 1h]"));
}

#[test]
fn mistakes_with_time_are_errors_and_never_panics() {
    let bench = bench();
    for (script, part) in [
        ("duration(\"10 minutes\")", "no duration"),
        ("instant(\"tomorrow\")", "no RFC 3339 time"),
        ("now().in_zone(\"Berlin\")", "no time zone `Berlin`"),
        ("now().format(\"%Q\")", "no pattern"),
        ("now().truncate(\"fortnight\")", "cannot be truncated"),
        ("minutes(\"5\")", "must be number, not text"),
        ("minutes(9223372036854775807)", "longer than 10,000 years"),
        ("now() + days(3600000)", "years 1 to 9999"),
        ("minutes(1) / 0", "divided by zero"),
        ("minutes(1) / minutes(0)", "no time at all"),
        ("now() + 5", "+"),
        ("now() + now()", "+"),
        ("minutes(1) * minutes(1)", "*"),
        ("now().yaer", "yaer"),
    ] {
        let message = bench.message(script);
        assert!(message.contains(part), "{script}: {message}");
    }
}

#[test]
fn a_secret_stays_one_and_is_never_shown() {
    let bench = bench();
    let shown = |text: &str| run_with(&bench, text, |_| ()).value;
    assert_eq!(shown("secret(\"TOKEN\")"), json!("***"));
    assert_eq!(shown("type_of(\"Bearer \" + secret(\"TOKEN\") + 1)"), json!("Secret"));
    assert_eq!(shown("let t = \"Bearer \"; t += secret(\"TOKEN\"); type_of(t)"), json!("Secret"));
    assert_eq!(shown("`a ${secret(\"TOKEN\")}`"), json!("a ***"));
    assert_eq!(
        shown("[\"\" + [secret(\"TOKEN\")], to_json(#{ a: secret(\"TOKEN\") })]"),
        json!(["[***]", "{\"a\":\"***\"}"])
    );
    assert_eq!(shown("secret(\"TOKEN\") == secret(\"TOKEN\")"), json!(true));
    let outcome =
        run_with(&bench, "print(secret(\"TOKEN\")); debug(secret(\"TOKEN\")); log.info(secret(\"TOKEN\"));", |_| ());
    assert!(outcome.error().is_none(), "{outcome:?}");
    let said = bench.output.0.lock().unwrap().join("\n");
    assert!(said.contains("***") && !said.contains("hunter2"), "{said}");
}

#[test]
fn what_a_secret_does_not_do_is_refused() {
    let bench = bench();
    for (script, code) in [
        ("secret(\"TOKEN\") == \"hunter2secret\"", "incomparable"),
        ("\"hunter2secret\" == secret(\"TOKEN\")", "incomparable"),
        ("secret(\"TOKEN\") < secret(\"TOKEN\")", "incomparable"),
        ("secret(\"EMPTY\")", "no_such_variable"),
        ("env(\"NOWHERE\")", "no_such_variable"),
        ("reveal(secret(\"TOKEN\"))", "not_granted"),
        ("secret(\"OTHER\")", "not_granted"),
        ("env(\"OTHER\", 1)", "not_granted"),
    ] {
        let outcome = run_with(&bench, script, |_| ());
        assert_eq!(outcome.error().map(|error| error.code), Some(code), "{script}");
    }
    let outcome = run_with(&bench, "reveal(secret(\"TOKEN\")).len()", |context| {
        context.surroundings.local = granted(&["secret:TOKEN", "secret.reveal"]);
    });
    assert_eq!(outcome.value, json!(13));
}

#[test]
fn secrets_are_scrubbed_from_the_log_in_any_form() {
    let bench = bench();
    let outcome = run_with(
        &bench,
        "let s = secret(\"TOKEN\"); log.info(env(\"TOKEN\")); notify(\"ops\", #{ t: env(\"TOKEN\") });",
        |_| (),
    );
    assert!(outcome.error().is_none(), "{outcome:?}");
    assert_eq!(*bench.output.0.lock().unwrap(), ["# info: ***", "# notice: ops: t=***"]);
}

#[test]
fn a_recipe_says_how_it_ends() {
    let bench = bench();
    for (script, code, verdict) in [
        ("exit(3); throw \"not reached\"", 3, Some(Verdict::Exited(3))),
        ("try { exit() } catch { throw 1 }", 0, Some(Verdict::Exited(0))),
        ("[1].map(|x| skip(\"nothing to do\"))", 0, Some(Verdict::Skipped("nothing to do".into()))),
        ("partly([#{ ok: true }])", 0, Some(Verdict::Partly { ok: 1, failed: 0 })),
        ("partly([#{ ok: true }, #{ ok: false }])", 7, Some(Verdict::Partly { ok: 1, failed: 1 })),
        ("partly([#{ ok: false }])", 1, Some(Verdict::Partly { ok: 0, failed: 1 })),
        ("partly([])", 0, Some(Verdict::Partly { ok: 0, failed: 0 })),
        ("partly([#{ ok: false }]); partly([#{ ok: true }])", 7, Some(Verdict::Partly { ok: 1, failed: 1 })),
        (
            "partly(try_parallel([1, 0], |x| if x == 0 { throw \"no\" } else { x }))",
            7,
            Some(Verdict::Partly { ok: 1, failed: 1 }),
        ),
        ("1", 0, None),
    ] {
        let outcome = bench.run(script);
        assert!(outcome.error().is_none(), "{script}: {outcome:?}");
        assert_eq!((outcome.exit_code(), outcome.verdict), (code, verdict), "{script}");
    }
    assert!(bench.run("exit(256)").error().is_some());
    assert!(bench.run("partly([1])").error().is_some());
}

#[test]
fn parameters_are_given_or_defaulted_and_their_names_are_known() {
    let bench = bench();
    let declared = "let args = params(#{ grace: minutes(10), keep: 7, names: [\"a\"], ages: [hours(1)], mode: one_of([\"x\", \"y\"]) });";
    let value = |text: &str, arguments: serde_json::Value| {
        run_with(&bench, &format!("{declared}{text}"), |context| {
            context.arguments = serde_json::from_value(arguments).expect("an object");
        })
    };
    assert_eq!(value("[args.grace, args.keep, args.mode]", json!({})).value, json!(["10m", 7, "x"]));
    let given = json!({ "grace": "1h", "keep": 3, "names": ["b", "c"], "ages": ["1d"], "mode": "y" });
    assert_eq!(
        value("[args.grace == hours(1), args[\"keep\"], args.names, args.ages[0] == days(1), args.mode]", given).value,
        json!([true, 3, ["b", "c"], true, "y"])
    );
    assert_eq!(value("fn f(a) { a.keep } f(args)", json!({})).value, json!(7));
    assert_eq!(value("args", json!({})).value["keep"], json!(7));
    for (text, arguments, code) in [
        ("args.keeep", json!({}), "unknown_parameter"),
        ("args.typo", json!({}), "unknown_parameter"),
        ("", json!({ "keeep": 1 }), "unknown_parameter"),
        ("", json!({ "keep": "many" }), "wrong_parameter"),
        ("", json!({ "mode": "z" }), "wrong_parameter"),
        ("params(#{ a: required(\"int\") })", json!({}), "missing_parameter"),
        ("params(#{ a: required(\"colour\") })", json!({}), "unknown_type"),
    ] {
        let error = value(text, arguments).error().cloned().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(error.code, code, "{text}: {error:?}");
        if text == "args.keeep" {
            assert_eq!(error.hint.as_deref(), Some("did you mean `args.keep`?"));
        }
    }
    let outcome = value("args.keep = 3", json!({}));
    assert!(outcome.error().is_some_and(|error| error.kind == Kind::Script), "parameters are fixed");
}

#[test]
fn a_secret_parameter_names_the_secret_to_read() {
    let bench = bench();
    let outcome = run_with(&bench, "params(#{ token: secret(\"TOKEN\") }).token", |_| ());
    assert_eq!(outcome.value, json!("***"));
    let outcome = run_with(&bench, "params(#{ token: secret(\"NOWHERE\") }).token", |context| {
        context.arguments.insert("token".into(), json!("TOKEN"));
    });
    assert_eq!(outcome.value, "***", "only the one that the option names is read: {:?}", outcome.failure);
    let failure = run_with(&bench, "let args = params(#{\n    the_token: secret(\"NOWHERE\"),\n});", |_| ()).failure;
    let failure = failure.expect("there is no such secret");
    assert_eq!((failure.trace[0].line, failure.trace[0].column), (2, 16));
    let hint = "set the environment variable `NOWHERE`, or name another one with `--the-token`";
    assert_eq!(failure.error.hint.as_deref(), Some(hint));
    let outcome = run_with(&bench, "type_of(params(#{ token: secret(\"TOKEN\") }).token)", |context| {
        context.arguments.insert("token".into(), json!("NOWHERE"));
    });
    assert_eq!(outcome.error().map(|error| error.code), Some("no_such_variable"));
}

#[test]
fn the_run_knows_itself() {
    let bench = bench();
    let outcome = run_with(
        &bench,
        "sleep(hours(1)); [run.id, run.recipe, run.profile, run.fire_time, run.started_at, run.is_simulated]",
        |context| {
            context.surroundings = Surroundings {
                identity: Identity { id: "r1".into(), recipe: "night".into(), ..Identity::default() },
                ..Surroundings::default()
            };
            context.fire_time = Some("2026-11-22T07:55:00Z".parse().expect("a time"));
        },
    );
    assert_eq!(outcome.value, json!(["r1", "night", null, "2026-11-22T07:55:00Z", "2026-11-22T08:00:00Z", false]));
    assert_eq!(bench.value("fn f() { type_of(run) } f()"), json!("Run"));
}

#[test]
fn the_run_knows_what_made_it_run() {
    let bench = bench();
    let text = "[run.late, run.job, run.attempt, run.previous, run.scheduled_by]";
    assert_eq!(bench.value(text), json!(["0s", null, 1, null, "hand"]));
    let outcome = run_with(&bench, text, |context| {
        context.fire_time = Some(context.recipe_clock.now() - chrono::TimeDelta::minutes(7));
        context.surroundings.identity.occasion = Occasion {
            job: Some("night@prod".into()),
            attempt: 2,
            previous: Some("r1".into()),
            scheduled_by: "retry".into(),
        };
    });
    assert_eq!(outcome.value, json!(["7m", "night@prod", 2, "r1", "retry"]));
}

#[test]
fn a_table_is_data_and_prints_in_columns() {
    let bench = bench();
    let list = "[#{ name: \"web-1\", size: 4, labels: #{ team: \"a\" } }, #{ name: \"db\", size: 16, labels: #{} }]";
    assert_eq!(
        bench.value(&format!("table({list}, [\"name\", [\"TEAM\", \"labels.team\"], [\"x2\", |s| s.size * 2]])")),
        json!([{ "name": "web-1", "TEAM": "a", "x2": 8 }, { "name": "db", "TEAM": null, "x2": 32 }])
    );
    bench.value(&format!("print(table({list}))"));
    assert_eq!(*bench.output.0.lock().unwrap(), ["NAME   SIZE\nweb-1     4\ndb       16"]);
    for script in ["table([1])", "table([1], [\"a\"])", "table([], [1])", "table([], [[\"a\"]])", "table([], [\"\"])"] {
        assert!(bench.run(script).error().is_some(), "{script}");
    }
    assert_eq!(bench.value("table([])"), json!([]));
}

#[test]
fn data_and_text_are_read_and_written() {
    let bench = bench();
    for (script, part) in [
        ("parse_json(\"{\")", "JSON"),
        ("to_json(|x| x)", "no form in JSON"),
        ("to_json(#{ a: 0.0 / 0.0 })", "no form in JSON"),
        ("to_json(1, \"wide\")", "pretty"),
        ("\"a\".matches(\"(\")", "no regular expression"),
        ("\"a\".matches(\"(a{1000}){1000}\")", "no regular expression"),
        ("[1].join(2)", "must be text"),
    ] {
        let message = bench.message(script);
        assert!(message.contains(part), "{script}: {message}");
    }
    assert_eq!(bench.value("to_json(#{ b: 1, a: [now()] }, \"pretty\").lines().len()"), json!(6));
    assert_eq!(
        bench.value("parse_json(to_json(#{ a: [1, 2.5, (), true, \"x\"] })).a"),
        json!([1, 2.5, null, true, "x"])
    );
    assert_eq!(bench.value("#{ a: 1 }.to_json()"), json!("{\"a\":1}"));
    assert_eq!(bench.run("\"a\".pad_left(10000000000000)").exit_code(), 6);
}

#[test]
fn the_log_has_levels_and_fields() {
    let bench = bench();
    bench.value("log.debug(\"a\"); log.info([1, minutes(1)]); log.warn(\"b\", #{ count: 3 }); log.error(\"c\"); fn f() { log.info(\"d\") } f()");
    assert_eq!(
        *bench.output.0.lock().unwrap(),
        ["# debug: a", "# info: [1, 1m]", "# warning: b count=3", "# error: c", "# info: d"]
    );
}
