//! The pieces of a script as somebody types it: never fails, whatever is still missing.

use std::ops::Range;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `let`, `if`, `fn`.
    Keyword,
    /// A name that a call follows.
    Call,
    /// Any other name.
    Name,
    /// A name before `::`.
    Module,
    /// A number.
    Number,
    /// A text in quotes, with them; what lies between the `${…}` of one in backticks.
    Text,
    /// A comment.
    Comment,
    /// An opening bracket: `(`, `[`, `{`, `#{`, `${`.
    Open,
    /// A closing bracket.
    Close,
    /// Everything else: operators, commas, dots.
    Sign,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub class: Class,
    /// Where it is, in bytes.
    pub span: Range<usize>,
    /// Whether it ends: a text or block comment may not.
    pub is_closed: bool,
}

const KEYWORDS: [&str; 28] = [
    "as", "break", "catch", "const", "continue", "do", "else", "export", "false", "fn", "for", "if", "import", "in",
    "let", "loop", "private", "return", "switch", "this", "throw", "true", "try", "until", "while", "global", "is",
    "case",
];

/// The pieces of a text, in order; blanks lie between them.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut lexer = Lexer { text, at: 0, pieces: Vec::new(), templates: Vec::new() };
    lexer.read();
    let mut pieces = lexer.pieces;
    for index in 0..pieces.len() {
        if pieces[index].class == Class::Name {
            let next = pieces.get(index + 1).map(|next| &text[next.span.clone()]);
            pieces[index].class = match next {
                Some("(") => Class::Call,
                Some("::") => Class::Module,
                _ => Class::Name,
            };
        }
    }
    pieces
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    pieces: Vec<Piece>,
    /// For each open `${` of a text in backticks: how many braces are open inside of it.
    templates: Vec<usize>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn add(&mut self, class: Class, length: usize, is_closed: bool) {
        self.pieces.push(Piece { class, span: self.at..self.at + length, is_closed });
        self.at += length;
    }

    fn read(&mut self) {
        while let Some(letter) = self.rest().chars().next() {
            let rest = self.rest();
            match letter {
                _ if letter.is_whitespace() => self.at += letter.len_utf8(),
                '/' if rest.starts_with("//") => {
                    let length = rest.find('\n').unwrap_or(rest.len());
                    self.add(Class::Comment, length, true);
                }
                '/' if rest.starts_with("/*") => {
                    let (length, is_closed) = block_comment(rest);
                    self.add(Class::Comment, length, is_closed);
                }
                '"' | '\'' => {
                    let (length, is_closed) = quoted(rest, letter);
                    self.add(Class::Text, length, is_closed);
                }
                '`' => self.template(1),
                '#' if rest.starts_with("#{") => self.open(2),
                '#' => {
                    let (length, is_closed) = raw(rest);
                    self.add(if length > 1 { Class::Text } else { Class::Sign }, length, is_closed);
                }
                '{' => self.open(1),
                '(' | '[' => self.add(Class::Open, 1, true),
                '}' => self.close_brace(),
                ')' | ']' => self.add(Class::Close, 1, true),
                '0'..='9' => {
                    let length = number(rest);
                    self.add(Class::Number, length, true);
                }
                _ if letter.is_alphabetic() || letter == '_' => {
                    let length = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
                    // After a dot every word is a name.
                    let is_member =
                        self.pieces.last().is_some_and(|before| self.text[before.span.clone()].ends_with('.'));
                    let is_keyword = !is_member && KEYWORDS.contains(&&rest[..length]);
                    self.add(if is_keyword { Class::Keyword } else { Class::Name }, length, true);
                }
                ':' if rest.starts_with("::") => self.add(Class::Sign, 2, true),
                '?' if rest.starts_with("?.") => self.add(Class::Sign, 2, true),
                '.' if rest.starts_with("..") => {
                    let length = if rest.starts_with("..=") { 3 } else { 2 };
                    self.add(Class::Sign, length, true);
                }
                _ => self.add(Class::Sign, letter.len_utf8(), true),
            }
        }
    }

    fn open(&mut self, length: usize) {
        if let Some(depth) = self.templates.last_mut() {
            *depth += 1;
        }
        self.add(Class::Open, length, true);
    }

    fn close_brace(&mut self) {
        match self.templates.last_mut() {
            Some(0) => {
                self.templates.pop();
                self.add(Class::Close, 1, true);
                if !self.rest().is_empty() {
                    self.template(0);
                }
            }
            Some(depth) => {
                *depth -= 1;
                self.add(Class::Close, 1, true);
            }
            None => self.add(Class::Close, 1, true),
        }
    }

    /// A text in backticks up to its end or the next `${`.
    fn template(&mut self, begins: usize) {
        let mut length = begins;
        while let Some(letter) = self.rest()[length..].chars().next() {
            let rest = &self.rest()[length..];
            if letter == '`' {
                return self.add(Class::Text, length + 1, true);
            }
            if rest.starts_with("${") {
                if length > 0 {
                    self.add(Class::Text, length, true);
                }
                self.templates.push(0);
                return self.add(Class::Open, 2, true);
            }
            length += letter.len_utf8();
            if letter == '\\' {
                length += self.rest()[length..].chars().next().map_or(0, char::len_utf8);
            }
        }
        self.add(Class::Text, length, false);
    }
}

fn block_comment(rest: &str) -> (usize, bool) {
    let (mut depth, mut at) = (0, 0);
    while let Some(letter) = rest[at..].chars().next() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return (at, true);
            }
        } else {
            at += letter.len_utf8();
        }
    }
    (at, false)
}

/// A text in quotes; an open one ends with its line.
fn quoted(rest: &str, quote: char) -> (usize, bool) {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\n' => return (at, false),
            _ if letter == quote => return (at + 1, true),
            _ => {}
        }
    }
    (rest.len(), false)
}

/// `#"…"#`, with as many marks at the end as at the start; a lone mark if it is none.
fn raw(rest: &str) -> (usize, bool) {
    let marks = rest.find(|letter| letter != '#').unwrap_or(rest.len());
    if !rest[marks..].starts_with('"') {
        return (1, true);
    }
    let end = format!("\"{}", "#".repeat(marks));
    match rest[marks + 1..].find(&end) {
        Some(at) => (marks + 1 + at + end.len(), true),
        None => (rest.len(), false),
    }
}

fn number(rest: &str) -> usize {
    let is_digit = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let whole = rest.find(|letter| !is_digit(letter)).unwrap_or(rest.len());
    let after = &rest[whole..];
    // `1.5`, but neither `1..3` nor `1.max(2)`.
    if after.starts_with('.') && after[1..].starts_with(|letter: char| letter.is_ascii_digit()) {
        return whole + 1 + after[1..].find(|letter| !is_digit(letter)).unwrap_or(after.len() - 1);
    }
    whole
}

/// The bracket that belongs to the one at this byte.
#[must_use]
pub fn partner(pieces: &[Piece], at: usize) -> Option<Range<usize>> {
    let index = pieces.iter().position(|piece| piece.span.contains(&at))?;
    let mut depth = 0_i32;
    let step = |piece: &Piece, depth: &mut i32| {
        match piece.class {
            Class::Open => *depth += 1,
            Class::Close => *depth -= 1,
            _ => {}
        }
        *depth == 0
    };
    match pieces[index].class {
        Class::Open => pieces[index..].iter().find(|piece| step(piece, &mut depth)).map(|piece| piece.span.clone()),
        Class::Close => {
            pieces[..=index].iter().rev().find(|piece| step(piece, &mut depth)).map(|piece| piece.span.clone())
        }
        _ => None,
    }
}

/// How many brackets are open at the end.
#[must_use]
pub fn open_brackets(pieces: &[Piece]) -> usize {
    let mut depth = 0_usize;
    for piece in pieces {
        match piece.class {
            Class::Open => depth += 1,
            Class::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::Class::{Call, Close, Comment, Keyword, Module, Name, Number, Open, Sign, Text};
    use super::*;

    fn classes(text: &str) -> Vec<(Class, &str)> {
        pieces(text).into_iter().map(|piece| (piece.class, &text[piece.span])).collect()
    }

    #[test]
    fn each_piece_is_told() {
        assert_eq!(
            classes("let a = dns::list(1.5, \"x\"); // end"),
            [
                (Keyword, "let"),
                (Name, "a"),
                (Sign, "="),
                (Module, "dns"),
                (Sign, "::"),
                (Call, "list"),
                (Open, "("),
                (Number, "1.5"),
                (Sign, ","),
                (Text, "\"x\""),
                (Close, ")"),
                (Sign, ";"),
                (Comment, "// end")
            ]
        );
        assert_eq!(
            classes("`a ${#{b: 1}.b} c`.in"),
            [
                (Text, "`a "),
                (Open, "${"),
                (Open, "#{"),
                (Name, "b"),
                (Sign, ":"),
                (Number, "1"),
                (Close, "}"),
                (Sign, "."),
                (Name, "b"),
                (Close, "}"),
                (Text, " c`"),
                (Sign, "."),
                (Name, "in")
            ]
        );
        assert_eq!(classes("#\"a \" b\"#")[0].0, Text);
    }

    #[test]
    fn brackets_find_their_partner_and_texts_hide_them() {
        let text = "f(\"(\", [1])";
        assert_eq!(partner(&pieces(text), 1), Some(10..11));
        assert_eq!(partner(&pieces(text), 9), Some(7..8));
        assert_eq!(partner(&pieces("f(["), 1), None);
        assert_eq!(open_brackets(&pieces("f(|x| { [")), 3);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic_and_nothing_is_lost(text in "[/*!\"'`${}()#\\\\a1.:?\n é]{0,60}") {
            let mut at = 0;
            for piece in pieces(&text) {
                proptest::prop_assert!(piece.span.start >= at && !piece.span.is_empty());
                proptest::prop_assert!(text[at..piece.span.start].trim().is_empty());
                at = piece.span.end;
            }
            proptest::prop_assert!(text[at..].trim().is_empty());
        }
    }
}
