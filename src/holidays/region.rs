//! A region whose holidays are kept: `DE`, `DE-BW`, `DE-BY+assumption`, `AT`, `CH-ZH`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::table::{COUNTRIES, Country, Row};
use crate::error::{Error, Kind, Result, nearest};

/// A country, or one of its regions, with what some of its municipalities keep besides.
#[derive(Clone)]
pub struct Region {
    text: String,
    country: &'static Country,
    part: Option<&'static str>,
    options: Vec<&'static str>,
}

/// A public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holiday {
    /// The date.
    pub date: NaiveDate,
    /// What it is called.
    pub name: &'static str,
}

impl Region {
    /// The holiday on this date, if it is one. A country's own holidays are those that all of its regions keep.
    #[must_use]
    pub fn holiday(&self, date: NaiveDate) -> Option<Holiday> {
        self.rows(date.year())
            .find(|row| row.day.in_year(date.year()) == Some(date))
            .map(|row| Holiday { date, name: row.name })
    }

    /// The holidays of a year, in order.
    #[must_use]
    pub fn holidays(&self, year: i32) -> Vec<Holiday> {
        let dated = |row: &Row| row.day.in_year(year).map(|date| Holiday { date, name: row.name });
        let mut holidays: Vec<Holiday> = self.rows(year).filter_map(dated).collect();
        holidays.sort_unstable();
        holidays.dedup_by_key(|holiday| holiday.date);
        holidays
    }

    fn rows(&self, year: i32) -> impl Iterator<Item = &'static Row> + '_ {
        self.country.rows.iter().filter(move |row| (row.years.0..=row.years.1).contains(&year) && self.keeps(row))
    }

    fn keeps(&self, row: &Row) -> bool {
        row.regions.is_empty()
            || row.regions.split(' ').any(|kept| match kept.split_once('+') {
                None => self.part == Some(kept),
                Some((region, option)) => self.part == Some(region) && self.options.contains(&option),
            })
    }

    fn read(text: &str) -> Result<Self> {
        let mut parts = text.split('+');
        let place = parts.next().unwrap_or_default();
        let (code, region) = place.split_once('-').map_or((place, None), |(code, region)| (code, Some(region)));
        let country = COUNTRIES.iter().find(|country| country.code.eq_ignore_ascii_case(code)).ok_or_else(|| {
            unknown(
                format!("the holidays of `{code}` are not known"),
                "there are DE, AT and CH, with their regions: `DE-BW`",
            )
        })?;
        let regions = || country.regions.split(' ');
        let region = match region {
            None => None,
            Some(given) => Some(regions().find(|region| region.eq_ignore_ascii_case(given)).ok_or_else(|| {
                let hint = match nearest(given, regions()) {
                    Some(near) => format!("did you mean `{}-{near}`? there are {}", country.code, country.regions),
                    None => format!("there are {}", country.regions),
                };
                unknown(format!("`{}` has no region `{given}`", country.code), &hint)
            })?),
        };
        let options = parts.map(|given| option(country, region, given)).collect::<Result<_>>()?;
        Ok(Self { text: text.to_owned(), country, part: region, options })
    }
}

fn option(country: &'static Country, region: Option<&str>, given: &str) -> Result<&'static str> {
    let known = || country.options.iter().filter(|(of, _)| Some(*of) == region).map(|(_, option)| *option);
    known().find(|option| option.eq_ignore_ascii_case(given)).ok_or_else(|| {
        let all: Vec<&str> = known().collect();
        let hint = match all.as_slice() {
            [] => "this region has no holidays of single municipalities".to_owned(),
            all => format!("there are `+{}`", all.join("`, `+")),
        };
        unknown(format!("`+{given}` is no holiday of single municipalities here"), &hint)
    })
}

fn unknown(message: String, hint: &str) -> Error {
    Error::new(Kind::Usage, "unknown_region", message).with_hint(hint)
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::read(text.trim()).map_err(|error| error.with_place(format!("holidays `{}`", text.trim())))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Region").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str) -> Region {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// A line each region and year: `DE-BW 2026 0101 0106 …`.
    #[test]
    fn the_holidays_are_those_of_the_published_tables() {
        let published = include_str!("../../tests/data/holidays.txt");
        let lines: Vec<&str> = published.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), 21 * (1 + 16 + 1 + 9 + 26 + 4));
        for line in lines {
            let mut words = line.split(' ');
            let (place, year) = (words.next().expect("a region"), words.next().expect("a year"));
            let ours: Vec<String> = region(place)
                .holidays(year.parse().expect("a year"))
                .iter()
                .map(|holiday| holiday.date.format("%m%d").to_string())
                .collect();
            assert_eq!(ours, words.collect::<Vec<_>>(), "{place} {year}");
        }
    }

    #[test]
    fn a_date_tells_which_holiday_it_is() {
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        assert_eq!(region("de-bw").holiday(date("2026-01-06")).map(|day| day.name), Some("Epiphany"));
        assert_eq!(region("DE").holiday(date("2026-01-06")), None);
        assert_eq!(region("DE-BY+assumption").holiday(date("2026-08-15")).map(|day| day.name), Some("Assumption Day"));
        assert_eq!(region("DE-BY").holiday(date("2026-08-15")), None);
    }

    #[test]
    fn an_unknown_region_is_told_with_those_there_are() {
        for (text, message) in [
            ("FR", "the holidays of `FR` are not known"),
            ("DE-BX", "`DE` has no region `BX`"),
            ("DE-BY+easter", "`+easter` is no holiday of single municipalities here"),
            ("DE-NW+augsburg", "`+augsburg` is no holiday of single municipalities here"),
            ("", "the holidays of `` are not known"),
        ] {
            assert_eq!(text.parse::<Region>().expect_err(text).message, message);
        }
    }
}
