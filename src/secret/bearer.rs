//! Credentials of an `Authorization` header, found by their surroundings even when nobody knows them.

use std::ops::Range;

use memchr::memchr2_iter;

/// A credential without the word `Authorization` before it must be this long to be taken for one.
const SHORTEST_ALONE: usize = 20;

const SCHEMES: [&[u8]; 2] = [b"bearer", b"basic"];

/// The ranges of `text` that are credentials after `Bearer` or `Basic`.
pub(super) fn credentials(text: &[u8]) -> Vec<Range<usize>> {
    let schemes = memchr2_iter(b'b', b'B', text).filter_map(|start| {
        let begins =
            |scheme: &&&[u8]| text[start..].get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme));
        SCHEMES.iter().find(begins).map(|scheme| start..start + scheme.len())
    });
    schemes.filter_map(|scheme| credential_after(text, scheme)).collect()
}

fn credential_after(text: &[u8], scheme: Range<usize>) -> Option<Range<usize>> {
    let mut start = scheme.end;
    loop {
        match &text[start..] {
            [b' ' | b'\t' | b'+', ..] => start += 1,
            [b'%', b'2', b'0', ..] => start += 3,
            _ => break,
        }
    }
    let length = text[start..].iter().take_while(|byte| is_credential_byte(**byte)).count();
    if start == scheme.end || length == 0 {
        return None;
    }
    let credential = &text[start..start + length];
    let speaks_for_itself =
        credential.starts_with(b"eyJ") || (length >= SHORTEST_ALONE && credential.iter().any(u8::is_ascii_digit));
    (speaks_for_itself || follows_authorization(&text[..scheme.start])).then_some(start..start + length)
}

fn is_credential_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=%".contains(&byte)
}

fn follows_authorization(before: &[u8]) -> bool {
    const WORD: &[u8] = b"authorization";
    let is_between = |byte: &u8| b" \t:=\"'\\,[".contains(byte);
    let end = before.len() - before.iter().rev().take(8).take_while(|byte| is_between(byte)).count();
    before[..end].len() >= WORD.len() && before[end - WORD.len()..end].eq_ignore_ascii_case(WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        credentials(text.as_bytes()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_header_is_found_in_all_its_spellings() {
        assert_eq!(found("Authorization: Bearer abc"), ["abc"]);
        assert_eq!(found("{\"authorization\": \"bearer abc\"}"), ["abc"]);
        assert_eq!(found(r#"{\"Authorization\":\"Basic dTpw\"}"#), ["dTpw"]);
        assert_eq!(found("-H authorization=Bearer%20abc"), ["abc"]);
        assert_eq!(found("Bearer eyJhbGciOi.x.y, and on"), ["eyJhbGciOi.x.y"]);
        assert_eq!(found("BEARER 0123456789abcdef0123"), ["0123456789abcdef0123"]);
    }

    #[test]
    fn talk_about_bearer_tokens_is_left_alone() {
        assert!(found("a bearer token is missing; basic authentication-is-not-supported").is_empty());
        assert!(found("Authorization: Bearer ***").is_empty());
        assert!(found("bearer").is_empty());
    }
}
