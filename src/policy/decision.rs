//! What the sources together say of an operation.

use super::source::{Restriction, Restrictor};
use super::{Grant, Granted, Labels};
use crate::catalog::{Effect, Operation};

/// What the sources together say of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be called.
    Granted,
    /// It may be called for objects that fulfil all of these.
    Narrowed(Vec<Condition>),
    /// It may not be called; never empty.
    Refused(Vec<Reason>),
}

/// What an object must fulfil to be changed or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The permission that is narrowed.
    pub permission: &'static str,
    /// Who narrows it.
    pub by: Restrictor,
    /// Which labels.
    pub labels: Wanted,
}

/// Which labels an object must carry, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All labels of one of these.
    OneOf(Vec<Vec<(String, String)>>),
    /// Not all of these together.
    NotAll(Vec<(String, String)>),
}

/// Why an operation may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The permission that is missing or denied.
    pub permission: &'static str,
    /// Who does not give it.
    pub by: Restrictor,
}

impl Wanted {
    /// Whether an object with these labels is meant.
    #[must_use]
    pub fn fits(&self, labels: &Labels) -> bool {
        let carries = |all: &Vec<(String, String)>| all.iter().all(|(key, value)| labels.get(key) == Some(value));
        match self {
            Self::OneOf(sets) => sets.iter().any(carries),
            Self::NotAll(set) => !carries(set),
        }
    }

    /// As people read it: `team=web and env=dev`, alternatives joined by `or`.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::OneOf(sets) => sets.iter().map(|set| joined(set)).collect::<Vec<_>>().join(" or "),
            Self::NotAll(set) => joined(set),
        }
    }
}

fn joined(labels: &[(String, String)]) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" and ")
}

/// How far a list of grants reaches for a permission.
enum Reach {
    Nothing,
    Everything,
    Some(Vec<Vec<(String, String)>>),
}

/// Decides for one operation: it needs all its permissions, and each from everyone who restricts the run.
pub(super) fn decide(restrictions: &[Restriction], deny: &[Grant], operation: &'static Operation) -> Decision {
    let mut reasons = Vec::new();
    let mut conditions = Vec::new();
    for permission in &operation.permissions {
        for grant in deny.iter().filter(|grant| covers(grant, permission.name, operation.effect)) {
            let by = Restrictor::Deny(grant.clone());
            if grant.is_narrow() {
                let labels = Wanted::NotAll(grant.labels.clone());
                conditions.push(Condition { permission: permission.name, by, labels });
            } else {
                reasons.push(Reason { permission: permission.name, by });
            }
        }
        for Restriction { by, grants } in restrictions {
            match reach(grants, permission.name, operation.effect) {
                Reach::Everything => {}
                Reach::Nothing => reasons.push(Reason { permission: permission.name, by: by.clone() }),
                Reach::Some(sets) => {
                    let (permission, labels) = (permission.name, Wanted::OneOf(sets));
                    conditions.push(Condition { permission, by: by.clone(), labels });
                }
            }
        }
    }
    match (reasons.is_empty(), conditions.is_empty()) {
        (false, _) => Decision::Refused(reasons),
        (true, false) => Decision::Narrowed(conditions),
        (true, true) => Decision::Granted,
    }
}

fn reach(grants: &[Grant], permission: &str, effect: Effect) -> Reach {
    let mut sets = Vec::new();
    for grant in grants.iter().filter(|grant| covers(grant, permission, effect)) {
        if !grant.is_narrow() {
            return Reach::Everything;
        }
        sets.push(grant.labels.clone());
    }
    if sets.is_empty() { Reach::Nothing } else { Reach::Some(sets) }
}

fn covers(grant: &Grant, permission: &str, effect: Effect) -> bool {
    match &grant.what {
        Granted::Api(pattern) => pattern.covers(permission),
        Granted::Reading => effect == Effect::Read,
        Granted::Local(_) => false,
    }
}
