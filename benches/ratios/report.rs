//! The table at the end: each figure, its limit if it has one, and whether it holds.

use std::time::Duration;

/// A row of the table.
pub struct Figure {
    what: String,
    value: f64,
    unit: Unit,
    limit: Option<f64>,
    note: String,
}

#[derive(Clone, Copy)]
enum Unit {
    Ratio,
    Milliseconds,
    Microseconds,
    Count,
}

impl Figure {
    /// How many times as much as something else.
    pub fn ratio(what: impl Into<String>, value: f64) -> Self {
        Self { what: what.into(), value, unit: Unit::Ratio, limit: None, note: String::new() }
    }

    /// A time.
    pub fn time(what: impl Into<String>, value: Duration) -> Self {
        Self { unit: Unit::Milliseconds, ..Self::ratio(what, value.as_secs_f64() * 1_000.0) }
    }

    /// A very short time.
    pub fn microseconds(what: impl Into<String>, value: Duration) -> Self {
        Self { unit: Unit::Microseconds, ..Self::ratio(what, value.as_secs_f64() * 1e6) }
    }

    /// A number of things.
    pub fn count(what: impl Into<String>, value: u32) -> Self {
        Self { unit: Unit::Count, ..Self::ratio(what, f64::from(value)) }
    }

    /// The most that it may be.
    pub fn at_most(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What else a reader should know.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn holds(&self, slack: f64) -> bool {
        // A count is the same on every machine.
        let slack = if matches!(self.unit, Unit::Count) { 1.0 } else { slack };
        self.limit.is_none_or(|limit| self.value <= limit * slack)
    }

    fn shown(&self, value: f64) -> String {
        match self.unit {
            Unit::Ratio => format!("{value:.2} x"),
            Unit::Milliseconds => format!("{value:.1} ms"),
            Unit::Microseconds => format!("{value:.1} µs"),
            Unit::Count => format!("{value:.0}"),
        }
    }
}

/// Prints the table; `true` if every limit holds, stretched by `slack`.
pub fn print(figures: &[Figure], slack: f64) -> bool {
    let rows: Vec<[String; 5]> = figures
        .iter()
        .map(|figure| {
            let verdict = match figure.limit {
                None => "",
                Some(_) if figure.holds(1.0) => "holds",
                Some(_) if figure.holds(slack) => "within the slack",
                Some(_) => "BROKEN",
            };
            let limit = figure.limit.map(|limit| figure.shown(limit)).unwrap_or_default();
            [figure.what.clone(), figure.shown(figure.value), limit, verdict.to_owned(), figure.note.clone()]
        })
        .collect();
    let head = ["figure", "measured", "limit", "verdict", "note"].map(str::to_owned);
    let widths: Vec<usize> = (0..5)
        .map(|column| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
    };
    line(&head);
    line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().try_into().unwrap_or_default());
    rows.iter().for_each(line);
    figures.iter().all(|figure| figure.holds(slack))
}
