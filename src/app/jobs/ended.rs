//! How a run ended, as the scheduler records it.

use crate::app::recording::{ended, kept};
use crate::engine::Outcome;
use crate::error::{Error, Kind};
use crate::journal::{Ended, RunOutcome};
use crate::schedule::decision::Finish;
use crate::schedule::outcome::{self, Reason};
use crate::schedule::rows::RunId;
use crate::secret::Scrubber;

use super::state_changes;

/// The longest text of a reason, in bytes.
const LONGEST_REASON: usize = 600;

/// The code of a run that was not done in its time.
const DEADLINE: &str = "deadline";

/// The end of a run that ended by itself.
pub(super) fn finish_of(run: &RunId, scope: &str, outcome: &Outcome, scrubber: &Scrubber) -> Finish {
    let ended = ended(outcome);
    let state = state_changes(scope, kept(ended.outcome, outcome));
    Finish { state, ..finish_of_record(run, &ended, scrubber) }
}

/// The end of a run of which only the journal's last record is left; its state is not in there.
pub(super) fn finish_of_record(run: &RunId, ended: &Ended, scrubber: &Scrubber) -> Finish {
    let mut error_kind = ended.error.as_ref().map(|error| error.kind.clone());
    let (outcome, reason) = match ended.outcome {
        RunOutcome::Done => (outcome::Outcome::Done, None),
        RunOutcome::Skipped => {
            (outcome::Outcome::Skipped, Some(Reason::new("recipe", ended.reason.clone().unwrap_or_default())))
        }
        RunOutcome::Partial => (outcome::Outcome::Partial, Some(partly(ended))),
        RunOutcome::Refused => (outcome::Outcome::Refused, trouble(ended)),
        RunOutcome::Interrupted => {
            (outcome::Outcome::Cancelled, Some(Reason::new("cancelled", "it was cancelled while it ran")))
        }
        RunOutcome::Failed if ended.error.as_ref().is_some_and(|error| error.code == DEADLINE) => {
            error_kind = Some(Kind::Timeout.as_str().to_owned());
            let text = ended.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
            (outcome::Outcome::TimedOut, Some(Reason::new("timeout", text)))
        }
        RunOutcome::Failed => (outcome::Outcome::Failed, trouble(ended).or_else(|| Some(exit(ended)))),
        RunOutcome::Lost | RunOutcome::Open => {
            (outcome::Outcome::Unknown, Some(Reason::new("interrupted", "nobody saw how it ended")))
        }
    };
    let reason = reason.map(|reason| bounded(reason, scrubber));
    Finish { run: run.clone(), outcome, reason, error_kind, state: Vec::new() }
}

/// The end of a run that could not begin.
pub(super) fn finish_of_error(run: &RunId, error: &Error, scrubber: &Scrubber) -> Finish {
    let outcome = match error.kind {
        Kind::Policy => outcome::Outcome::Refused,
        Kind::Cancelled => outcome::Outcome::Cancelled,
        _ => outcome::Outcome::Failed,
    };
    let mut text = error.message.clone();
    if let Some(place) = &error.place {
        text = format!("{place}: {text}");
    }
    let code = if error.kind == Kind::Policy { error.code } else { error.kind.as_str() };
    let reason = Some(bounded(Reason::new(code, text), scrubber));
    Finish { run: run.clone(), outcome, reason, error_kind: Some(error.kind.as_str().to_owned()), state: Vec::new() }
}

/// What nothing caught: of a refusal its code, of a failure the kind of its error.
fn trouble(ended: &Ended) -> Option<Reason> {
    let error = ended.error.as_ref()?;
    let text = match &error.line {
        Some((source, line)) => format!("{source}:{line}: {}", error.message),
        None => error.message.clone(),
    };
    let code = if ended.outcome == RunOutcome::Refused { &error.code } else { &error.kind };
    Some(Reason::new(code, text))
}

fn partly(ended: &Ended) -> Reason {
    let text = match ended.results {
        Some((ok, failed)) => format!("{ok} of {} results went well", ok + failed),
        None => "it did a part of its work".to_owned(),
    };
    Reason::new("partly", text)
}

fn exit(ended: &Ended) -> Reason {
    match ended.results {
        Some((0, failed @ 1..)) => Reason::new("partly", format!("none of {failed} results went well")),
        _ => Reason::new("exit", format!("it ended with exit code {}", ended.exit_code)),
    }
}

fn bounded(reason: Reason, scrubber: &Scrubber) -> Reason {
    // Scrubbed before it is cut: half a secret is not recognised.
    let mut text = scrubber.scrub(&reason.text).into_owned();
    if text.len() > LONGEST_REASON {
        text.truncate(text.floor_char_boundary(LONGEST_REASON));
        text.push('…');
    }
    Reason { text, ..reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{KeptChange, KeptDeed, Verdict};
    use crate::error::Kind;

    fn outcome(error: Option<Error>, verdict: Option<Verdict>) -> Outcome {
        Outcome {
            value: serde_json::Value::Null,
            text: String::new(),
            failure: error.map(|error| *Box::<crate::engine::Failure>::from(error)),
            verdict,
            kept: vec![KeptChange { key: "a".into(), deed: KeptDeed::Add(1) }],
        }
    }

    fn finish(error: Option<Error>, verdict: Option<Verdict>) -> (String, String, Option<String>, usize) {
        let finish = finish_of(&RunId("r".into()), "night", &outcome(error, verdict), &Scrubber::new());
        let code = finish.reason.map(|reason| reason.code).unwrap_or_default();
        (finish.outcome.to_string(), code, finish.error_kind, finish.state.len())
    }

    #[test]
    fn every_end_has_its_outcome_and_only_good_ones_keep_state() {
        let error = |kind, code| Some(Error::new(kind, code, "so it is"));
        let partly = |ok, failed| Some(Verdict::Partly { ok, failed });
        let kind = |kind: &str| Some(kind.to_owned());
        for (error, verdict, wanted) in [
            (None, None, ("done", "", None, 1)),
            (None, Some(Verdict::Skipped("no work".into())), ("skipped", "recipe", None, 1)),
            (None, partly(2, 1), ("partial", "partly", None, 1)),
            (None, partly(0, 1), ("failed", "partly", None, 0)),
            (None, Some(Verdict::Exited(3)), ("failed", "exit", None, 0)),
            (error(Kind::Network, "unreachable"), None, ("failed", "network", kind("network"), 0)),
            (error(Kind::Auth, "token_refused"), None, ("failed", "auth", kind("auth"), 0)),
            (error(Kind::Policy, "cap_reached"), None, ("refused", "cap_reached", kind("policy"), 0)),
            (error(Kind::Cancelled, "cancelled"), None, ("cancelled", "cancelled", kind("cancelled"), 0)),
            (error(Kind::Limit, "deadline"), None, ("timed_out", "timeout", kind("timeout"), 0)),
            (error(Kind::Limit, "memory_limit"), None, ("failed", "limit", kind("limit"), 0)),
        ] {
            let (outcome, code, error_kind, state) = finish(error, verdict);
            assert_eq!((outcome.as_str(), code.as_str(), error_kind, state), wanted);
        }
    }

    #[test]
    fn a_reason_is_short_and_holds_no_secret() {
        let scrubber = Scrubber::new();
        scrubber.learn("hunter2hunter2");
        let text = format!("{}hunter2hunter2{}", "é".repeat(290), "x".repeat(5_000));
        let finish = finish_of_error(&RunId("r".into()), &Error::new(Kind::Config, "bad", text), &scrubber);
        let text = finish.reason.expect("a reason").text;
        assert!(text.len() < 700 && text.contains("***") && !text.contains("hunter"), "{text}");
    }
}
