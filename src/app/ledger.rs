//! The journal as runs tell it what they do outside the API.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::engine::{Deed, Done, Ledger};
use crate::error::Error;
use crate::journal::{After, Before, Journal, Module, OUTSIDE, Outcome, Touched, sha256};

/// Writes a run's journal.
pub(super) struct RecordedDeeds {
    pub journal: Journal,
    pub clock: Clock,
    began: Mutex<HashMap<u64, Duration>>,
}

impl RecordedDeeds {
    pub fn new(journal: Journal, clock: Clock) -> Self {
        Self { journal, clock, began: Mutex::default() }
    }
}

impl Ledger for RecordedDeeds {
    fn module(&self, name: &str, text: &str) {
        if let Ok(journal) = self.journal.opened() {
            journal.module(Module { name: name.to_owned(), sha256: sha256(text.as_bytes()) });
        }
    }

    fn begin(&self, deed: &Deed) -> Result<u64, Error> {
        let journal = self.journal.opened()?;
        let call = journal.next_call();
        journal.before(before(call, deed))?.wait_here()?;
        self.began.lock().unwrap_or_else(PoisonError::into_inner).insert(call, self.clock.monotonic());
        Ok(call)
    }

    fn end(&self, number: u64, done: Done) {
        let Ok(journal) = self.journal.opened() else { return };
        let began = self.began.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        let took = began.map_or(Duration::ZERO, |began| self.clock.monotonic().saturating_sub(began));
        let (outcome, status, why) = match done {
            // What a server of somebody else's did before it failed is not known.
            Done::Well(Some(status @ 500..)) => (Outcome::Unknown, Some(status), Some(format!("it answered {status}"))),
            Done::Well(Some(status @ 400..)) => (Outcome::Refused, Some(status), Some(format!("it answered {status}"))),
            Done::Well(status) => (Outcome::Done, status, None),
            Done::Not(why) => (Outcome::Unsent, None, Some(why)),
            Done::Unknown(why) => (Outcome::Unknown, None, Some(why)),
        };
        journal.after(After {
            call: number,
            attempt: 1,
            outcome,
            status,
            request_id: None,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            result: None,
            why: why.map(Cow::Owned),
        });
    }
}

fn before(call: u64, deed: &Deed) -> Before<'static> {
    let (operation, host, request, kind, object, bytes) = match deed {
        Deed::WriteFile { path, bytes, is_added } => {
            let name = if *is_added { "append_file" } else { "write_file" };
            (name, String::new(), path.clone(), "file", path.clone(), *bytes)
        }
        Deed::Request { method, host, bytes } => ("http", host.clone(), method.clone(), "host", host.clone(), *bytes),
        Deed::Message { channel, text } => {
            ("notify", String::new(), channel.clone(), "channel", channel.clone(), text.len())
        }
    };
    let mut parameters = Map::from_iter([("bytes".to_owned(), Value::from(bytes))]);
    if let Deed::Message { text, .. } = deed {
        parameters.insert("text".to_owned(), Value::from(text.as_str()));
    }
    Before {
        call,
        attempt: 1,
        operation: operation.into(),
        effect: OUTSIDE.into(),
        host: host.into(),
        request: request.into(),
        project: None,
        region: None,
        parameters: Cow::Owned(parameters),
        body: None,
        objects: vec![Touched { kind: kind.into(), id: object.into(), was: None }],
    }
}
