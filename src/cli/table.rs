//! Tables and pages for people, as wide as their terminal: what people copy stays in one piece, words wrap, and what is
//! needed least is left out where there is no room. A pipe gets all of it, a row a line.

use unicode_width::UnicodeWidthStr as _;

use super::history_table::shown;
use super::printer::Printer;

/// How wide the labels of a page are.
const LABEL: usize = 9;

/// Words have so much room at least, or none; a longer word may be broken.
const LEAST_ROOM: usize = 16;

/// What stands in a cell.
#[derive(Debug, Clone, Default)]
pub struct Cell(Vec<Piece>);

#[derive(Debug, Clone)]
struct Piece {
    text: String,
    /// People copy it: it is never broken over lines.
    is_whole: bool,
}

impl Cell {
    /// Words, which wrap.
    pub fn words(text: &str) -> Self {
        Self(shown(text).split(' ').map(|word| Piece { text: word.to_owned(), is_whole: false }).collect())
    }

    /// A time, an id or another thing that people copy, spaces and all.
    pub fn whole(text: &str) -> Self {
        Self(vec![Piece { text: shown(text), is_whole: true }])
    }

    /// The same and more.
    pub fn then(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn width(&self) -> usize {
        self.0.iter().map(|piece| piece.text.width() + 1).sum::<usize>().saturating_sub(1)
    }

    /// How wide it is at least.
    fn least_width(&self) -> usize {
        let wholes = self.0.iter().filter(|piece| piece.is_whole).map(|piece| piece.text.width());
        wholes.max().unwrap_or_default().max(self.width().min(LEAST_ROOM))
    }

    /// How much of this width it uses.
    fn used_width(&self, width: usize) -> usize {
        self.lines(width).iter().map(|line| line.width()).max().unwrap_or_default()
    }

    /// Only its words.
    fn only_words(&self) -> Self {
        Self(self.0.iter().filter(|piece| !piece.is_whole && piece.text != "…").cloned().collect())
    }

    /// Its lines in this width.
    fn lines(&self, width: usize) -> Vec<String> {
        if self.width() <= width {
            return vec![self.text()];
        }
        let mut lines = vec![String::new()];
        for piece in &self.0 {
            let mut rest = piece.text.as_str();
            while !rest.is_empty() {
                let Some(line) = lines.last_mut() else { break };
                let used = line.width();
                let gap = if used > 0 { " " } else { "" };
                if used + gap.len() + rest.width() <= width || (piece.is_whole && used == 0) {
                    line.push_str(gap);
                    line.push_str(rest);
                    break;
                }
                if used > 0 {
                    lines.push(String::new());
                    continue;
                }
                let (now, later) = rest.split_at(fitting(rest, width));
                line.push_str(now);
                rest = later;
            }
        }
        lines
    }
}

/// How many bytes of a text fit into so many columns; one letter does.
fn fitting(text: &str, width: usize) -> usize {
    let ends = || text.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let fits = |end: &usize| text.get(..*end).is_some_and(|part| part.width() <= width);
    ends().take_while(fits).last().or_else(|| ends().next()).unwrap_or_default()
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    header: &'static str,
    /// Without a number it is needed; of the others those with the smallest stay as long as there is room.
    rank: Option<u8>,
    /// Before it goes, all goes that is not words.
    has_short_form: bool,
}

impl Column {
    /// One that is needed.
    pub const fn new(header: &'static str) -> Self {
        Self { header, rank: None, has_short_form: false }
    }

    /// One that is there if there is room for it: of several, those with the smallest number.
    pub const fn if_it_fits(header: &'static str, rank: u8) -> Self {
        Self { header, rank: Some(rank), has_short_form: false }
    }

    /// The same; where there is none, its words alone will do.
    pub const fn or_its_words(mut self) -> Self {
        self.has_short_form = true;
        self
    }
}

/// A table that fits the terminal, with nothing in its cells that a terminal would obey. If not even what is needed fits
/// beside each other, each row is a page.
pub fn table<const N: usize>(printer: &Printer, columns: [Column; N], rows: Vec<[Cell; N]>) -> String {
    laid_out(width_of(printer), columns, rows)
}

fn laid_out<const N: usize>(width: Option<usize>, columns: [Column; N], rows: Vec<[Cell; N]>) -> String {
    let mut table = Table { columns: columns.to_vec(), rows: rows.into_iter().map(Vec::from).collect() };
    let Some(width) = width else { return table.text(&table.natural()) };
    match table.fit(width) {
        Some(widths) => table.text(&widths),
        None => table.pages(width),
    }
}

/// A page that fits the terminal, a label and a value each line.
pub fn page(printer: &Printer, lines: &[(&str, Cell)]) -> String {
    page_of(width_of(printer).unwrap_or(usize::MAX), lines.iter().map(|(label, cell)| (*label, cell)))
}

fn page_of<'a>(width: usize, lines: impl Iterator<Item = (&'a str, &'a Cell)>) -> String {
    let mut text = Vec::new();
    for (label, cell) in lines {
        let values = cell.lines(width.saturating_sub(LABEL + 1).max(LEAST_ROOM));
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        text.extend(labels.zip(values).map(|(label, value)| format!("{label:<LABEL$} {value}").trim_end().to_owned()));
    }
    text.join("\n")
}

/// How wide the terminal is; some say that they have no width at all.
fn width_of(printer: &Printer) -> Option<usize> {
    printer.streams.width.filter(|width| *width > 0).map(usize::from)
}

struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The greatest width that a column's cells have.
    fn widest(&self, index: usize, width: impl Fn(&Cell) -> usize) -> usize {
        let header = self.columns.get(index).map_or(0, |column| column.header.width());
        self.rows.iter().filter_map(|row| row.get(index)).map(width).max().unwrap_or_default().max(header)
    }

    /// How wide each column is with all on one line.
    fn natural(&self) -> Vec<usize> {
        (0..self.columns.len()).map(|index| self.widest(index, Cell::width)).collect()
    }

    /// Leaves out what does not fit, and gives how wide the other columns are; nothing if not all fit that are needed.
    fn fit(&mut self, width: usize) -> Option<Vec<usize>> {
        // Each has a space on both sides, of which that at the end of the line is not written.
        const SPACES: usize = 2;
        let mut room = width + 1;
        let mut order: Vec<(usize, Column)> = self.columns.iter().copied().enumerate().collect();
        order.sort_by_key(|(_, column)| column.rank);
        let mut widths = vec![None; self.columns.len()];
        for (index, column) in order {
            let mut least = self.widest(index, Cell::least_width);
            if least + SPACES > room && column.has_short_form {
                self.rows.iter_mut().filter_map(|row| row.get_mut(index)).for_each(|cell| *cell = cell.only_words());
                least = self.widest(index, Cell::least_width);
            }
            if least + SPACES <= room {
                room -= least + SPACES;
                *widths.get_mut(index)? = Some(least);
            } else if column.rank.is_none() {
                return None;
            }
        }
        self.keep(&widths);
        let mut widths: Vec<usize> = widths.into_iter().flatten().collect();
        let mut wanted = self.natural();
        // What one cannot use, as the next piece does not fit either, is the others'.
        for _ in 0..self.columns.len() {
            room = share(room, &mut widths, &wanted);
            for (index, (width, wanted)) in widths.iter_mut().zip(&mut wanted).enumerate() {
                let used = self.widest(index, |cell| cell.used_width(*width));
                if used < *width {
                    room += *width - used;
                    (*width, *wanted) = (used, used);
                }
            }
        }
        Some(widths)
    }

    /// Throws the columns away that have no width.
    fn keep(&mut self, widths: &[Option<usize>]) {
        fn those<T>(values: &mut Vec<T>, widths: &[Option<usize>]) {
            let mut widths = widths.iter();
            values.retain(|_| widths.next().is_some_and(Option::is_some));
        }
        those(&mut self.columns, widths);
        self.rows.iter_mut().for_each(|row| those(row, widths));
    }

    fn text(&self, widths: &[usize]) -> String {
        let header: Vec<Cell> = self.columns.iter().map(|column| Cell::whole(column.header)).collect();
        let rows = std::iter::once(&header).chain(&self.rows);
        rows.flat_map(|row| lines_of(row, widths)).collect::<Vec<_>>().join("\n")
    }

    /// Each row as a page of its own.
    fn pages(&self, width: usize) -> String {
        let page = |row: &Vec<Cell>| {
            let lines = self.columns.iter().map(|column| column.header).zip(row);
            page_of(width, lines.filter(|(_, cell)| cell.width() > 0))
        };
        self.rows.iter().map(page).collect::<Vec<_>>().join("\n\n")
    }
}

/// Gives room to where most is missing; what nobody needs is left.
fn share(room: usize, widths: &mut [usize], wanted: &[usize]) -> usize {
    for left in (1..=room).rev() {
        let missing = widths.iter_mut().zip(wanted).map(|(width, wanted)| (wanted.saturating_sub(*width), width));
        match missing.max_by_key(|(missing, _)| *missing) {
            Some((1.., width)) => *width += 1,
            _ => return left,
        }
    }
    0
}

/// The lines of a row.
fn lines_of(row: &[Cell], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| cell.lines(*width)).collect();
    let line = |at: usize| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let text = cell.get(at).map_or("", String::as_str);
            let rest = " ".repeat(width.saturating_sub(text.width()));
            line.extend([" ", text, rest.as_str(), " "]);
        }
        line.trim_end().to_owned()
    };
    (0..cells.iter().map(Vec::len).max().unwrap_or_default()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "Sun 2026-11-22 20:00:00 +01:00";
    const JOB: &str = "night-shift@shop-prod";

    fn jobs(width: Option<usize>) -> String {
        let columns = [
            Column::new("JOB"),
            Column::if_it_fits("NEXT", 0),
            Column::if_it_fits("LAST", 1).or_its_words(),
            Column::if_it_fits("WHEN", 2),
        ];
        let last = Cell::whole(TIME).then(Cell::words("failed: there was no such server as the one called `db`"));
        laid_out(width, columns, vec![[Cell::whole(JOB), Cell::whole(TIME), last, Cell::words("at 20:00 every day")]])
    }

    fn history(width: usize) -> String {
        let columns = [Column::new("FIRE TIME"), Column::new("JOB"), Column::if_it_fits("WHY", 0)];
        let stretch = Cell::whole(TIME).then(Cell::words("…")).then(Cell::whole(TIME)).then(Cell::words("(12)"));
        laid_out(Some(width), columns, vec![[stretch, Cell::whole(JOB), Cell::words("the scheduler was not running")]])
    }

    #[test]
    fn a_pipe_gets_a_row_a_line() {
        insta::assert_snapshot!(jobs(None));
        let spaced = laid_out(None, [Column::new("A")], vec![[Cell::words(" a  b\n")]]);
        assert_eq!(spaced, " A\n  a  b\\u{a}");
    }

    #[test]
    fn what_people_copy_stays_whole_and_words_wrap_and_go() {
        insta::assert_snapshot!(
            [120, 100, 80, 60, 24].map(|width| format!("{width}\n{}", jobs(Some(width)))).join("\n\n")
        );
    }

    #[test]
    fn where_not_even_what_is_needed_fits_a_row_is_a_page() {
        insta::assert_snapshot!([120, 80, 56, 40, 1].map(|width| format!("{width}\n{}", history(width))).join("\n\n"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_something_is_that_stays_whole() {
        for width in 1..140 {
            for text in [jobs(Some(width)), history(width)] {
                let widest = text.lines().map(str::width).max().unwrap_or_default();
                // A label, a space and a time.
                assert!(widest <= width.max(40), "{width}: {widest}\n{text}");
                let is_whole = text.split('\n').any(|line| line.contains(JOB));
                assert!(is_whole, "{width}\n{text}");
            }
        }
    }

    #[test]
    fn wide_letters_are_broken_between_them() {
        assert_eq!(Cell::words("漢字漢字 ab").lines(5), ["漢字", "漢字", "ab"]);
        assert_eq!(Cell::words("漢字").lines(0), ["漢", "字"]);
        assert_eq!(Cell::words("a bc").lines(1), ["a", "b", "c"]);
    }
}
