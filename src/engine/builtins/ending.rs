//! How a recipe says that it ends: `exit`, `skip`, `partly`.

use rhai::{Dynamic, Map};

use crate::engine::context::Verdict;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::values::Object;
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};

/// The natives of a recipe's end.
#[must_use]
pub fn natives() -> Vec<Native> {
    vec![
        Native::function("exit")
            .may_take("code", Type::Integer)
            .doc("Ends the recipe at once with an exit code, 0 unless given. It cannot be caught.")
            .errors(&["invalid: the code is not in 0 to 255"])
            .effect(NativeEffect::Local)
            .by(|a| {
                let code = a.get_if::<i64>(0)?.unwrap_or(0);
                match u8::try_from(code) {
                    Ok(code) => Err(a.run().end_with(Verdict::Exited(code))),
                    Err(_) => Err(Error::new(Kind::Script, "wrong_argument", format!("`exit`: there is no exit code {code}"))
                        .with_hint("exit codes are 0 to 255")
                        .into()),
                }
            }),
        Native::function("skip")
            .takes("why", Type::Text)
            .doc("Ends the recipe at once as skipped, with the reason: there was nothing to do, and that is fine.")
            .effect(NativeEffect::Local)
            .by(|a| {
                let why = a.text(0)?.to_string();
                Err(a.run().end_with(Verdict::Skipped(why)))
            }),
        Native::function("partly")
            .takes("results", Type::List)
            .gives(Type::Map)
            .doc(
                "Says how the run is to end, from the results of `try_parallel` or `attempt`: done if all are `ok`, else \
                 partial (exit code 7), or failed if none is. It goes on; called again, it adds the results up.\n\
                 Gives `#{ ok, failed }`.",
            )
            .errors(&["script: an item has no `ok`"])
            .effect(NativeEffect::Local)
            .example("partly([#{ ok: true }, #{ ok: true }]).failed == 0")
            .by(partly),
    ]
}

fn partly(a: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let (mut ok, mut failed) = (0_u64, 0_u64);
    for (index, result) in a.list(0)?.iter().enumerate() {
        match field(result, "ok").and_then(|value| value.as_bool().ok()) {
            Some(true) => ok += 1,
            Some(false) => failed += 1,
            None => {
                let message = format!("`partly`: item {index} has no `ok` that is true or false");
                return Err(Error::new(Kind::Script, "no_result", message)
                    .with_hint("give it what `try_parallel` or a list of `attempt` returned")
                    .into());
            }
        }
    }
    a.run().add_results(ok, failed);
    let mut counts = Map::new();
    counts.insert("ok".into(), Dynamic::from_int(i64::try_from(ok).unwrap_or(i64::MAX)));
    counts.insert("failed".into(), Dynamic::from_int(i64::try_from(failed).unwrap_or(i64::MAX)));
    Ok(counts.into())
}

fn field(value: &Dynamic, name: &str) -> Option<Dynamic> {
    if let Some(map) = value.read_lock::<Map>() {
        return map.get(name).cloned();
    }
    value.read_lock::<Object>().and_then(|object| object.get(name))
}
