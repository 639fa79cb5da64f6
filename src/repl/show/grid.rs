//! Cells in columns that fit into the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cell::{Cell, Tone};

/// Between two columns.
const GAP: &str = "  ";
/// A column is not made narrower than this.
const NARROWEST: usize = 8;

/// One column: its head, its cells, and how soon it goes when there is too little room.
pub struct Column {
    /// Its head.
    pub head: String,
    /// From the top down.
    pub cells: Vec<Cell>,
    /// The greater, the longer it stays; the greatest is only ever made narrower.
    pub rank: u8,
    /// Whether numbers stand in it, flush right.
    pub is_number: bool,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.text.width()).chain([self.head.width()]).max().unwrap_or(0)
    }
}

/// The columns as lines. Those of the lowest rank are left out until the rest fits; then the widest are cut.
pub fn lines(mut columns: Vec<Column>, width: Option<usize>, has_colour: bool) -> Vec<String> {
    let mut widths: Vec<usize> = columns.iter().map(Column::width).collect();
    if let Some(width) = width {
        let needed = |widths: &[usize]| widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        // One long name costs no column: what takes more than half of the room is cut sooner.
        let halved = |widths: &[usize]| needed(&widths.iter().map(|own| *own.min(&(width / 2))).collect::<Vec<_>>());
        while halved(&widths) > width && columns.len() > 1 {
            let lowest = columns.iter().map(|column| column.rank).min().unwrap_or_default();
            let is_last = columns.iter().all(|column| column.rank == lowest);
            let Some(at) = columns.iter().rposition(|column| column.rank == lowest).filter(|_| !is_last) else { break };
            columns.remove(at);
            widths.remove(at);
        }
        while needed(&widths) > width {
            let Some(widest) = (0..widths.len()).max_by_key(|at| widths[*at]).filter(|at| widths[*at] > NARROWEST)
            else {
                break;
            };
            widths[widest] -= 1;
        }
    }
    let heads = columns.iter().map(|column| Cell::new(column.head.clone(), Tone::Faint)).collect::<Vec<_>>();
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let line = |cells: Vec<&Cell>| {
        let mut line = String::new();
        for (at, (cell, column)) in cells.iter().zip(&columns).enumerate() {
            let text = cut(&cell.text, widths[at]);
            let room = " ".repeat(widths[at] - text.width().min(widths[at]));
            let painted = cell.painted(&text, has_colour);
            let (first, second) = if column.is_number { (&room, &painted) } else { (&painted, &room) };
            line.extend([first.as_str(), second, GAP]);
        }
        line.trim_end().to_owned()
    };
    let body = (0..rows).map(|row| line(columns.iter().map(|column| &column.cells[row]).collect()));
    std::iter::once(line(heads.iter().collect())).chain(body).collect()
}

/// A text in at most so many columns of the terminal.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut short = String::new();
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        short.push(letter);
    }
    short.push('…');
    short
}
