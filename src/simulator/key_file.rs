//! The key file of the simulated service account, as the official API would answer it.

use base64::Engine as _;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use super::tokens::KnownKey;
use super::world::{ServiceAccount, digest, uuid};
use crate::error::{Error, Kind};

/// Makes a new RSA key pair; takes a fraction of a second.
///
/// # Errors
/// When the machine cannot give random numbers.
pub fn make(account: &ServiceAccount, token_endpoint: &str, now: DateTime<Utc>) -> Result<Value, Error> {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;

    let failed = |_| Error::new(Kind::Bug, "key_not_made", "the key pair could not be made");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private: Pkcs8V1Der = pair.as_der().map_err(failed)?;
    let public: PublicKeyX509Der = pair.public_key().as_der().map_err(failed)?;
    let (private, public) = (pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref()));
    let id = uuid(digest(0, &[b"key", public.as_bytes()]));
    let stamp = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(json!({
        "id": id,
        "publicKey": public,
        "createdAt": stamp(now),
        "validUntil": stamp(now.checked_add_signed(TimeDelta::days(365)).unwrap_or(now)),
        "keyType": "USER_MANAGED",
        "keyOrigin": "GENERATED",
        "keyAlgorithm": "RSA_2048",
        "active": true,
        "credentials": {
            "kid": id,
            "iss": account.email,
            "sub": account.id,
            "aud": "https://service-account.api.stackit.cloud",
            "privateKey": private,
            "tokenEndpoint": token_endpoint,
        },
    }))
}

/// The public key of a key file of this account; `None` if the file is of another one or no key file.
pub fn known_key(file: &Value, account: &ServiceAccount) -> Option<KnownKey> {
    let credentials = &file["credentials"];
    if credentials["iss"] != account.email.as_str() || credentials["sub"] != account.id.as_str() {
        return None;
    }
    let key = DecodingKey::from_rsa_pem(file["publicKey"].as_str()?.as_bytes()).ok()?;
    let text = |field: &str| credentials[field].as_str().map(str::to_owned);
    Some(KnownKey { kid: text("kid")?, audience: text("aud")?, key })
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
