use std::time::Duration;

use serde_json::{Value, json};

use super::super::renewing::Renewing;
use super::super::testing::*;
use super::super::{TokenReply, TokenSource, Unreachable};
use super::*;
use crate::clock::Clock;
use crate::config::{Resolved, Text};
use crate::error;
use crate::secret::Scrubber;

struct Flow {
    source: Renewing<KeyFlow>,
    endpoint: Arc<Scripted>,
    clock: Clock,
    scrubber: Scrubber,
}

type Reply = Result<TokenReply, Unreachable>;

fn flow_of(key: Resolved<Text>, urls: TokenUrls, replies: impl IntoIterator<Item = Reply>) -> Flow {
    let (clock, scrubber, endpoint) = (Clock::starting_at(noon()), Scrubber::new(), Scripted::new(replies));
    let input = input(key);
    let key = ServiceAccountKey::load(&input, noon()).unwrap();
    let flow = KeyFlow::new(key, input, urls, exchange(endpoint.clone(), &clock, &scrubber));
    Flow { source: Renewing::new(flow, clock.clone()), endpoint, clock, scrubber }
}

fn flow(replies: impl IntoIterator<Item = Reply>) -> Flow {
    flow_of(inline(key_json().to_string()), TokenUrls::default(), replies)
}

fn in_hours(hours: i64) -> DateTime<Utc> {
    noon() + TimeDelta::hours(hours)
}

/// What a user reads when the first token is asked for.
async fn refusal(replies: impl IntoIterator<Item = Reply>) -> (error::Error, usize) {
    let flow = flow(replies);
    let error = flow.source.token().await.unwrap_err();
    (error.into(), flow.endpoint.count())
}

#[tokio::test]
async fn the_first_token_is_asked_for_with_an_assertion() {
    let flow = flow([tokens(&jwt("a", in_hours(1)), None)]);
    assert_eq!(flow.endpoint.count(), 0, "nothing is asked before a token is wanted");
    assert_eq!(flow.source.token().await.unwrap().expose(), jwt("a", in_hours(1)));
    assert_eq!(flow.endpoint.url(0), "https://service-account.api.stackit.cloud/token");
    let grant = flow.endpoint.field(0, "grant_type").unwrap();
    assert_eq!(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(flow.endpoint.field(0, "assertion").unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn token_urls_are_taken_in_their_order() {
    let url = |name: &str, origin| Some(Resolved::new(format!("https://{name}/token"), origin));
    let mut json = key_json();
    let key = |json: &Value| ServiceAccountKey::load(&input(inline(json.to_string())), noon()).unwrap();
    let spare_only = TokenUrls { explicit: None, spare: url("spare", Origin::Default) };
    let both = TokenUrls { explicit: url("explicit", Origin::Default), ..spare_only.clone() };
    assert_eq!(TokenUrls::default().choose(&key(&json)).value, TOKEN_URL);
    assert_eq!(spare_only.choose(&key(&json)).value, "https://spare/token");
    json["credentials"]["tokenEndpoint"] = json!("https://own/token");
    assert_eq!(spare_only.choose(&key(&json)), Resolved::new("https://own/token".to_owned(), Origin::KeyFile));
    assert_eq!(both.choose(&key(&json)).value, "https://explicit/token");
}

#[tokio::test]
async fn a_valid_refresh_token_is_used_and_replaced() {
    let flow = flow([
        tokens(&jwt("a", in_hours(1)), Some(&jwt("r1", in_hours(4)))),
        tokens(&jwt("b", in_hours(2)), Some(&jwt("r2", in_hours(5)))),
        tokens(&jwt("c", in_hours(3)), None),
        tokens(&jwt("d", in_hours(4)), None),
    ]);
    for name in ["a", "b", "c", "d"] {
        assert!(flow.source.token().await.unwrap().expose().starts_with(&jwt(name, in_hours(0))[..20]));
        flow.clock.sleep(Duration::from_hours(1)).await;
    }
    assert_eq!(flow.endpoint.field(1, "grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(flow.endpoint.field(1, "refresh_token"), Some(jwt("r1", in_hours(4))));
    assert_eq!(flow.endpoint.field(2, "refresh_token"), Some(jwt("r2", in_hours(5))));
    assert!(flow.endpoint.field(3, "assertion").is_some(), "the last answer had no refresh token");
}

#[tokio::test]
async fn an_expired_or_opaque_refresh_token_means_a_new_assertion() {
    for refresh in [jwt("r", noon() + TimeDelta::minutes(30)), "opaque".to_owned()] {
        let flow = flow([tokens(&jwt("a", in_hours(1)), Some(&refresh)), tokens(&jwt("b", in_hours(2)), None)]);
        flow.source.token().await.unwrap();
        flow.clock.sleep(Duration::from_hours(1)).await;
        flow.source.token().await.unwrap();
        assert!(flow.endpoint.field(1, "assertion").is_some());
    }
}

#[tokio::test]
async fn a_refused_refresh_token_means_a_new_assertion() {
    let flow = flow([
        tokens(&jwt("a", in_hours(1)), Some(&jwt("r", in_hours(4)))),
        reply(400, r#"{"message": "refresh token revoked"}"#),
        tokens(&jwt("b", in_hours(2)), None),
    ]);
    flow.source.token().await.unwrap();
    flow.clock.sleep(Duration::from_hours(1)).await;
    assert_eq!(flow.source.token().await.unwrap().expose(), jwt("b", in_hours(2)));
    assert!(flow.endpoint.field(2, "assertion").is_some());
}

#[tokio::test]
async fn after_a_401_the_refresh_token_is_not_trusted_either() {
    let flow =
        flow([tokens(&jwt("a", in_hours(1)), Some(&jwt("r", in_hours(4)))), tokens(&jwt("b", in_hours(1)), None)]);
    let first = flow.source.token().await.unwrap();
    flow.source.reject(&first);
    assert_eq!(flow.source.token().await.unwrap().expose(), jwt("b", in_hours(1)));
    assert!(flow.endpoint.field(1, "assertion").is_some());
}

#[tokio::test]
async fn a_token_without_an_end_lasts_as_long_as_the_answer_says() {
    let flow = flow([tokens("opaque-access-token", None), tokens("another-access-token", None)]);
    flow.source.token().await.unwrap();
    assert_eq!(flow.source.expires_at(), Some(in_hours(1)));
    flow.clock.sleep(Duration::from_hours(1)).await;
    assert_eq!(flow.source.token().await.unwrap().expose(), "another-access-token");
}

#[tokio::test]
async fn an_endpoint_that_is_out_of_order_is_asked_thrice() {
    let broken = || reply(503, "<html>unavailable</html>");
    let refused = || Err(Unreachable { message: "connection refused".to_owned(), is_timeout: false, hint: None });
    let flow = flow([broken(), refused(), tokens(&jwt("a", in_hours(1)), None)]);
    assert!(flow.source.token().await.is_ok());
    assert_eq!(flow.clock.now(), noon() + TimeDelta::seconds(5));

    let (error, asked) = refusal([broken(), broken(), broken()]).await;
    assert_eq!((error.code, error.kind, asked), ("endpoint_failed", error::Kind::Server, 3));
    assert_eq!(error.message, "the token endpoint failed (status 503): an HTML page");
    let (error, asked) = refusal([refused(), refused(), refused()]).await;
    assert_eq!((error.code, error.kind, asked), ("endpoint_unreachable", error::Kind::Network, 3));
    assert_eq!(error.message, "the token endpoint cannot be reached: connection refused");
    assert!(error.place.unwrap().contains("https://service-account.api.stackit.cloud/token"));
    assert!(error.hint.unwrap().contains("--sim"));
    let lasting = Unreachable {
        message: "its certificate is for another host".to_owned(),
        is_timeout: false,
        hint: Some("look"),
    };
    let (error, asked) = refusal([Err(lasting)]).await;
    assert_eq!((asked, error.hint.as_deref()), (1, Some("look")));
    let (error, _) =
        refusal([reply(500, r#"{"message": "boom"}"#), broken(), reply(500, r#"{"message": "boom"}"#)]).await;
    assert_eq!(error.message, "the token endpoint failed (status 500): boom");
}

#[tokio::test]
async fn a_key_that_the_service_does_not_know_is_named() {
    let body =
        format!("{{\"status\": 400, \"error\": \"Bad Request\", \"message\": \"Key with kid {KID} was not found\"}}");
    let (error, asked) = refusal([reply(400, body)]).await;
    assert_eq!((error.code, asked), ("key_unknown", 1));
    assert_eq!(error.message, format!("the token endpoint does not know the key `{KID}`"));
    let place = error.place.unwrap();
    assert!(place.contains("STACKIT_SERVICE_ACCOUNT_KEY") && place.contains("/token"), "{place}");
    assert!(error.hint.unwrap().contains("create a new key"));
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words_whatever_their_form() {
    for body in [
        json!({"timeStamp": "x", "path": "/token", "status": 403, "error": "Forbidden", "message": "invalid signature"}),
        json!({"error": {"code": 403, "message": "invalid signature", "status": "Forbidden"}}),
        json!({"error": "invalid_grant", "error_description": "invalid signature"}),
    ] {
        let (error, asked) = refusal([reply(403, body.to_string())]).await;
        assert_eq!(error.message, "the token endpoint refused the key (status 403): invalid signature");
        assert_eq!((error.kind, asked), (error::Kind::Auth, 1));
    }
    assert!(refusal([reply(400, "bad assertion")]).await.0.message.ends_with("(status 400): bad assertion"));
    assert!(refusal([reply(401, "")]).await.0.message.ends_with("refused the key (status 401)"));
}

#[tokio::test]
async fn a_refusal_that_a_wrong_private_key_explains_says_so() {
    let mut json = key_json();
    json["credentials"]["privateKey"] = json!(OTHER_PAIR.private_pem);
    let flow =
        flow_of(inline(json.to_string()), TokenUrls::default(), [reply(403, r#"{"message": "invalid signature"}"#)]);
    let error = error::Error::from(flow.source.token().await.unwrap_err());
    assert!(error.hint.unwrap().contains("does not belong to the key's `publicKey`"));
}

#[tokio::test]
async fn a_refusal_that_a_wrong_clock_explains_says_so() {
    let late =
        TokenReply { date: Some(noon() + TimeDelta::minutes(10)), ..reply(400, r#"{"message": "expired"}"#).unwrap() };
    let (error, _) = refusal([Ok(late)]).await;
    assert_eq!(error.hint.as_deref(), Some("this machine's clock is 600 s behind the server's: set it right"));
}

#[tokio::test]
async fn what_is_no_token_endpoint_is_recognised() {
    for (status, body, says) in [
        (200, "<!doctype html><p>welcome", "answered with an HTML page instead of JSON (status 200)"),
        (404, "<html>not here", "answered with an HTML page instead of JSON (status 404)"),
        (200, "", "answered with an empty body instead"),
        (302, "", "answered with a redirect instead"),
        (200, "{\"access_token\": ", "answered with broken or unexpected JSON"),
        (200, "[]", "answered with broken or unexpected JSON"),
        (200, "{}", "answer has no usable `access_token`"),
        (200, r#"{"access_token": "two words"}"#, "answer has no usable `access_token`"),
        (200, r#"{"access_token": 7}"#, "answer has no usable `access_token`"),
    ] {
        let (error, asked) = refusal([reply(status, body)]).await;
        assert!(error.message.contains(says), "{status} {body}: {}", error.message);
        assert!(error.hint.unwrap().contains("STACKIT_TOKEN_BASEURL"));
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let flow = flow([tokens(&jwt("a", in_hours(1)), Some(&jwt("r", in_hours(4))))]);
    let token = flow.source.token().await.unwrap();
    let assertion = flow.endpoint.field(0, "assertion").unwrap();
    let text = format!(
        "{} {} {assertion} {}",
        token.expose(),
        jwt("r", in_hours(4)),
        PAIR.private_pem.lines().nth(3).unwrap()
    );
    assert_eq!(flow.scrubber.scrub(&text), "*** *** *** ***");
    // A server that answers with what it was sent.
    let echo = Scripted::new([]);
    let clock = Clock::starting_at(noon());
    let echoing = exchange(echo.clone(), &clock, &flow.scrubber);
    echo.add(reply(400, format!("bad assertion {assertion}")));
    let error = echoing.tokens("http://x", Grant::Assertion(assertion.into())).await.unwrap_err();
    assert_eq!(error.to_string(), "the token endpoint refused the key (status 400): bad assertion ***");
}

mod files {
    use super::*;

    fn key_named(kid: &str, space: &str) -> String {
        let mut json = key_json();
        json["credentials"]["kid"] = json!(kid);
        format!("{json}{space}")
    }

    fn kid_sent(flow: &Flow, request: usize) -> String {
        let assertion = flow.endpoint.field(request, "assertion").unwrap();
        jsonwebtoken::decode_header(assertion).unwrap().kid.unwrap()
    }

    #[tokio::test]
    async fn a_key_file_that_changes_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", &key_named("old", ""));
        let replies = [tokens(&jwt("a", in_hours(1)), None), tokens(&jwt("b", in_hours(1)), None)];
        let flow = flow_of(in_file(&path), TokenUrls::default(), replies);
        let first = flow.source.token().await.unwrap();
        write_private(folder.path(), "key.json", &key_named("newer", ""));
        assert_eq!(flow.source.token().await.unwrap(), first, "files are not looked at for each token");
        flow.clock.sleep(Duration::from_secs(10)).await;
        assert_ne!(flow.source.token().await.unwrap(), first);
        assert_eq!((kid_sent(&flow, 0).as_str(), kid_sent(&flow, 1).as_str()), ("old", "newer"));
    }

    #[tokio::test]
    async fn a_half_written_key_file_does_not_end_a_good_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", &key_named("old", ""));
        let flow = flow_of(in_file(&path), TokenUrls::default(), [tokens(&jwt("a", in_hours(1)), None)]);
        let first = flow.source.token().await.unwrap();
        write_private(folder.path(), "key.json", "{");
        flow.clock.sleep(Duration::from_secs(10)).await;
        assert_eq!(flow.source.token().await.unwrap(), first);
        flow.source.reject(&first);
        let error = flow.source.token().await.unwrap_err();
        assert!(matches!(error.problem, Problem::KeyNotJson { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_was_only_touched_costs_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", &key_named("old", ""));
        let flow = flow_of(in_file(&path), TokenUrls::default(), [tokens(&jwt("a", in_hours(1)), None)]);
        let first = flow.source.token().await.unwrap();
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        flow.clock.sleep(Duration::from_secs(10)).await;
        assert_eq!(flow.source.token().await.unwrap(), first);
        assert_eq!(flow.endpoint.count(), 1);
    }

    #[tokio::test]
    async fn after_a_401_the_key_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_private(folder.path(), "key.json", &key_named("old", ""));
        let replies = [tokens(&jwt("a", in_hours(1)), None), tokens(&jwt("b", in_hours(1)), None)];
        let flow = flow_of(in_file(&path), TokenUrls::default(), replies);
        let first = flow.source.token().await.unwrap();
        write_private(folder.path(), "key.json", &key_named("newer", ""));
        flow.source.reject(&first);
        flow.source.token().await.unwrap();
        assert_eq!(kid_sent(&flow, 1), "newer");
    }

    #[tokio::test]
    async fn a_key_that_expires_while_we_run_says_so() {
        let mut json = key_json();
        json["validUntil"] = json!("2026-11-22T12:30:00Z");
        let flow = flow_of(inline(json.to_string()), TokenUrls::default(), [tokens(&jwt("a", in_hours(1)), None)]);
        flow.source.token().await.unwrap();
        flow.clock.sleep(Duration::from_hours(1)).await;
        let error = flow.source.token().await.unwrap_err();
        assert!(matches!(error.problem, Problem::KeyExpired { .. }), "{error}");
        assert_eq!(flow.endpoint.count(), 1);
    }
}
