//! An object of the API behaves as a map wherever a user would expect it.

use std::sync::Arc;

use rhai::Dynamic;

use super::Bench;
use crate::engine::values::{About, Node, decode_object};

const SERVER: &str = r#"{"name":"web-1","labels":{"team":"blue","cost-center":"7"},
    "nics":[{"ipv4":"10.0.0.1","mtu":1500}],"n":5,"id":18446744073709551615,"ratio":0.5,"nothing":null}"#;

fn bench() -> Bench {
    let about = About { kind: "Server", left_out: &["details"], fetched_with: "server(id)", ..About::default() };
    let server = decode_object(SERVER.as_bytes(), &Node::Plain).unwrap().with_about(Arc::new(about));
    Bench::new().with("s", Dynamic::from(server))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of expressions")]
fn an_object_does_what_a_map_does() {
    let bench = bench();
    let cases = [
        "s.name == \"web-1\"",
        "s[\"name\"] == \"web-1\"",
        "s.labels.team == \"blue\"",
        "s.labels[\"cost-center\"] == \"7\"",
        "s.nothing == ()",
        "s.missing == ()",
        "s.missing?.deeper == ()",
        "(s.missing ?? \"d\") == \"d\"",
        "\"name\" in s",
        "!(\"nope\" in s)",
        "s.contains(\"name\")",
        "s.len() == 7",
        "!s.is_empty()",
        "s.keys()[0] == \"name\"",
        "s.values()[0] == \"web-1\"",
        "s.get(\"name\") == \"web-1\"",
        "s.get(\"nope\") == ()",
        "s.get(\"nope\", 3) == 3",
        "s.id == \"18446744073709551615\"",
        "s.n == 5 && s.ratio == 0.5",
        "s.nics[0].ipv4 == \"10.0.0.1\"",
        "s.nics.map(|n| n.mtu) == [1500]",
        "s == s",
        "s.labels == #{ team: \"blue\", \"cost-center\": \"7\" }",
        "#{ team: \"blue\", \"cost-center\": \"7\" } == s.labels",
        "s.labels != #{ team: \"red\" }",
        "let c = s; c.name = \"x\"; c.name == \"x\" && s.name == \"web-1\"",
        "let c = s; c.labels.team = \"new\"; c.labels.team == \"new\" && s.labels.team == \"blue\"",
        "let c = s; c.nics[0].ipv4 = \"y\"; c.nics[0].ipv4 == \"y\" && s.nics[0].ipv4 == \"10.0.0.1\"",
        "let c = s; c.n += 5; c.n == 10",
        "let x = [s]; x[0].name = \"z\"; x[0].name == \"z\" && s.name == \"web-1\"",
        "let c = s.labels; c.remove(\"team\") == \"blue\" && c.len() == 1",
        "let c = s.labels; c.set(\"team\", 1); c.team == 1",
        "let c = s.labels; c.clear(); c.is_empty()",
        "let c = s.labels; c.mixin(#{ a: 1 }); c.a == 1 && c.team == \"blue\"",
        "let c = s.labels; c += #{ a: 1 }; c.a == 1",
        "let c = s.labels; c.fill_with(#{ a: 1, team: 2 }); c.a == 1 && c.team == \"blue\"",
        "(s.labels + #{ a: 1 }).a == 1",
        "(#{ a: 1 } + s.labels).team == \"blue\"",
        "let m = #{ a: 1 }; m += s.labels; m.team == \"blue\" && m.a == 1",
        "let m = #{ a: 1 }; m.mixin(s.labels); m.team == \"blue\"",
        "s.labels.filter(|k| k == \"team\") == #{ team: \"blue\" }",
        "s.labels.map(|k| k.len()).team == 4",
        "let c = s.labels; c.retain(|k| k == \"team\"); c == #{ team: \"blue\" }",
        "let c = s.labels; c.drain(|k| k == \"team\"); c == #{ \"cost-center\": \"7\" }",
        "let names = []; for k in s { names.push(k); } names.len() == 7",
        "let n = 0; for (k, i) in s.labels { n += i; } n == 1",
        "s.labels.to_map().team == \"blue\"",
        "type_of(s) == \"Server\" && type_of(s.labels) == \"map\" && s.type_of() == \"Server\"",
        "type_of(1) == \"i64\" && type_of(\"x\") == \"string\" && type_of([]) == \"array\"",
        "switch s.name { \"web-1\" => true, _ => false }",
        "s.managed_by == ()",
        "const C = s; C.name == \"web-1\"",
        "fn first(o) { o.name } first(s) == \"web-1\"",
        "`${s.labels}` == `#{\"team\": \"blue\", \"cost-center\": \"7\"}`",
        "[s, s].contains(s)",
        "s in [s]",
        "[s].index_of(s) == 0",
        "[s, s].filter(|x| x.name == \"web-1\").len() == 2",
        "[s].some(|x| x.n == 5) && [s].all(|x| x.n == 5)",
    ];
    for case in cases {
        assert_eq!(bench.value(case), true, "{case}");
    }
}

#[test]
fn lists_have_fast_functions_of_their_own() {
    let bench = bench();
    let cases = [
        "[s, s].where(#{ name: \"web-1\", labels: #{ team: \"blue\" } }).len() == 2",
        "[s].where(#{ labels: #{ team: \"red\" } }).is_empty()",
        "[#{ n: 3 }, #{ n: 1 }, #{ n: 2 }].sort_by(\"n\").pluck(\"n\") == [1, 2, 3]",
        "[#{ n: 3 }, #{ }, #{ n: 1 }].sort_by(\"n\", \"desc\").pluck(\"n\") == [3, 1, ()]",
        "[#{ a: 1, b: 2 }, #{ a: 1, b: 1 }].sort_by([\"a\", \"b\"])[0].b == 1",
        "[s, s].group_by(\"labels.team\").blue.len() == 2",
        "[s, s].count_by(\"labels.team\") == #{ blue: 2 }",
        "[s, s].sum_by(\"n\") == 10 && [s, s].sum_by(\"ratio\") == 1.0",
        "[s].pluck(\"labels.team\") == [\"blue\"]",
        "[s].pluck([\"name\", \"n\"]) == [#{ name: \"web-1\", n: 5 }]",
        "[].first() == () && [1, 2].last() == 2",
        "[1, 2.0, 1, 2].unique() == [1, 2.0] && [s, s].unique().len() == 1 && [s, s].unique(\"name\").len() == 1",
    ];
    for case in cases {
        assert_eq!(bench.value(case), true, "{case}");
    }
}

#[test]
fn silence_is_never_an_answer() {
    let bench = bench();
    for (script, part) in [
        ("let s = s; s == \"web-1\"", "cannot be compared"),
        ("let s = s; () == s", "cannot be compared"),
        ("let s = s; s > 1", "cannot be compared"),
        ("let s = s; \"web-1\" in [s]", "cannot be compared"),
        ("s.name = 1", "constant"),
        ("s.labels.team = 1", "constant"),
        ("s.details", "left out"),
        ("\"details\" in s", "left out"),
        ("[s].where(#{})", "every item"),
        ("[s].where(#{ name: () })", "`()`"),
        ("[s].where(#{ n: \"5\" })", "of type int"),
        ("[s].sum_by(\"name\")", "adds numbers"),
        ("[s, #{ n: \"x\" }].sort_by(\"n\")", "cannot be sorted"),
    ] {
        let message = bench.message(script);
        assert!(message.contains(part), "{script}: {message}");
    }
}

#[test]
fn reserved_words_are_fields_after_a_dot_and_keys_in_a_map() {
    let bench = Bench::new();
    for word in
        ["protected", "default", "use", "for", "in", "if", "type", "match", "is", "const", "private", "export", "as"]
    {
        let script = format!(
            "let m = #{{ {word}: 1, a: [2], \"{word}x\": `${{3}}` }}; m.{word} += 1; m.{word} == 2 && m?.{word} == 2"
        );
        assert_eq!(bench.value(&script), true, "{script}");
    }
    assert_eq!(bench.value("let m = #{ a: if true { 1 } else { 2 } }; m.a == 1"), true);
}
