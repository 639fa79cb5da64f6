use serde_json::json;

use super::Bench;

#[test]
fn every_caught_error_has_the_same_keys() {
    let bench = Bench::new();
    for (script, expected) in [
        ("try { 1 / 0 } catch (e) { r = e }", json!(["script", "arithmetic", 2, "test.rhai"])),
        ("try { throw \"no\" } catch (e) { r = e }", json!(["script", "thrown", 2, "test.rhai"])),
        ("try { [1][7] } catch (e) { r = e }", json!(["script", "out_of_bounds", 2, "test.rhai"])),
        ("try { parallel(5, |x| x) } catch (e) { r = e }", json!(["script", "wrong_arguments", 2, "test.rhai"])),
        (
            "try { throw #{ kind: \"conflict\", code: \"mine\" } } catch (e) { r = e }",
            json!(["conflict", "mine", 2, "test.rhai"]),
        ),
        ("fn f() {\n 1 / 0 }\n try { f() } catch (e) { r = e }", json!(["script", "arithmetic", 3, "test.rhai"])),
        ("try {\n [1].map(|x| \n x / 0) } catch (e) { r = e }", json!(["script", "arithmetic", 4, "test.rhai"])),
        ("let x = { try { 1 / 0 } catch (e) { r = e } };", json!(["script", "arithmetic", 2, "test.rhai"])),
        (
            "fn f() { let r = (); try { 1 / 0 } catch (e) { return e; } 1 } r = f();",
            json!(["script", "arithmetic", 2, "test.rhai"]),
        ),
        (
            "let f = |a| { try { a / 0 } catch (e) { return e; } }; r = f.call(3);",
            json!(["script", "arithmetic", 2, "test.rhai"]),
        ),
        (
            "try { try { 1 / 0 } catch (e) {\n throw e } } catch (e) { r = e }",
            json!(["script", "arithmetic", 2, "test.rhai"]),
        ),
        (
            "try { try { 1 / 0 } catch (e) {\n throw } } catch (e) { r = e }",
            json!(["script", "arithmetic", 2, "test.rhai"]),
        ),
    ] {
        let text = format!("let r = ();\n{script}\n[r.kind, r.code, r.line, r.source]");
        assert_eq!(bench.value(&text), expected, "{script}");
    }
    let keys = bench.value("let r = (); try { 1 / 0 } catch (e) { r = e } r.keys()");
    let expected = json!([
        "api_code",
        "code",
        "kind",
        "line",
        "message",
        "operation",
        "permission",
        "request_id",
        "retryable",
        "source",
        "status"
    ]);
    assert_eq!(keys, expected);
}

#[test]
fn a_try_body_works_as_any_block() {
    let bench = Bench::new();
    for (script, expected) in [
        ("fn f(a, b) { let c = a; try { c += b; return c * 2; } catch { } 0 } f(1, 2)", json!(6)),
        (
            "let n = 0; for i in 0..5 { try { if i == 1 { continue; } if i == 3 { break; } n += i; } catch { } } n",
            json!(2),
        ),
        ("let x = 1; try { let x = 2; x += 1; } catch { } x", json!(1)),
        ("let x = 1; try { x = 5; throw 1; } catch { } x", json!(5)),
        ("let m = #{ n: 1 }; fn bump(by) { try { this.n += by; } catch { } } m.bump(2); m.n", json!(3)),
        ("let a = 7; try { throw 1 } catch (e) { let b = 1; a = e.value + b; } a", json!(2)),
        ("let k = 3; let f = || { try { throw k } catch (e) { return e.value + k } }; f.call()", json!(6)),
    ] {
        assert_eq!(bench.value(script), expected, "{script}");
    }
}
