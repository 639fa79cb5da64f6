//! What goes wrong in this room, with the data to say it well.

use std::fmt;

use super::kind::Kind;
use crate::error::{self, Kind as ErrorKind, nearest};
use crate::policy::SelectorError;

/// Why the platform could not do what was asked.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are named by their words")]
pub enum Error {
    /// The API's answer to a call, or the lack of one.
    Call(Box<error::Error>),
    /// No object has this identifier or name.
    NotFound { kind: Kind, wanted: String, nearest: Vec<String> },
    /// Several objects have this name.
    SeveralFound { kind: Kind, name: String, ids: Vec<String> },
    /// An object is asked for by an empty name.
    EmptyName { kind: Kind },
    /// The selector is empty or breaks the grammar.
    Selector(SelectorError),
    /// An option that this function does not take.
    UnknownOption { function: String, option: String, known: Vec<String> },
    /// An option with a value that it cannot have.
    BadOption { function: String, option: String, why: &'static str },
    /// The kind has no such operation.
    Unsupported { kind: Kind, verb: &'static str },
    /// An answer that lacks what it must have.
    BadAnswer { operation: String, why: String },
    /// An object that lacks what it must have.
    BadObject { kind: Kind, why: String },
    /// A volume is to be detached, and is attached to nothing.
    NotAttached { name: String },
    /// A verb did not lead where it should have.
    Failed { verb: &'static str, kind: Kind, name: String, status: String, message: Option<String> },
    /// The object went away during a wait for something else.
    Vanished { verb: &'static str, kind: Kind, name: String },
    /// A wait was over before its object was done.
    TimedOut { verb: &'static str, kind: Kind, name: String, seconds: u64, last: Last },
    /// A list is shorter or longer than its recipe expects.
    Unexpected { count: usize, minimum: Option<usize>, maximum: Option<usize> },
    /// Something that only a bug of ours can cause.
    Bug(&'static str),
}

/// What a wait saw last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last {
    /// The status.
    pub status: Option<String>,
    /// Why the last look failed, if it did.
    pub trouble: Option<String>,
    /// Whether the status is right and only the way there was never seen.
    pub is_unproven: bool,
}

impl Error {
    /// The kind that scripts see.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Call(error) => error.kind,
            Self::NotFound { .. } | Self::Vanished { .. } => ErrorKind::NotFound,
            Self::SeveralFound { .. }
            | Self::EmptyName { .. }
            | Self::Selector(_)
            | Self::UnknownOption { .. }
            | Self::BadOption { .. }
            | Self::Unsupported { .. } => ErrorKind::Invalid,
            Self::BadAnswer { .. } | Self::BadObject { .. } => ErrorKind::Incomplete,
            Self::Unexpected { .. } => ErrorKind::Policy,
            Self::NotAttached { .. } => ErrorKind::Conflict,
            Self::Failed { .. } => ErrorKind::Server,
            Self::TimedOut { .. } => ErrorKind::Timeout,
            Self::Bug(_) => ErrorKind::Bug,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code,
            Self::NotFound { .. } => "object_not_found",
            Self::SeveralFound { .. } => "several_objects",
            Self::EmptyName { .. } => "empty_name",
            Self::Selector(SelectorError::Empty) => "empty_selector",
            Self::Selector(SelectorError::Syntax { .. }) => "bad_selector",
            Self::UnknownOption { .. } => "unknown_option",
            Self::BadOption { .. } => "bad_option",
            Self::Unsupported { .. } => "unsupported",
            Self::BadAnswer { .. } => "bad_answer",
            Self::BadObject { .. } => "bad_object",
            Self::NotAttached { .. } => "not_attached",
            Self::Failed { .. } => "outcome_failed",
            Self::Vanished { .. } => "vanished",
            Self::TimedOut { .. } => "wait_timed_out",
            Self::Unexpected { .. } => "unexpected_count",
            Self::Bug(_) => "bug",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { kind, nearest, .. } => match nearest.as_slice() {
                [] => None,
                [one] => Some(format!("a {} named `{one}` exists", kind.row().singular)),
                several => Some(format!("there are {}", ticked(several))),
            },
            Self::SeveralFound { kind, ids, .. } => {
                Some(format!("name one by its id: `{}(\"{}\")`", kind.row().functions.one, ids[0]))
            }
            Self::Selector(SelectorError::Empty) => {
                Some("leave the selector out to list everything, or write `key=value`".to_owned())
            }
            Self::Selector(SelectorError::Syntax { .. }) => {
                Some("a selector reads `key=value, key!=value, key in (a, b), key notin (a, b), key, !key`".to_owned())
            }
            Self::UnknownOption { option, known, .. } => match nearest(option, known.iter().map(String::as_str)) {
                Some(near) => Some(format!("did you mean `{near}`?")),
                None if known.is_empty() => Some("it takes no options".to_owned()),
                None => Some(format!("its options are {}", ticked(known))),
            },
            Self::TimedOut { last, .. } if last.is_unproven => Some(
                "the change itself was never seen, so this is not taken for its end; look at the object".to_owned(),
            ),
            Self::TimedOut { .. } => Some("give `wait` a longer time, such as `wait(minutes(30))`".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::NotFound { kind, wanted, .. } => write!(f, "there is no {} `{wanted}`", kind.row().singular),
            Self::SeveralFound { kind, name, ids } => {
                write!(f, "{} {} are named `{name}`: {}", ids.len(), kind.row().plural, ids.join(", "))
            }
            Self::EmptyName { kind } => write!(f, "the name of a {} is empty", kind.row().singular),
            Self::Selector(error) => error.fmt(f),
            Self::UnknownOption { function, option, .. } => write!(f, "`{function}` takes no option `{option}`"),
            Self::BadOption { function, option, why } => write!(f, "the option `{option}` of `{function}` {why}"),
            Self::Unsupported { kind, verb } => write!(f, "the API offers no way to {verb} a {}", kind.row().singular),
            Self::BadAnswer { operation, why } => write!(f, "the answer to `{operation}` is not whole: {why}"),
            Self::BadObject { kind, why } => {
                write!(f, "a {} in the answer is not whole: {why}", kind.row().singular)
            }
            Self::NotAttached { name } => write!(f, "the volume `{name}` is attached to no server"),
            Self::Failed { verb, kind, name, status, message } => {
                write!(f, "`{verb}` of the {} `{name}` ended in {status}", kind.row().singular)?;
                message.as_ref().map_or(Ok(()), |message| write!(f, ": {message}"))
            }
            Self::Vanished { verb, kind, name } => {
                write!(f, "the {} `{name}` went away during the wait for `{verb}`", kind.row().singular)
            }
            Self::TimedOut { verb, kind, name, seconds, last } => {
                write!(f, "`{verb}` of the {} `{name}` was not done after {seconds} s", kind.row().singular)?;
                if let Some(status) = &last.status {
                    write!(f, "; its last status was {status}")?;
                }
                last.trouble.as_ref().map_or(Ok(()), |trouble| write!(f, "; the last look failed: {trouble}"))
            }
            Self::Unexpected { count, minimum, maximum } => {
                let objects = if *count == 1 { "object" } else { "objects" };
                write!(f, "the list has {count} {objects}")?;
                match (minimum, maximum) {
                    (Some(minimum), _) if count < minimum => write!(f, ", and at least {minimum} are expected"),
                    (_, Some(maximum)) => write!(f, ", and at most {maximum} are expected"),
                    _ => Ok(()),
                }
            }
            Self::Bug(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<SelectorError> for Error {
    fn from(error: SelectorError) -> Self {
        Self::Selector(error)
    }
}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let (code, hint) = (error.code(), error.hint());
        match error {
            Error::Call(error) => *error,
            other => Self { hint, ..Self::new(other.kind(), code, other.to_string()) },
        }
    }
}

fn ticked(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: Error) -> (String, Option<String>) {
        let error = error::Error::from(error);
        (error.message, error.hint)
    }

    #[test]
    fn messages_say_what_and_what_to_do() {
        let (message, hint) = shown(Error::NotFound {
            kind: Kind::Server,
            wanted: "wbe-1".to_owned(),
            nearest: vec!["web-1".to_owned()],
        });
        assert_eq!(message, "there is no server `wbe-1`");
        assert_eq!(hint.as_deref(), Some("a server named `web-1` exists"));

        let (message, hint) = shown(Error::TimedOut {
            verb: "deallocate",
            kind: Kind::Server,
            name: "web-1".to_owned(),
            seconds: 600,
            last: Last { status: Some("DEALLOCATING".to_owned()), ..Last::default() },
        });
        assert_eq!(
            message,
            "`deallocate` of the server `web-1` was not done after 600 s; its last status was DEALLOCATING"
        );
        assert!(hint.is_some_and(|hint| hint.contains("longer time")));
    }

    #[test]
    fn a_list_out_of_bounds_says_which_bound() {
        let message = |count, minimum, maximum| shown(Error::Unexpected { count, minimum, maximum }).0;
        assert_eq!(message(0, Some(1), None), "the list has 0 objects, and at least 1 are expected");
        assert_eq!(message(81, Some(1), Some(80)), "the list has 81 objects, and at most 80 are expected");
    }
}
