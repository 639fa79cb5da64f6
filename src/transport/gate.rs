//! The first stage: whether a request may be made at all. Asked once a call, before anything else is done.

use crate::catalog::{Effect, Operation};
use crate::error::Kind;
use crate::transport::{Call, Error, Subject, Target};

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
    /// Lets the call pass, or refuses it.
    ///
    /// # Errors
    /// Of kind `policy`, naming the permission and where to give it.
    fn admit(&self, intent: &Intent<'_>) -> Result<(), Error>;

    /// Whether [`Gate::weigh`] must know the labels of what a change touches. What is not known is then read first.
    fn weighs_objects(&self) -> bool {
        false
    }

    /// Lets a change of these objects pass, or refuses it. Asked after [`Gate::admit`], for changes alone.
    ///
    /// # Errors
    /// Of kind `policy`, naming the object and why it must not be changed.
    fn weigh(&self, _intent: &Intent<'_>, _subject: &Subject) -> Result<(), Error> {
        Ok(())
    }
}

/// Grants everything: a profile without restrictions.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

impl Gate for AllowAll {
    fn admit(&self, _intent: &Intent<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Grants effect `read` alone.
#[derive(Debug, Clone, Default)]
pub struct ReadOnly {
    /// Who says so, for the message: such as ``profile `audit` ``.
    pub reason: String,
}

impl Gate for ReadOnly {
    fn admit(&self, intent: &Intent<'_>) -> Result<(), Error> {
        if intent.effect == Effect::Read {
            return Ok(());
        }
        let operation = intent.operation;
        let name = format!("{}.{}", operation.module, operation.name);
        let because = if self.reason.is_empty() { String::new() } else { format!(" by {}", self.reason) };
        let mut error = Error::before_sending(
            operation,
            Kind::Policy,
            "read_only",
            format!("`{name}` changes something, and only reading is allowed{because}"),
        );
        if let Some(permission) = operation.permissions.first() {
            error = error.with_hint(format!("the call needs `{}`: use a profile that grants it", permission.name));
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::testing::operation;

    fn admit(gate: &dyn Gate, effect: Effect) -> Result<(), Error> {
        let operation = operation("delete_server");
        let call = Call::new(operation, Target::default());
        gate.admit(&Intent { operation, effect, target: &Target::default(), object: None, call: &call })
    }

    #[test]
    fn read_only_lets_reads_pass_and_refuses_every_other_effect_with_the_permission() {
        let gate = ReadOnly { reason: "profile `audit`".into() };
        assert!(admit(&gate, Effect::Read).is_ok());
        for effect in [Effect::Create, Effect::Update, Effect::Delete, Effect::Mint] {
            let error = admit(&gate, effect).expect_err("a change is refused");
            assert_eq!(error.kind, Kind::Policy);
            assert_eq!(
                error.message,
                "`iaas.delete_server` changes something, and only reading is allowed by profile `audit`"
            );
            assert_eq!(
                error.hint.as_deref(),
                Some("the call needs `iaas.server.delete`: use a profile that grants it")
            );
        }
        assert!(admit(&AllowAll, Effect::Delete).is_ok());
    }
}
