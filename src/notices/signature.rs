//! The signature of a webhook: who knows the secret can tell that the body is ours, and fresh.

use std::fmt::Write;

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};

use crate::secret::Secret;

/// The header that holds it.
pub(super) const HEADER: &str = "X-Stackhand-Signature";

/// `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<seconds>.<body>">`. The time is signed too, so that a receiver
/// can refuse what somebody recorded and sends again later.
pub(super) fn signature(secret: &Secret, at: DateTime<Utc>, body: &str) -> String {
    let time = at.timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
    let mut text = format!("t={time},v1=");
    for byte in tag.as_ref() {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};

    use super::*;

    /// HMAC as RFC 2104 writes it, from the hash alone.
    fn by_the_book(key: &[u8], text: &[u8]) -> Vec<u8> {
        let mut block = [0_u8; 64];
        block[..key.len()].copy_from_slice(key);
        let with = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
        let inner = digest(&SHA256, &[with(0x36), text.to_vec()].concat());
        digest(&SHA256, &[with(0x5c), inner.as_ref().to_vec()].concat()).as_ref().to_vec()
    }

    #[test]
    fn the_signature_is_hmac_over_time_and_body() {
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let signed = signature(&"hunter22".into(), at, "{\"a\":1}");
        let expected = by_the_book(b"hunter22", b"1790000000.{\"a\":1}");
        let (time, hex) = signed.split_once(",v1=").unwrap();
        let tag: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        assert_eq!((time, tag, hex.len()), ("t=1790000000", expected, 64));
    }
}
