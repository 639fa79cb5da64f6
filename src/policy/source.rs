//! Who says what a run may do.

use std::fmt;

use super::{Grant, Granted};

/// Everything that says what a run may do. What is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// What is run.
    pub script: Script,
    /// `Permissions:` in the recipe's own header, which only asks; those of its imports do not count.
    pub header: Option<Listed>,
    /// `--allow`.
    pub allow: Vec<Grant>,
    /// `--deny`, which comes before everything else.
    pub deny: Vec<Grant>,
    /// The list of the job that runs it.
    pub job: Option<Listed>,
    /// `permissions` of the profile: nobody else can give more.
    pub profile: Option<Listed>,
    /// The profile's `read_only`, if it says so.
    pub read_only: Option<Place>,
}

/// What is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Script {
    /// A line that somebody typed, who needs no list to know what it does.
    #[default]
    Typed,
    /// A recipe of this name, which may be somebody else's work.
    File(String),
}

/// Grants that stand somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The grants.
    pub grants: Vec<Grant>,
    /// Where they stand.
    pub place: Place,
}

/// Where something stands, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name of the recipe, profile or job.
    pub name: String,
    /// The file, and the line if it is known: `stackhand.toml:7`.
    pub at: String,
}

/// One who restricts a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restrictor {
    /// A recipe that asks for nothing, so that it may only read.
    Silent(String),
    /// A recipe's header.
    Header(Place),
    /// `--allow`.
    Allow,
    /// `--deny`, with what it says.
    Deny(Grant),
    /// A job.
    Job(Place),
    /// A profile's `permissions`.
    Profile(Place),
    /// A profile's `read_only`.
    ReadOnly(Place),
}

/// What one restrictor leaves to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restriction {
    pub by: Restrictor,
    pub grants: Vec<Grant>,
}

impl Sources {
    /// Those of a recipe, before anybody has said anything about it.
    #[must_use]
    pub fn of_file(name: impl Into<String>) -> Self {
        Self { script: Script::File(name.into()), ..Self::default() }
    }

    /// All that restrict what is asked of the API, `--deny` apart. A list of a giver that names only things outside the
    /// API has nothing to say about it.
    pub(super) fn restrictions(&self) -> Vec<Restriction> {
        let mut all = Vec::new();
        let mut add = |by, grants: &[Grant]| all.push(Restriction { by, grants: grants.to_vec() });
        let job = self.job.as_ref().filter(|job| speaks_of_the_api(&job.grants));
        let is_allowed = self.allow.iter().any(is_about_the_api);
        if let Script::File(name) = &self.script {
            match &self.header {
                Some(header) => add(Restrictor::Header(header.place.clone()), &header.grants),
                None if job.is_none() && !is_allowed => add(Restrictor::Silent(name.clone()), &[reading()]),
                None => {}
            }
        }
        if is_allowed {
            add(Restrictor::Allow, &self.allow);
        }
        if let Some(job) = job {
            add(Restrictor::Job(job.place.clone()), &job.grants);
        }
        if let Some(profile) = self.profile.as_ref().filter(|profile| speaks_of_the_api(&profile.grants)) {
            add(Restrictor::Profile(profile.place.clone()), &profile.grants);
        }
        if let Some(place) = &self.read_only {
            add(Restrictor::ReadOnly(place.clone()), &[reading()]);
        }
        all
    }
}

impl Place {
    /// A name and where it stands.
    #[must_use]
    pub fn new(name: impl Into<String>, at: impl Into<String>) -> Self {
        Self { name: name.into(), at: at.into() }
    }
}

impl fmt::Display for Restrictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(name) => write!(f, "`{name}`, which has no `Permissions:` and may only read"),
            Self::Header(place) => write!(f, "the recipe's `Permissions:` ({})", place.at),
            Self::Allow => f.write_str("`--allow`"),
            Self::Deny(grant) => write!(f, "`--deny {}`", quoted(grant)),
            Self::Job(place) => write!(f, "the job `{}` ({})", place.name, place.at),
            Self::Profile(place) => write!(f, "the profile `{}` ({})", place.name, place.at),
            Self::ReadOnly(place) => write!(f, "`read_only` of the profile `{}` ({})", place.name, place.at),
        }
    }
}

/// As it is typed after an option.
pub(super) fn quoted(grant: &Grant) -> String {
    let text = grant.to_string();
    if text.contains([' ', '*']) { format!("'{text}'") } else { text }
}

/// An empty list gives nothing, which says something about the API too.
fn speaks_of_the_api(grants: &[Grant]) -> bool {
    grants.is_empty() || grants.iter().any(is_about_the_api)
}

fn is_about_the_api(grant: &Grant) -> bool {
    !matches!(grant.what, Granted::Local(_))
}

fn reading() -> Grant {
    Grant { what: Granted::Reading, labels: Vec::new() }
}
