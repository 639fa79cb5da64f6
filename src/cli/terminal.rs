//! What a terminal is given: nothing that it would obey, but for colours.

use std::borrow::Cow;

/// A text with its control characters as signs that one sees, all but line ends and tabs. Colours and other styles
/// stay if `keeps_styles`, for our own output is made of them; they can do no harm.
pub(super) fn harmless(text: &str, keeps_styles: bool) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = if keeps_styles { style(rest) } else { 0 };
        if length > 0 {
            shown.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        shown.push(if is_obeyed(letter) { sign_of(letter) } else { letter });
        rest = &rest[letter.len_utf8()..];
    }
    Cow::Owned(shown)
}

fn is_obeyed(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
}

fn sign_of(letter: char) -> char {
    match u32::from(letter) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

/// How many bytes the sequence at the start takes that sets a style: `ESC [`, numbers, `m`.
fn style(text: &str) -> usize {
    let Some(numbers) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = numbers.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, ';' | ':'));
    end.filter(|end| numbers[*end..].starts_with('m')).map_or(0, |end| "\u{1b}[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_line_ends_and_tabs_stay() {
        assert_eq!(harmless("a\tb\nc", false), "a\tb\nc");
        assert_eq!(
            harmless("gone\u{1b}[2J\u{1b}]0;title\u{7}\r\u{8}\u{7f}\u{9b}1m ü", true),
            "gone␛[2J␛]0;title␇␍␈␡\u{fffd}1m ü"
        );
    }

    #[test]
    fn styles_stay_where_colours_are_wanted() {
        let text = "\u{1b}[1;31mred\u{1b}[0m";
        assert_eq!(harmless(text, true), text);
        assert_eq!(harmless(text, false), "␛[1;31mred␛[0m");
        assert_eq!(harmless("\u{1b}[1;31", true), "␛[1;31");
        assert_eq!(harmless("\u{1b}[38:5:1mx\u{1b}", true), "\u{1b}[38:5:1mx␛");
    }
}
