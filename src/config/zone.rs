//! Time zones by name, from the embedded table.

use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Error, Kind, Result, nearest};

/// The zone of this name, such as `Europe/Berlin`; capital letters do not matter.
///
/// # Errors
/// If no zone has it, with the nearest name.
pub fn zone(name: &str) -> Result<Tz> {
    if let Ok(zone) = name.parse() {
        return Ok(zone);
    }
    if let Some(zone) = TZ_VARIANTS.into_iter().find(|zone| zone.name().eq_ignore_ascii_case(name)) {
        return Ok(zone);
    }
    let error = Error::new(Kind::Script, "unknown_zone", format!("there is no time zone `{name}`"));
    Err(match suggestion(name) {
        Some(nearest) => error.with_hint(format!("did you mean `{nearest}`?")),
        None => error.with_hint("zones have names such as `Europe/Berlin` or `UTC`"),
    })
}

/// People write the city alone (`Berlin`), with a space, or slip in a letter.
fn suggestion(name: &str) -> Option<&'static str> {
    let names = || TZ_VARIANTS.into_iter().map(Tz::name);
    let city = name.trim().replace(' ', "_");
    let by_city = |city: &str| {
        names().find(|full| {
            full.contains('/') && full.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(city))
        })
    };
    by_city(&city).or_else(|| nearest(&city, names())).or_else(|| {
        let cities: Vec<&str> = names().filter_map(|full| full.rsplit('/').next()).collect();
        nearest(&city, cities).and_then(by_city)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name() {
        assert_eq!(zone("Europe/Berlin").expect("known"), Tz::Europe__Berlin);
        assert_eq!(zone("europe/berlin").expect("known"), Tz::Europe__Berlin);
        assert_eq!(zone("UTC").expect("known"), Tz::UTC);
    }

    #[test]
    fn an_unknown_zone_offers_the_nearest() {
        for (given, hint) in [
            ("Europe/Berln", "`Europe/Berlin`"),
            ("Berlin", "`Europe/Berlin`"),
            ("new york", "`America/New_York`"),
            ("Viena", "`Europe/Vienna`"),
            ("", "such as"),
            ("Middle-earth/Shire", "such as"),
        ] {
            let error = zone(given).expect_err(given);
            assert!(error.hint.as_deref().is_some_and(|text| text.contains(hint)), "{given}: {error:?}");
        }
    }
}
