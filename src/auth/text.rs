//! Reads the texts that credentials are made of, and notices when their files change.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{Error, Problem};
use crate::config::{Resolved, Text, openness};
use crate::secret::Secret;

/// Key files are a few kilobytes; what is larger is something else.
const LARGEST_BYTES: u64 = 1 << 20;

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) text: Secret,
    /// The file, or the variable.
    pub(super) place: String,
    /// Who named it.
    pub(super) named_by: String,
    pub(super) stamp: Option<Stamp>,
    pub(super) warning: Option<String>,
}

/// What a file looked like when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    path: PathBuf,
    modified_at: Option<DateTime<Utc>>,
    size_bytes: u64,
}

impl Read {
    /// Reads a text; `role` says in messages what its file is for.
    pub(super) fn from(source: &Resolved<Text>, role: &'static str) -> Result<Self, Error> {
        let named_by = source.origin.to_string();
        match &source.value {
            Text::Inline(text) => {
                Ok(Self { text: text.clone(), place: named_by.clone(), named_by, stamp: None, warning: None })
            }
            Text::Path(path) => read_file(path, role)
                .map(|(text, stamp, warning)| Self {
                    text,
                    place: path.display().to_string(),
                    named_by: named_by.clone(),
                    stamp: Some(stamp),
                    warning,
                })
                .map_err(|problem| Error::new(problem).at(path.display().to_string()).named_by(named_by)),
        }
    }

    /// A problem with this text.
    pub(super) fn complain(&self, problem: Problem) -> Error {
        let error = Error::new(problem).at(self.place.clone());
        if self.place == self.named_by { error } else { error.named_by(self.named_by.clone()) }
    }
}

impl Stamp {
    fn of(path: &Path, metadata: &std::fs::Metadata) -> Self {
        Self {
            path: path.to_owned(),
            modified_at: metadata.modified().ok().map(DateTime::from),
            size_bytes: metadata.len(),
        }
    }

    /// Whether the file is not what it was. A file that is gone has not changed: a mount may be away for a moment.
    pub(super) fn is_outdated(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| Self::of(&self.path, &metadata) != *self)
    }
}

fn read_file(path: &Path, role: &'static str) -> Result<(Secret, Stamp, Option<String>), Problem> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(role, &error))?;
    if metadata.is_dir() {
        return Err(Problem::FileIsDirectory { role });
    }
    if metadata.len() > LARGEST_BYTES {
        return Err(Problem::FileUnreadable { role, reason: "it is larger than 1 MiB".to_owned() });
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(role, &error))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Problem::FileUnreadable { role, reason: "it is not UTF-8 text".to_owned() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok((Secret::from(text), Stamp::of(path, &metadata), openness(path, &metadata)))
}

pub(super) fn unreadable(role: &'static str, error: &std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound => Problem::FileNotFound { role },
        std::io::ErrorKind::PermissionDenied => {
            Problem::FileUnreadable { role, reason: "permission denied".to_owned() }
        }
        _ => Problem::FileUnreadable { role, reason: crate::error::io_cause(error) },
    }
}
