//! The `Retry-After` header: seconds, or an HTTP date.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// How long the server asks to wait. A date is compared with the answer's own `Date`, so that a clock that is wrong
/// here does no harm; without one, with `now`.
///
/// Source: RFC 9110, 10.2.3.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a wait without end, not no wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let until = http_date(text)?;
    let since = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    Some((until - since).to_std().unwrap_or_default())
}

/// The time that a header such as `Date` says.
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header value"));
        }
        retry_after(&map, "1994-11-06T08:49:00Z".parse().expect("a valid time"))
    }

    #[test]
    fn seconds_are_taken_and_nonsense_is_not() {
        assert_eq!(wait(&[("retry-after", "120")]), Some(Duration::from_mins(2)));
        assert_eq!(wait(&[("retry-after", " 0 ")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "99999999999999999999999")]), Some(Duration::from_secs(u32::MAX.into())));
        for nonsense in ["", "-1", "1.5", "soon", "١"] {
            let mut map = HeaderMap::new();
            map.insert("retry-after", http::HeaderValue::from_bytes(nonsense.as_bytes()).expect("a header value"));
            assert_eq!(retry_after(&map, DateTime::UNIX_EPOCH), None, "{nonsense}");
        }
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_date_counts_from_the_servers_own_date_else_from_now() {
        let date = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait(&[date]), Some(Duration::from_secs(37)));
        assert_eq!(wait(&[date, ("date", "Sun, 06 Nov 1994 08:49:30 GMT")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[date, ("date", "Sun, 06 Nov 1994 09:00:00 GMT")]), Some(Duration::ZERO));
    }
}
