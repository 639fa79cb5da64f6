//! What a bearer token says of itself, and when it must be renewed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::Problem;
use crate::secret::Secret;

/// A token and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Minted {
    pub(super) token: Secret,
    /// Unknown for a token that does not say, which is then used until it is refused.
    pub(super) expires_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
}

/// How long before its end a token is renewed, at most.
const EARLY: TimeDelta = TimeDelta::seconds(60);
/// How long before its end a token is not sent any more, at most: it takes its time to arrive.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);

impl Minted {
    /// A token that came at `now`. Its own `exp` decides; `lifetime` helps where there is none, or where the clocks
    /// are so far apart that a fresh token looks expired.
    pub(super) fn new(token: Secret, now: DateTime<Utc>, lifetime: Option<TimeDelta>) -> Self {
        let by_claim = Claims::of(&token).and_then(|claims| claims.expires_at);
        let by_lifetime = lifetime.and_then(|lifetime| now.checked_add_signed(lifetime));
        let expires_at = match by_claim {
            Some(by_claim) if by_claim > now + LEEWAY => Some(by_claim),
            _ => by_lifetime.or(by_claim),
        };
        Self { token, expires_at, received_at: now }
    }

    /// Whether it may be sent without a thought of renewing it.
    pub(super) fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.lasts_longer_than(EARLY, 5, now)
    }

    /// Whether it may be sent if there is no better one.
    pub(super) fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.lasts_longer_than(LEEWAY, 10, now)
    }

    /// `margin` is cut to a fraction of a short lifetime, else a short-lived token would be renewed for each request.
    fn lasts_longer_than(&self, margin: TimeDelta, fraction: i32, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| now + margin.min((end - self.received_at) / fraction) < end)
    }
}

/// What a token that is a JWT says; its signature is the server's business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) email: Option<String>,
}

impl Claims {
    pub(super) fn of(token: &Secret) -> Option<Self> {
        let mut parts = token.expose().split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            expires_at: claims.get("exp").and_then(seconds).and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            email: text("email"),
        })
    }
}

/// The mail of whom a token belongs to, if it says so.
#[must_use]
pub fn email_of(token: &Secret) -> Option<String> {
    Claims::of(token)?.email
}

/// Seconds as JSON writes them: some servers write a fraction.
#[expect(clippy::cast_possible_truncation, reason = "the fraction is to go; too large ones saturate and are no date")]
pub(super) fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

/// Takes a token only if it can stand in a header.
pub(super) fn checked(token: &str) -> Result<Secret, Problem> {
    let token = token.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim_start();
    if token.is_empty() {
        return Err(Problem::TokenInvalid { reason: "is empty" });
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::TokenInvalid { reason: "contains spaces, line breaks or letters that no token has" });
    }
    Ok(Secret::from(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn jwt(claims: &Value) -> Secret {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        Secret::from(format!("{}.{}.c2ln", part(&serde_json::json!({"alg": "RS512"})), part(claims)))
    }

    fn lasting(seconds: i64) -> Minted {
        Minted::new(jwt(&serde_json::json!({"exp": noon().timestamp() + seconds})), noon(), None)
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let token = lasting(3600);
        assert!(token.is_fresh(noon() + TimeDelta::seconds(3539)));
        assert!(!token.is_fresh(noon() + TimeDelta::seconds(3540)));
        assert!(token.is_usable(noon() + TimeDelta::seconds(3594)));
        assert!(!token.is_usable(noon() + TimeDelta::seconds(3595)));
    }

    #[test]
    fn a_short_lived_token_is_used_for_most_of_its_life() {
        let token = lasting(50);
        assert!(token.is_fresh(noon() + TimeDelta::seconds(39)));
        assert!(!token.is_fresh(noon() + TimeDelta::seconds(40)));
        assert!(token.is_usable(noon() + TimeDelta::seconds(44)));
    }

    #[test]
    fn the_claim_decides_and_the_lifetime_helps_out() {
        let hour = Some(TimeDelta::hours(1));
        let by_claim = Minted::new(jwt(&serde_json::json!({"exp": noon().timestamp() + 60})), noon(), hour);
        assert_eq!(by_claim.expires_at, Some(noon() + TimeDelta::seconds(60)));
        let opaque = Minted::new(Secret::from("opaque"), noon(), hour);
        assert_eq!(opaque.expires_at, Some(noon() + TimeDelta::hours(1)));
        let clocks_apart = Minted::new(jwt(&serde_json::json!({"exp": noon().timestamp() - 600})), noon(), hour);
        assert_eq!(clocks_apart.expires_at, Some(noon() + TimeDelta::hours(1)));
        assert_eq!(Minted::new(Secret::from("opaque"), noon(), None).expires_at, None);
    }

    #[test]
    fn claims_are_read_leniently() {
        let claims = Claims::of(&jwt(&serde_json::json!({"exp": 1.5e9, "email": "a@b", "sub": "s"}))).unwrap();
        assert_eq!(claims.expires_at, DateTime::from_timestamp(1_500_000_000, 0));
        assert_eq!(claims.email.as_deref(), Some("a@b"));
        assert_eq!(Claims::of(&Secret::from("a.b.c")), None);
        assert_eq!(Claims::of(&jwt(&serde_json::json!({"exp": 1e300}))).unwrap().expires_at, None);
    }

    #[test]
    fn a_token_that_no_header_takes_is_refused() {
        assert_eq!(checked(" abc\n").unwrap().expose(), "abc");
        assert_eq!(checked("Bearer abc").unwrap().expose(), "abc");
        for wrong in ["", "  ", "a b", "a\nb", "töken"] {
            assert!(matches!(checked(wrong), Err(Problem::TokenInvalid { .. })), "{wrong}");
        }
    }
}
