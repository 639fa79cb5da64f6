//! What the tests of this room share: a throw-away key, and a token endpoint that says what it is told.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::exchange::Exchange;
use super::renewing::Passing;
use super::{TokenEndpoint, TokenReply, TokenRequest, Unreachable};
use crate::clock::Clock;
use crate::config::{KeyInput, Origin, Resolved, Text};
use crate::secret::{Scrubber, Secret};

pub(crate) const KID: &str = "8b1c1f6e-5e43-4a3f-9d6b-0f4f2c7f0a11";
pub(crate) const SUBJECT: &str = "2f0a7d4c-6a0e-4f7e-8a39-6f9d5a9d1c22";
pub(crate) const ISSUER: &str = "night-shift-x1y2z3@sa.stackit.cloud";

/// An RSA key pair made in this process and gone with it.
pub(crate) struct Pair {
    pub(crate) private_pem: String,
    pub(crate) private_der: Vec<u8>,
    pub(crate) public_pem: String,
}

pub(crate) static PAIR: LazyLock<Pair> = LazyLock::new(pair);
pub(crate) static OTHER_PAIR: LazyLock<Pair> = LazyLock::new(pair);

fn pair() -> Pair {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    Pair {
        private_pem: pem("PRIVATE KEY", private.as_ref()),
        private_der: private.as_ref().to_vec(),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
    }
}

use aws_lc_rs::signature::KeyPair as _;

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A key file as STACKIT hands it out.
pub(crate) fn key_json() -> Value {
    json!({
        "id": KID,
        "publicKey": PAIR.public_pem,
        "createdAt": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "keyType": "USER_MANAGED",
        "keyOrigin": "GENERATED",
        "keyAlgorithm": "RSA_2048",
        "active": true,
        "credentials": {
            "kid": KID,
            "iss": ISSUER,
            "sub": SUBJECT,
            "aud": "https://stackit-service-account-prod.apps.01.cf.eu01.stackit.cloud",
            "privateKey": PAIR.private_pem,
        }
    })
}

pub(crate) fn inline(text: impl Into<String>) -> Resolved<Text> {
    let origin = Origin::Variable("STACKIT_SERVICE_ACCOUNT_KEY".to_owned());
    Resolved::new(Text::Inline(Secret::from(text.into())), origin)
}

pub(crate) fn in_file(path: &Path) -> Resolved<Text> {
    let origin = Origin::Variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH".to_owned());
    Resolved::new(Text::Path(path.to_owned()), origin)
}

pub(crate) fn input(key: Resolved<Text>) -> KeyInput {
    KeyInput { key, private_key: None, spare_private_key: None }
}

/// Writes a file that its owner alone may read.
pub(crate) fn write_private(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

/// An unsigned token, as far as our side can tell a real one.
pub(crate) fn jwt(name: &str, expires_at: DateTime<Utc>) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"sub": name, "email": ISSUER, "exp": expires_at.timestamp()});
    format!(
        "{}.{}.{}",
        part(json!({"alg": "RS512", "typ": "JWT"})),
        part(claims),
        URL_SAFE_NO_PAD.encode(name.repeat(4))
    )
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where an unreachable endpoint may stand")]
pub(crate) fn reply(status: u16, body: impl Into<String>) -> Result<TokenReply, Unreachable> {
    Ok(TokenReply { status, body: body.into().into(), ..TokenReply::default() })
}

pub(crate) fn tokens(access: &str, refresh: Option<&str>) -> Result<TokenReply, Unreachable> {
    let refresh = refresh.unwrap_or_default();
    let body = json!({
        "access_token": access, "refresh_token": refresh, "scope": "", "token_type": "Bearer", "expires_in": 3600,
    });
    reply(200, body.to_string())
}

/// Says what it was told to say, in order, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct Scripted {
    replies: Mutex<VecDeque<Result<TokenReply, Unreachable>>>,
    pub(crate) requests: Mutex<Vec<TokenRequest>>,
    /// Answers wait for a permit of this gate, if there is one.
    pub(crate) gate: Option<Arc<tokio::sync::Semaphore>>,
}

impl Scripted {
    pub(crate) fn new(replies: impl IntoIterator<Item = Result<TokenReply, Unreachable>>) -> Arc<Self> {
        Arc::new(Self { replies: Mutex::new(replies.into_iter().collect()), ..Self::default() })
    }

    pub(crate) fn add(&self, reply: Result<TokenReply, Unreachable>) {
        self.replies.lock().unwrap().push_back(reply);
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The value of a form field of one request, the first being 0.
    pub(crate) fn field(&self, request: usize, name: &str) -> Option<String> {
        match &self.requests.lock().unwrap()[request] {
            TokenRequest::Form { fields, .. } => {
                fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.expose().to_owned())
            }
            TokenRequest::Local { .. } => None,
        }
    }

    pub(crate) fn url(&self, request: usize) -> String {
        match &self.requests.lock().unwrap()[request] {
            TokenRequest::Form { url, .. } | TokenRequest::Local { url, .. } => url.clone(),
        }
    }
}

impl TokenEndpoint for Scripted {
    fn send(&self, request: TokenRequest) -> BoxFuture<'_, Result<TokenReply, Unreachable>> {
        self.requests.lock().unwrap().push(request);
        Box::pin(async move {
            if let Some(gate) = &self.gate {
                gate.acquire().await.unwrap().forget();
            }
            let reply = self.replies.lock().unwrap().pop_front();
            reply.unwrap_or_else(|| {
                Err(Unreachable { message: "nothing was told".to_owned(), is_timeout: false, hint: None })
            })
        })
    }
}

pub(super) fn exchange(endpoint: Arc<Scripted>, clock: &Clock, scrubber: &Scrubber) -> Exchange {
    Exchange { endpoint, clock: clock.clone(), passing: Passing::new(scrubber.clone()) }
}
