//! The chain: each line holds the hash of the line before it, so that no line can go, come or change unseen.

use std::io::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

/// What the first line of a chain holds in the place of a hash.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = digest(&SHA256, bytes);
    let mut text = vec![0; 2 * digest.as_ref().len()];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest.as_ref()) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    String::from_utf8(text).unwrap_or_default()
}

/// The end of a chain that grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// How many lines there are.
    pub length: u64,
    /// The hash of the last one.
    pub last: String,
}

/// What every line of a chain begins with.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    /// Its number, from 0.
    pub seq: u64,
    /// The hash of the line before it.
    pub previous: String,
}

impl Chain {
    /// A chain without lines that goes on from another one.
    pub fn after(previous: String) -> Self {
        Self { length: 0, last: previous }
    }

    /// Makes a line of a JSON object, with its link and the line's end, and adds it to `lines`.
    pub fn add(&mut self, object: &[u8], lines: &mut Vec<u8>) {
        let start = lines.len();
        // Writing to memory does not fail.
        let _ = write!(lines, "{{\"seq\":{},\"previous\":\"{}\",", self.length, self.last);
        lines.extend_from_slice(object.strip_prefix(b"{").unwrap_or(object));
        self.last = hash_of(&lines[start..]);
        self.length += 1;
        lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_names_the_hash_of_the_one_before() {
        let mut chain = Chain::after(NOTHING.to_owned());
        let lines: Vec<Vec<u8>> = [r#"{"a":1}"#, r#"{"a":2}"#]
            .map(|object| {
                let mut line = Vec::new();
                chain.add(object.as_bytes(), &mut line);
                line
            })
            .into();
        let bare = |line: &Vec<u8>| line.strip_suffix(b"\n").expect("it ends").to_vec();
        let second: Link = serde_json::from_slice(&lines[1]).expect("a link");
        assert_eq!((second.seq, second.previous), (1, hash_of(&bare(&lines[0]))));
        assert_eq!(String::from_utf8_lossy(&lines[0]), format!("{{\"seq\":0,\"previous\":\"{NOTHING}\",\"a\":1}}\n"));
        assert_eq!((chain.length, chain.last), (2, hash_of(&bare(&lines[1]))));
    }

    #[test]
    fn the_hash_is_that_of_everyone_else() {
        assert_eq!(hash_of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
