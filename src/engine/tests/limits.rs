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
