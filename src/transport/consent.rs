//! The last stage before a change is recorded: whoever must agree to it is asked.

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::catalog::Operation;
use crate::error::Kind;
use crate::policy::Role;
use crate::transport::recording::body_of;
use crate::transport::request::Prepared;
use crate::transport::{Call, Error, Subject, Touched};

/// A change that was granted and is within all caps, as it is put to whoever must agree.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What would be called.
    pub operation: &'static Operation,
    /// The objects that the call names, from the outside in; the last one is changed. None for a create of its own.
    pub objects: Vec<Proposed>,
    /// What it would reach beside them, and how.
    pub also: Vec<(Role, Proposed)>,
    /// What would be sent, without secrets.
    pub body: Option<Value>,
}

/// An object that a change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// What it is: `server`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its state, if it has one.
    pub status: Option<String>,
}

impl From<&Touched> for Proposed {
    fn from(touched: &Touched) -> Self {
        let facts = touched.facts();
        Self {
            kind: touched.kind.clone(),
            id: touched.id.clone(),
            name: facts.and_then(|facts| facts.label()).map(str::to_owned),
            status: facts.and_then(|facts| facts.status.clone()),
        }
    }
}

/// Agrees to changes, or not. Asked once a change, however often it is tried; its time does not count as the call's.
pub trait Consent: Send + Sync {
    /// Whether the change may be made. Dropping the future takes the question back.
    fn ask(&self, proposal: Proposal) -> BoxFuture<'_, Answered>;
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The change may be made.
    Yes,
    /// It may not, for this reason; with what to do about it.
    No(String, Option<String>),
}

/// Puts a change to whoever must agree.
pub(super) async fn agreed(
    consent: &dyn Consent,
    call: &Call,
    prepared: &Prepared,
    subject: &Subject,
) -> Result<(), Error> {
    let operation = prepared.operation;
    let proposal = Proposal {
        operation,
        objects: subject.objects.iter().map(Proposed::from).collect(),
        also: subject.also.iter().map(|(role, touched)| (*role, Proposed::from(touched))).collect(),
        body: body_of(call, prepared),
    };
    match consent.ask(proposal).await {
        Answered::Yes => Ok(()),
        Answered::No(why, hint) => {
            let message = format!("`{}` was not carried out: {why}", operation.name);
            let mut error = Error::before_sending(operation, Kind::Policy, "not_confirmed", message);
            error.hint = hint;
            Err(error)
        }
    }
}
