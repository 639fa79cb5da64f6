use std::sync::Arc;

use super::Bench;
use crate::engine::Limits;

#[test]
fn an_endless_loop_ends_at_the_limit_of_operations() {
    let bench = Bench { limits: Limits { operations: 10_000, ..Limits::default() }, ..Bench::new() };
    let outcome = bench.run("loop { try { loop { } } catch { } }");
    assert_eq!(outcome.error().map(|error| error.code), Some("operation_limit"));
    assert_eq!(outcome.exit_code(), 6);
}

#[test]
fn operations_in_callbacks_are_counted() {
    let bench = Bench { limits: Limits { operations: 20_000, ..Limits::default() }, ..Bench::new() };
    let outcome = bench.run("[1, 2, 3].map(|x| { for i in 0..1000000 { x += 1; } x })");
    assert_eq!(outcome.error().map(|error| error.code), Some("operation_limit"));
}

#[test]
fn text_that_doubles_for_ever_ends_at_a_limit() {
    let bench = Bench { limits: Limits { memory_bytes: 2 << 20, ..Limits::default() }, ..Bench::new() };
    for script in [
        "let a = \"x\"; loop { a += a; }",
        "let a = \"0123456789abcdef\"; a += a; a += a; a += a; let kept = []; for i in 0..100000 { kept.push(a + i); }",
        "let a = []; loop { a.push(#{ x: 1 }); }",
    ] {
        let outcome = bench.run(script);
        assert_eq!(outcome.exit_code(), 6, "{script}: {outcome:?}");
    }
}

#[test]
fn one_step_cannot_take_many_times_its_text() {
    let bench = Bench { limits: Limits { memory_bytes: 4 << 20, ..Limits::default() }, ..Bench::new() };
    let text = "let t = \"0123456789abcdef\"; for i in 0..14 { t += t; }";
    for step in ["t.split(\"\")", "t.to_chars()", "t.replace(\"0\", t)", "t.split(\"0\").len(); t.split('1', 100000)"] {
        let outcome = bench.run(&format!("{text} {step}"));
        assert_eq!(outcome.error().map(|error| error.code), Some("memory_limit"), "{step}: {outcome:?}");
    }
}

#[test]
fn doubling_of_every_kind_ends_at_a_limit() {
    let bench = Bench { limits: Limits { memory_bytes: 8 << 20, ..Limits::default() }, ..Bench::new() };
    for script in [
        "let t = \"ab\"; loop { t += t; }",
        "let t = \"ab\"; loop { t = t + t; }",
        "let t = \"ab\"; loop { t = `${t}${t}`; }",
        "let t = \"ab\"; loop { t.append(t); }",
        "let t = 'a'; let i = 1; loop { i *= 2; let t = \"a\"; t.pad(i, 'b'); t.pad(i, \"bc\"); }",
        "let a = [1]; loop { a += a; }",
        "let a = [1]; loop { a = a + a; }",
        "let a = [1]; loop { a = [a, a]; }",
        "let a = [1]; loop { a.push(a); }",
        "let a = [1]; loop { a.append(a); }",
        "let a = [1]; loop { a.insert(0, a); }",
        "let a = [1]; loop { a.splice(0..0, a); }",
        "let a = [1]; loop { a.pad(a.len() * 2, a); }",
        "let a = [[1, 2, 3]]; a.pad(1000000, a)",
        "let m = #{ a: 1 }; loop { m = #{ a: m, b: m }; }",
        "let m = #{ a: 1 }; let i = 0; loop { m[`k${i}`] = m; i += 1; }",
        "let m = #{}; let i = 0; loop { m += #{ [`k${i}`]: 1 }; i += 1; }",
        "let m = #{}; let i = 0; loop { m.set(`k${i}`, m.keys()); i += 1; }",
        "let b = \"ab\".to_blob(); loop { b += b; }",
        "let b = \"ab\".to_blob(); loop { b = b + b; }",
        "let f = || 1; loop { f = f.curry(f); }",
        "let t = \"0123456789abcdef\"; for i in 0..14 { t += t; } let a = []; a.pad(1000, t); a.to_string()",
        "let t = \"0123456789abcdef\"; for i in 0..14 { t += t; } let a = []; a.pad(1000, t); a.join(\"\")",
        "let t = \"0123456789abcdef\"; for i in 0..14 { t += t; } let a = []; a.pad(1000, t); a",
        "let t = \"0123456789abcdef\"; for i in 0..14 { t += t; } let a = []; a.pad(1000, t); \"\" + a",
    ] {
        // `#{ [key]: … }` is no syntax of rhai's; that case is written out.
        let script = script.replace("m += #{ [`k${i}`]: 1 };", "let n = #{}; n[`k${i}`] = m.len(); m += n;");
        let outcome = bench.run(&script);
        assert_eq!(outcome.exit_code(), 6, "{script}: {outcome:?}");
    }
}

#[test]
fn pushing_looks_at_nothing_but_the_new_element() {
    let steps = |count: usize| {
        let limits = Limits { operations: 12 * count as u64, ..Limits::default() };
        let bench = Bench { limits, ..Bench::new() };
        assert_eq!(bench.value(&format!("let a = []; for i in 0..{count} {{ a.push(i); }} a.len()")), count);
    };
    steps(1_000);
    steps(200_000);
    // rhai looks over a whole list at each call of a method as soon as one of its limits of sizes is set.
    let engine = crate::engine::builder::bare(&Limits::default());
    assert_eq!((engine.max_string_size(), engine.max_array_size(), engine.max_map_size()), (0, 0, 0));
}

#[test]
fn values_nested_without_end_are_contained() {
    let bench = Bench::new();
    for script in ["let a = []; loop { a = [a]; }", "let m = #{}; loop { m = #{ a: m }; }"] {
        assert_eq!(bench.run(script).error().map(|error| error.code), Some("depth_limit"), "{script}");
    }
    // Closures that hold each other by what they share: nothing is copied, and all are dropped at once.
    for script in [
        "let f = || 0; for i in 0..100000 { let g = f; f = || g; } f = 0; 1",
        "let a = 0; for i in 0..5000 { let g = a; a = [[[[[[[[[[[[[[[[|| g]]]]]]]]]]]]]]]]; } a = 0; 1",
    ] {
        assert_eq!(bench.run(script).error().map(|error| error.code), Some("depth_limit"), "{script}");
    }
}

#[test]
fn guarded_functions_do_what_rhai_does() {
    let bench = Bench::new();
    for case in [
        "\"a b  c\".split() == [\"a\", \"b\", \"c\"]",
        "\"a,b,c\".split(\",\") == [\"a\", \"b\", \"c\"] && \"a,b,c\".split(',', 2) == [\"a\", \"b,c\"]",
        "\"abc\".split(1) == [\"a\", \"bc\"] && \"a,b\".split_rev(\",\") == [\"b\", \"a\"]",
        "\"ab\".to_chars() == ['a', 'b']",
        "let t = \"a-b-c\"; t.replace(\"-\", \"+\"); t == \"a+b+c\"",
        "let t = \"aba\"; t.replace('a', \"xy\"); t == \"xybxy\"",
        "\"a\" + \"b\" == \"ab\" && \"a\" + 'b' == \"ab\" && 'a' + \"b\" == \"ab\" && \"a\" + () == \"a\"",
        "\"a\" + 1 == \"a1\" && 1 + \"a\" == \"1a\" && \"a\" + 1.5 == \"a1.5\" && \"a\" + true == \"atrue\" && [1] + \"\" == \"[1]\"",
        "let t = \"a\"; t += \"b\"; t += 'c'; t += 1; t += (); t.append([2]); t == \"abc1[2]\"",
        "let t = \"ab\"; t.pad(4, 'x'); t.pad(7, \"yz\"); t == \"abxxyzy\" || t == \"abxxyzyz\"",
        "let a = [1]; a.pad(3, 0); a == [1, 0, 0]",
        "\"äöü\".sub_string(1, 1) == \"ö\" && \"äöü\".sub_string(1) == \"öü\" && \"abc\".sub_string(0..2) == \"ab\"",
        "let t = \"abcd\"; t.crop(1, 2); t == \"bc\"",
        "\"ab\".to_upper() == \"AB\" && #{ a: 1, b: 2 }.keys() == [\"a\", \"b\"]",
        "let t = \"\"; for c in \"äbç\" { t += c; } for (c, i) in \"xy\" { t += c; t += i; } t == \"äbçx0y1\"",
        "let n = 0; for c in \"abcd\".chars(1, 2) { n += 1; } n == 2",
    ] {
        assert_eq!(bench.value(case), true, "{case}");
    }
}

#[test]
fn workers_charge_the_run() {
    let bench = Bench { limits: Limits { memory_bytes: 4 << 20, ..Limits::default() }, ..Bench::new() };
    // Each result is small enough, all together are not.
    let script = "let items = []; for i in 0..32 { items.push(i); } \
                  parallel(items, |x| { let t = `${x}.`; for i in 0..16 { t += t; } [t, t + x] })";
    assert_eq!(bench.run(script).error().map(|error| error.code), Some("memory_limit"));
}

#[test]
fn memory_is_given_back() {
    let bench = Bench { limits: Limits { memory_bytes: 2 << 20, ..Limits::default() }, ..Bench::new() };
    // A hundred times the budget in all, never more than a fraction of it at once.
    let script = "let t = \"0123456789abcdef\"; for i in 0..11 { t += t; } \
                  for i in 0..500 { let a = t + i; parallel([1, 2], |x| a + x); test_sleep(0); } 1";
    assert_eq!(bench.value(script), 1);
}

#[test]
fn the_deadline_ends_a_run_whatever_it_does() {
    let limits = Limits { deadline: Some(std::time::Duration::ZERO), ..Limits::default() };
    let bench = Bench { limits, ..Bench::new() };
    for script in ["loop { }", "test_sleep(100000)", "try { test_sleep(100000) } catch { }"] {
        let outcome = bench.run(script);
        assert_eq!(outcome.error().map(|error| error.code), Some("deadline"), "{script}: {outcome:?}");
        assert_eq!(outcome.exit_code(), 6);
    }
}

#[test]
fn deep_recursion_ends_at_a_limit() {
    let bench = Bench::new();
    assert_eq!(bench.run("fn f(n) { f(n + 1) } f(0)").exit_code(), 6);
    // rhai doubles the list of a closure's functions with each closure within a closure: at 64 levels that is slow.
    let bench = Bench { limits: Limits { call_depth: 32, ..Limits::default() }, ..bench };
    for script in [
        "fn f(n) { [n].map(|x| f(x + 1)) } f(0)",
        "fn f(n) { try { f(n + 1) } catch { } } f(0)",
        "fn f(n) { parallel([n], |x| f(x + 1)) } f(0)",
    ] {
        let outcome = bench.run(script);
        assert_eq!(outcome.exit_code(), 6, "{script}: {outcome:?}");
    }
    let nested = format!("{}1{}", "(".repeat(500), ")".repeat(500));
    assert!(bench.message(&nested).contains("too deep"));
}

#[test]
fn objects_cannot_lie_in_each_other_without_end() {
    let object = crate::engine::values::decode_object(b"{\"a\":1}", &crate::engine::values::Node::Plain).unwrap();
    let bench = Bench::new().with("o", rhai::Dynamic::from(object));
    let message = bench.message("let x = o; loop { x.child = x; }");
    assert!(message.contains("deep"), "{message}");
}

#[test]
fn a_meter_counts_what_is_held_and_never_owes() {
    use crate::memory::charge_to;
    use crate::meter::Meter;
    let (outer, inner) = (Arc::new(Meter::default()), Arc::new(Meter::default()));
    let mut kept = charge_to(&outer, || {
        let kept = vec![1_u8; 1 << 20];
        let other = charge_to(&inner, || vec![1_u8; 1 << 21]);
        assert!(inner.used() >= 1 << 21 && outer.used() < 1 << 21);
        charge_to(&inner, || drop(other));
        kept
    });
    assert!(outer.used() >= 1 << 20 && inner.used() < 1 << 10, "{} {}", outer.used(), inner.used());
    charge_to(&outer, || kept.shrink_to(0));
    kept.clear();
    // Freed for somebody else: that is no credit for later.
    charge_to(&inner, || drop(kept));
    assert_eq!(inner.used(), 0);
    let more = charge_to(&inner, || vec![1_u8; 1 << 20]);
    assert!(inner.used() >= 1 << 20);
    drop(more);
    // A panic gives the thread back to whoever it worked for.
    let panicked = std::panic::catch_unwind(|| charge_to(&inner, || panic!("on purpose")));
    assert!(panicked.is_err());
    let before = inner.used();
    let more = vec![1_u8; 1 << 20];
    assert_eq!(inner.used(), before);
    drop(more);
}
