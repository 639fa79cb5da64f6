//! What a recipe may do, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::{Effect, Operation};
use crate::policy::LocalGrant;

/// What a recipe may do.
#[derive(Debug, Clone, Default)]
pub struct Footprint {
    /// The operations that it may call, by name and reason.
    pub needs: Vec<Need>,
    /// What it may touch outside the API.
    pub local: Vec<LocalNeed>,
    /// Where it touches something outside the API of which only a run knows what.
    pub unknown: BTreeMap<OutsideKind, BTreeSet<Spot>>,
    /// Calls whose receiver may be of several kinds, or is not known.
    pub choices: Vec<Choice>,
    /// Places where anything may be called, with the reason.
    pub loose: BTreeSet<Loose>,
}

/// What there is outside the API that has names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutsideKind {
    /// Files that are read.
    ReadFile,
    /// Files that are written.
    WriteFile,
    /// Hosts.
    Network,
    /// Environment variables.
    Environment,
    /// Secrets.
    Secret,
}

impl OutsideKind {
    /// What a grant of this kind is called for a name.
    #[must_use]
    pub fn grant(self, name: &str) -> LocalGrant {
        let make = match self {
            Self::ReadFile => LocalGrant::ReadFile,
            Self::WriteFile => LocalGrant::WriteFile,
            Self::Network => LocalGrant::Network,
            Self::Environment => LocalGrant::Environment,
            Self::Secret => LocalGrant::Secret,
        };
        make(name.to_owned())
    }

    /// Whether a grant is of this kind.
    #[must_use]
    pub fn has(self, grant: &LocalGrant) -> bool {
        std::mem::discriminant(&self.grant("")) == std::mem::discriminant(grant)
    }

    /// What names it: a path, a host.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadFile | Self::WriteFile => "a file whose path",
            Self::Network => "a host that",
            Self::Environment => "a variable whose name",
            Self::Secret => "a secret whose name",
        }
    }
}

/// Something outside the API that a recipe touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNeed {
    /// What it is.
    pub grant: LocalGrant,
    /// Whether nothing but the recipe decides it, and nothing else can be meant; the name of a secret in `params` can be
    /// given another.
    pub is_certain: bool,
    /// Where.
    pub places: BTreeSet<Spot>,
}

/// An operation that a recipe may call.
#[derive(Debug, Clone)]
pub struct Need {
    /// The operation.
    pub operation: &'static Operation,
    /// Why it is called.
    pub reason: Reason,
    /// Whether it is called for certain where its line is run; what a call on one of several kinds needs is not.
    pub is_certain: bool,
    /// Where.
    pub places: BTreeSet<Spot>,
}

/// Why an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The recipe calls it.
    Recipe,
    /// The belts read an object before it is changed. Not the recipe but its credential needs it.
    Belts,
    /// The belts read an object that the body of a change names, if it names one. Its credential needs it then.
    Named,
    /// The caps count the objects of a kind of which several are changed. Its credential needs it then.
    Caps,
    /// It helps and can be done without: a list in the place of many reads, a look after an answer that was lost.
    Help,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// The module; the recipe itself if `None`.
    pub module: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters the call's name has.
    #[serde(skip)]
    pub length: usize,
}

impl Spot {
    /// As people read it: `12`, or `lib/tiers.rhai:12`.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.module {
            Some(module) => format!("{module}:{}", self.line),
            None => self.line.to_string(),
        }
    }
}

/// A call on something that may be of several kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What is called.
    pub name: String,
    /// Where.
    pub place: Spot,
    /// The operations that it may mean.
    pub operations: Vec<&'static Operation>,
    /// Whether the kinds are known, all of these; else nothing is known of the receiver.
    pub is_known: bool,
}

/// A place where anything may be called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Loose {
    /// Where.
    pub place: Spot,
    /// Why it cannot be told what is called.
    pub why: &'static str,
}

impl Footprint {
    /// Whether it may change something.
    #[must_use]
    pub fn changes(&self) -> bool {
        let choices = self.choices.iter().flat_map(|choice| &choice.operations);
        let called = self.needs.iter().map(|need| &need.operation).chain(choices);
        called.into_iter().any(|operation| operation.effect != Effect::Read)
    }

    /// Whether something outside the API is among what was derived.
    #[must_use]
    pub fn foresees(&self, used: &LocalGrant) -> bool {
        self.local.iter().any(|need| need.grant.may_reach(used)) || self.unknown.keys().any(|kind| kind.has(used))
    }

    /// Whether an operation is among what was derived, for whatever reason.
    #[must_use]
    pub fn covers(&self, operation: &Operation) -> bool {
        let choices = self.choices.iter().flat_map(|choice| &choice.operations);
        let known = self.needs.iter().map(|need| &need.operation).chain(choices);
        !self.loose.is_empty()
            || known.into_iter().any(|one| (one.module, one.name) == (operation.module, operation.name))
    }
}
