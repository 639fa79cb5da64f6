//! The spellings of a secret that the matcher looks for as they are; escaped spellings are undone by `view.rs`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter ones would blank out ordinary words.
pub(super) const SHORTEST: usize = 6;
/// A line of a text that is not a PEM must be this long to count by itself.
const SHORTEST_LINE: usize = 16;

/// Everything to look for so that `secret` is found: itself, its lines, a token's signature, and all in base64.
pub(super) fn needles(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    let trimmed = secret.trim();
    if let Some(signature) = signature(trimmed) {
        // A token without its signature is worthless, so the signature alone is looked for too; in base64 only that,
        // because tokens are long and come often.
        found.insert(trimmed.as_bytes().to_vec());
        insert_all_forms(signature, &mut found);
        return found;
    }
    insert_all_forms(secret, &mut found);
    insert_all_forms(trimmed, &mut found);
    let is_pem = trimmed.contains("-----BEGIN");
    for line in trimmed.lines().map(str::trim) {
        let is_marker = line.starts_with("-----");
        if !is_marker && line.len() >= if is_pem { SHORTEST } else { SHORTEST_LINE } {
            insert_all_forms(line, &mut found);
        }
    }
    found
}

fn insert_all_forms(part: &str, found: &mut BTreeSet<Vec<u8>>) {
    if part.len() >= SHORTEST {
        found.insert(part.as_bytes().to_vec());
        for shift in 0..3 {
            found.extend(base64_core(part.as_bytes(), shift));
        }
    }
}

/// The last of the three parts of a signed token.
fn signature(text: &str) -> Option<&str> {
    let mut segments = text.split('.');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some(head), Some(_), Some(signature), None) if head.starts_with("eyJ") && signature.len() >= SHORTEST => {
            Some(signature)
        }
        _ => None,
    }
}

/// The characters that `secret` gives to a longer base64 text in which it begins at `shift` modulo three, without
/// the characters at either end that depend on its neighbours too.
fn base64_core(secret: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(secret);
    let first = (shift * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)]
        .into_iter()
        .filter_map(|text| text.as_bytes().get(first..end).map(<[u8]>::to_vec))
        .filter(|core| core.len() >= SHORTEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markers_of_a_pem_are_no_secret() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG\n-----END PRIVATE KEY-----\n";
        let needles = needles(pem);
        assert!(needles.contains("kqhkiG".as_bytes()));
        assert!(!needles.contains("-----END PRIVATE KEY-----".as_bytes()));
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        for prefix in ["", "a", "ab", "abc", "abcd"] {
            let text = STANDARD_NO_PAD.encode(format!("{prefix}correct horse{prefix}"));
            let hit = needles("correct horse")
                .iter()
                .any(|needle| text.as_bytes().windows(needle.len()).any(|window| window == needle));
            assert!(hit, "{prefix}");
        }
    }
}
