//! The platform at one place: how to reach it, where, and on whose time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::api::Api;
use super::error::Error;
use super::kind::Kind;
use super::list::Unread;
use super::resource::{Form, Resource};
use super::wait::Polls;
use crate::catalog::{self, Operation};
use crate::clock::Clock;
use crate::error::{self, Kind as ErrorKind};
use crate::transport::{Answer, Call, Target};

/// The module of the catalogue that the kinds of this room belong to.
pub(super) const MODULE: &str = "iaas";

/// The platform as a run sees it; cheap to clone. Clones, also those elsewhere, share their polls.
#[derive(Clone)]
pub struct Platform {
    api: Arc<dyn Api>,
    target: Target,
    /// The recipe's clock, on which waits wait.
    clock: Clock,
    polls: Polls,
}

impl Platform {
    /// The platform at `target`, on the recipe's clock.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, target: Target, clock: Clock) -> Self {
        Self { api, target, clock, polls: Polls::default() }
    }

    /// The same elsewhere.
    #[must_use]
    pub fn at(&self, target: Target) -> Self {
        Self { target, ..self.clone() }
    }

    /// The same in another project.
    #[must_use]
    pub fn project(&self, id: &str) -> Self {
        self.at(Target { project: Some(id.to_owned()), ..self.target.clone() })
    }

    /// The same in another region.
    #[must_use]
    pub fn region(&self, name: &str) -> Self {
        self.at(Target { region: Some(name.to_owned()), ..self.target.clone() })
    }

    /// Where it acts.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The recipe's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn polls(&self) -> &Polls {
        &self.polls
    }

    /// A call of one of the platform's operations.
    pub(super) fn call(&self, operation: &str) -> Result<Call, Error> {
        let operation = catalog::operation(MODULE, operation)
            .ok_or(Error::Bug("an operation that the resources name is not in the catalogue"))?;
        Ok(Call::new(operation, self.target.clone()))
    }

    /// A call of an operation of a kind; `verb` for the message if the API has none.
    pub(super) fn call_of(&self, kind: Kind, operation: Option<&str>, verb: &'static str) -> Result<Call, Error> {
        self.call(operation.ok_or(Error::Unsupported { kind, verb })?)
    }

    /// Sends any call, for operations that have no kind of their own here.
    ///
    /// # Errors
    /// Of the call.
    pub async fn answer(&self, call: Call) -> error::Result<Answer> {
        self.api.send(call).await
    }

    /// Sends a call of any list, and gives all its pages.
    ///
    /// # Errors
    /// Of the calls; `incomplete` when the list cannot be whole.
    pub async fn pages(&self, call: Call) -> error::Result<Vec<Answer>> {
        self.api.pages(call).await
    }

    pub(super) async fn send(&self, call: Call) -> Result<Answer, Error> {
        self.api.send(call).await.map_err(|error| Error::Call(Box::new(error)))
    }

    /// Sends a call that answers one object.
    pub(super) async fn send_for(&self, call: Call, kind: Kind, form: Form) -> Result<Resource, Error> {
        let operation = call.operation;
        let answer = self.send(call).await?;
        let object = Resource::new(kind, self.target.clone(), form, answer.body);
        match object.check_id() {
            Ok(()) => Ok(object),
            Err(Error::BadObject { why, .. }) => Err(bad_answer(operation, why)),
            Err(error) => Err(error),
        }
    }

    /// Sends a call that lists objects. The list is whole, or this is an error.
    pub(super) async fn send_for_list(&self, call: Call, kind: Kind, form: Form) -> Result<Vec<Resource>, Error> {
        self.send_for_unread(call, kind, form).await?.objects()
    }

    /// Sends a call that lists objects, and does not look at them.
    pub(super) async fn send_for_unread(&self, call: Call, kind: Kind, form: Form) -> Result<Unread, Error> {
        let operation = call.operation;
        let answer = self.send(call).await?;
        Ok(Unread { kind, target: Arc::new(self.target.clone()), form, body: answer.body, operation })
    }

    /// Reads one object as a wait does: plainly, and not for long.
    pub(super) async fn look_at(&self, kind: Kind, id: &str, limit: Duration) -> Result<Resource, Error> {
        let row = kind.row();
        let mut call = self.call_of(kind, row.operations.get, "read")?.with(row.id_parameter, id);
        call.time_limit = Some(limit);
        self.send_for(call, kind, Form::Plain).await
    }

    /// Reads all objects of a kind as a wait does.
    pub(super) async fn look_at_all(&self, kind: Kind, limit: Duration) -> Result<Vec<Resource>, Error> {
        let mut call = self.call_of(kind, kind.row().operations.list, "list")?;
        call.time_limit = Some(limit);
        self.send_for_list(call, kind, Form::Plain).await
    }
}

pub(super) fn bad_answer(operation: &Operation, why: String) -> Error {
    Error::BadAnswer { operation: format!("{}.{}", operation.module, operation.name), why }
}

/// The kind of a failed call.
pub(super) fn is_refused_with(error: &Error, kind: ErrorKind) -> bool {
    error.kind() == kind
}

/// Adds a hint to a failed call that has none.
pub(super) fn hinted(error: Error, hint: impl Into<String>) -> Error {
    match error {
        Error::Call(inner) if inner.hint.is_none() => {
            Error::Call(Box::new(error::Error { hint: Some(hint.into()), ..*inner }))
        }
        other => other,
    }
}

/// The fields of an options map as parameters of a call.
pub(super) fn with_options(mut call: Call, options: &Map<String, Value>) -> Call {
    for (name, value) in options {
        call = call.with(name, value.clone());
    }
    call
}
