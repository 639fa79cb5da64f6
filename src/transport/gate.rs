//! The first stage: whether a request may be made at all. Asked once a call, before anything else is done.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::{Effect, Operation};
use crate::error::Kind;
use crate::policy::{self, Admission, Deed, Object, Refusal, Rules};
use crate::transport::{Call, Error, Knowledge, Payload, Subject, Target, Touched};

/// What a call is about to do, as the gate sees it.
#[derive(Debug, Clone, Copy)]
pub struct Intent<'call> {
    /// The operation, with its permissions.
    pub operation: &'static Operation,
    /// What it does to the world; from the operation, never from the HTTP method.
    pub effect: Effect,
    /// The project and region that it acts on.
    pub target: &'call Target,
    /// The object that it acts on: the last path parameter's value, if the path ends in or passes through one.
    pub object: Option<&'call str>,
    /// The call itself: its parameters and what it sends.
    pub call: &'call Call,
}

/// Decides whether a call may be sent.
pub trait Gate: Send + Sync {
    /// What can be said of a call before its objects are known. A change is weighed even where it is granted here.
    fn admit(&self, intent: &Intent<'_>) -> Admission;

    /// Lets a call on these objects pass, or refuses it. Asked after [`Gate::admit`], of every change and of what was
    /// not granted there. What it must know of the objects was read if [`Gate::admit`] said [`Admission::Weighed`].
    ///
    /// # Errors
    /// Of kind `policy`, naming the permission or the object, and where to give it. What [`Gate::admit`] refused is
    /// refused here.
    fn weigh(&self, intent: &Intent<'_>, subject: &Subject) -> Result<(), Error>;
}

/// Grants everything: what a client does that nobody gave rules.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

impl Gate for AllowAll {
    fn admit(&self, _intent: &Intent<'_>) -> Admission {
        Admission::Granted
    }

    fn weigh(&self, _intent: &Intent<'_>, _subject: &Subject) -> Result<(), Error> {
        Ok(())
    }
}

impl Gate for Rules {
    fn admit(&self, intent: &Intent<'_>) -> Admission {
        Self::admit(self, intent.operation)
    }

    fn weigh(&self, intent: &Intent<'_>, subject: &Subject) -> Result<(), Error> {
        let objects = objects_of(subject.objects.iter())?;
        let reached = objects_of(subject.also.iter().map(|(_, object)| object))?;
        let also = subject.also.iter().map(|(role, _)| *role).zip(reached).collect();
        let body = match &intent.call.payload {
            Payload::Json(body) => Some(body),
            Payload::Empty | Payload::Bytes(_) => None,
        };
        let whole = intent.call.selects.as_deref().map(Value::from);
        let selector = whole.as_ref().or_else(|| intent.call.parameters.get("label_selector"));
        let deed = Deed { operation: intent.operation, objects, also, body, selector };
        Self::weigh(self, &deed).map_err(|refusal| refused(intent.operation, refusal))
    }
}

fn objects_of<'t>(touched: impl Iterator<Item = &'t Touched>) -> Result<Vec<Object<'t>>, Error> {
    let mut objects = Vec::new();
    for touched in touched {
        let knowledge = match &touched.knowledge {
            Knowledge::Known(facts) => policy::Knowledge::Known(facts),
            Knowledge::Unknown => policy::Knowledge::Unlabelled,
            Knowledge::Gone => policy::Knowledge::Gone,
            Knowledge::Unreadable(error) => policy::Knowledge::Forbidden(unreadable(error)?),
        };
        objects.push(Object { kind: &touched.kind, id: &touched.id, knowledge });
    }
    Ok(objects)
}

/// The permission that an object could not be read without.
///
/// # Errors
/// The error itself if that is not why: what is known of the object may be had later.
fn unreadable(error: &Error) -> Result<&'static str, Error> {
    let read =
        error.facts.operation.rsplit_once('.').and_then(|(module, name)| crate::catalog::operation(module, name));
    match read.and_then(|read| read.permissions.first()) {
        Some(permission) if error.kind == Kind::Permission => Ok(permission.name),
        _ => Err(error.clone()),
    }
}

fn refused(operation: &Operation, refusal: Refusal) -> Error {
    let mut error = Error::before_sending(operation, Kind::Policy, refusal.code, refusal.message);
    error.hint = refusal.hint;
    error.facts.permission = refusal.permission;
    error
}

impl<G: Gate + ?Sized> Gate for Arc<G> {
    fn admit(&self, intent: &Intent<'_>) -> Admission {
        (**self).admit(intent)
    }

    fn weigh(&self, intent: &Intent<'_>, subject: &Subject) -> Result<(), Error> {
        (**self).weigh(intent, subject)
    }
}
