use chrono::{DateTime, Utc};

use super::Bench;
use crate::clock::Clock;

#[test]
fn order_is_kept_and_every_item_is_attempted() {
    let bench = Bench::new();
    let cases = [
        "parallel([1, 2, 3], |x| x * 2) == [2, 4, 6]",
        "[1, 2, 3].parallel(|x| x * 2) == [2, 4, 6]",
        "parallel([], |x| x) == []",
        "parallel([1, 2, 3], #{ workers: 1 }, |x| x + 1) == [2, 3, 4]",
        "let n = 10; parallel([1, 2], |x| x + n) == [11, 12]",
        "let big = []; for i in 0..1000 { big.push(i); } parallel(big, #{ workers: 32 }, |x| big[x] + big.len()).len() == 1000",
        "fn double(x) { x * 2 } parallel([1, 2], |x| double(x)) == [2, 4]",
        "parallel([1, 2], |x| parallel([1, 2], |y| x * y)) == [[1, 2], [2, 4]]",
        "parallel([1, 2], |x| |y| x + y).map(|f| f.call(10)) == [11, 12]",
        "let r = try_parallel([1, 0], |x| 10 / x); r[0].ok && r[0].value == 10 && !r[1].ok && r[1].item == 0 && r[1].error.kind == \"script\"",
        "attempt(|| 3).value == 3 && attempt(|| throw \"no\").error.message == \"no\"",
        "attempt(|| throw #{ kind: \"conflict\", message: \"m\", mine: 1 }).error.mine == 1",
        "let r = try_parallel([1, 2, 3], #{ workers: 1, stop_on_error: true }, |x| throw \"no\"); r[2].error.code == \"not_attempted\"",
        "let r = (); try { parallel([1, 0, 2], |x| 2 / x) } catch (e) { r = e } r.results.len() == 3 && r.results[2].value == 1 && r.code == \"parallel_failed\"",
        "let c = #{ n: 1 }; parallel([1, 2], |x| { let mine = c; mine.n += x; mine.n }) == [2, 3]",
    ];
    for case in cases {
        assert_eq!(bench.value(case), true, "{case}");
    }
}

#[test]
fn what_is_captured_cannot_be_changed() {
    let bench = Bench::new();
    for script in ["let n = 0; parallel([1, 2], |x| { n += x; })", "let all = []; parallel([1, 2], |x| all.push(x))"] {
        let message = bench.message(script);
        assert!(message.contains("constant"), "{message}");
    }
}

#[test]
fn options_are_checked() {
    let bench = Bench::new();
    for (script, part) in [
        ("parallel([1], #{ worker: 3 }, |x| x)", "no option `worker`"),
        ("parallel([1], #{ workers: 0 }, |x| x)", "above 0"),
        ("parallel([1], #{ workers: 2 })", "a closure"),
        ("parallel(5, |x| x)", "does not take (int, closure)"),
    ] {
        let message = bench.message(script);
        assert!(message.contains(part), "{script}: {message}");
    }
}

#[test]
fn a_method_whose_closure_captures_its_receiver_gets_a_hint() {
    let error = Bench::new().run("let a = [1, 2]; a.filter(|x| x < a.len())").failure.unwrap().error;
    assert!(error.hint.unwrap_or_default().contains("copy it first"), "{}", error.message);
}

fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

#[test]
fn workers_wait_side_by_side_on_a_virtual_clock() {
    let bench = Bench { clock: Clock::starting_at(noon()), ..Bench::new() };
    let script = "let start = test_now(); let t = parallel([30, 10, 20], |s| { test_sleep(s); test_now() - start }); t";
    assert_eq!(bench.value(script), serde_json::json!([30, 10, 20]));
    // One worker has to wait for each in turn; nested workers hand their tokens on.
    let script = "let start = test_now(); parallel([30, 10], #{ workers: 1 }, |s| test_sleep(s)); test_now() - start";
    assert_eq!(bench.value(script), 40);
    let script =
        "let start = test_now(); parallel([1, 2], |a| parallel([3, 4], |b| test_sleep(a * b))); test_now() - start";
    assert_eq!(bench.value(script), 8);
}

#[test]
fn a_panic_in_a_native_is_a_bug_of_ours_that_nothing_catches() {
    let outcome = Bench::new().run("try { test_panic() } catch { }");
    assert_eq!(outcome.exit_code(), 70);
    let outcome = Bench::new().run("try_parallel([1, 2], |x| test_panic())");
    assert_eq!(outcome.exit_code(), 70);
}

/// Cancels the run when it prints.
struct CancelsOnPrint(tokio_util::sync::CancellationToken);

impl crate::engine::Output for CancelsOnPrint {
    fn print(&self, _: &str) {
        self.0.cancel();
    }

    fn say(&self, _: &str) {}
}

#[test]
fn a_cancel_in_the_middle_ends_what_waits_and_what_computes() {
    for script in [
        "print(1); test_sleep(100000)",
        "print(1); loop { }",
        "parallel([1, 2, 3], |x| { print(x); test_sleep(100000) })",
        "try_parallel([1, 2], |x| attempt(|| { print(x); loop { } }))",
    ] {
        let bench = Bench::new();
        let mut context = bench.context();
        context.output = std::sync::Arc::new(CancelsOnPrint(context.cancel.clone()));
        let outcome = crate::engine::run(&crate::engine::Source::inline("x", script), context);
        assert_eq!(outcome.exit_code(), 130, "{script}: {outcome:?}");
    }
}

#[test]
fn a_nested_parallel_without_threads_to_spare_works_all_the_same() {
    let limits = crate::engine::Limits { workers: 2, ..crate::engine::Limits::default() };
    let bench = Bench { clock: Clock::starting_at(noon()), limits, ..Bench::new() };
    let script = "parallel([1, 2, 3], |a| parallel([1, 2], |b| { test_sleep(a); a * b }))";
    assert_eq!(bench.value(script), serde_json::json!([[1, 2], [2, 4], [3, 6]]));
}

#[test]
fn a_cancel_ends_a_blocked_call_and_nothing_catches_it() {
    for script in ["try { test_sleep(100000) } catch { }", "try_parallel([1, 2], |x| test_sleep(100000))"] {
        let bench = Bench::new();
        let context = bench.context();
        context.cancel.cancel();
        let outcome = crate::engine::run(&crate::engine::Source::inline("x", script), context);
        assert_eq!(outcome.exit_code(), 130, "{script}: {outcome:?}");
    }
}
