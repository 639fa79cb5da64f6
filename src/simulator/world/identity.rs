//! Ids, MAC addresses and other made-up values, drawn from the world's seed.
//!
//! An object's id follows from seed, kind, name and time of creation, not from how many were made before it: so a
//! run with parallel creates gives the same ids every time.

use chrono::{DateTime, Utc};

use super::kind::Kind;

/// Two 64-bit numbers made of a seed and some words (FNV-1a, then splitmix64).
pub fn digest(seed: u64, words: &[&[u8]]) -> (u64, u64) {
    let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
    for word in words {
        for byte in word.iter().chain(&[0xff]) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    (splitmix(state), splitmix(state ^ 0x5851_f42d_4c95_7f2d))
}

/// One step of the splitmix64 generator.
pub fn splitmix(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A version 4 UUID made of two numbers.
pub fn uuid((high, low): (u64, u64)) -> String {
    uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes()).into_uuid().to_string()
}

/// An id for a new object that no other has.
pub fn new_id(seed: u64, kind: Kind, name: &str, now: DateTime<Utc>, is_taken: impl Fn(&str) -> bool) -> String {
    let mut attempt = 0_u64;
    loop {
        let time = now.timestamp_micros().to_be_bytes();
        let id = uuid(digest(seed, &[kind.noun().as_bytes(), name.as_bytes(), &time, &attempt.to_be_bytes()]));
        if !is_taken(&id) {
            return id;
        }
        attempt += 1;
    }
}

/// The hardware address of the interface with this id; the platform's begin `fa:16`.
pub fn mac(seed: u64, id: &str) -> String {
    let [.., a, b, c, d] = digest(seed, &[b"mac", id.as_bytes()]).0.to_be_bytes();
    format!("fa:16:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// Bytes as hexadecimal digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// Thirty-two hexadecimal digits.
pub fn hex32((high, low): (u64, u64)) -> String {
    format!("{high:016x}{low:016x}")
}
