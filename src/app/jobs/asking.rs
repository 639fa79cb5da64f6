//! A question to a server that may begin or end just now: it has its lock then for a moment, and no socket.

use std::time::Duration;

use serde_json::Value;

use crate::app::ENDING;
use crate::clock::Clock;
use crate::error::Result;

/// For how long such a server is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);
/// From when on it is said.
const SAID_FROM: Duration = Duration::from_millis(500);

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The server answered.
    Answered(Value),
    /// There is none.
    Nobody,
    /// One has the lock, and answers nobody: it tells so of itself.
    Unreachable(String),
}

/// Asks until there is an answer, or nobody serves. `holder` is who has the lock.
///
/// # Errors
/// What the server answers.
pub(super) async fn ask_in_time(
    clock: &Clock,
    ask: impl AsyncFn() -> Result<Option<Value>>,
    holder: impl Fn() -> Option<String>,
) -> Result<Asked> {
    let since = clock.monotonic();
    let mut is_said = false;
    loop {
        let (answer, who) = (ask().await, holder());
        let waited = clock.monotonic().saturating_sub(since);
        let is_over = waited >= PATIENCE;
        match (answer, who) {
            (Ok(Some(answer)), _) => return Ok(Asked::Answered(answer)),
            (Ok(None), None) => return Ok(Asked::Nobody),
            (Ok(None), Some(who)) if is_over => return Ok(Asked::Unreachable(who)),
            (Err(error), _) if is_over || error.code != ENDING => return Err(error),
            (Ok(None) | Err(_), _) => {}
        }
        if waited >= SAID_FROM && !is_said {
            is_said = true;
            tracing::warn!("a server begins or ends just now: waiting for it");
        }
        clock.sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;
    use crate::error::{Error, Kind};

    /// Asks a server that has its lock, but no answer, for the first `moments` tries.
    async fn asked(
        moments: usize,
        then: (Option<Value>, Option<&str>),
        meanwhile: Result<Option<Value>>,
    ) -> Result<Asked> {
        let tries = Cell::new(0);
        let clock = Clock::starting_at(chrono::DateTime::UNIX_EPOCH);
        let ask = async || {
            tries.set(tries.get() + 1);
            if tries.get() <= moments { meanwhile.clone() } else { Ok(then.0.clone()) }
        };
        let holder = || if tries.get() <= moments { Some("process 1".to_owned()) } else { then.1.map(str::to_owned) };
        ask_in_time(&clock, ask, holder).await
    }

    #[tokio::test]
    async fn a_server_that_begins_is_waited_for() {
        let then = || (Some(json!(7)), Some("process 1"));
        assert_eq!(asked(15, then(), Ok(None)).await.expect("an answer"), Asked::Answered(json!(7)));
        let asked = asked(25, then(), Ok(None)).await.expect("no answer");
        assert_eq!(asked, Asked::Unreachable("process 1".to_owned()));
    }

    #[tokio::test]
    async fn a_server_that_ends_is_waited_for() {
        let ending = || Err(Error::new(Kind::Conflict, ENDING, "the server ends"));
        assert_eq!(asked(15, (None, None), Ok(None)).await.expect("none"), Asked::Nobody);
        assert_eq!(asked(15, (None, None), ending()).await.expect("none"), Asked::Nobody);
        assert_eq!(asked(25, (None, None), ending()).await.expect_err("it does not end").code, ENDING);
    }

    #[tokio::test]
    async fn what_a_server_refuses_is_told_at_once() {
        let refused = Err(Error::new(Kind::NotFound, "server_refused", "no such job"));
        assert_eq!(asked(1, (None, None), refused).await.expect_err("refused").code, "server_refused");
    }
}
