use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn scrubber(secrets: &[&str]) -> Scrubber {
    let scrubber = Scrubber::new();
    for secret in secrets {
        assert_eq!(scrubber.learn(secret), Learned::Guarded);
    }
    scrubber
}

#[test]
fn a_text_without_secrets_is_handed_back_as_it_is() {
    let text = "200 of 200 servers, 5% \\o/ {\"a\": \"\\n\"}";
    assert!(matches!(Scrubber::new().scrub(text), Cow::Borrowed(same) if same == text));
    assert!(matches!(scrubber(&["hunter22"]).scrub(text), Cow::Borrowed(same) if same == text));
}

#[test]
fn every_spelling_is_taken_out() {
    let scrubber = scrubber(&["pa\"ss/wörd +1"]);
    for text in [
        "x pa\"ss/wörd +1 y",
        r#"x pa\"ss/w\u00f6rd +1 y"#,
        r#"x pa\\\"ss\\/w\\u00f6rd +1 y"#,
        "x pa%22ss%2Fw%C3%B6rd%20%2B1 y",
        "x pa%22ss%2fw%c3%b6rd+%2b1 y",
        "x pa%2522ss%252Fw%25C3%25B6rd%2520%252B1 y",
        r"x pa%5C%22ss/w%5Cu00f6rd%20%2B1 y",
    ] {
        assert_eq!(scrubber.scrub(text), "x *** y", "{text}");
    }
}

#[test]
fn a_debugged_secret_is_taken_out() {
    let secret = "tab\tquote\"nul\u{7f}";
    assert_eq!(scrubber(&[secret]).scrub(&format!("{secret:?}")), "\"***\"");
}

#[test]
fn short_secrets_are_not_looked_for() {
    let scrubber = Scrubber::new();
    assert_eq!(scrubber.learn("abc"), Learned::TooShort);
    assert_eq!(scrubber.learn("  12345\n"), Learned::TooShort);
    assert_eq!(scrubber.scrub("abcdef 12345"), "abcdef 12345");
}

#[test]
fn each_line_of_a_private_key_counts() {
    let scrubber =
        scrubber(&["-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBAD\r\nANBgkqhkiG\r\n-----END PRIVATE KEY-----\r\n"]);
    assert_eq!(scrubber.scrub("-----BEGIN PRIVATE KEY-----|ANBgkqhkiG|"), "-----BEGIN PRIVATE KEY-----|***|");
    assert_eq!(scrubber.scrub(r"key: MIIEvQIBAD\nANBgkqhkiG"), r"key: ***\n***");
}

#[test]
fn a_token_cut_before_or_after_its_signature_is_worthless() {
    let scrubber = scrubber(&["eyJhbGciOiJSUzUxMiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"]);
    assert_eq!(scrubber.scrub("…IiOiJhIn0.c2lnbmF0dXJl"), "…IiOiJhIn0.***");
}

#[test]
fn an_unknown_token_in_a_header_is_taken_out() {
    assert_eq!(Scrubber::new().scrub("Authorization: Bearer abcdef"), "Authorization: Bearer ***");
}

#[test]
fn what_is_forgotten_as_often_as_learnt_passes_again() {
    let scrubber = scrubber(&["hunter22", "hunter22"]);
    scrubber.forget("hunter22");
    assert_eq!(scrubber.clone().scrub("hunter22"), "***");
    scrubber.forget("hunter22");
    scrubber.forget("hunter22");
    assert_eq!(scrubber.scrub("hunter22"), "hunter22");
}

#[test]
fn secrets_that_overlap_leave_nothing() {
    assert_eq!(scrubber(&["abcdefgh", "efghijkl"]).scrub("-abcdefghijkl-"), "-***-");
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_planted_secret_survives_in_any_form(
        secret in "[!-~ äß😀\n]{8,60}",
        before in "[a-z \"%\\\\+]{0,9}",
        after in "[a-z \"%\\\\+]{0,9}",
    ) {
        prop_assume!(secret.trim().len() >= 8 && !secret.contains("-----"));
        let scrubber = Scrubber::new();
        scrubber.learn(&secret);
        let plain = format!("{before}{secret}{after}");
        let base64 = |clean: &str| [STANDARD.encode(clean), URL_SAFE_NO_PAD.encode(clean)];
        prop_assert!(!scrubber.scrub(&plain).contains(&secret));
        for text in [
            json_escaped(&secret),
            json_escaped(&json_escaped(&secret)),
            percent_encoded(&secret),
            percent_encoded(&json_escaped(&secret)),
        ] {
            prop_assert_eq!(&scrubber.scrub(&text), "***", "{}", text);
        }
        for text in base64(&plain) {
            let clean = scrubber.scrub(&text).into_owned();
            prop_assert!(clean.contains(REDACTED), "{} in {}", secret, clean);
            // What is left around the stars stands for the surroundings alone, give or take a character.
            prop_assert!(clean.len() <= (before.len() + after.len()) * 4 / 3 + REDACTED.len() + 8);
        }
    }

    #[test]
    fn any_bytes_are_taken(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let scrubber = scrubber(&["hunter22", "a\\b%20c"]);
        let _ = scrubber.scrub_bytes(&text);
        let _ = scrubber.unfinished(&text);
    }
}
