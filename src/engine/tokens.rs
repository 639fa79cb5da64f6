//! Words that rhai keeps for itself, but that the API uses as fields: after a dot, and as a key of a map, they are names.

use std::cell::RefCell;

use rhai::{Engine, Token};

/// rhai answers `type_of` itself, before any function of ours; under this name ours is asked.
const TYPE_OF: (&str, &str) = ("type_of", "type_name");

/// The name that a native is registered under.
pub(super) fn name_for_rhai(name: &'static str) -> &'static str {
    if name == TYPE_OF.0 { TYPE_OF.1 } else { name }
}

/// The name that scripts write for a registered one.
pub(super) fn name_for_scripts(name: &str) -> &str {
    if name == TYPE_OF.1 { TYPE_OF.0 } else { name }
}

/// What has been read so far of the script that this thread compiles.
#[derive(Default)]
struct Reading {
    /// Open brackets, innermost last; `true` for those of a map's literal.
    brackets: Vec<bool>,
    is_after_dot: bool,
    is_at_key: bool,
}

thread_local! {
    static READING: RefCell<Reading> = RefCell::default();
}

/// Forgets what was read; to be called before each compilation.
pub(super) fn start() {
    READING.with_borrow_mut(|reading| *reading = Reading::default());
}

pub(super) fn install(engine: &mut Engine) {
    #[expect(deprecated, reason = "rhai marks it volatile; the version is pinned")]
    engine.on_parse_token(|token, _, _| READING.with_borrow_mut(|reading| reading.next(token)));
}

impl Reading {
    fn next(&mut self, token: Token) -> Token {
        let is_name = self.is_after_dot || self.is_at_key;
        self.is_after_dot = matches!(token, Token::Period | Token::Elvis);
        self.is_at_key = match token {
            Token::MapStart => {
                self.brackets.push(true);
                true
            }
            Token::LeftBrace | Token::LeftBracket | Token::LeftParen | Token::QuestionBracket => {
                self.brackets.push(false);
                false
            }
            Token::RightBrace | Token::RightBracket | Token::RightParen => {
                self.brackets.pop();
                false
            }
            Token::Comma => self.brackets.last() == Some(&true),
            _ => false,
        };
        if let Some(word) = word_of(&token) {
            if word == TYPE_OF.0 {
                return Token::Identifier(Box::new(TYPE_OF.1.into()));
            }
            if is_name {
                return Token::Identifier(Box::new(word.into()));
            }
        }
        token
    }
}

/// The word that a token is, if it is a keyword or a reserved one.
fn word_of(token: &Token) -> Option<&str> {
    let word = match token {
        Token::Reserved(word) | Token::Custom(word) => word.as_str(),
        Token::Identifier(word) if word.as_str() == TYPE_OF.0 => word.as_str(),
        token if token.is_standard_keyword() => token.literal_syntax(),
        _ => return None,
    };
    word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_').then_some(word)
}
