//! A text with one kind of escape undone, and the way back from its places to the text's.
//!
//! Undoing what a writer escaped finds a secret however the writer chose to escape it: `%2F` or `%2f`, `+` or `%20`,
//! `\n` or `\u000a`, once or twice.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// A kind of escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// `%2F`.
    Percent,
    /// `%2F`, and `+` for a space.
    Form,
    /// `\n`, `\"`, `\u00e9`, also Rust's `\u{e9}`.
    Backslash,
}

impl Escape {
    pub(super) const ALL: [Self; 3] = [Self::Percent, Self::Form, Self::Backslash];

    /// Where the first one may begin.
    fn find(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Percent => memchr(b'%', text),
            Self::Form => memchr2(b'%', b'+', text),
            Self::Backslash => memchr(b'\\', text),
        }
    }
}

/// A text whose escapes are undone.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    edits: Vec<Edit>,
}

/// An escape that was undone: bytes `at..at + len` of the view stand for `from..from + from_len` of the text.
struct Edit {
    at: usize,
    len: usize,
    from: usize,
    from_len: usize,
}

impl View {
    /// Undoes the escapes of one kind; nothing if the text has none.
    pub(super) fn of(text: &[u8], escape: Escape) -> Option<Self> {
        let mut view = Self { bytes: Vec::new(), edits: Vec::new() };
        let mut copied = 0;
        let mut place = 0;
        while let Some(next) = escape.find(&text[place..]) {
            place += next;
            let Some((decoded, width)) = decode(&text[place..], escape) else {
                place += 1;
                continue;
            };
            view.bytes.extend_from_slice(&text[copied..place]);
            view.edits.push(Edit { at: view.bytes.len(), len: decoded.len(), from: place, from_len: width });
            view.bytes.extend_from_slice(&decoded);
            place += width;
            copied = place;
        }
        if view.edits.is_empty() {
            return None;
        }
        view.bytes.extend_from_slice(&text[copied..]);
        Some(view)
    }

    /// The range of the text that a range of the view stands for.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place(range.start).start;
        if range.is_empty() {
            return start..start;
        }
        start..self.place(range.end - 1).end
    }

    fn place(&self, at: usize) -> Range<usize> {
        let before = self.edits.partition_point(|edit| edit.at <= at);
        let Some(edit) = before.checked_sub(1).map(|index| &self.edits[index]) else { return at..at + 1 };
        if at < edit.at + edit.len {
            return edit.from..edit.from + edit.from_len;
        }
        let place = edit.from + edit.from_len + (at - edit.at - edit.len);
        place..place + 1
    }
}

/// What the escape at the beginning of `text` stands for, and how long it is.
fn decode(text: &[u8], escape: Escape) -> Option<(Vec<u8>, usize)> {
    match (escape, *text.first()?) {
        (Escape::Percent | Escape::Form, b'%') => Some((vec![hexadecimal_byte(text.get(1..3)?)?], 3)),
        (Escape::Form, b'+') => Some((vec![b' '], 1)),
        (Escape::Backslash, b'\\') => decode_backslash(text),
        _ => None,
    }
}

fn decode_backslash(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let plain = match *text.get(1)? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'0' => 0,
        same @ (b'"' | b'\\' | b'/' | b'\'') => same,
        b'x' => return Some((vec![hexadecimal_byte(text.get(2..4)?)?], 4)),
        b'u' => return decode_unicode(text),
        _ => return None,
    };
    Some((vec![plain], 2))
}

fn decode_unicode(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (code, width) = if text.get(2) == Some(&b'{') {
        let digits = text[3..].iter().take(7).position(|byte| *byte == b'}')?;
        (hexadecimal(&text[3..3 + digits])?, digits + 4)
    } else {
        match hexadecimal(text.get(2..6)?)? {
            high @ 0xD800..0xDC00 => {
                let low =
                    text.get(6..12).filter(|next| next.starts_with(b"\\u")).and_then(|next| hexadecimal(&next[2..]))?;
                (0x1_0000 + ((high - 0xD800) << 10) + low.checked_sub(0xDC00)?, 12)
            }
            code => (code, 6),
        }
    };
    let letter = char::from_u32(code)?;
    Some((letter.encode_utf8(&mut [0; 4]).as_bytes().to_vec(), width))
}

fn hexadecimal_byte(digits: &[u8]) -> Option<u8> {
    hexadecimal(digits).and_then(|code| u8::try_from(code).ok())
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(text: &str, escape: Escape) -> Option<String> {
        View::of(text.as_bytes(), escape).map(|view| String::from_utf8(view.bytes).unwrap())
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(undone("a%2fb%C3%A9+", Escape::Percent).as_deref(), Some("a/bé+"));
        assert_eq!(undone("a+b%2", Escape::Form).as_deref(), Some("a b%2"));
        assert_eq!(undone(r#"\"\u00e9\ud83d\ude00\u{1f600}\n\q"#, Escape::Backslash).as_deref(), Some("\"é😀😀\n\\q"));
        assert_eq!(undone("plain", Escape::Backslash), None);
        assert_eq!(undone(r"\ud83dx \u{110000} \u12", Escape::Backslash), None);
    }

    #[test]
    fn a_range_leads_back_to_whole_escapes() {
        let view = View::of(b"ab%2fcd%41", Escape::Percent).unwrap();
        assert_eq!(view.bytes, b"ab/cdA");
        assert_eq!(view.origin(&(0..1)), 0..1);
        assert_eq!(view.origin(&(1..4)), 1..6);
        assert_eq!(view.origin(&(2..3)), 2..5);
        assert_eq!(view.origin(&(4..6)), 6..10);
    }
}
