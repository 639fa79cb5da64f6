//! The token endpoint, with real signatures.

use chrono::{DateTime, Utc};
use http::Response;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::simulator::world::small;
use crate::simulator::{Simulator, TokenProblem, key_file};

struct Desk {
    simulator: Simulator,
    file: Value,
    now: DateTime<Utc>,
}

impl Desk {
    fn new() -> Self {
        let mut world = small();
        world.token_lifetime_seconds = Some(600);
        let now = world.time.expect("complete");
        let simulator = Simulator::new(world, Clock::starting_at(now));
        let file = key_file::make(simulator.tokens().account(), "http://127.0.0.1:1/token", now).expect("a key");
        simulator.tokens().accept_key(key_file::known_key(&file, simulator.tokens().account()).expect("ours"));
        Self { simulator, file, now }
    }

    fn assertion(&self, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let credentials = &self.file["credentials"];
        let mut header = Header::new(Algorithm::RS512);
        header.kid = credentials["kid"].as_str().map(str::to_owned);
        let mut claims = json!({
            "iss": credentials["iss"], "sub": credentials["sub"], "aud": credentials["aud"], "jti": "one",
            "iat": self.now.timestamp(), "exp": self.now.timestamp() + 600,
        });
        change(&mut header, &mut claims);
        let pem = credentials["privateKey"].as_str().expect("text");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a private key");
        jsonwebtoken::encode(&header, &claims, &key).expect("signed")
    }

    fn ask(&self, form: &str) -> (u16, Value) {
        parts(&self.simulator.tokens().answer(form.as_bytes(), self.now))
    }

    fn ask_with(&self, assertion: &str) -> (u16, Value) {
        self.ask(&format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"))
    }
}

fn parts(response: &Response<bytes::Bytes>) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON"))
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).expect("a JWT");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn a_good_assertion_gets_tokens_that_every_client_can_read() {
    let desk = Desk::new();
    let (status, body) = desk.ask_with(&desk.assertion(|_, _| {}));
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert!(body["scope"].is_string());
    let access = claims(body["access_token"].as_str().expect("text"));
    assert_eq!(access["exp"], desk.now.timestamp() + 600);
    assert_eq!(access["email"], desk.file["credentials"]["iss"]);
    assert_eq!(access["sub"], desk.file["credentials"]["sub"]);
    let refresh = body["refresh_token"].as_str().expect("text");
    assert!(claims(refresh)["exp"].as_i64() > access["exp"].as_i64());
    for _ in 0..2 {
        let (status, _) = desk.ask(&format!("grant_type=refresh_token&refresh_token={refresh}"));
        assert_eq!(status, 200, "an old refresh token stays valid");
    }
    let tokens = desk.simulator.tokens();
    let bearer = format!("Bearer {}", body["access_token"].as_str().expect("text"));
    assert_eq!(tokens.check(Some(&bearer), desk.now), Ok(()));
    let later = desk.now + chrono::TimeDelta::seconds(600);
    assert_eq!(tokens.check(Some(&bearer), later), Err(TokenProblem::Expired));
    assert_eq!(tokens.check(Some(&format!("Bearer {refresh}")), desk.now), Err(TokenProblem::Unknown));
}

#[test]
fn bad_assertions_are_refused_in_the_service_s_words() {
    let desk = Desk::new();
    let (status, body) = desk.ask_with(&desk.assertion(|header, _| header.kid = Some("other".into())));
    assert_eq!((status, &body["error"]["message"]), (403, &json!("Key with kid other was not found")));
    let good = desk.assertion(|_, _| {});
    let forged = format!("{}AAAA{}", &good[..good.len() - 20], &good[good.len() - 16..]);
    assert_eq!(desk.ask_with(&forged).0, 403);
    let now = desk.now.timestamp();
    assert_eq!(desk.ask_with(&desk.assertion(|_, claims| claims["exp"] = json!(now))).0, 403);
    assert_eq!(desk.ask_with(&desk.assertion(|_, claims| claims["exp"] = json!(now + 3_600))).0, 200);
    assert_eq!(desk.ask_with(&desk.assertion(|_, claims| claims["iss"] = json!("x@y.z"))).0, 403);
    let (status, body) = desk.ask_with(&desk.assertion(|_, claims| claims["aud"] = json!("https://elsewhere.example")));
    assert_eq!((status, &body["error"]["message"]), (403, &json!("The assertion is for another audience")));
    let both = json!(["https://elsewhere.example", desk.file["credentials"]["aud"]]);
    assert_eq!(desk.ask_with(&desk.assertion(|_, claims| claims["aud"] = both)).0, 200);
    assert_eq!(desk.ask_with(&desk.assertion(|_, claims| claims["aud"] = Value::Null)).0, 400);
    assert_eq!(desk.ask_with(&desk.assertion(|header, _| header.alg = Algorithm::RS256)).0, 400);
    assert_eq!(desk.ask_with(&desk.assertion(|header, _| header.kid = None)).0, 400);
    assert_eq!(desk.ask_with("nonsense").0, 400);
    for form in ["", "grant_type=password", "grant_type=refresh_token", "assertion=x"] {
        let (status, body) = desk.ask(form);
        assert_eq!((status, &body["error"]), (400, &json!("Bad Request")), "{form}");
    }
    assert_eq!(desk.ask("grant_type=refresh_token&refresh_token=x").0, 403);
}

#[test]
fn a_key_file_has_all_that_clients_need() {
    let desk = Desk::new();
    for field in ["id", "publicKey", "createdAt", "validUntil", "keyType", "keyOrigin", "keyAlgorithm", "active"] {
        assert!(!desk.file[field].is_null(), "{field}");
    }
    for field in ["kid", "iss", "sub", "aud", "privateKey", "tokenEndpoint"] {
        assert!(desk.file["credentials"][field].is_string(), "{field}");
    }
    let mut other = desk.simulator.tokens().account().clone();
    other.email = "other@sa.stackit.cloud".into();
    assert!(key_file::known_key(&desk.file, &other).is_none());
    assert!(key_file::known_key(&json!({}), &other).is_none());
}
