//! An RSA private key in PEM form.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;

use super::Problem;

/// A private key that signs.
#[derive(Clone)]
pub(super) struct PrivateKey(EncodingKey);

impl PrivateKey {
    /// Reads a PEM, PKCS#8 or PKCS#1, and tries it out.
    pub(super) fn from_pem(pem: &str) -> Result<Self, Problem> {
        // In an environment variable the line breaks are often still written out.
        let pem = if pem.contains('\n') { pem.to_owned() } else { pem.replace("\\n", "\n") };
        let invalid = |reason| Err(Problem::PrivateKeyInvalid { reason });
        let has = |marker: &str| pem.contains(marker);
        if pem.trim_start().starts_with('{') {
            return invalid("is JSON, not a PEM");
        }
        if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
            return Err(Problem::PrivateKeyEncrypted);
        }
        if !has("PRIVATE KEY-----") {
            return invalid(match pem.trim() {
                _ if has("PUBLIC KEY-----") => "is a public key",
                _ if has("BEGIN CERTIFICATE") => "is a certificate",
                "" => "is empty",
                _ => "is not a PEM",
            });
        }
        if has("BEGIN OPENSSH PRIVATE KEY") {
            return invalid("is an SSH key, not a PEM of PKCS#8 or PKCS#1");
        }
        if has("BEGIN EC PRIVATE KEY") || has("BEGIN DSA PRIVATE KEY") {
            return invalid("is not an RSA key");
        }
        let Ok(key) = EncodingKey::from_rsa_pem(pem.as_bytes()) else {
            return invalid("cannot be parsed: it is damaged, or not an RSA key");
        };
        let key = Self(key);
        match key.sign("", &serde_json::json!({})) {
            Some(_) => Ok(key),
            None => invalid("cannot sign: it is damaged, or too short"),
        }
    }

    /// A JWT signed with RS512.
    pub(super) fn sign(&self, key_id: &str, claims: &impl Serialize) -> Option<String> {
        let mut header = Header::new(Algorithm::RS512);
        header.kid = Some(key_id.to_owned());
        jsonwebtoken::encode(&header, claims, &self.0).ok()
    }

    /// Whether it is the other half of a public key; unknown if that cannot be read.
    pub(super) fn belongs_to(&self, public_pem: &str) -> Option<bool> {
        let public = DecodingKey::from_rsa_pem(public_pem.as_bytes()).ok()?;
        let signed = self.sign("", &serde_json::json!({}))?;
        let (message, signature) = signed.rsplit_once('.')?;
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &public, Algorithm::RS512).ok()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}
