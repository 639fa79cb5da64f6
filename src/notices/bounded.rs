//! Texts that are cut where they get too long.

/// A text of at most so many bytes; what was cut is shown by `…`.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= longest {
        return text.to_owned();
    }
    let mut end = longest.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

/// The first words of what a server or a program says, on one line.
pub(super) fn said(bytes: &[u8]) -> String {
    const TOLD: usize = 200;
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    shortened(&words.collect::<Vec<_>>().join(" "), TOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_letters() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("äöüäöü", 8), "äö…");
        assert_eq!(shortened("abcdef", 5), "ab…");
        assert_eq!(said(b"  a\r\n b\x00c \xff"), "a b c \u{fffd}");
    }
}
