//! The texts of all scripts of a run, so that an error can show its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Kind};

/// A recipe's text and where it is from.
#[derive(Debug, Clone)]
pub struct Source {
    /// What messages call it: a path, or `<eval>`.
    pub name: String,
    /// The script.
    pub text: String,
    /// The folder that it lies in, from which its imports are followed; `None` if it may import no files.
    pub folder: Option<PathBuf>,
    /// The folder that imports must not leave; its own folder if `None`.
    pub root: Option<PathBuf>,
}

impl Source {
    /// A script that lies in no file.
    #[must_use]
    pub fn inline(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), folder: None, root: None }
    }

    /// Reads a recipe's file.
    ///
    /// # Errors
    /// Kind `usage` if it cannot be read or is no text.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = read_script(path).map_err(|why| {
            Error::new(Kind::Usage, "unreadable_recipe", format!("the recipe `{name}` cannot be read: {why}"))
        })?;
        let folder = path
            .parent()
            .map(|parent| if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() });
        Ok(Self { name, text, folder, root: None })
    }

    /// The same with a folder around its own that imports may reach: the workspace.
    #[must_use]
    pub fn within(mut self, root: PathBuf) -> Self {
        self.root = Some(root);
        self
    }
}

/// No script of a person's is longer.
const MAX_SCRIPT_BYTES: u64 = 4 << 20;

/// Reads a script's file; else says why it cannot be read.
pub(super) fn read_script(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| plain(&error))?;
    if about.is_dir() {
        return Err("it is a folder".into());
    }
    if about.len() > MAX_SCRIPT_BYTES {
        return Err(format!("it is longer than {} MiB", MAX_SCRIPT_BYTES >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| plain(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".into())
}

fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "its permissions forbid it".into(),
        _ => error.to_string(),
    }
}

/// The texts by the names that errors use.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<BTreeMap<String, Arc<str>>>);

impl Sources {
    pub(super) fn add(&self, name: &str, text: &str) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.insert(name.to_owned(), text.into());
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}
