//! What can be wrong with a setting, and where it stands.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Origin;
use crate::error::{self, Kind};

/// A wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Our stable name for it, such as `unknown_key`.
    pub code: &'static str,
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// Where it stands.
    pub place: Option<Place>,
    /// What to do.
    pub hint: Option<String>,
}

/// Where a wrong setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line and column if known, both from 1.
    File(PathBuf, Option<(usize, usize)>),
    /// Wherever the setting came from.
    Origin(Origin),
}

impl Error {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, hint: None }
    }

    pub(super) fn in_file(mut self, file: &Path, position: Option<(usize, usize)>) -> Self {
        self.place = Some(Place::File(file.to_owned(), position));
        self
    }

    pub(super) fn given_by(mut self, origin: &Origin) -> Self {
        self.place = Some(Place::Origin(origin.clone()));
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, Some((line, column))) => write!(f, "{}:{line}:{column}", file.display()),
            Self::File(file, None) => write!(f, "{}", file.display()),
            Self::Origin(origin) => write!(f, "{origin}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        error::write_placed(f, &self.message, self.place.as_ref())
    }
}

impl std::error::Error for Error {}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        // What stands on the command line itself is wrong use of it.
        let kind = match &error.place {
            Some(Place::Origin(Origin::Flag(_))) => Kind::Usage,
            Some(Place::Origin(_) | Place::File(..)) | None => Kind::Config,
        };
        let mut top = Self::new(kind, error.code, error.message);
        top.place = error.place.map(|place| place.to_string());
        top.hint = error.hint;
        top
    }
}
