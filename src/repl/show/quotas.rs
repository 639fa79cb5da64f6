//! Quotas as bars.

use serde_json::Value;

use super::Style;
use super::cell::{Cell, Tone};
use super::grid::{Column, lines};

/// How long a bar is at most, in columns.
const LONGEST: usize = 30;

/// Quotas, a line each: the name, a bar, what is used of what, in percent.
pub fn bars(quotas: &[Value], style: &Style<'_>) -> String {
    let width = style.width.map_or(80, usize::from);
    let length = (width / 3).clamp(8, LONGEST);
    let column = |head: &str, rank: u8, is_number: bool, cell: &dyn Fn(&Value) -> Cell| Column {
        head: head.to_owned(),
        cells: quotas.iter().map(cell).collect(),
        rank,
        is_number,
    };
    let number = |quota: &Value, name: &str| quota.get(name).and_then(Value::as_f64);
    let columns = vec![
        column("quota", 9, false, &|quota| {
            Cell::new(quota.get("name").and_then(Value::as_str).unwrap_or_default(), Tone::Strong)
        }),
        column("", 7, false, &|quota| match number(quota, "percent") {
            Some(percent) => Cell::new(bar(percent, length), tone(percent)),
            None => Cell::new("·".repeat(length), Tone::Faint),
        }),
        column("used", 6, true, &|quota| whole(quota, "usage")),
        column("limit", 5, true, &|quota| whole(quota, "limit")),
        column("", 8, true, &|quota| match number(quota, "percent") {
            Some(percent) => Cell::new(format!("{percent:.0} %"), tone(percent)),
            None => Cell::new("no limit", Tone::Faint),
        }),
    ];
    lines(columns, style.width.map(usize::from), style.has_colour).join("\n")
}

fn whole(quota: &Value, name: &str) -> Cell {
    quota.get(name).filter(|value| value.is_number()).map_or_else(Cell::none, |value| Cell::plain(value.to_string()))
}

/// Blocks to an eighth of a column.
fn bar(percent: f64, length: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "clamped")]
    let eighths = (percent.clamp(0.0, 100.0) / 100.0 * (length * 8) as f64).round() as usize;
    let mut bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    let left = length - bar.chars().count();
    bar.push_str(&"░".repeat(left));
    bar
}

fn tone(percent: f64) -> Tone {
    if percent >= 90.0 {
        Tone::Bad
    } else if percent >= 75.0 {
        Tone::Busy
    } else {
        Tone::Good
    }
}
