//! What rhai does that we rely on or work around, on the version that is pinned. A test that fails here after an
//! upgrade says what to look at again; each has the row of the notes that it watches.

use std::path::Path;

use rhai::{Dynamic, Engine, FnPtr, Scope};

use super::Bench;
use crate::engine::{Source, run};

/// Runs `main` with a module `m` beside it.
fn with_module(module: &str, main: &str) -> crate::engine::Outcome {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(Path::new(folder.path()).join(name), text).unwrap();
    write("m.rhai", module);
    write("main.rhai", main);
    run(&Source::read(&folder.path().join("main.rhai")).unwrap(), Bench::new().context())
}

#[test]
fn a_closure_returned_by_a_module_cannot_be_called() {
    // 1.25 could, 1.26 and 1.27 cannot: modules of the standard library return no closures.
    let outcome = with_module("fn adder(n) { |x| x + n }", "import \"m\" as m; let f = m::adder(1); f.call(2)");
    assert_eq!(outcome.error().map(|error| error.code), Some("unknown_function"));
}

#[test]
fn a_closure_given_to_a_module_keeps_its_own_functions() {
    // 1.27 silently calls the module's function of the same name.
    let outcome = with_module(
        "fn helper() { \"module\" } fn apply(f) { f.call() }",
        "import \"m\" as m; fn helper() { \"main\" } m::apply(|| helper())",
    );
    assert_eq!(outcome.value, "main", "{:?}", outcome.failure);
}

#[test]
fn an_error_in_a_closure_given_to_a_module_names_the_right_script() {
    let outcome = with_module("fn apply(f) { f.call() }", "import \"m\" as m;\nm::apply(||\n 1 / 0)");
    let place = outcome.failure.unwrap().trace[0].clone();
    assert!(place.source.ends_with("main.rhai") && place.line == 3, "{place:?}");
}

#[test]
fn the_optimizer_keeps_an_inner_variable_apart() {
    // rhai#1126, wrong in 1.25.
    assert_eq!(Bench::new().value("let a = 1; { let b = 99; switch b { _ => b } }"), 99);
    assert_eq!(Bench::new().value("let a = [1, 2]; switch a.len() { 0..2 => 1, 2..=3 => 2, _ => 3 }"), 2);
}

#[test]
fn constants_of_the_scope_are_seen_in_functions_closures_and_modules() {
    let bench = Bench::new().with("REGION", "eu01".into());
    for script in ["REGION", "fn f() { REGION } f()", "let f = || REGION; f.call()", "[1].map(|x| REGION)[0]"] {
        assert_eq!(bench.value(script), "eu01", "{script}");
    }
    for script in ["fn f() { log.debug(\"x\"); 1 } f()", "let f = || { log.debug(\"x\"); 1 }; f.call()"] {
        assert_eq!(bench.value(script), 1, "{script}");
    }
    let outcome = with_module(
        "fn f() { run.is_simulated } fn g() { log.debug(\"x\"); [1].map(|x| run.is_simulated)[0] }",
        "import \"m\" as m; [m::f(), m::g()]",
    );
    assert_eq!(outcome.value, serde_json::json!([false, false]), "{:?}", outcome.failure);
}

#[test]
fn unknown_variables_are_found_before_anything_runs() {
    let bench = Bench::new();
    for script in
        ["print(1); typo", "print(1); fn f() { typo }", "print(1); let f = || typo;", "print(1); [1].map(|x| typo)"]
    {
        assert_eq!(bench.message(script), "there is no variable `typo`", "{script}");
    }
    assert!(bench.output.0.lock().unwrap().is_empty());
    let outcome = with_module("fn f() { typo }", "import \"m\" as m; 1");
    assert_eq!(outcome.error().map(|error| error.code), Some("unknown_variable"));
}

#[test]
fn captured_values_that_are_shared_again_as_read_only_can_be_read_and_not_written() {
    let mut engine = Engine::new();
    engine.set_max_strings_interned(0);
    let source = "let list = [1, 2]; let map = #{ n: 1 }; |i| if i == 0 { list.len() + map.n } else { list.push(i) }";
    let ast = engine.compile(source).unwrap();
    let mut closure = engine.eval_ast_with_scope::<FnPtr>(&mut Scope::new(), &ast).unwrap();
    assert_eq!(closure.curry().len(), 2);
    for captured in closure.iter_curry_mut() {
        assert!(captured.is_shared());
        *captured = std::mem::take(captured).flatten().into_read_only().into_shared();
        assert!(captured.is_shared() && captured.is_read_only());
    }
    assert_eq!(closure.call::<i64>(&engine, &ast, (0_i64,)).unwrap(), 3);
    let error = closure.call::<Dynamic>(&engine, &ast, (1_i64,)).unwrap_err().to_string();
    assert!(error.contains("constant"), "{error}");
}

#[test]
fn what_a_worker_captured_can_be_changed_again_once_it_is_returned() {
    let bench = Bench::new();
    assert_eq!(
        bench.value(
            "let c = #{ n: 1 }; let r = parallel([1], |x| c); r[0].n = 5; let d = r[0]; d.n += 1; [c.n, r[0].n, d.n]"
        ),
        serde_json::json!([1, 5, 6])
    );
}

#[test]
fn closures_run_side_by_side_without_a_stall() {
    // With shared captures each of these reads would try a lock, sleep 10 ms when it is taken, and fail in the end.
    let script = "let list = []; for i in 0..500 { list.push(i); } let total = 0; let map = #{ list: list };
                  let sums = parallel(list, #{ workers: 16 }, |i| { let n = 0; for k in 0..20 { n += list[k] + map.list.len() + list.len(); } n });
                  sums.all(|n| n == 190 + 20 * 1000)";
    assert_eq!(Bench::new().value(script), true);
}

#[test]
fn counting_in_on_progress_sees_callbacks_and_rhai_alone_does_not() {
    let mut engine = Engine::new();
    engine.set_max_operations(1_000);
    let result = engine.eval::<i64>("[1, 2, 3].map(|x| { for i in 0..300 { x += i; } x }).len()");
    assert!(result.is_ok(), "rhai counts callbacks by now: {result:?}");
}

#[test]
fn on_parse_token_sees_each_token_once_and_in_order() {
    // Names after a dot depend on it, looked ahead or not.
    let bench = Bench::new();
    assert_eq!(
        bench.value("let m = #{ use: #{ for: [1] }, if: 2 }; let x = m.use.for[0] + m.if; x += m?.use?.for.len(); x"),
        4
    );
    assert_eq!(bench.value("let m = #{\n // use\n default: `a${#{ in: 1 }.in}b`, type: 1 };\n m.default"), "a1b");
    assert_eq!(bench.value("let a = 0..3; let n = 0; for i in a { if i in [1, 2] { n += i } } n"), 3);
}

#[test]
fn constants_are_not_folded_by_comparing_what_cannot_be_compared() {
    // The optimizer folds operators between constants without asking our functions; nothing of ours is a literal.
    assert!(Bench::new().message("const T = minutes(1); T == 5").contains("cannot be compared"));
}

#[test]
fn an_operator_between_numbers_has_a_place() {
    // Only without rhai's short cut for operators.
    let failure = Bench::new().run("let a = 0;\nlet b = [\n 1 / a];").failure.unwrap();
    assert_eq!(failure.trace[0].line, 3);
}

#[test]
fn lists_maps_and_closures_have_the_sizes_by_which_their_stack_is_counted() {
    // See `stack::cost`.
    let sizes = [size_of::<rhai::Array>(), size_of::<rhai::Map>(), size_of::<FnPtr>()];
    assert_eq!((sizes, align_of::<FnPtr>()), ([24, 24, 48], 8));
}
