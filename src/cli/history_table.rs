//! Tables of what journals tell.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::printer::Printer;
use crate::error::is_obeyed;

/// A table that fits the terminal, with nothing in its cells that a terminal would obey.
pub fn table<const N: usize>(printer: &Printer, header: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    if let Some(width) = printer.streams.width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row.map(|cell| shown(&cell)));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A text in one line, with what a terminal would obey as signs.
pub fn shown(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_obeyed(letter) { clean.extend(letter.escape_unicode()) } else { clean.push(letter) }
    }
    clean
}

/// The beginning of a run's id, by which it can be named.
pub fn short(run: &str) -> String {
    run.get(..8).unwrap_or(run).to_owned()
}

/// A number and its noun.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_a_sign() {
        let text = "a\u{1b}[31m\r\nb \u{202e}c\u{2066}d\u{2069} ü\u{202f}e";
        let signs = "a\\u{1b}[31m\\u{d}\\u{a}b \\u{202e}c\\u{2066}d\\u{2069} ü\u{202f}e";
        assert_eq!(shown(text), signs);
    }
}
