//! Where the file lies that an import means, and whether the importing script may reach it.

use std::path::{Component, Path, PathBuf};

use super::sources::read_script_file;
use crate::error::{Error, Kind};

/// A module's file.
pub(super) struct Located {
    /// What errors call it: its path as it was written, from the importing script's folder on.
    pub name: String,
    /// The file that it really is, whatever way leads there.
    pub file: PathBuf,
}

impl Located {
    /// Finds the file that `path` means in a script of `folder`. It must lie below `root`, which is canonical. A script
    /// that lies in no folder has neither.
    ///
    /// # Errors
    /// If the path is none, leads out of the root, or to nothing.
    pub(super) fn find(folder: Option<&Path>, root: Option<&Path>, path: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let message = format!("the import `{path}` {why}");
            Err(Error::new(Kind::Script, "wrong_import", message))
        };
        if path.is_empty() || path.contains(['\0', '\\']) {
            return refuse("is not a module's path");
        }
        let relative = Path::new(path);
        // A drive such as `c:` is a plain name here, and harmless; elsewhere it is a prefix.
        let is_absolute = relative.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_)));
        if is_absolute || path.as_bytes().get(1) == Some(&b':') {
            return refuse("is absolute; modules are imported relative to the script that imports them");
        }
        let (Some(folder), Some(root)) = (folder, root) else {
            return refuse(
                "is a file's, and this script lies in no folder; `stackit/…` and `stdlib/…` can be imported",
            );
        };
        let written = folder.join(relative);
        let candidates = [written.clone(), with_extension(&written)];
        let Some(found) = candidates.iter().find(|candidate| candidate.is_file()) else {
            // Whether something lies outside is nobody's business: the answer is the same as for a wrong way out.
            if leaves(folder, relative, root) {
                return refuse("leads out of the recipe's folder");
            }
            let message = format!("there is no module `{path}`");
            return Err(Error::new(Kind::Script, "unknown_module", message)
                .with_hint(format!("`{}` does not exist", with_extension(&written).display())));
        };
        let Some(file) = found.canonicalize().ok().filter(|file| file.starts_with(root)) else {
            return refuse("leads out of the recipe's folder");
        };
        let name = found.components().fold(PathBuf::new(), step).display().to_string();
        Ok(Self { name, file })
    }
}

/// Reads a module's file.
pub(super) fn read_module(name: &str, file: &Path) -> Result<String, Error> {
    read_script_file(file)
        .map_err(|why| Error::new(Kind::Script, "unreadable_module", format!("module `{name}` cannot be read: {why}")))
}

/// What the modules are called that import each other in a circle, the first one again at its end.
pub(super) fn circle<'n>(names: impl IntoIterator<Item = &'n str>) -> Error {
    let names: Vec<_> = names.into_iter().collect();
    let message = format!("modules import each other in a circle: {}", names.join(" → "));
    Error::new(Kind::Script, "import_cycle", message).with_hint("move what both need into a module of its own")
}

/// A step of a path, `..` taken back where it can be.
fn step(mut path: PathBuf, part: Component<'_>) -> PathBuf {
    match part {
        Component::CurDir => {}
        Component::ParentDir if path.file_name().is_some() => {
            path.pop();
        }
        _ => path.push(part),
    }
    path
}

fn with_extension(path: &Path) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(".rhai");
    text.into()
}

/// Whether a path, taken as it is written, leaves the root.
fn leaves(folder: &Path, relative: &Path, root: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return true };
    !folder.join(relative).components().fold(PathBuf::new(), step).starts_with(root)
}
