//! Calendars of public holidays: `calendar("DE-BY").is_holiday(now())`.

use std::any::TypeId;

use chrono::NaiveDate;
use rhai::Dynamic;

use super::{INSTANT, Instant};
use crate::engine::native::{Native, Type};
use crate::engine::{Arguments, Fault};
use crate::error::{Error, Kind};
use crate::holidays::{Holiday, Region};

/// Calendars, as natives declare them.
const CALENDAR: Type = Type::Custom("Calendar", TypeId::of::<Region>);

/// A day: an instant, of which the date in its zone counts, or a date as text.
const DAY: Type = Type::OneOf(&[INSTANT, Type::Text]);

/// The natives of calendars.
pub fn natives() -> Vec<Native> {
    let to_text = |name, doc| {
        Native::method(CALENDAR, name)
            .gives(Type::Text)
            .doc(doc)
            .example("calendar(\"DE-BY\").to_string() == \"DE-BY\"")
            .by(|a| Ok(a.get::<Region>(0)?.to_string().into()))
    };
    vec![
        Native::function("calendar")
            .takes("region", Type::Text)
            .gives(CALENDAR)
            .doc(
                "The public holidays of a country or region: `DE`, `DE-BW`, `AT`, `CH-ZH`. A country's are those that all\n\
                 its regions keep. Those of single municipalities are added with `+`: `DE-BY+assumption`,\n\
                 `DE-BY+augsburg`, `DE-SN+corpus-christi`, `DE-TH+corpus-christi`.",
            )
            .errors(&["script: the region is not known"])
            .example("calendar(\"DE-BW\").is_holiday(\"2026-01-06\")")
            .by(|a| {
                let region = a.text(0)?.parse::<Region>();
                Ok(Dynamic::from(region.map_err(|error| Error { kind: Kind::Script, ..error })?))
            }),
        Native::method(CALENDAR, "is_holiday")
            .takes("day", DAY)
            .gives(Type::Boolean)
            .doc(
                "Whether a day is a public holiday. Of an instant the date in its zone counts, so say which:\n\
                 `now().in_zone(\"Europe/Berlin\")`.",
            )
            .errors(&["script: the text is no date"])
            .example("!calendar(\"DE\").is_holiday(instant(\"2026-01-06\", \"Europe/Berlin\"))")
            .by(|a| Ok(holiday(a)?.is_some().into())),
        Native::method(CALENDAR, "holiday")
            .takes("day", DAY)
            .gives(Type::Any)
            .doc("What the public holiday on a day is called; `()` if it is none.")
            .errors(&["script: the text is no date"])
            .example("calendar(\"AT\").holiday(\"2026-10-26\") == \"National Day\"")
            .by(|a| Ok(holiday(a)?.map_or(Dynamic::UNIT, |holiday| holiday.name.into()))),
        to_text("to_string", "The region's name."),
        to_text("to_debug", "The same as `to_string`."),
    ]
}

fn holiday(a: &mut Arguments<'_, '_>) -> Result<Option<Holiday>, Fault> {
    let region = a.get::<Region>(0)?;
    let date = match a.value(1)?.clone().try_cast::<Instant>() {
        Some(instant) => instant.local().date(),
        None => date(&a.text(1)?)?,
    };
    Ok(region.holiday(date))
}

fn date(text: &str) -> Result<NaiveDate, Error> {
    text.parse().map_err(|_| {
        Error::new(Kind::Script, "bad_date", format!("`{text}` is no date"))
            .with_hint("write it as `2026-12-24`, or give an instant")
    })
}
