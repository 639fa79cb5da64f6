//! `log.info("…")` and its kin, and `notify`: talk, never data.

use std::any::TypeId;

use rhai::{Dynamic, ImmutableString};

use super::text::shown;
use crate::engine::context::LogLevel;
use crate::engine::ledger::{Deed, Done};
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::notifier::Message;
use crate::engine::{Arguments, Fault};

/// So much of what people are told is on record, in bytes.
const LONGEST_RECORD: usize = 500;

/// The type of the constant `log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log;

/// The type of the constant `log`, as natives declare it.
pub const LOG: Type = Type::Custom("Log", TypeId::of::<Log>);

/// The methods of `log`, and `notify`.
#[must_use]
pub fn natives() -> Vec<Native> {
    vec![
        level(
            "debug",
            LogLevel::Debug,
            "Says something that matters only when looking for a mistake; shown with `-v`.",
            "log.debug(\"looked\")",
        ),
        level(
            "info",
            LogLevel::Info,
            "Says what the recipe does. It goes to stderr, never into the data.",
            "log.info(\"deleted\", #{ count: 3 })",
        ),
        level("warn", LogLevel::Warn, "Says that something is not as it should be.", "log.warn(\"no server matches\")"),
        level("error", LogLevel::Error, "Says that something failed; the recipe goes on.", "log.error(\"still full\")"),
        Native::function("notify")
            .takes("channel", Type::Text)
            .takes("message", Type::OneOf(&[Type::Text, Type::Map]))
            .doc(
                "Tells people over a channel of the workspace: a text, or a map of facts, of which `text` is what it \
                 says. It is written to stderr too; that is all of it where the workspace has no channels, and on the \
                 simulator. It returns once the message is kept; it is delivered before the run ends, or later. The \
                 journal tells that it was said.",
            )
            .effect(NativeEffect::Local)
            .example("notify(\"ops\", \"3 servers deallocated\")")
            .by(|a| {
                let channel = a.text(0)?;
                let (line, text, facts) = message(a)?;
                say(a, LogLevel::Notice, &format!("{channel}: {line}"))?;
                let run = a.run();
                let is_real = !run.is_simulated && !run.is_rehearsed;
                if let Some(notifier) = run.notifier.as_ref().filter(|_| is_real)
                    && notifier.reaches(&channel)?
                {
                    let channel = channel.to_string();
                    let line = run.surroundings.scrubber.scrub(&line);
                    let recorded = line[..line.floor_char_boundary(LONGEST_RECORD)].to_owned();
                    let number = run.begin_outside(&Deed::Message { channel: channel.clone(), text: recorded })?;
                    let kept = notifier.notify(Message { channel, text, fields: facts });
                    let done =
                        kept.as_ref().map_or_else(|error| Done::Not(error.code.to_owned()), |()| Done::Well(None));
                    run.end_outside(number, done);
                    kept?;
                }
                Ok(Dynamic::UNIT)
            }),
    ]
}

fn level(name: &'static str, level: LogLevel, doc: &'static str, example: &'static str) -> Native {
    Native::method(LOG, name)
        .takes("message", Type::Any)
        .may_take("fields", Type::Map)
        .doc(doc)
        .effect(NativeEffect::Local)
        .example(example)
        .by(move |a| {
            let mut text = shown(a, a.value(1)?)?;
            if a.has(2) {
                text.push(' ');
                text.push_str(&fields(a, 2)?);
            }
            say(a, level, &text)?;
            // rhai takes whatever is called `debug` for its own, and wants a text; our `on_debug` drops an empty one.
            Ok(if level == LogLevel::Debug { Dynamic::from(ImmutableString::new()) } else { Dynamic::UNIT })
        })
}

/// What `notify` is to say: as a line, as a text, and the facts beside it.
fn message(a: &mut Arguments<'_, '_>) -> Result<(String, String, Facts), Fault> {
    if a.value(1)?.is_string() {
        let text = a.text(1)?.to_string();
        return Ok((text.clone(), text, Vec::new()));
    }
    let mut facts = facts(a, 1)?;
    let line = joined(&facts);
    let text = match facts.iter().position(|(key, _)| key == "text") {
        Some(place) => facts.remove(place).1,
        None => line.clone(),
    };
    Ok((line, text, facts))
}

/// `key=value key=value`
fn fields(a: &mut Arguments<'_, '_>, index: usize) -> Result<String, Fault> {
    Ok(joined(&facts(a, index)?))
}

type Facts = Vec<(String, String)>;

fn facts(a: &mut Arguments<'_, '_>, index: usize) -> Result<Facts, Fault> {
    let map = a.map(index)?;
    map.iter().map(|(key, value)| Ok((key.to_string(), shown(a, value)?))).collect()
}

fn joined(facts: &Facts) -> String {
    facts.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

fn say(a: &Arguments<'_, '_>, level: LogLevel, text: &str) -> Result<(), Fault> {
    a.run().spend_output(text.len() + 1)?;
    let text = a.run().surroundings.scrubber.scrub(text);
    a.run().output.log(level, &text);
    Ok(())
}
