//! What recipes keep from run to run.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::json;

use super::{Bench, Source, granted, run};
use crate::config::Environment;
use crate::engine::{Kept, KeptChange, KeptDeed, Outcome, StateSource};
use crate::error::Error;

struct Earlier;

impl StateSource for Earlier {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<String>, Error>> {
        let value = match key {
            "seen" => Some("{\"a\":[1,null]}"),
            "count" => Some("41"),
            "foreign" => Some("[1,"),
            _ => None,
        };
        Box::pin(std::future::ready(Ok(value.map(str::to_owned))))
    }
}

fn kept(text: &str) -> Outcome {
    let bench = Bench::new();
    let mut context = bench.context();
    context.kept = Arc::new(Kept::of(Arc::new(Earlier)));
    run(&Source::inline("test.rhai", text), context)
}

fn change(key: &str, deed: KeptDeed) -> KeptChange {
    KeptChange { key: key.to_owned(), deed }
}

#[test]
fn a_run_reads_what_was_kept_and_its_own_changes() {
    let outcome = kept(
        "let before = [state.get(\"seen\"), state.get(\"none\"), state.get(\"none\", 7), state.get(\"seen\", 7).a[0]];
         state.set(\"none\", #{ at: minutes(5) }); state.delete(\"seen\");
         fn inside() { state.get(\"none\").at }
         before + [inside(), state.get(\"seen\"), state.get(\"seen\", [])]",
    );
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert_eq!(outcome.value, json!([{ "a": [1, null] }, null, 7, 1, "5m", null, []]));
    let set = change("none", KeptDeed::Set("{\"at\":\"5m\"}".to_owned()));
    assert_eq!(outcome.kept, [set, change("seen", KeptDeed::Delete)]);
}

#[test]
fn counts_are_kept_as_what_was_added() {
    let outcome = kept(
        "parallel([1, 2, 3], |n| state.incr(\"count\", n));
         [state.incr(\"count\"), state.incr(\"new\", -2), state.get(\"count\")]",
    );
    assert_eq!(outcome.value, json!([48, -2, 48]));
    assert_eq!(outcome.kept, [change("count", KeptDeed::Add(7)), change("new", KeptDeed::Add(-2))]);
    let outcome = kept("state.delete(\"count\"); state.incr(\"count\"); state.set(\"x\", 5); state.incr(\"x\")");
    assert_eq!(outcome.value, json!(6));
    let set = |key, value: &str| change(key, KeptDeed::Set(value.to_owned()));
    assert_eq!(outcome.kept, [set("count", "1"), set("x", "6")]);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    for (text, code) in [
        ("state.incr(\"seen\")", "no_number"),
        ("state.incr(\"count\", 9223372036854775807)", "number_limit"),
        ("state.set(\"\", 1)", "bad_key"),
        ("state.set(\"a\\nb\", 1)", "bad_key"),
        ("state.set(\"x\", ())", "wrong_argument"),
        ("state.set(\"x\", || 1)", "not_json"),
        ("let long = \"x\"; for i in 0..16 { long += long } state.set(\"x\", long)", "state_limit"),
        ("for i in 0..1001 { state.set(`${i}`, i) }", "state_limit"),
    ] {
        let outcome = kept(text);
        let code_seen = outcome.failure.as_ref().map(|failure| failure.code.as_str());
        assert_eq!(code_seen, Some(code), "{text}: {:?}", outcome.failure);
    }
}

#[test]
fn a_secret_is_not_kept_in_any_form() {
    let bench = Bench::new();
    for text in [
        "state.set(\"x\", secret(\"TOKEN\"))",
        "state.set(\"x\", #{ a: [secret(\"TOKEN\") + \"!\"] })",
        "state.set(\"x\", reveal(secret(\"TOKEN\")))",
        "state.set(reveal(secret(\"TOKEN\")), 1)",
    ] {
        let mut context = bench.context();
        context.surroundings.environment = Environment::empty("/").with("TOKEN", "hunter2hunter2");
        context.surroundings.local = granted(&["secret:TOKEN", "secret.reveal"]);
        let outcome = run(&Source::inline("test.rhai", text), context);
        assert_eq!(outcome.failure.map(|failure| failure.code).as_deref(), Some("secret_kept"), "{text}");
        assert_eq!(outcome.kept, []);
    }
}

#[test]
fn what_is_too_deep_to_be_read_is_not_kept() {
    let nested = |levels: usize| {
        kept(&format!(
            "let deep = \"[\\\\\\\"{{\"; for level in 0..{levels} {{ deep = #{{ x: deep }}; }}
             state.set(\"deep\", deep); state.get(\"deep\"); 1"
        ))
    };
    assert!(nested(127).failure.is_none(), "{:?}", nested(127).failure);
    let error = nested(128).failure.expect("too deep").error;
    assert_eq!(error.code, "state_limit");
    assert_eq!(error.message, "`state.set`: the value under `deep` is 128 levels deep");
}

#[test]
fn what_cannot_be_read_is_told_with_its_key() {
    let error = kept("state.get(\"foreign\")").failure.expect("it is no JSON").error;
    assert_eq!(error.code, "bad_state");
    assert!(error.message.starts_with("what `state` keeps under `foreign` cannot be read: EOF"), "{}", error.message);
}
