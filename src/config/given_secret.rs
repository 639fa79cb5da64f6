//! Secrets as `stackhand.toml` gives them: the name of a variable, the path of a file, or the text itself.

use std::fmt;

use super::openness::openness;
use super::reader::Located;
use super::web_address::Unfit;
use super::{Environment, Error, Workspace};
use crate::secret::Secret;

/// A file of a secret holds no more than this, in bytes.
const LONGEST: u64 = 65_536;

/// A secret, or where it is.
#[derive(Clone, PartialEq, Eq)]
pub enum GivenSecret {
    /// `env:NAME`: an environment variable.
    Variable(String),
    /// `file:PATH`: the contents of a file but for blanks at its ends; relative to the workspace's folder.
    File(String),
    /// The text itself, for all who read `stackhand.toml` to see.
    Inline(Secret),
}

impl GivenSecret {
    /// Reads how a secret is given.
    pub(super) fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix("env:") {
            Self::Variable(name.trim().to_owned())
        } else if let Some(path) = text.strip_prefix("file:") {
            Self::File(path.trim().to_owned())
        } else {
            Self::Inline(Secret::from(text))
        }
    }

    /// Whether it stands in the file itself.
    #[must_use]
    pub fn is_in_the_clear(&self) -> bool {
        matches!(self, Self::Inline(_))
    }
}

impl Located<GivenSecret> {
    /// The secret itself. Whoever asks for it teaches the scrubber what it is.
    ///
    /// # Errors
    /// When the variable is not set, the file cannot be read, or there is nothing in it; at the place in
    /// `stackhand.toml` that names it.
    pub fn read(&self, environment: &Environment, workspace: &Workspace) -> Result<Secret, Error> {
        let complain = |code, message: String| workspace.complain(self, code, message);
        let secret = match &self.value {
            GivenSecret::Inline(secret) => secret.clone(),
            GivenSecret::Variable(name) => environment.variable(name).map(Secret::from).ok_or_else(|| {
                complain("secret_not_set", format!("the environment variable `{name}` is not set"))
                    .hint("set it where stackhand is started, or name a file: `file:keys/…`")
            })?,
            GivenSecret::File(path) => {
                let file = environment.path(workspace.folder(), path);
                let length = std::fs::metadata(&file).map(|facts| if facts.is_file() { facts.len() } else { 0 });
                let text = length.and_then(|length| match length {
                    0..=LONGEST => std::fs::read_to_string(&file),
                    _ => Err(std::io::Error::other("it is too long for a secret")),
                });
                let text = text.map_err(|error| {
                    let cause = crate::error::io_cause(&error);
                    complain("secret_unreadable", format!("the file {} cannot be read: {cause}", file.display()))
                        .hint("paths count from the folder of stackhand.toml")
                })?;
                Secret::from(text.trim())
            }
        };
        if secret.expose().trim().is_empty() {
            return Err(complain("secret_empty", format!("{} is empty", self.value)));
        }
        Ok(secret)
    }

    /// What a person should know of where the secret is: a file that others may read.
    #[must_use]
    pub fn warning(&self, environment: &Environment, workspace: &Workspace) -> Option<String> {
        let GivenSecret::File(path) = &self.value else { return None };
        let file = environment.path(workspace.folder(), path);
        openness(&file, &std::fs::metadata(&file).ok()?)
    }

    /// A secret URL. Whoever asks for it teaches the scrubber what it is.
    ///
    /// # Errors
    /// As [`Located::read`], and when nothing is sent to such a URL.
    pub fn read_url(&self, environment: &Environment, workspace: &Workspace) -> Result<Secret, Error> {
        let url = self.read(environment, workspace)?;
        match Unfit::of(url.expose()) {
            None => Ok(url),
            Some(unfit) => {
                let complain = |code, message| workspace.complain(self, code, message);
                let error = unfit.complaint(&self.value.to_string(), complain);
                Err(if unfit == Unfit::NoAddress { error.hint("write the whole URL") } else { error })
            }
        }
    }
}

/// How it is given, without the secret itself.
impl fmt::Display for GivenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "the file `{path}`"),
            Self::Inline(_) => f.write_str("the text given"),
        }
    }
}

impl fmt::Debug for GivenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
