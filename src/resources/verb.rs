//! The verbs that change an object's state: a table of operation and outcome, and the function that sends them.
//!
//! Source: iaas v2 for the operations, the Go SDK's waiters (`services/iaas/v2api/wait`) for outcomes and times. What
//! passes on the way is inferred from the names of the statuses.

use std::time::Duration;

use serde_json::{Map, Value};

use super::error::Error;
use super::expectation::{Expectation, Goal, Watched};
use super::kind::Kind;
use super::options::Options;
use super::platform::{Platform, hinted, is_refused_with, with_options};
use super::read::identify;
use super::resource::{Form, Resource};
use crate::error::Kind as ErrorKind;
use crate::transport::{Call, Settlement};

/// A verb that ends in a status.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    /// Its name in scripts.
    pub name: &'static str,
    /// The kind whose method it is.
    pub kind: Kind,
    /// The operation it sends.
    pub operation: &'static str,
    /// The statuses in which it ends well.
    pub ends_in: &'static [&'static str],
    /// The statuses on the way.
    pub through: &'static [&'static str],
    /// Whether it ends where it may have begun, so that the way itself must be seen.
    pub is_round_trip: bool,
    /// Minutes to wait unless told.
    pub minutes: u64,
}

/// `server.start()`.
pub static START: Verb = server_verb("start", "start_server", &["ACTIVE"], &["STARTING"]);
/// `server.stop()`.
pub static STOP: Verb = server_verb("stop", "stop_server", &["INACTIVE"], &["STOPPING"]);
/// `server.deallocate()`.
pub static DEALLOCATE: Verb = server_verb("deallocate", "deallocate_server", &["DEALLOCATED"], &["DEALLOCATING"]);
/// `server.rescue(image)`.
pub static RESCUE: Verb = server_verb("rescue", "rescue_server", &["RESCUE"], &["RESCUING"]);
/// `server.unrescue()`.
pub static UNRESCUE: Verb = server_verb("unrescue", "unrescue_server", &["ACTIVE"], &["UNRESCUING"]);
/// `server.reboot()`.
pub static REBOOT: Verb =
    Verb { is_round_trip: true, ..server_verb("reboot", "reboot_server", &["ACTIVE"], &["REBOOT", "REBOOTING"]) };
/// `backup.restore()`.
pub static RESTORE: Verb = Verb {
    name: "restore",
    kind: Kind::Backup,
    operation: "restore_backup",
    ends_in: &["AVAILABLE"],
    through: &["RESTORING"],
    is_round_trip: true,
    minutes: 45,
};

const fn server_verb(
    name: &'static str,
    operation: &'static str,
    ends_in: &'static [&'static str],
    through: &'static [&'static str],
) -> Verb {
    Verb { name, kind: Kind::Server, operation, ends_in, through, is_round_trip: false, minutes: 20 }
}

impl Verb {
    fn goal(&self) -> Goal {
        if self.is_round_trip { Goal::Passed(self.ends_in) } else { Goal::Status(self.ends_in) }
    }

    /// What shows that the verb took effect, should its answer have been lost. The end of a round trip shows nothing.
    fn shows(&self) -> Vec<(&'static str, Value)> {
        let ends = if self.is_round_trip { &[][..] } else { self.ends_in };
        ends.iter().chain(self.through).map(|status| ("status", Value::from(*status))).collect()
    }
}

impl Platform {
    /// Sends a verb; `parameters` and `body` are what it takes beside its object.
    ///
    /// The object that comes back is the receiver's copy, for these operations answer nothing; it carries the outcome. A
    /// conflict is none if the object is where the verb leads, or on its way there.
    ///
    /// # Errors
    /// Of the call.
    pub async fn act(
        &self,
        object: &Resource,
        verb: &'static Verb,
        parameters: &Options,
        body: Option<Map<String, Value>>,
    ) -> Result<Resource, Error> {
        let mut expectation = expect_of(object, verb.name, verb.goal(), verb.minutes)?;
        // What takes more, such as the image of a rescue, may be on its way with other values.
        let repeats = if body.is_none() { Repeats::AreTheSame } else { Repeats::MayDiffer };
        let change = Change { operation: verb.operation, shows: verb.shows(), repeats };
        let done = self.change(object, change, |call| {
            let call = with_options(call, parameters);
            match body {
                Some(body) => call.with_json(Value::Object(body)),
                None => call,
            }
        });
        if done.await? == Done::Already {
            // Nothing was asked for that would have to be seen to begin.
            expectation.before = None;
        }
        Ok(object.expecting(expectation))
    }

    /// Writes a backup back onto its volume.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn restore(&self, backup: &Resource) -> Result<Resource, Error> {
        self.act(backup, &RESTORE, &Options::new(), None).await
    }

    /// Gives a server another machine type.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn resize_server(&self, server: &Resource, machine_type: &str) -> Result<Resource, Error> {
        let had = server.head()?.machine_type.as_deref() == Some(machine_type);
        let goal = Goal::MachineType { wanted: machine_type.to_owned(), had };
        let expectation = expect_of(server, "resize", goal, 20)?;
        let mut shows = vec![("status", Value::from("RESIZING"))];
        if !had {
            shows.push(("machineType", Value::from(machine_type)));
        }
        let change = Change { operation: "resize_server", shows, repeats: Repeats::MayDiffer };
        self.change(server, change, |call| call.with_json(serde_json::json!({ "machineType": machine_type }))).await?;
        Ok(server.expecting(expectation))
    }

    /// Lets a volume grow to so many GiB.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn resize_volume(&self, volume: &Resource, size: i64) -> Result<Resource, Error> {
        let expectation = expect_of(volume, "resize", Goal::Size(size), 30)?;
        let shows = vec![("size", Value::from(size)), ("status", Value::from("RESIZING"))];
        let change = Change { operation: "resize_volume", shows, repeats: Repeats::MayDiffer };
        self.change(volume, change, |call| call.with_json(serde_json::json!({ "size": size }))).await?;
        Ok(volume.expecting(expectation))
    }

    /// Sends a change of an object that answers nothing, with all that the transport needs if its answer is lost.
    async fn change(&self, object: &Resource, change: Change, fill: impl FnOnce(Call) -> Call) -> Result<Done, Error> {
        let here = self.at(object.target().clone());
        let mut call = fill(identify(here.call(change.operation)?, object)?);
        let read = here.call_of(object.kind(), object.kind().row().operations.get, "read")?;
        call.settles = Some(Box::new(Settlement { read: identify(read, object)?, shows: change.shows.clone() }));
        let Err(error) = here.send(call).await else { return Ok(Done::Now) };
        if !is_refused_with(&error, ErrorKind::Conflict) {
            return Err(error);
        }
        let Ok(now) = here.refresh(object).await else { return Err(error) };
        // Somebody was faster, or the recipe itself: what was asked for is there, or on its way.
        let is_done = change.shows.iter().any(|(field, value)| *field == "status" && value.as_str() == now.status());
        if is_done && change.repeats == Repeats::AreTheSame {
            return Ok(Done::Already);
        }
        Err(here.explained_by(error, object, &now).await)
    }

    /// Adds to a 409 what the object's state is now, if that can be had.
    pub(super) async fn explained(&self, error: Error, object: &Resource) -> Error {
        if !is_refused_with(&error, ErrorKind::Conflict) {
            return error;
        }
        match self.refresh(object).await {
            Ok(now) => self.explained_by(error, object, &now).await,
            Err(_) => error,
        }
    }

    async fn explained_by(&self, error: Error, object: &Resource, now: &Resource) -> Error {
        let (kind, name) = (object.kind().row().singular, object.label());
        let Some(status) = now.status() else { return error };
        let server = now.head().ok().and_then(|head| head.server_id.clone());
        let Some(server) = server else {
            return hinted(error, format!("the {kind} `{name}` is {status} now"));
        };
        let holder = match self.get(Kind::Server, &server, &Options::new()).await {
            Ok(server) => server.label(),
            Err(_) => server,
        };
        hinted(error, format!("the {kind} `{name}` is attached to the server `{holder}`; detach it first"))
    }
}

/// A change on its way.
struct Change {
    operation: &'static str,
    shows: Vec<(&'static str, Value)>,
    repeats: Repeats,
}

/// How a change was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// The API took it.
    Now,
    /// It was there or on its way before.
    Already,
}

/// What a change of the same name that is under way already means for one that is refused for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// It leads where this one would.
    AreTheSame,
    /// It may lead elsewhere: to another size, say.
    MayDiffer,
}

/// The outcome of a verb that shows in its own object.
pub(super) fn expect_of(object: &Resource, verb: &'static str, goal: Goal, minutes: u64) -> Result<Expectation, Error> {
    let watched = Watched { kind: object.kind(), id: object.id()?.to_owned(), name: object.label() };
    let before = object.status().map(str::to_owned);
    Ok(Expectation { verb, watched, goal, before, time_limit: Duration::from_mins(minutes) })
}

impl Platform {
    /// The URL of a server's console; it lets anybody in who has it.
    ///
    /// # Errors
    /// Of the call, or `incomplete` without a URL.
    pub async fn console(&self, server: &Resource) -> Result<crate::secret::Secret, Error> {
        let here = self.at(server.target().clone());
        let text = here.text_of(identify(here.call("get_server_console")?, server)?, "url").await?;
        Ok(crate::secret::Secret::new(text))
    }

    /// The last lines of a server's console output; 2,000 unless told, all of them if `lines` is 0.
    ///
    /// # Errors
    /// Of the call.
    pub async fn log(&self, server: &Resource, lines: Option<i64>) -> Result<String, Error> {
        let here = self.at(server.target().clone());
        let mut call = identify(here.call("get_server_log")?, server)?;
        if let Some(lines) = lines {
            call = call.with("length", lines);
        }
        here.text_of(call, "output").await
    }

    async fn text_of(&self, call: Call, field: &str) -> Result<String, Error> {
        let operation = call.operation;
        let answer = self.send(call).await?;
        let fields: Map<String, Value> = serde_json::from_slice(&answer.body)
            .map_err(|why| super::platform::bad_answer(operation, why.to_string()))?;
        let text = fields.get(field).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| super::platform::bad_answer(operation, format!("`{field}` is missing")))
    }

    /// Reads an object that another one names, in the same place.
    pub(super) async fn related(&self, object: &Resource, kind: Kind, id: &str) -> Result<Resource, Error> {
        let call = self.at(object.target().clone());
        let row = kind.row();
        let read = call.call_of(kind, row.operations.get, "read")?.with(row.id_parameter, id);
        call.send_for(read, kind, Form::Plain).await
    }
}
