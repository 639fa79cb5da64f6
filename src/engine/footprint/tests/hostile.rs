//! Needs that are hidden: each is found, or the place is named where anything may be called.

use super::{footprint, needs};

fn deletes(text: &str) -> bool {
    needs(text).iter().any(|need| need == "iaas.server.delete")
}

#[test]
fn what_is_hidden_is_found() {
    let hidden = [
        "let f = |s| s.delete(); f.call(servers()[0])",
        "let f = |s| s.delete(); call(f, servers()[0])",
        "let f = |a, s| s.delete(); f.curry(1).call(servers()[0])",
        "let f = |s| s.delete(); let g = f.curry(servers()[0]); g.call()",
        "let f = |s, t| s.delete(); curry(curry(f, servers()[0]), 1).call()",
        "Fn(\"delete\").call(servers()[0])",
        "let f = Fn(\"del\" + \"ete\"); f.call(servers()[0])",
        "let n = \"delete\"; let f = Fn(`${n}`); servers().map(f)",
        "let a = \"del\"; let b = \"ete\"; Fn(a + b).call(servers()[0])",
        "let all = [\"x\"] + [\"delete\"]; for n in all { Fn(n).call(servers()[0]) }",
        "for l in [[\"x\"], [\"y\"]] { let m = l + [\"delete\"]; for n in m { Fn(n).call(servers()[0]) } }",
        "let all = parallel([1], |n| \"x\") + parallel([1], |n| \"delete\"); for n in all { Fn(n).call(servers()[0]) }",
        "servers().map(\"delete\")",
        "servers().filter(\"delete\")",
        "delete(servers()[0])",
        "servers().delete()",
        "fn zap(s) { s.delete() } servers().map(Fn(\"zap\"))",
        "fn zap(s) { delete(s) } let f = Fn(\"zap\"); parallel(servers(), f)",
        "servers()[0].call(|x| this.delete(), 1)",
        "let m = #{ go: || this.s.delete(), s: servers()[0] }; m.go()",
        "let hold = [|s| s.delete()]; hold[0].call(servers()[0])",
        "let m = #{ a: [#{ f: |s| s.delete() }] }; for x in m.a { x.f.call(servers()[0]) }",
        "fn make() { |s| s.delete() } make().call(servers()[0])",
        "fn twice(f) { |x| f.call(x) } twice(|s| s.delete()).call(servers()[0])",
        "fn a(s, n) { if n > 0 { b(s, n - 1) } } fn b(s, n) { if n > 0 { a(s, n - 1) } else { s.delete() } } a(servers()[0], 9)",
        "let s = servers()[0]; fn f() { s.delete() } f!()",
        "let s = servers()[0]; let t = #{}; t.x = #{}; t.x.y = s; let u = t; u.x.y.delete()",
        "try { throw #{ s: servers()[0] } } catch (e) { e.s.delete() }",
        "let x = parse_json(\"{}\"); x.s = servers()[0]; x.s.delete()",
        "let l = [1, 2]; l[0] = servers()[0]; l[0].delete()",
        "let l = [[servers()[0]]]; let f = l[0]; f[0].delete()",
        "let a = 1; a = |s| s.delete(); a.call(servers()[0])",
        "switch 1 { 1 if servers()[0].delete() == 1 => 2, _ => 3 }",
        "while servers()[0].delete() == () { }",
        "`${servers()[0].delete()}`",
        "servers().sort(|a, b| { a.delete(); 0 })",
        "table(servers(), [[\"x\", |s| s.delete()]])",
        "attempt(|| servers()[0].delete())",
        "let f = |x| { let g = |y| { y.delete() }; g.call(x) }; servers().for_each(f)",
        "servers().for_each(|| this.delete())",
        "let m = #{ s: servers()[0] }; m.filter(|k, v| { v.delete(); true })",
        "project(\"6f1c5e0e-9d2f-4b55-8c3a-0d3d6f6f2a10\").server(\"a\").delete()",
        "let all = servers() + volumes(); for x in all { x.delete() }",
        "import \"stackit/iaas\" as x; x::delete_server(\"a\")",
        "import \"stackit/iaas/v1\" as x; x::delete_server(\"a\")",
        "import \"stackit/\" + \"iaas\" as x; x::delete_server(\"a\")",
        "fn f() { import \"stackit/iaas\" as y; y::delete_server(\"a\") } f()",
        "if false { import \"stackit/iaas\" as y; y::delete_server(\"a\") }",
    ];
    let missed: Vec<&str> = hidden.into_iter().filter(|text| !deletes(text)).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn where_anything_may_be_called_the_place_is_named() {
    for text in [
        "let args = params(#{ f: \"\" });\nFn(args.f).call(servers()[0])",
        "let args = params(#{ f: \"\" });\nservers().map(\"del\" + args.f)",
        "let args = params(#{ m: \"\" });\nimport args.m as x; x::delete_server(\"a\")",
    ] {
        let found = footprint(text);
        assert!(found.loose.iter().all(|loose| loose.place.line == 2) && !found.loose.is_empty(), "{text}");
    }
}

#[test]
fn what_is_never_called_is_not_needed() {
    for text in [
        "fn f(s) { s.delete() }",
        "let f = |s| s.delete(); let g = 1;",
        "let f = Fn(\"delete\"); servers()",
        "let text = \"servers()[0].delete()\"; print(text)",
        "let m = #{ delete: 1 }; m.delete",
    ] {
        assert!(!deletes(text), "{text}");
    }
}

#[test]
fn a_recipe_that_does_not_end_by_itself_is_followed_to_an_end() {
    for text in [
        "fn f(x) { f(#{ a: x }) } f(servers()[0])",
        "let f = |x| x; loop { f = f.curry(servers()[0]); f.call() }",
        "let t = \"a\"; loop { t += \"b\"; Fn(t).call() }",
        "let m = #{}; m.m = m; loop { m = m.m; m.x = m }",
    ] {
        footprint(text);
    }
    let chain: Vec<String> = (0..400).map(|number| format!("fn f{number}(s) {{ f{}(s) }}", number + 1)).collect();
    let chain = chain.join("\n");
    assert!(deletes(&format!("{chain} fn f400(s) {{ s.delete() }} f0(servers()[0])")), "deep chains are followed");
}
