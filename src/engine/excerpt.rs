//! The part of a script that an error shows: one line, cut where it is too long, with nothing in it that a terminal
//! would obey.

use std::ops::Range;

use codespan_reporting::files::{Error, Files};

/// How much of a line is shown on either side of the place.
const AROUND: usize = 60;

/// One line of a script, or nothing where no line is known.
#[derive(Debug)]
pub struct Excerpt<'s> {
    name: &'s str,
    shown: String,
    /// The bytes of `shown` that the caret is under.
    span: Range<usize>,
    line: usize,
    /// Characters of the line that were cut off before `shown`.
    skipped: usize,
}

impl<'s> Excerpt<'s> {
    /// Nothing.
    pub fn empty() -> Self {
        Self { name: "", shown: String::new(), span: 0..0, line: 1, skipped: 0 }
    }

    /// The line of a text, from 1. The caret is under the word at `column` (in characters, from 1), or under so many
    /// characters as `length` says; under the whole line if the column is 0.
    pub fn new(name: &'s str, text: &str, line: usize, column: usize, length: Option<usize>) -> Self {
        let row: Vec<char> = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().chars().collect();
        let indent = row.iter().take_while(|letter| letter.is_whitespace()).count();
        let start = if column == 0 { indent } else { column - 1 }.min(row.len());
        let length = length.unwrap_or_else(|| if column == 0 { row.len() - start } else { word(&row[start..]) });
        let skipped = start.saturating_sub(AROUND);
        let skipped = if row.len() > 2 * AROUND { skipped } else { 0 };
        let end = row.len().min(skipped + 2 * AROUND);
        let mut row: Vec<char> = row.into_iter().map(visible).collect();
        if skipped > 0 {
            row[skipped] = '…';
        }
        if end < row.len() && end > start {
            row[end - 1] = '…';
        }
        let shown_as = |letters: &[char]| letters.iter().collect::<String>();
        let until = (start + length).min(end).max(start);
        let before = shown_as(&row[skipped..start]);
        let marked = shown_as(&row[start..until]);
        let span = before.len()..before.len() + marked.len();
        let shown = [before, marked, shown_as(&row[until..end])].concat();
        Self { name, shown, span, line, skipped }
    }

    /// The bytes that the caret is under.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// How many characters the word, text or sign at the start has.
fn word(row: &[char]) -> usize {
    let is_word = |letter: &char| letter.is_alphanumeric() || *letter == '_';
    match row.first() {
        Some('"') => row[1..].iter().position(|letter| *letter == '"').map_or(row.len(), |end| end + 2),
        Some(first) if is_word(first) => row.iter().take_while(|letter| is_word(letter)).count(),
        Some(_) => 1,
        None => 0,
    }
}

/// Control characters stand as signs of their own, so that one sees them and no terminal obeys them.
fn visible(letter: char) -> char {
    match letter {
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
        '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' => '\u{fffd}',
        other => other,
    }
}

impl<'f, 's: 'f> Files<'f> for Excerpt<'s> {
    type FileId = ();
    type Name = &'s str;
    type Source = &'f str;

    fn name(&'f self, (): ()) -> Result<Self::Name, Error> {
        Ok(self.name)
    }

    fn source(&'f self, (): ()) -> Result<Self::Source, Error> {
        Ok(&self.shown)
    }

    fn line_index(&'f self, (): (), _: usize) -> Result<usize, Error> {
        Ok(0)
    }

    fn line_number(&'f self, (): (), _: usize) -> Result<usize, Error> {
        Ok(self.line)
    }

    fn column_number(&'f self, (): (), _: usize, byte: usize) -> Result<usize, Error> {
        Ok(self.skipped + self.shown[..byte.min(self.shown.len())].chars().count() + 1)
    }

    fn line_range(&'f self, (): (), _: usize) -> Result<Range<usize>, Error> {
        Ok(0..self.shown.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, line: usize, column: usize) -> String {
        let excerpt = Excerpt::new("x.rhai", text, line, column, None);
        excerpt.shown[excerpt.span()].to_owned()
    }

    #[test]
    fn the_word_at_the_place_is_marked() {
        assert_eq!(marked("let a = 1;\r\n  grün + \"a b\"", 2, 3), "grün");
        assert_eq!(marked("let a = 1;\r\n  grün + \"a b\"", 2, 10), "\"a b\"");
        assert_eq!(marked("  a + b", 1, 0), "a + b");
        assert_eq!(marked("a", 1, 9), "");
        assert_eq!(marked("a", 9, 1), "");
    }

    #[test]
    fn a_long_line_is_cut_round_the_place() {
        let text = format!("{}here{}", "x ".repeat(5_000), " y".repeat(5_000));
        let excerpt = Excerpt::new("x.rhai", &text, 1, 10_001, None);
        assert_eq!(&excerpt.shown[excerpt.span()], "here");
        assert_eq!(excerpt.shown.chars().count(), 2 * AROUND);
        assert_eq!(excerpt.column_number((), 0, excerpt.span.start).expect("a column"), 10_001);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_sign() {
        let excerpt = Excerpt::new("x.rhai", "a\0b\u{1b}[31m\u{202e}", 1, 2, None);
        assert_eq!(excerpt.shown, "a␀b␛[31m\u{fffd}");
    }
}
