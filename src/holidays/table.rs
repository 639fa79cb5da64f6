//! Which holidays are kept where.
//!
//! Source: the holiday acts of the German states (Feiertagsgesetze), the Austrian Arbeitsruhegesetz section 7, and the
//! Swiss Federal Office of Justice's list of the cantons' legal holidays; compared with the tables of the `holidays`
//! package for Python, 2020 to 2040 (`tests/data/holidays.txt`).

use chrono::Weekday::Sun;

use super::day::Day::{self, AfterSunday, Easter, From, Naefels, On, Repentance, StephenUnlessBridged};

/// One holiday of a country.
#[derive(Clone, Copy)]
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    /// When it is.
    pub day: Day,
    /// The regions that keep it, apart by blanks; empty: all. One with `+` keeps it in some municipalities only.
    pub regions: &'static str,
    /// The first and the last year.
    pub years: (i32, i32),
}

const ALWAYS: (i32, i32) = (i32::MIN, i32::MAX);

const fn row(name: &'static str, day: Day, regions: &'static str) -> Row {
    Row { name, day, regions, years: ALWAYS }
}

const fn since(year: i32, row: Row) -> Row {
    Row { years: (year, i32::MAX), ..row }
}

const fn only(year: i32, row: Row) -> Row {
    Row { years: (year, year), ..row }
}

/// A country: its code, its regions, and its holidays.
pub struct Country {
    /// `DE`.
    pub code: &'static str,
    /// The codes of its regions, apart by blanks.
    pub regions: &'static str,
    /// What regions may add for some of their municipalities.
    pub options: &'static [(&'static str, &'static str)],
    /// The holidays.
    pub rows: &'static [Row],
}

pub const COUNTRIES: &[Country] = &[
    Country {
        code: "DE",
        regions: "BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH",
        options: &[("BY", "assumption"), ("BY", "augsburg"), ("SN", "corpus-christi"), ("TH", "corpus-christi")],
        rows: GERMANY,
    },
    Country { code: "AT", regions: "1 2 3 4 5 6 7 8 9", options: &[], rows: AUSTRIA },
    Country {
        code: "CH",
        regions: "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
        options: &[],
        rows: SWITZERLAND,
    },
];

const GERMANY: &[Row] = &[
    row("New Year's Day", On(1, 1), ""),
    row("Epiphany", On(1, 6), "BW BY ST"),
    since(2019, row("Women's Day", On(3, 8), "BE")),
    since(2023, row("Women's Day", On(3, 8), "MV")),
    row("Good Friday", Easter(-2), ""),
    row("Easter Sunday", Easter(0), "BB"),
    row("Easter Monday", Easter(1), ""),
    row("Labour Day", On(5, 1), ""),
    only(2020, row("75 years since the liberation", On(5, 8), "BE")),
    only(2025, row("80 years since the liberation", On(5, 8), "BE")),
    row("Ascension Day", Easter(39), ""),
    row("Whit Sunday", Easter(49), "BB"),
    row("Whit Monday", Easter(50), ""),
    row("Corpus Christi", Easter(60), "BW BY HE NW RP SL SN+corpus-christi TH+corpus-christi"),
    only(2028, row("75 years since the uprising of 1953", On(6, 17), "BE")),
    row("Augsburg Peace Festival", On(8, 8), "BY+augsburg"),
    row("Assumption Day", On(8, 15), "SL BY+assumption BY+augsburg"),
    since(2019, row("World Children's Day", On(9, 20), "TH")),
    row("German Unity Day", On(10, 3), ""),
    only(2017, row("Reformation Day", On(10, 31), "")),
    row("Reformation Day", On(10, 31), "BB MV SN ST TH"),
    since(2018, row("Reformation Day", On(10, 31), "HB HH NI SH")),
    row("All Saints' Day", On(11, 1), "BW BY NW RP SL"),
    row("Day of Repentance and Prayer", Repentance, "SN"),
    row("Christmas Day", On(12, 25), ""),
    row("Second Day of Christmas", On(12, 26), ""),
];

const AUSTRIA: &[Row] = &[
    row("New Year's Day", On(1, 1), ""),
    row("Epiphany", On(1, 6), ""),
    row("Easter Monday", Easter(1), ""),
    row("Labour Day", On(5, 1), ""),
    row("Ascension Day", Easter(39), ""),
    row("Whit Monday", Easter(50), ""),
    row("Corpus Christi", Easter(60), ""),
    row("Assumption Day", On(8, 15), ""),
    row("National Day", On(10, 26), ""),
    row("All Saints' Day", On(11, 1), ""),
    row("Immaculate Conception", On(12, 8), ""),
    row("Christmas Day", On(12, 25), ""),
    row("St Stephen's Day", On(12, 26), ""),
];

/// Cantons that keep Easter Monday and Whit Monday.
const MONDAYS: &str = "AG AI AR BE BL BS GE GL GR JU LU SG SH SZ TG TI UR VD ZH";

const SWITZERLAND: &[Row] = &[
    row("New Year's Day", On(1, 1), ""),
    row("St Berchtold's Day", On(1, 2), "AG BE JU LU TG VD"),
    row("St Berchtold's Day", AfterSunday(1, 1), "NE"),
    row("Epiphany", On(1, 6), "SZ TI UR"),
    row("Republic Day", On(3, 1), "NE"),
    row("St Joseph's Day", On(3, 19), "NW SZ TI UR VS"),
    row("Battle of Näfels", Naefels, "GL"),
    row("Good Friday", Easter(-2), "AG AI AR BE BL BS FR GE GL JU LU NE NW OW SG SH SO SZ TG UR VD ZG ZH"),
    row("Easter Monday", Easter(1), MONDAYS),
    row("Labour Day", On(5, 1), "AG BL BS JU NE SH TG TI ZH"),
    row("Ascension Day", Easter(39), ""),
    row("Whit Monday", Easter(50), MONDAYS),
    row("Corpus Christi", Easter(60), "AG AI JU LU NE NW OW SZ TI UR VS ZG"),
    row("Independence Day", On(6, 23), "JU"),
    row("St Peter and St Paul", On(6, 29), "TI"),
    row("National Day", On(8, 1), ""),
    row("Assumption Day", On(8, 15), "AG AI JU LU NW OW SZ TI UR VS ZG"),
    row("Genevan Fast", From(Sun, 9, 1, 4), "GE"),
    row("Fast Monday", From(Sun, 9, 15, 1), "VD"),
    row("St Nicholas of Flüe", On(9, 25), "OW"),
    row("All Saints' Day", On(11, 1), "AG AI GL JU LU NW OW SG SZ TI UR VS ZG"),
    row("Immaculate Conception", On(12, 8), "AG AI LU NW OW SZ TI UR VS ZG"),
    row("Christmas Day", On(12, 25), ""),
    row("St Stephen's Day", On(12, 26), "AG BE BL BS GL GR LU SG SH SZ TG TI ZH"),
    row("St Stephen's Day", StephenUnlessBridged, "AI AR UR"),
    row("St Stephen's Day", AfterSunday(12, 25), "NE"),
    row("Restoration Day", On(12, 31), "GE"),
];
