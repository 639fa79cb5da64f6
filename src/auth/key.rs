//! A service account key: the JSON file that STACKIT hands out, and its private key.
//!
//! Source: OpenAPI document `service-account/v2`, CreateServiceAccountKeyResponse; STACKIT SDK for Go, `core/clients/key_flow.go`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::private_key::PrivateKey;
use super::text::Read;
use super::{Error, Problem};
use crate::config::KeyInput;

/// How long an assertion may be used, in seconds; ten minutes as in STACKIT's SDK for Python.
const ASSERTION_SECONDS: i64 = 600;

/// A service account key, ready to sign.
#[derive(Debug, Clone)]
pub(super) struct ServiceAccountKey {
    pub(super) kid: String,
    /// The service account's mail.
    pub(super) issuer: String,
    /// The service account's id.
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) valid_until: Option<DateTime<Utc>>,
    /// The token URL that the key itself names.
    pub(super) token_endpoint: Option<String>,
    pub(super) public_key: Option<String>,
    pub(super) private_key: PrivateKey,
    /// What it was made of.
    pub(super) json: Read,
    pub(super) pem: Read,
}

#[derive(Serialize)]
struct Claims<'k> {
    iss: &'k str,
    sub: &'k str,
    aud: &'k str,
    jti: String,
    iat: i64,
    exp: i64,
}

impl ServiceAccountKey {
    /// Reads and checks a key and its private key.
    pub(super) fn load(input: &KeyInput, now: DateTime<Utc>) -> Result<Self, Error> {
        let json = Read::from(&input.key, "service account key file")?;
        let fields = parse(json.text.expose()).map_err(|problem| json.complain(problem))?;
        let complain = |problem| json.complain(problem);
        let key = Fields { fields: &fields, credentials: fields.get("credentials").and_then(Value::as_object) };
        if key.credentials.is_none() {
            return Err(complain(Problem::KeyFieldMissing { field: "credentials" }));
        }
        let kid = key.required("credentials.kid").map_err(complain)?;
        let issuer = key.required("credentials.iss").map_err(complain)?;
        let subject = key.required("credentials.sub").map_err(complain)?;
        if uuid::Uuid::try_parse(&subject).is_err() {
            let reason = "is not a UUID; it must be the service account's id".to_owned();
            return Err(complain(Problem::KeyFieldInvalid { field: "credentials.sub", reason }));
        }
        let audience = key.required("credentials.aud").map_err(complain)?;
        let token_endpoint = key.text("credentials.tokenEndpoint").map_err(complain)?;
        if token_endpoint.as_ref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            let reason = "is not a URL".to_owned();
            return Err(complain(Problem::KeyFieldInvalid { field: "credentials.tokenEndpoint", reason }));
        }
        let valid_until = key.time("validUntil").map_err(complain)?;
        if let Some(valid_until) = valid_until.filter(|end| *end <= now) {
            return Err(complain(Problem::KeyExpired { valid_until }));
        }
        if fields.get("active") == Some(&Value::Bool(false)) {
            return Err(complain(Problem::KeyInactive));
        }
        let public_key = key.text("publicKey").ok().flatten();
        let embedded = key.text("credentials.privateKey").map_err(complain)?.map(|pem| Read {
            text: pem.into(),
            place: format!("`credentials.privateKey` in {}", json.place),
            named_by: json.named_by.clone(),
            stamp: None,
            warning: None,
        });
        let pem = match (&input.private_key, embedded, &input.spare_private_key) {
            (Some(explicit), ..) => Read::from(explicit, "private key file")?,
            (None, Some(embedded), _) => embedded,
            (None, None, Some(spare)) => Read::from(spare, "private key file")?,
            (None, None, None) => return Err(complain(Problem::PrivateKeyMissing)),
        };
        let private_key = PrivateKey::from_pem(pem.text.expose()).map_err(|problem| pem.complain(problem))?;
        Ok(Self { kid, issuer, subject, audience, valid_until, token_endpoint, public_key, private_key, json, pem })
    }

    /// Until when a key is valid, also if that has passed; `None` if it does not expire.
    pub(super) fn valid_until(input: &KeyInput) -> Result<Option<DateTime<Utc>>, Error> {
        let json = Read::from(&input.key, "service account key file")?;
        let fields = parse(json.text.expose()).map_err(|problem| json.complain(problem))?;
        let key = Fields { fields: &fields, credentials: None };
        key.time("validUntil").map_err(|problem| json.complain(problem))
    }

    /// A JWT that the token endpoint gives an access token for.
    pub(super) fn assertion(&self, now: DateTime<Utc>) -> Result<String, Error> {
        let claims = Claims {
            iss: &self.issuer,
            sub: &self.subject,
            aud: &self.audience,
            jti: uuid::Uuid::new_v4().to_string(),
            iat: now.timestamp(),
            exp: now.timestamp() + ASSERTION_SECONDS,
        };
        self.private_key
            .sign(&self.kid, &claims)
            .ok_or_else(|| self.pem.complain(Problem::PrivateKeyInvalid { reason: "cannot sign: it is damaged" }))
    }

    /// Whether a file that the key was read from is not what it was.
    pub(super) fn is_outdated(&self) -> bool {
        [&self.json, &self.pem].into_iter().filter_map(|read| read.stamp.as_ref()).any(super::text::Stamp::is_outdated)
    }

    /// Whether it is the same key, wherever it was read from.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.json.text == other.json.text && self.pem.text == other.pem.text
    }

    /// What a person should know about its files.
    pub(super) fn warnings(&self) -> Vec<String> {
        [&self.json, &self.pem].into_iter().filter_map(|read| read.warning.clone()).collect()
    }
}

fn parse(text: &str) -> Result<Map<String, Value>, Problem> {
    if text.trim_start().starts_with("-----BEGIN") {
        return Err(Problem::KeyIsPem);
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::KeyNotJson { reason: "it is not an object".to_owned() }),
        Err(_) if text.trim().is_empty() => Err(Problem::KeyNotJson { reason: "it is empty".to_owned() }),
        // The parser's own words may quote the text.
        Err(error) => {
            let what = if error.is_eof() { "it ends too early" } else { "it cannot be parsed" };
            Err(Problem::KeyNotJson { reason: format!("{what} at line {}, column {}", error.line(), error.column()) })
        }
    }
}

struct Fields<'k> {
    fields: &'k Map<String, Value>,
    credentials: Option<&'k Map<String, Value>>,
}

impl Fields<'_> {
    fn text(&self, field: &'static str) -> Result<Option<String>, Problem> {
        let value = match field.strip_prefix("credentials.") {
            Some(inner) => self.credentials.and_then(|credentials| credentials.get(inner)),
            None => self.fields.get(field),
        };
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
            Some(_) => Err(Problem::KeyFieldInvalid { field, reason: "is not a text".to_owned() }),
        }
    }

    fn required(&self, field: &'static str) -> Result<String, Problem> {
        self.text(field)?.ok_or(Problem::KeyFieldMissing { field })
    }

    fn time(&self, field: &'static str) -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Ok(Some(time.to_utc())),
            Err(_) => Err(Problem::KeyFieldInvalid { field, reason: format!("is not a date and time: `{text}`") }),
        }
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
