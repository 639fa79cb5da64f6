//! What is derived of files, hosts, variables and secrets.

use super::footprint;

/// Each need outside the API: certain ones as they are, others with `?` before them; unknown ones end in `:?`.
fn outside(text: &str) -> String {
    let found = footprint(text);
    let known = found.local.iter().map(|need| format!("{}{}", if need.is_certain { "" } else { "?" }, need.grant));
    let unknown = found.unknown.keys().map(|kind| kind.grant("?").to_string());
    known.chain(unknown).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_touched_outside_the_api_is_told_as_far_as_it_shows() {
    let wrong: Vec<String> = [
        ("read_file(\"data/in.csv\")", "fs.read:data/in.csv"),
        ("\"data/in.csv\".read_file()", "fs.read:data/in.csv"),
        ("write_file(\"out/\" + \"a.csv\", \"x\")", "fs.write:out/a.csv"),
        ("const DIR = \"out\"; append_file(`${DIR}/a.csv`, \"x\")", "fs.write:out/a.csv"),
        ("let d = \"out/\"; let n = \"a.csv\"; write_file(d + n, \"x\")", "fs.write:out/a.csv"),
        ("let p = \"out/\"; p += \"a.csv\"; write_file(p, \"x\")", "?fs.write:out ?fs.write:out/a.csv"),
        ("for s in servers() { write_file(`out/${s.name}.json`, \"\") }", "?fs.write:out"),
        ("write_file(\"report-\" + now(), \"\")", "fs.write:?"),
        ("for f in [\"a\", \"b\"] { read_file(f) }", "?fs.read:a ?fs.read:b"),
        ("let args = params(#{ file: \"in.csv\" }); read_file(args.file)", "?fs.read:in.csv fs.read:?"),
        ("fn load(p) { read_file(p) } load(\"a\"); load(\"b\")", "fs.read:a fs.read:b"),
        ("http(#{ url: \"https://a.example/x\" })", "net:a.example"),
        ("let u = \"https://a.example\"; http(#{ url: u + \"/x\", method: \"POST\" })", "net:a.example"),
        ("for s in servers() { http(#{ url: `https://a.example:8443/${s.id}` }) }", "net:a.example:8443"),
        ("let u = \"https://a.example/\"; u += now(); http(#{ url: u })", "net:a.example"),
        ("let r = #{}; r.url = \"http://a.example\"; http(r)", "net:a.example"),
        ("http(#{ url: \"https://\" + now() })", "net:?"),
        ("http(#{ url: \"https://a.ex\" + now() })", "net:?"),
        ("http(#{ url: secret(\"HOOK\") })", "secret:HOOK net:?"),
        ("http(#{ url: \"https://169.254.169.254/\" })", ""),
        ("http(parse_json(\"{}\"))", "net:?"),
        ("let args = params(#{ hook: \"https://a.example\" }); http(#{ url: args.hook })", "?net:a.example net:?"),
        ("let args = params(#{ hook: required(\"text\") }); http(#{ url: args.hook })", "net:?"),
        ("env(\"HOME\"); env(`APP_${now()}`)", "?env:APP_* env:HOME"),
        ("let args = params(#{ name: \"\" }); env(args.name)", "env:?"),
        (
            "let args = params(#{ token: secret(\"TOKEN\") }); http(#{ url: \"https://a.example\", body: args.token })",
            "net:a.example ?secret:TOKEN",
        ),
        ("reveal(secret(\"A\") + \"x\"); let s = \"x\" + secret(\"B\"); reveal(s)", "secret:A secret:B secret.reveal"),
        ("fn unused() { read_file(\"a\") } 1", ""),
        ("let f = Fn(\"read_file\"); f.call(\"a\")", "fs.read:a"),
        ("parallel([\"a.csv\"], |p| read_file(p))", "fs.read:a.csv"),
    ]
    .into_iter()
    .filter(|(text, wanted)| outside(text) != *wanted)
    .map(|(text, wanted)| format!("{text}\n  {}\n  {wanted}", outside(text)))
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_place_is_named_where_only_a_run_knows() {
    let found = footprint("let args = params(#{ m: \"\" });\nenv(args.m)");
    let lines: Vec<usize> = found.unknown.values().flatten().map(|place| place.line).collect();
    assert_eq!((lines, found.loose.len()), (vec![2], 0));
}
