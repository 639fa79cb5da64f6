//! The texts of all scripts of a run, so that an error can show its line.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Kind, io_cause};

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

    /// Reads a script that lies in no file, such as the standard input.
    ///
    /// # Errors
    /// Kind `usage` if it cannot be read, is too long or no text.
    pub fn read_from(name: &str, input: impl Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let text = match input.take(MAX_SCRIPT_BYTES + 1).read_to_end(&mut bytes) {
            Ok(_) => script_of(bytes),
            Err(error) => Err(plain(&error)),
        };
        Ok(Self::inline(name, text.map_err(|why| unreadable(name, &why))?))
    }

    /// Reads a recipe's file.
    ///
    /// # Errors
    /// Kind `usage` if it cannot be read or is no text.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = read_script(path).map_err(|why| unreadable(&name, &why))?;
        let folder = path
            .parent()
            .map(|parent| if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() });
        Ok(Self { name, text, folder, root: None })
    }

    /// Reads the file of a recipe that runs with nobody watching: only one that has an end, where a pipe or a device may
    /// keep its reader waiting for ever.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_file(path: &Path) -> Result<Self, Error> {
        only_files(path).map_err(|why| unreadable(&path.display().to_string(), &why))?;
        Self::read(path)
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
fn read_script(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| plain(&error))?;
    if about.is_dir() {
        return Err("it is a folder".into());
    }
    let file = std::fs::File::open(path).map_err(|error| plain(&error))?;
    let mut bytes = Vec::new();
    // A pipe or a device does not say how long it is.
    file.take(MAX_SCRIPT_BYTES + 1).read_to_end(&mut bytes).map_err(|error| plain(&error))?;
    script_of(bytes)
}

/// The same of what must have an end.
pub(super) fn read_script_file(path: &Path) -> Result<String, String> {
    only_files(path)?;
    read_script(path)
}

fn only_files(path: &Path) -> Result<(), String> {
    let about = std::fs::metadata(path).map_err(|error| plain(&error))?;
    if about.is_file() || about.is_dir() { Ok(()) } else { Err("it is no file, but a pipe or a device".into()) }
}

/// A script's text, without the mark that some editors put before it.
fn script_of(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() as u64 > MAX_SCRIPT_BYTES {
        return Err(format!("it is longer than {} MiB", MAX_SCRIPT_BYTES >> 20));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8")?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::new(Kind::Usage, "unreadable_recipe", format!("the recipe `{name}` cannot be read: {why}"))
}

fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        _ => io_cause(error),
    }
}

/// The texts by the names that errors use. Cheap to clone; clones share the texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Arc<Mutex<BTreeMap<String, Arc<str>>>>);

impl Sources {
    pub(super) fn add(&self, name: &str, text: &str) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.insert(name.to_owned(), text.into());
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}
