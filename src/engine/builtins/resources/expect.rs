//! A stop before anything is done: `expect(list, #{ min: 1, max: 80 })`.

use rhai::Dynamic;

use crate::engine::arguments::Arguments;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, Type};
use crate::error::{Error, Kind as ErrorKind};
use crate::resources;

pub(super) fn natives() -> Vec<Native> {
    vec![
        Native::method(Type::List, "expect")
            .takes("bounds", Type::Map)
            .options(&["min", "max"])
            .gives(Type::List)
            .doc(
                "Gives the list if it has at least `min` and at most `max` items, and stops the recipe otherwise: put it \
                 between a selection and what is done with it.",
            )
            .errors(&["policy: the list is shorter or longer", "invalid: a bound is no number, or there is none"])
            .example("expect(servers(), #{ min: 1, max: 80 }).len() > 0")
            .by(expect),
    ]
}

fn expect(call: &mut Arguments<'_, '_>) -> Result<Dynamic, Fault> {
    let (mut minimum, mut maximum) = (None, None);
    for (name, value) in call.map(1)? {
        let bound = value.as_int().ok().and_then(|bound| usize::try_from(bound).ok());
        let Some(bound) = bound else {
            return Err(
                refused("wrong_argument", format!("`expect`: `{name}` must be a whole number, 0 or above")).into()
            );
        };
        match name.as_str() {
            "min" => minimum = Some(bound),
            "max" => maximum = Some(bound),
            _ => return Err(refused("unknown_option", format!("`expect` takes `min` and `max`, not `{name}`")).into()),
        }
    }
    if minimum.is_none() && maximum.is_none() {
        return Err(refused("wrong_argument", "`expect` needs `min` or `max`".to_owned()).into());
    }
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && minimum > maximum
    {
        let message = format!("`expect`: no list has at least {minimum} items and at most {maximum}");
        return Err(refused("wrong_argument", message).into());
    }
    let list = call.list(0)?;
    let count = list.len();
    if minimum.is_some_and(|minimum| count < minimum) || maximum.is_some_and(|maximum| count > maximum) {
        return Err(Error::from(resources::Error::Unexpected { count, minimum, maximum }).into());
    }
    Ok(list.into())
}

fn refused(code: &'static str, message: String) -> Error {
    Error::new(ErrorKind::Invalid, code, message)
}
