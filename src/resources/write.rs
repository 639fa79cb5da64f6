//! Creating, updating and deleting.

use std::time::Duration;

use serde_json::{Map, Value};

use super::error::Error;
use super::expectation::{Expectation, Goal, Watched};
use super::kind::Kind;
use super::options::{self, Options};
use super::platform::{Platform, with_options};
use super::read::identify;
use super::resource::{Form, Resource};
use super::verb::expect_of;

impl Platform {
    /// Creates an object of these fields, spelled as in the API. It carries the outcome to expect: ready to use.
    ///
    /// # Errors
    /// `invalid` before anything is sent when a field is wrong or missing; else of the call. `ambiguous` when the
    /// answer was lost and looking did not settle whether the object exists.
    pub async fn create(&self, kind: Kind, fields: Map<String, Value>) -> Result<Resource, Error> {
        let mut call = self.call_of(kind, kind.row().operations.create, "create")?;
        call.creates_name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
        let object = self.send_for(call.with_json(Value::Object(fields)), kind, Form::Plain).await?;
        let (goal, minutes) = created(kind);
        let watched = Watched { kind, id: object.id()?.to_owned(), name: object.label() };
        let time_limit = Duration::from_mins(minutes);
        Ok(object.expecting(Expectation { verb: "create", watched, goal, before: None, time_limit }))
    }

    /// Changes fields of an object; the others stay. Answers the object as it is then.
    ///
    /// # Errors
    /// `invalid` when a field is wrong; else of the call.
    pub async fn update(&self, object: &Resource, fields: Map<String, Value>) -> Result<Resource, Error> {
        if fields.is_empty() {
            let (function, option) = ("update".to_owned(), "fields".to_owned());
            return Err(Error::BadOption { function, option, why: "is empty: there is nothing to change" });
        }
        let here = self.at(object.target().clone());
        let kind = object.kind();
        let call = identify(here.call_of(kind, kind.row().operations.update, "update")?, object)?;
        match here.send_for(call.with_json(Value::Object(fields)), kind, Form::Plain).await {
            Ok(updated) => Ok(updated),
            Err(error) => Err(here.explained(error, object).await),
        }
    }

    /// Deletes an object. What comes back is the receiver's copy, with its absence to expect.
    ///
    /// # Errors
    /// `conflict` if it is in use; else of the call.
    pub async fn delete(&self, object: &Resource, options: &Options) -> Result<Resource, Error> {
        let kind = object.kind();
        if kind == Kind::VolumeAttachment {
            return self.detach(object).await;
        }
        options::check("delete", options, kind.row().delete_options)?;
        let expectation = expect_of(object, "delete", Goal::Gone, 30)?;
        let here = self.at(object.target().clone());
        let call = identify(here.call_of(kind, kind.row().operations.delete, "delete")?, object)?;
        match here.send(with_options(call, options)).await {
            Ok(_) => Ok(object.expecting(expectation)),
            Err(error) => Err(here.explained(error, object).await),
        }
    }
}

/// What a new object must reach, and in how many minutes. Source: the Go SDK's waiters.
fn created(kind: Kind) -> (Goal, u64) {
    match kind {
        Kind::Server => (Goal::Status(&["ACTIVE"]), 20),
        Kind::Volume => (Goal::Status(&["AVAILABLE"]), 30),
        Kind::Snapshot | Kind::Backup | Kind::Image => (Goal::Status(&["AVAILABLE"]), 45),
        _ => (Goal::Settled, 30),
    }
}
