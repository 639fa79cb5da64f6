use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::json;

use super::super::testing::*;
use super::*;
use crate::error;

fn load(json: &Value) -> Result<ServiceAccountKey, Error> {
    ServiceAccountKey::load(&input(inline(json.to_string())), noon())
}

/// The key file with one field changed, or taken away by `null` of `()`.
fn with(path: &[&str], value: Option<Value>) -> Value {
    let mut json = key_json();
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(&mut json, |inner, name| &mut inner[*name]);
    match value {
        Some(value) => parent[*last] = value,
        None => drop(parent.as_object_mut().unwrap().remove(*last)),
    }
    json
}

fn problem(json: &Value) -> Problem {
    load(json).unwrap_err().problem
}

/// What a user reads: message, place and hint.
fn shown(result: Result<ServiceAccountKey, Error>) -> String {
    let error = error::Error::from(result.unwrap_err());
    format!("{error} hint: {}", error.hint.as_deref().unwrap_or_default())
}

#[test]
fn the_assertion_is_what_the_token_endpoint_wants() {
    let assertion = load(&key_json()).unwrap().assertion(noon()).unwrap();
    let mut validation = Validation::new(Algorithm::RS512);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let public = DecodingKey::from_rsa_pem(PAIR.public_pem.as_bytes()).unwrap();
    let token = jsonwebtoken::decode::<Value>(&assertion, &public, &validation).unwrap();
    assert_eq!((token.header.alg, token.header.kid.as_deref()), (Algorithm::RS512, Some(KID)));
    assert_eq!(token.header.typ.as_deref(), Some("JWT"));
    assert_eq!((&token.claims["iss"], &token.claims["sub"]), (&json!(ISSUER), &json!(SUBJECT)));
    assert_eq!(token.claims["aud"], key_json()["credentials"]["aud"]);
    assert_eq!(token.claims["iat"], json!(noon().timestamp()));
    assert_eq!(token.claims["exp"], json!(noon().timestamp() + 600));
    assert!(uuid::Uuid::try_parse(token.claims["jti"].as_str().unwrap()).is_ok());
    let mut names: Vec<_> = token.claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "sub"]);
    let another = load(&key_json()).unwrap().assertion(noon()).unwrap();
    assert_ne!(assertion, another, "each has a jti of its own");
}

#[test]
fn a_separate_private_key_comes_before_the_one_in_the_file() {
    let key = KeyInput { private_key: Some(inline(&*OTHER_PAIR.private_pem)), ..input(inline(key_json().to_string())) };
    let key = ServiceAccountKey::load(&key, noon()).unwrap();
    assert_eq!(key.private_key.belongs_to(&OTHER_PAIR.public_pem), Some(true));
    assert_eq!(key.private_key.belongs_to(&PAIR.public_pem), Some(false));
}

#[test]
fn a_spare_private_key_serves_a_file_without_one() {
    let spare = Some(inline(&*OTHER_PAIR.private_pem));
    let with_own = KeyInput { spare_private_key: spare.clone(), ..input(inline(key_json().to_string())) };
    let key = ServiceAccountKey::load(&with_own, noon()).unwrap();
    assert_eq!(key.private_key.belongs_to(&PAIR.public_pem), Some(true));
    let bare = with(&["credentials", "privateKey"], None).to_string();
    let key = ServiceAccountKey::load(&KeyInput { spare_private_key: spare, ..input(inline(bare)) }, noon()).unwrap();
    assert_eq!(key.private_key.belongs_to(&OTHER_PAIR.public_pem), Some(true));
}

#[test]
fn pkcs1_and_written_out_line_breaks_are_read_too() {
    // In PKCS#8 a PKCS#1 key of this size begins after 26 bytes.
    let pkcs1 = pem("RSA PRIVATE KEY", &PAIR.private_der[26..]);
    assert!(load(&with(&["credentials", "privateKey"], Some(json!(pkcs1)))).is_ok());
    let one_line = PAIR.private_pem.trim().replace('\n', "\\n");
    let key = KeyInput { private_key: Some(inline(one_line)), ..input(inline(key_json().to_string())) };
    assert!(ServiceAccountKey::load(&key, noon()).is_ok());
}

#[test]
fn fields_that_nobody_needs_may_be_absent_or_odd() {
    for (field, value) in
        [("id", None), ("publicKey", None), ("validUntil", Some(json!(null))), ("more", Some(json!(1)))]
    {
        assert!(load(&with(&[field], value)).is_ok(), "{field}");
    }
}

#[test]
fn not_json_says_where_and_never_quotes_the_text() {
    let text = format!("{{\n  \"credentials\": {{\"privateKey\": hunter22{}}}\n}}", PAIR.private_pem);
    let said = shown(ServiceAccountKey::load(&input(inline(text)), noon()));
    assert!(said.contains("not JSON: it cannot be parsed at line 2, column"), "{said}");
    assert!(!said.contains("hunter22"), "{said}");
    assert!(said.contains("environment variable `STACKIT_SERVICE_ACCOUNT_KEY`"), "{said}");
    for (text, says) in [("{\"a\": ", "ends too early"), ("[1]", "it is not an object"), (" ", "it is empty")] {
        assert!(shown(ServiceAccountKey::load(&input(inline(text)), noon())).contains(says), "{text}");
    }
}

#[test]
fn a_pem_instead_of_the_json_is_recognised() {
    let shown = shown(ServiceAccountKey::load(&input(inline(&*PAIR.private_pem)), noon()));
    assert!(shown.contains("bare PEM") && shown.contains("STACKIT_PRIVATE_KEY_PATH"), "{shown}");
}

#[test]
fn each_missing_field_is_named() {
    for field in ["kid", "iss", "sub", "aud"] {
        for value in [None, Some(json!(null)), Some(json!(""))] {
            let Problem::KeyFieldMissing { field: named } = problem(&with(&["credentials", field], value)) else {
                panic!("{field}");
            };
            assert_eq!(named, format!("credentials.{field}"));
        }
        let wrong = problem(&with(&["credentials", field], Some(json!(7))));
        assert!(matches!(wrong, Problem::KeyFieldInvalid { .. }), "{field}: {wrong}");
    }
    assert_eq!(problem(&json!({"type": "service_account"})), Problem::KeyFieldMissing { field: "credentials" });
}

#[test]
fn a_sub_that_is_no_uuid_is_refused() {
    let shown = shown(load(&with(&["credentials", "sub"], Some(json!("someone")))));
    assert!(shown.contains("`credentials.sub`") && shown.contains("is not a UUID"), "{shown}");
}

#[test]
fn a_token_endpoint_that_is_no_url_is_refused() {
    let wrong = problem(&with(&["credentials", "tokenEndpoint"], Some(json!("localhost:8080/token"))));
    assert!(matches!(wrong, Problem::KeyFieldInvalid { field: "credentials.tokenEndpoint", .. }));
}

#[test]
fn an_expired_key_says_when_and_what_to_do() {
    let shown = shown(load(&with(&["validUntil"], Some(json!("2026-11-22T12:00:00Z")))));
    assert!(shown.contains("expired at 2026-11-22T12:00:00Z") && shown.contains("create a new key"), "{shown}");
    assert!(load(&with(&["validUntil"], Some(json!("2026-11-22T12:00:01Z")))).is_ok());
    let wrong = problem(&with(&["validUntil"], Some(json!("soon"))));
    assert!(matches!(wrong, Problem::KeyFieldInvalid { field: "validUntil", .. }));
}

#[test]
fn a_deactivated_key_is_refused() {
    assert_eq!(problem(&with(&["active"], Some(json!(false)))), Problem::KeyInactive);
}

#[test]
fn a_missing_private_key_says_how_to_give_it() {
    let shown = shown(load(&with(&["credentials", "privateKey"], None)));
    assert!(shown.contains("no private key") && shown.contains("STACKIT_PRIVATE_KEY_PATH"), "{shown}");
}

#[test]
fn a_wrong_private_key_says_what_it_is_instead() {
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    let mut cut: Vec<_> = PAIR.private_pem.lines().collect();
    cut.remove(10);
    let cut = cut.join("\n");
    for (text, says) in [
        (PAIR.public_pem.clone(), "is a public key"),
        (pem("CERTIFICATE", b"x"), "is a certificate"),
        (key_json().to_string(), "is JSON"),
        ("hunter22hunter22".to_owned(), "is not a PEM"),
        (pem("OPENSSH PRIVATE KEY", b"x"), "is an SSH key"),
        (pem("EC PRIVATE KEY", b"x"), "is not an RSA key"),
        (pem("PRIVATE KEY", ec.as_ref()), "cannot be parsed"),
        (pem("PRIVATE KEY", b"nonsense"), "cannot be parsed"),
        (cut, "private key c"),
        (pem("RSA PRIVATE KEY", &PAIR.private_der[30..]), "private key c"),
    ] {
        let key = KeyInput { private_key: Some(inline(text)), ..input(inline(key_json().to_string())) };
        let shown = shown(ServiceAccountKey::load(&key, noon()));
        assert!(shown.contains(says) && shown.contains("RSA private key in PEM form"), "{says}: {shown}");
        assert!(!shown.contains("hunter22"));
    }
}

#[test]
fn an_encrypted_private_key_says_how_to_decrypt_it() {
    let old_form = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
    for text in [pem("ENCRYPTED PRIVATE KEY", b"x"), old_form.to_owned()] {
        let shown = shown(load(&with(&["credentials", "privateKey"], Some(json!(text)))));
        assert!(shown.contains("encrypted with a passphrase") && shown.contains("openssl pkcs8"), "{shown}");
        assert!(shown.contains("`credentials.privateKey` in"), "{shown}");
    }
}

mod files {
    use super::*;

    fn shown_for(path: &std::path::Path) -> String {
        shown(ServiceAccountKey::load(&input(in_file(path)), noon()))
    }

    #[test]
    fn a_missing_file_is_named_with_who_named_it() {
        let folder = tempfile::tempdir().unwrap();
        let shown = shown_for(&folder.path().join("gone.json"));
        assert!(shown.contains("does not exist") && shown.contains("gone.json"), "{shown}");
        assert!(shown.contains("from environment variable `STACKIT_SERVICE_ACCOUNT_KEY_PATH`"), "{shown}");
    }

    #[test]
    fn a_directory_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(shown_for(folder.path()).contains("is a directory, not a file"));
    }

    #[test]
    fn what_is_not_text_or_far_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
        assert!(shown_for(&path).contains("it is not UTF-8 text"));
        std::fs::write(&path, vec![b' '; 2 << 20]).unwrap();
        assert!(shown_for(&path).contains("larger than 1 MiB"));
    }

    #[cfg(unix)]
    #[test]
    fn an_unreadable_file_says_so() {
        // A file that even root cannot read as one: its parent is a file.
        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", "{}").join("inner.json");
        let shown = shown_for(&path);
        assert!(shown.contains("cannot be read: ") && shown.contains("chmod 600"), "{shown}");
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let problem = crate::auth::text::unreadable("service account key file", &denied);
        assert_eq!(problem.to_string(), "the service account key file cannot be read: permission denied");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", &key_json().to_string());
        assert_eq!(ServiceAccountKey::load(&input(in_file(&path)), noon()).unwrap().warnings(), Vec::<String>::new());
        for (mode, readers) in [(0o644, "every user of this machine (mode 644)"), (0o640, "its group (mode 640)")] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let warnings = ServiceAccountKey::load(&input(in_file(&path)), noon()).unwrap().warnings();
            assert!(warnings[0].contains(readers), "{warnings:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", &format!("\u{feff}{}", key_json()));
        assert!(ServiceAccountKey::load(&input(in_file(&path)), noon()).is_ok());
    }
}
