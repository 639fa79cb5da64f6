//! What one input of a session leaves to the next.

use serde_json::{Value, json};

use super::Bench;
use crate::engine::{Completeness, Evaluated, Interpreter, ShownKind, completeness};

struct Session {
    bench: Bench,
    interpreter: Interpreter,
    number: usize,
}

impl Session {
    fn new() -> Self {
        Self { bench: Bench::new(), interpreter: Interpreter::new(".".into(), None), number: 0 }
    }

    fn evaluate(&mut self, text: &str) -> Evaluated {
        self.number += 1;
        let source = self.interpreter.typed(self.number, text);
        self.interpreter.evaluate(&source, Some(self.number), self.bench.context())
    }

    #[track_caller]
    fn value(&mut self, text: &str) -> Value {
        let evaluated = self.evaluate(text);
        assert!(evaluated.failure.is_none(), "{text}: {}", evaluated.failure.unwrap().render(false));
        evaluated.shown.value
    }

    #[track_caller]
    fn error(&mut self, text: &str) -> String {
        self.evaluate(text).failure.unwrap_or_else(|| panic!("{text} fails")).render(false)
    }
}

#[test]
fn variables_functions_and_closures_stay() {
    let mut session = Session::new();
    session.value("let a = 1; const B = 2;");
    assert_eq!(session.value("a += 10; a + B"), 13);
    session.value("fn double(x) { x * 2 + B }");
    assert_eq!(session.value("double(a)"), 24);
    session.value("let add = |x| x + a;");
    session.value("a = 100");
    assert_eq!(session.value("[add.call(1), [1, 2].map(|x| double(x) + add.call(x))]"), json!([101, [105, 108]]));
    // A function of a function of an earlier input.
    session.value("fn twice(x) { double(double(x)) }");
    assert_eq!(session.value("twice(1)"), 10);
    assert_eq!(session.value("parallel([1, 2], |x| twice(x) + a)"), json!([110, 114]));
}

#[test]
fn each_input_sees_its_own_run() {
    let mut session = Session::new();
    session.value("let before = 1;");
    for text in ["`${run}`", "fn f() { `${run}` } f()", "\"\" + run", "to_string(run)", "to_json(run)"] {
        let shown = session.value(text);
        assert!(shown.as_str().is_some_and(|shown| shown.contains("is_simulated")), "{text}: {shown}");
    }
    assert_eq!(session.value("run")["is_simulated"], session.value("run.is_simulated"));
    assert_eq!(session.value("before"), 1);
}

#[test]
fn what_is_declared_again_counts() {
    let mut session = Session::new();
    session.value("let a = 1; fn f() { 1 } fn g() { f() }");
    for turn in 2..200 {
        session.value(&format!("let a = {turn}; fn f() {{ {turn} }}"));
    }
    assert_eq!(session.value("[a, f(), g()]"), json!([199, 199, 199]));
    let names: Vec<String> = session.interpreter.variables().into_iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["a", "last", "out200"]);
    let functions = session.interpreter.functions();
    assert_eq!(functions.iter().map(|function| function.name.as_str()).collect::<Vec<_>>(), ["f", "g"]);
}

#[test]
fn imports_stay_in_functions_and_closures_too() {
    let mut session = Session::new();
    session.value("import \"stdlib/retention\" as retention; import \"stackit/dns\" as dns;");
    assert_eq!(session.value("let f = || type_of(dns::list_zones); 1"), 1);
    assert!(session.error("fn f() { dns::list_zoness(#{}) } f()").contains("list_zone"));
    let aliases: Vec<String> = session.interpreter.imports().into_iter().map(|(alias, _)| alias).collect();
    assert_eq!(aliases, ["retention", "dns"]);
}

#[test]
fn results_have_numbers_and_errors_leave_what_was_before() {
    let mut session = Session::new();
    session.value("40 + 2");
    assert_eq!(session.value("[last, out1]"), json!([42, 42]));
    session.value("let x = 1;");
    assert_eq!(session.value("last"), json!([42, 42]));
    let shown = session.error("let kept = 5;\nlet y = kept / 0;");
    assert!(shown.contains("input 5:2:14") && shown.contains("let y = kept / 0"), "{shown}");
    assert_eq!(session.value("kept"), 5);
    assert!(session.error("nothing_here").contains("nothing_here"));
}

#[test]
fn an_error_in_an_earlier_inputs_function_is_shown_there() {
    let mut session = Session::new();
    session.value("fn broken(x) {\n  1 / x\n}");
    session.value("1");
    let shown = session.error("broken(0)");
    assert!(shown.contains("input 1:2:5") && shown.contains("called from input 3:1:1"), "{shown}");
}

#[test]
fn only_so_many_results_are_kept_and_what_is_cleared_is_gone() {
    let mut session = Session::new();
    for number in 1..=60 {
        session.value(&number.to_string());
    }
    assert_eq!(session.value("out60 + out12"), 72);
    assert!(session.error("out1").contains("out1"));
    assert!(session.interpreter.forget("out60") && !session.interpreter.forget("out60"));
    assert!(!session.interpreter.forget("log"));
    session.interpreter.clear();
    assert_eq!(session.interpreter.variables(), []);
    assert!(session.error("last").contains("last"));
}

#[test]
fn an_interrupted_input_leaves_the_session_usable() {
    let mut session = Session::new();
    let context = session.bench.context();
    let cancel = context.cancel.clone();
    let source = session.interpreter.typed(1, "let n = 0; loop { n += 1; }");
    let stop = std::thread::spawn(move || cancel.cancel());
    let evaluated = session.interpreter.evaluate(&source, Some(1), context);
    stop.join().unwrap();
    assert_eq!(evaluated.failure.expect("it was ended").error.code, "cancelled");
    session.number = 1;
    assert_eq!(session.value("1 + 1"), 2);
}

#[test]
fn a_result_says_what_it_is() {
    let mut session = Session::new();
    for (text, kind) in [
        ("()", ShownKind::Nothing),
        ("1", ShownKind::Plain),
        ("[]", ShownKind::List),
        ("[1]", ShownKind::List),
        ("#{ a: 1 }", ShownKind::Map),
        ("table([#{ a: 1 }])", ShownKind::LaidOut),
    ] {
        assert_eq!(session.evaluate(text).shown.kind, kind, "{text}");
    }
}

#[test]
fn of_a_long_result_a_part_is_shown() {
    let mut session = Session::new();
    session.value("let all = []; for i in 0..100 { all.push(#{ n: i }); }");
    for (text, range, first, count, left) in [
        ("all", 0..40, 0, 40, 60),
        ("all", 80..120, 80, 20, 0),
        ("all", 200..240, 0, 0, 0),
        ("table(all, [\"n\"])", 40..80, 40, 40, 20),
        ("all.map(|x| x.n)", 0..1, 0, 1, 99),
    ] {
        session.number += 1;
        let source = session.interpreter.typed(session.number, text);
        let mut context = session.bench.context();
        context.shown_elements = Some(range);
        let shown = session.interpreter.evaluate(&source, Some(session.number), context).shown;
        let elements = shown.value.as_array().expect("a list");
        assert_eq!((elements.len(), shown.left), (count, left), "{text}");
        let number = |value: &Value| value.get("n").unwrap_or(value).as_i64();
        assert!(elements.first().is_none_or(|value| number(value) == Some(first)), "{text}: {elements:?}");
        assert!(count < 2 || shown.text.lines().count() == count + 1, "{}", shown.text);
        assert_eq!(session.value("last").as_array().map(Vec::len), Some(100), "{text}");
    }
    assert_eq!(session.evaluate("all").shown.type_name, "list of map");
    assert_eq!(session.evaluate("all[0].n").shown.type_name, "int");
    assert_eq!(session.evaluate("\"a\"").shown.type_name, "text");
}

#[test]
fn what_waits_for_more_is_told_from_what_is_wrong() {
    let mut wrong = Vec::new();
    let fragments = include_str!("inputs.txt").lines().filter(|line| line.starts_with(['+', '-']));
    let mut count = 0;
    for line in fragments {
        let text = line[1..].strip_prefix(' ').unwrap_or_default().replace("\\n", "\n");
        let wanted = if line.starts_with('+') { Completeness::Open } else { Completeness::Whole };
        count += 1;
        if completeness(&text) != wanted {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty() && count >= 200, "{count} fragments, wrong are:\n{}", wrong.join("\n"));
}
