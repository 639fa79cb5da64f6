//! The token endpoint, and the check of every request's token.
//!
//! Access and refresh tokens are signed by the simulator itself (HS256, a secret drawn from the world's seed), so that
//! a restarted simulator still knows those it gave out. Assertions are verified for real: RS512, key id, expiry,
//! and the account and audience that the key file names.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Request, Response};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::wire::{json_response, long_error};
use super::world::{ServiceAccount, World, digest, hex32, uuid};

/// How long an access token lives if nothing else is asked for.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// A refresh token outlives its access token by so many times.
const REFRESH_FACTOR: u32 = 24;

/// The most tokens whose check is remembered.
const MOST_REMEMBERED: usize = 10_000;

/// A public key that assertions may be signed with.
pub struct KnownKey {
    /// The `kid` of assertions.
    pub kid: String,
    /// The `aud` of assertions: the API that the key file names.
    pub audience: String,
    /// The public half.
    pub key: DecodingKey,
}

/// Gives tokens out and checks them.
pub struct TokenDesk {
    account: ServiceAccount,
    secret: String,
    lifetime: Duration,
    known: Mutex<Vec<KnownKey>>,
    remembered: Mutex<HashMap<String, i64>>,
    issued: Mutex<u64>,
}

/// A token endpoint's answer. Source: `service-account.v2.json`, CreateShortLivedAccessTokenResponse.
#[derive(Debug, Clone, Serialize)]
pub struct Issued {
    /// The bearer token.
    pub access_token: String,
    /// A token for the next one.
    pub refresh_token: String,
    /// The scope of the assertion; it has none.
    pub scope: &'static str,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    email: String,
    aud: String,
    jti: String,
    iat: i64,
    exp: i64,
    /// `access` or `refresh`.
    typ: String,
}

/// Why a request's token is not accepted; the words are those that the official CLI looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// There is none.
    Missing,
    /// Its time is over.
    Expired,
    /// It was not given out here.
    Unknown,
}

impl TokenProblem {
    /// As the 401's body says it.
    pub fn message(self) -> &'static str {
        match self {
            Self::Missing => "Unauthorized: jwt is missing",
            Self::Expired => "Unauthorized: jwt is expired",
            Self::Unknown => "Unauthorized: jwt is invalid",
        }
    }
}

impl TokenDesk {
    /// A desk for the account of a world.
    pub fn new(world: &World) -> Self {
        let lifetime = world.token_lifetime_seconds.map_or(DEFAULT_LIFETIME, Duration::from_secs);
        Self {
            account: world.service_account.clone(),
            secret: hex32(digest(world.seed, &[b"token secret", world.service_account.id.as_bytes()])),
            lifetime,
            known: Mutex::default(),
            remembered: Mutex::default(),
            issued: Mutex::default(),
        }
    }

    /// Whose tokens they are.
    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// Accepts assertions signed with this key from now on.
    pub fn accept_key(&self, key: KnownKey) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(key);
    }

    /// Gives a pair of tokens out.
    pub fn issue(&self, now: DateTime<Utc>) -> Issued {
        let number = {
            let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
            *issued += 1;
            *issued
        };
        let sign = |typ: &str, lifetime: Duration| {
            let (time, count) = (now.timestamp_micros().to_be_bytes(), number.to_be_bytes());
            let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 2);
            let claims = Claims {
                iss: "stackit/serviceaccount".into(),
                sub: self.account.id.clone(),
                email: self.account.email.clone(),
                aud: "stackit-api".into(),
                jti: uuid(digest(0, &[self.secret.as_bytes(), typ.as_bytes(), &time, &count])),
                iat: now.timestamp(),
                exp: now.timestamp().saturating_add(seconds),
                typ: typ.into(),
            };
            let key = EncodingKey::from_secret(self.secret.as_bytes());
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
                .expect("claims are texts and numbers, and HS256 takes any secret")
        };
        Issued {
            access_token: sign("access", self.lifetime),
            refresh_token: sign("refresh", self.lifetime.saturating_mul(REFRESH_FACTOR)),
            scope: "",
            token_type: "Bearer",
            expires_in: self.lifetime.as_secs(),
        }
    }

    /// Checks the `Authorization` of a request.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn check(&self, authorization: Option<&str>, now: DateTime<Utc>) -> Result<(), TokenProblem> {
        let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).ok_or(TokenProblem::Missing)?;
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(token).copied();
        let expires = if let Some(expires) = remembered {
            expires
        } else {
            let claims = self.open(token).filter(|claims| claims.typ == "access").ok_or(TokenProblem::Unknown)?;
            let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
            remembered.insert(token.to_owned(), claims.exp);
            claims.exp
        };
        if now.timestamp() < expires { Ok(()) } else { Err(TokenProblem::Expired) }
    }

    /// The claims of a token that was signed here, expired or not.
    fn open(&self, token: &str) -> Option<Claims> {
        let key = DecodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::decode::<Claims>(token, &key, &without_time(Algorithm::HS256)).ok().map(|token| token.claims)
    }

    /// Answers a request to the token endpoint.
    pub fn answer_request(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Response<Bytes> {
        if request.method() == http::Method::POST {
            return self.answer(request.body(), now);
        }
        long_error(405, "Method Not Allowed", "/token", &now.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// Answers `POST /token` with this form.
    pub fn answer(&self, form: &[u8], now: DateTime<Utc>) -> Response<Bytes> {
        let form = form_fields(form);
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let verdict = match field("grant_type") {
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => match field("assertion") {
                Some(assertion) => self.check_assertion(assertion, now),
                None => Err(Denial::Bad("assertion is missing".into())),
            },
            Some("refresh_token") => match field("refresh_token") {
                Some(token) => self.check_refresh(token, now),
                None => Err(Denial::Bad("refresh_token is missing".into())),
            },
            Some(other) => Err(Denial::Bad(format!("grant_type {other} is not supported"))),
            None => Err(Denial::Bad("grant_type is missing".into())),
        };
        match verdict {
            Ok(()) => {
                let issued = serde_json::to_vec(&self.issue(now)).expect("texts and numbers");
                json_response(200, issued)
            }
            Err(Denial::Bad(message)) => {
                long_error(400, &message, "/token", &now.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            Err(Denial::Forbidden(message)) => {
                let body = serde_json::json!({ "error": { "code": 403, "message": message, "status": "Forbidden" } });
                json_response(403, body.to_string())
            }
        }
    }

    fn check_assertion(&self, assertion: &str, now: DateTime<Utc>) -> Result<(), Denial> {
        #[derive(Deserialize)]
        struct Assertion {
            iss: Option<String>,
            sub: Option<String>,
            aud: Option<Audience>,
            exp: Option<i64>,
        }
        let header = jsonwebtoken::decode_header(assertion)
            .map_err(|_| Denial::Bad("assertion is no signed JSON web token".into()))?;
        if header.alg != Algorithm::RS512 {
            return Err(Denial::Bad("assertion must be signed with RS512".into()));
        }
        let kid = header.kid.ok_or_else(|| Denial::Bad("assertion has no kid".into()))?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = known.iter().find(|key| key.kid == kid);
        let key = key.ok_or_else(|| Denial::Forbidden(format!("Key with kid {kid} was not found")))?;
        let claims = jsonwebtoken::decode::<Assertion>(assertion, &key.key, &without_time(Algorithm::RS512))
            .map_err(|_| Denial::Forbidden("The signature of the assertion could not be verified".into()))?
            .claims;
        let Some(expires) = claims.exp else { return Err(Denial::Bad("assertion has no exp".into())) };
        if expires <= now.timestamp() {
            return Err(Denial::Forbidden("The assertion is expired".into()));
        }
        if claims.iss.as_deref() != Some(&self.account.email) || claims.sub.as_deref() != Some(&self.account.id) {
            return Err(Denial::Forbidden("The assertion is of another service account".into()));
        }
        let Some(audience) = claims.aud else { return Err(Denial::Bad("assertion has no aud".into())) };
        if !audience.names(&key.audience) {
            return Err(Denial::Forbidden("The assertion is for another audience".into()));
        }
        Ok(())
    }

    fn check_refresh(&self, token: &str, now: DateTime<Utc>) -> Result<(), Denial> {
        let claims = self.open(token).filter(|claims| claims.typ == "refresh");
        let claims = claims.ok_or_else(|| Denial::Forbidden("The refresh token is invalid".into()))?;
        if claims.exp <= now.timestamp() {
            return Err(Denial::Forbidden("The refresh token is expired".into()));
        }
        Ok(())
    }
}

/// Whom an assertion is for. Source: RFC 7519, 4.1.3: one text or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, wanted: &str) -> bool {
        match self {
            Self::One(audience) => audience == wanted,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == wanted),
        }
    }
}

/// Why no token is given. Source: `service-account.v2.json`, the answers of `/token`.
enum Denial {
    /// 400 in the long error form.
    Bad(String),
    /// 403 in the form of authorization errors.
    Forbidden(String),
}

/// Signatures are checked here; times are compared with our own clock, and audiences with the key's own.
fn without_time(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// The fields of a form body.
pub fn form_fields(form: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(form);
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// Percent-decodes, taking `+` for a space.
pub fn decode(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match bytes[at] {
            b'%' => {
                if let (Some(high), Some(low)) = (hex(1), hex(2)) {
                    decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    at += 2;
                } else {
                    decoded.push(b'%');
                }
            }
            b'+' => decoded.push(b' '),
            other => decoded.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
