//! What becomes of the values that runs keep.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::{Finish, StateChange, StateDeed};
use crate::schedule::outcome::{Outcome, Reason};

/// What is held under scopes and keys after some changes, as JSON; `None` for nothing.
pub type Values = BTreeMap<(String, String), Option<String>>;

/// Makes changes in their order, all of them or none. `held` tells what is held before.
///
/// # Errors
/// Why none was made: there was something to add to what is no number, or too much.
pub fn keep(changes: &[StateChange], held: &dyn Fn(&str, &str) -> Option<String>) -> Result<Values, Reason> {
    let mut values = Values::new();
    for change in changes {
        let key = (change.scope.clone(), change.key.clone());
        let value = match &change.deed {
            StateDeed::Set(value) => Some(value.clone()),
            StateDeed::Delete => None,
            StateDeed::Add(number) => {
                let before = values.get(&key).cloned().unwrap_or_else(|| held(&change.scope, &change.key));
                let sum = sum(before.as_deref(), *number).ok_or_else(|| {
                    let text = format!("`{}` of `{}` holds no number to which {number} can be added", key.1, key.0);
                    Reason::new("state_no_number", text)
                })?;
                Some(sum)
            }
        };
        values.insert(key, value);
    }
    Ok(values)
}

/// The end of a run together with what it keeps. Where that cannot be kept, nothing of it is, and the run did a part
/// of what it was to do: a value that somebody needs is never overwritten by a count.
pub fn settle<'f>(finish: &'f Finish, held: &dyn Fn(&str, &str) -> Option<String>) -> (Cow<'f, Finish>, Values) {
    match keep(&finish.state, held) {
        Ok(values) => (Cow::Borrowed(finish), values),
        Err(why) => {
            let mut finish = finish.clone();
            if matches!(finish.outcome, Outcome::Done | Outcome::Skipped) {
                finish.outcome = Outcome::Partial;
                finish.reason =
                    Some(Reason::new(&why.code, format!("nothing of what it wanted kept was kept: {}", why.text)));
            }
            (Cow::Owned(finish), Values::new())
        }
    }
}

fn sum(held: Option<&str>, number: i64) -> Option<String> {
    let held: Value = serde_json::from_str(held.unwrap_or("null")).ok()?;
    let sum = match held {
        Value::Null => Number::from(number),
        Value::Number(held) => match held.as_i64() {
            Some(held) => Number::from(held.checked_add(number)?),
            #[expect(clippy::cast_precision_loss, reason = "what is held is no whole number either")]
            None => Number::from_f64(held.as_f64()? + number as f64)?,
        },
        _ => return None,
    };
    Some(sum.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, deed: StateDeed) -> StateChange {
        StateChange { scope: "job".to_owned(), key: key.to_owned(), deed }
    }

    #[test]
    fn numbers_are_added_and_nothing_else_is_touched() {
        for (held, number, sum) in [
            (None, 2, Some("2")),
            (Some("null"), 2, Some("2")),
            (Some("40"), 2, Some("42")),
            (Some("0.5"), -1, Some("-0.5")),
            (Some("9223372036854775807"), 1, None),
            (Some("\"40\""), 2, None),
            (Some("[1]"), 2, None),
            (Some("torn"), 2, None),
        ] {
            let kept = keep(&[change("key", StateDeed::Add(number))], &|_, _| held.map(str::to_owned));
            let value = kept.ok().map(|values| values.into_values().next().flatten().unwrap_or_default());
            assert_eq!(value.as_deref(), sum, "{held:?}");
        }
    }

    #[test]
    fn changes_are_made_in_their_order_and_all_of_them_or_none() {
        let add = |key: &str| change(key, StateDeed::Add(1));
        let values = keep(&[change("a", StateDeed::Set("4".to_owned())), add("a"), add("a")], &|_, _| None);
        assert_eq!(values.unwrap().into_values().collect::<Vec<_>>(), [Some("6".to_owned())]);
        let why = keep(&[add("a"), change("b", StateDeed::Set("\"no\"".to_owned())), add("b")], &|_, _| None);
        assert_eq!(why.unwrap_err().text, "`b` of `job` holds no number to which 1 can be added");
        let run = Finish {
            run: crate::schedule::rows::RunId("r".to_owned()),
            outcome: Outcome::Done,
            reason: None,
            error_kind: None,
            state: vec![add("a")],
        };
        let (finish, values) = settle(&run, &|_, _| Some("{}".to_owned()));
        assert_eq!((finish.outcome, values.len()), (Outcome::Partial, 0));
    }
}
