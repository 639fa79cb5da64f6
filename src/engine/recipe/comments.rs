//! The comments of a script, which the syntax tree leaves out.

use std::iter::Peekable;
use std::str::Chars;

/// What a comment begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentKind {
    /// `//`
    Line,
    /// `///`
    Doc,
    /// `//!`
    Module,
    /// `/* … */`
    Block,
}

/// A comment and its place; line and column count from 1, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// What it begins with.
    pub kind: CommentKind,
    /// The line of its first character.
    pub line: usize,
    /// The column of its first character.
    pub column: usize,
    /// Whether only blanks stand before it on its line.
    pub is_alone: bool,
    /// Whether it ends, which a block comment may not.
    pub is_closed: bool,
    /// Its text after the mark, as written.
    pub text: String,
}

/// All comments of a script, in order. Text that only looks like one inside of a string is left out.
#[must_use]
pub fn comments(source: &str) -> Vec<Comment> {
    let mut scanner = Scanner {
        rest: source.chars().peekable(),
        line: 1,
        column: 1,
        is_line_blank: true,
        templates: Vec::new(),
        found: Vec::new(),
    };
    scanner.scan();
    scanner.found
}

struct Scanner<'s> {
    rest: Peekable<Chars<'s>>,
    line: usize,
    column: usize,
    is_line_blank: bool,
    /// For each open `${` of a text in backticks: how many braces are open inside of it.
    templates: Vec<usize>,
    found: Vec<Comment>,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        if character == '\n' {
            self.line += 1;
            self.column = 1;
            self.is_line_blank = true;
        } else {
            self.column += 1;
            self.is_line_blank &= character.is_whitespace();
        }
        Some(character)
    }

    fn next_if(&mut self, wanted: char) -> bool {
        let is_there = self.rest.peek() == Some(&wanted);
        if is_there {
            self.next();
        }
        is_there
    }

    fn scan(&mut self) {
        loop {
            let (line, column, is_alone) = (self.line, self.column, self.is_line_blank);
            match self.next() {
                None => return,
                Some('/') if self.next_if('/') => self.line_comment(line, column, is_alone),
                Some('/') if self.next_if('*') => self.block_comment(line, column, is_alone),
                Some('"') => self.quoted('"'),
                // A label or an unclosed mark would swallow the rest of the line at worst.
                Some('\'') => self.quoted('\''),
                Some('`') => self.template(),
                Some('#') => self.raw(),
                Some('{') => {
                    if let Some(depth) = self.templates.last_mut() {
                        *depth += 1;
                    }
                }
                Some('}') => match self.templates.last_mut() {
                    Some(0) => {
                        self.templates.pop();
                        self.template();
                    }
                    Some(depth) => *depth -= 1,
                    None => {}
                },
                Some(_) => {}
            }
        }
    }

    fn line_comment(&mut self, line: usize, column: usize, is_alone: bool) {
        let kind = if self.next_if('!') {
            CommentKind::Module
        } else if self.next_if('/') {
            CommentKind::Doc
        } else {
            CommentKind::Line
        };
        let mut text = String::new();
        while self.rest.peek().is_some_and(|next| *next != '\n') {
            text.extend(self.next());
        }
        if text.ends_with('\r') {
            text.pop();
        }
        self.found.push(Comment { kind, line, column, is_alone, is_closed: true, text });
    }

    fn block_comment(&mut self, line: usize, column: usize, is_alone: bool) {
        let mut text = String::new();
        let mut depth = 1;
        while let Some(character) = self.next() {
            if character == '*' && self.next_if('/') {
                depth -= 1;
                if depth == 0 {
                    break;
                }
                text.push_str("*/");
            } else if character == '/' && self.next_if('*') {
                depth += 1;
                text.push_str("/*");
            } else {
                text.push(character);
            }
        }
        let is_closed = depth == 0;
        self.found.push(Comment { kind: CommentKind::Block, line, column, is_alone, is_closed, text });
    }

    fn quoted(&mut self, end: char) {
        while let Some(character) = self.next() {
            match character {
                '\\' => {
                    self.next();
                }
                // An unclosed text ends with its line.
                '\n' => return,
                _ if character == end => return,
                _ => {}
            }
        }
    }

    fn template(&mut self) {
        while let Some(character) = self.next() {
            match character {
                '\\' => {
                    self.next();
                }
                '`' => return,
                '$' if self.next_if('{') => {
                    self.templates.push(0);
                    return;
                }
                _ => {}
            }
        }
    }

    /// `#"…"#`, with as many marks at the end as at the start.
    fn raw(&mut self) {
        let mut marks = 1;
        while self.next_if('#') {
            marks += 1;
        }
        if self.rest.peek() == Some(&'{') && marks == 1 {
            return;
        }
        if !self.next_if('"') {
            return;
        }
        while let Some(character) = self.next() {
            if character == '"' {
                let mut seen = 0;
                while seen < marks && self.next_if('#') {
                    seen += 1;
                }
                if seen == marks {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommentKind::{Block, Doc, Line, Module};
    use super::*;

    fn texts(source: &str) -> Vec<(usize, usize, bool, String)> {
        comments(source).into_iter().map(|found| (found.line, found.column, found.is_alone, found.text)).collect()
    }

    #[test]
    fn comments_are_found_with_their_places() {
        let source = "//! help\n/// doc\nlet a = 1; // one\n  // alone\r\nlet b = /* in /* deep */ it */ 2;";
        let found = comments(source);
        let kinds: Vec<CommentKind> = found.iter().map(|comment| comment.kind).collect();
        assert_eq!(kinds, [Module, Doc, Line, Line, Block]);
        assert_eq!(
            texts(source)[2..],
            [
                (3, 12, false, " one".to_owned()),
                (4, 3, true, " alone".to_owned()),
                (5, 9, false, " in /* deep */ it ".to_owned())
            ]
        );
    }

    #[test]
    fn texts_hide_what_looks_like_a_comment() {
        for source in [
            r#"let a = "https://x"; "#,
            r#"let a = "say \"//\" "; "#,
            "let a = `https://${ host }//x`;",
            "let a = `a ${ #{ b: `//${c}` }.b } // not one`;",
            "let a = '/'; let b = '\\''; ",
            r##"let a = #"raw " // no"#; "##,
            "let a = `two\n// lines`;",
        ] {
            assert_eq!(comments(source), [], "{source}");
        }
    }

    #[test]
    fn comments_after_texts_and_inside_of_interpolations_are_found() {
        assert_eq!(texts("let a = \"é//\"; // yes"), [(1, 16, false, " yes".to_owned())]);
        assert_eq!(texts("`${ a /* b */ }` // c").len(), 2);
        assert_eq!(texts("let m = #{ a: 1, // first\n b: 2 }; // end").len(), 2);
        assert_eq!(texts("let a = \"open\n// next").len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_source_makes_it_panic(source in "[/*!\"'`${}#\\\\a\n é]{0,60}") {
            for comment in comments(&source) {
                proptest::prop_assert!(comment.line >= 1 && comment.column >= 1);
            }
        }
    }
}
