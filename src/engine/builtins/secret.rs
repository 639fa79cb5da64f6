//! Secrets as scripts hold them: they can be joined and handed on, but not looked at.

use std::any::TypeId;

use rhai::Dynamic;

use crate::engine::native::{Native, NativeEffect, Type, type_name_of};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};
use crate::policy::LocalGrant;
use crate::secret::Secret;

/// Secrets, as natives declare them.
pub const SECRET: Type = Type::Custom("Secret", TypeId::of::<Secret>);

/// The natives of secrets, and of the environment they come from.
#[must_use]
pub fn natives() -> Vec<Native> {
    let mut all = vec![environment_variable(), secret(), reveal()];
    all.extend(joins());
    all.extend(comparisons());
    for name in ["to_string", "to_debug"] {
        all.push(
            Native::method(SECRET, name)
                .gives(Type::Text)
                .doc("`***`: a secret is never shown. Join it with `+`, which gives a secret again.")
                .by(|a| Ok(a.get::<Secret>(0)?.to_string().into())),
        );
    }
    all
}

fn environment_variable() -> Native {
    Native::function("env")
        .takes("name", Type::Text)
        .may_take("default", Type::Any)
        .gives(Type::Any)
        .doc(
            "The environment variable of this name as text, or the default. It needs the grant `env:NAME`.\n\
             For passwords and tokens use `secret`, which keeps them out of every output.",
        )
        .errors(&["policy: the run was not granted `env:NAME`", "script: there is no such variable and no default"])
        .effect(NativeEffect::Local)
        .example("env(\"NO_SUCH_VARIABLE\", \"fallback\") == \"fallback\"")
        .by(|a| {
            let name = a.text(0)?;
            a.run().permit(&LocalGrant::Environment(name.to_string()))?;
            if let Some(value) = a.run().surroundings.environment.variable(&name) {
                return Ok(value.to_owned().into());
            }
            if a.has(1) {
                return a.any(1);
            }
            Err(missing(&name).with_hint(format!("set it, or give a default: `env(\"{name}\", \"…\")`")).into())
        })
}

fn secret() -> Native {
    Native::function("secret")
        .takes("name", Type::Text)
        .gives(SECRET)
        .doc(
            "The secret of this name, read from the environment variable of the name. It prints as `***`; joined with text \
             it is a secret again. It needs the grant `secret:NAME`.\nIn `params` it stands for the name of a secret, which the command line can change.",
        )
        .errors(&["policy: the run was not granted `secret:NAME`", "script: there is no such secret"])
        .effect(NativeEffect::Local)
        .by(|a| {
            let name = a.text(0)?;
            let place = a.context().call_position();
            if a.run().is_secret_parameter(a.context().call_source(), place) {
                return Ok(super::arguments::secret_parameter(&name, place));
            }
            match read(a, &name) {
                Ok(secret) => Ok(Dynamic::from(secret)),
                Err(error) if error.kind == Kind::Policy => Err(error.into()),
                Err(error) => Err(error.with_hint(format!("set the environment variable `{name}`")).into()),
            }
        })
}

/// Reads a secret, and teaches the scrubber what must not be shown.
///
/// # Errors
/// When it was not granted, there is no such variable, or nothing in it.
pub(super) fn read(a: &Arguments<'_, '_>, name: &str) -> Result<Secret, Error> {
    a.run().permit(&LocalGrant::Secret(name.to_owned()))?;
    match a.run().surroundings.environment.variable(name) {
        Some(value) if !value.is_empty() => {
            a.run().surroundings.scrubber.learn(value);
            Ok(Secret::from(value))
        }
        _ => Err(missing(name)),
    }
}

fn missing(name: &str) -> Error {
    Error::new(Kind::Script, "no_such_variable", format!("the environment variable `{name}` is not set"))
}

fn reveal() -> Native {
    Native::function("reveal")
        .takes("secret", SECRET)
        .gives(Type::Text)
        .doc(
            "The text of a secret. It needs the grant `secret.reveal`, and is seldom needed: requests and `+` take secrets \
             as they are. Outputs go on to show it as `***`.",
        )
        .errors(&["policy: the run was not granted `secret.reveal`"])
        .effect(NativeEffect::Local)
        .by(|a| {
            a.run().permit(&LocalGrant::Reveal)?;
            Ok(a.get::<Secret>(0)?.expose().to_owned().into())
        })
}

fn joins() -> Vec<Native> {
    let plain = Type::OneOf(&[Type::Text, Type::Number, Type::Boolean]);
    let doc = "Joins a secret with text; gives a secret.";
    let join =
        |left: Type, right: Type| Native::method(left, "+").takes("other", right).gives(SECRET).doc(doc).by(joined);
    let append = |left: Type, right: Type| {
        Native::method(left, "+=").takes("other", right).doc(doc).mutating().by(|a| {
            let whole = joined(a)?;
            *a.value_mut(0)? = whole;
            Ok(Dynamic::UNIT)
        })
    };
    vec![
        join(SECRET, SECRET),
        join(SECRET, plain),
        join(Type::Text, SECRET),
        join(Type::Integer, SECRET),
        append(SECRET, SECRET),
        append(SECRET, plain),
        append(Type::Text, SECRET),
    ]
}

fn joined(a: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let text = format!("{}{}", exposed(a.value(0)?), exposed(a.value(1)?));
    // The whole may be encoded where its parts cannot be recognised any more.
    a.run().surroundings.scrubber.learn(&text);
    Ok(Dynamic::from(Secret::from(text)))
}

fn exposed(value: &Dynamic) -> String {
    match value.read_lock::<Secret>() {
        Some(secret) => secret.expose().to_owned(),
        None => value.to_string(),
    }
}

fn comparisons() -> Vec<Native> {
    let mut all = Vec::new();
    for (operator, is_equal) in [("==", true), ("!=", false)] {
        all.push(
            Native::method(SECRET, operator)
                .takes("other", SECRET)
                .gives(Type::Boolean)
                .doc("Whether two secrets are the same, or not.")
                .by(move |a| {
                    let other = a.get::<Secret>(1)?;
                    Ok(((a.get::<Secret>(0)? == other) == is_equal).into())
                }),
        );
    }
    for operator in ["==", "!=", "<", ">", "<=", ">="] {
        for (left, right) in [(SECRET, Type::Any), (Type::Any, SECRET)] {
            all.push(
                Native::method(left, operator)
                    .takes("other", right)
                    .gives(Type::Boolean)
                    .doc("Throws: a secret can be compared with a secret only.")
                    .by(|a| {
                        let names = (type_name_of(a.value(0)?), type_name_of(a.value(1)?));
                        let message = format!("{} cannot be compared with {}", names.0, names.1);
                        Err(Error::new(Kind::Script, "incomparable", message)
                            .with_hint("compare two secrets by `==`, or `reveal` one in a run that may")
                            .into())
                    }),
            );
        }
    }
    all
}
