//! Files as scripts reach them: below what was granted, whichever way a path leads, and never ours.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::context::RunContext;
use super::fault::Fault;
use super::ledger::{Deed, Done};
use crate::error::{Error, Kind, io_cause};
use crate::policy::LocalGrant;

/// No system takes longer paths.
const LONGEST_PATH: usize = 4096;

/// Where files are not what they seem: reading one may tell the process's own variables.
const SPECIAL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// What stackhand goes by itself. A recipe that could write them would grant itself more the next time, or rewrite what
/// is on record of it.
const OWN_FOLDER: &str = ".stackhand";
const OWN_FILES: [&str; 2] = ["stackhand.toml", "stackhand.lock"];

/// What is to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Access {
    fn grant(self, path: String) -> LocalGrant {
        match self {
            Self::Read => LocalGrant::ReadFile(path),
            Self::Write => LocalGrant::WriteFile(path),
        }
    }
}

/// The text of a file.
///
/// # Errors
/// When the run may not read it, there is none, it is no text, or it is longer than the budget allows.
pub(super) fn read(run: &RunContext, written: &str) -> Result<String, Fault> {
    let path = permitted(run, written, Access::Read)?;
    if let Some(text) = run.surroundings.witness.as_ref().and_then(|witness| witness.file(&path)) {
        run.reserve_text(text.len())?;
        return Ok(text);
    }
    read_at(run, &path, written)
}

fn read_at(run: &RunContext, path: &Path, written: &str) -> Result<String, Fault> {
    let unreadable = |error: io::Error| failed("file_unreadable", "read", written, &error);
    let length = regular(path, written)?.ok_or_else(|| unreadable(io::ErrorKind::NotFound.into()))?;
    run.reserve_text(usize::try_from(length).unwrap_or(usize::MAX))?;
    let limit = run.limits.text_bytes();
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    // It may have grown.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    run.reserve_text(bytes.len())?;
    String::from_utf8(bytes).map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)).into())
}

/// Makes a file of this text, or replaces one: whole, or not at all.
///
/// # Errors
/// When the run may not write it, or it cannot be written.
pub(super) fn write(run: &RunContext, written: &str, text: &str) -> Result<(), Fault> {
    let Some((path, text)) = to_write(run, written, text)? else { return Ok(()) };
    if let Some(witness) = &run.surroundings.witness {
        witness.write(path, text.into_owned());
        return Ok(());
    }
    let is_added = false;
    let number =
        run.begin_outside(&Deed::WriteFile { path: path.display().to_string(), bytes: text.len(), is_added })?;
    let result = replace(&path, text.as_bytes());
    run.end_outside(number, result.as_ref().map_or_else(|error| Done::Not(io_cause(error)), |()| Done::Well(None)));
    result.map_err(|error| failed("file_unwritable", "write", written, &error).into())
}

/// Where a text goes, and the text without secrets; nothing if the run is only rehearsed.
fn to_write<'t>(run: &RunContext, written: &str, text: &'t str) -> Result<Option<(PathBuf, Cow<'t, str>)>, Fault> {
    let path = permitted(run, written, Access::Write)?;
    regular(&path, written)?;
    run.spend_output(text.len())?;
    Ok((!run.is_rehearsed).then(|| (path, run.surroundings.scrubber.scrub(text))))
}

/// Adds text to the end of a file, which is made if there is none.
///
/// # Errors
/// As [`write`].
pub(super) fn append(run: &RunContext, written: &str, text: &str) -> Result<(), Fault> {
    let Some((path, text)) = to_write(run, written, text)? else { return Ok(()) };
    if let Some(witness) = &run.surroundings.witness {
        // What is there already is added to, if it can be read.
        witness.append(path.clone(), &text, || read_at(run, &path, written).unwrap_or_default());
        return Ok(());
    }
    let is_added = true;
    let number =
        run.begin_outside(&Deed::WriteFile { path: path.display().to_string(), bytes: text.len(), is_added })?;
    let opened = fs::OpenOptions::new().append(true).create(true).open(&path);
    // One write, so that others who add to it do not come between.
    let result = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    // A part of it may be there.
    run.end_outside(number, result.as_ref().map_or_else(|error| Done::Unknown(io_cause(error)), |()| Done::Well(None)));
    result.map_err(|error| failed("file_unwritable", "write", written, &error).into())
}

/// Where a written path leads, if the run may go there.
fn permitted(run: &RunContext, written: &str, access: Access) -> Result<PathBuf, Error> {
    let surroundings = &run.surroundings;
    if written.is_empty() || written.len() > LONGEST_PATH || written.contains('\0') {
        return Err(Error::new(Kind::Invalid, "bad_path", "this is no path of a file"));
    }
    if *surroundings.scrubber.scrub(written) != *written {
        return Err(Error::new(
            Kind::Policy,
            "secret_in_path",
            "the path holds a secret, and file names are not secret",
        )
        .with_hint("name the file by something else"));
    }
    let environment = &surroundings.environment;
    let base = environment.folder();
    let Some(path) = real(&environment.path(base, written)) else {
        // What a link to nowhere leads to cannot have been granted.
        run.permit_if(&access.grant(written.to_owned()), |_| false)?;
        return Err(Error::new(Kind::Invalid, "bad_path", "the path leads nowhere"));
    };
    let home = real(base).unwrap_or_else(|| base.to_owned());
    let shown = path.strip_prefix(&home).unwrap_or(&path);
    let shown = if shown.as_os_str().is_empty() { Path::new(".") } else { shown };
    let wanted = access.grant(shown.display().to_string());
    run.permit_if(&wanted, |grant| match (grant, access) {
        (LocalGrant::ReadFile(given), Access::Read) | (LocalGrant::WriteFile(given), Access::Write) => {
            real(&environment.path(base, given)).is_some_and(|given| path.starts_with(given))
        }
        _ => false,
    })?;
    if SPECIAL.iter().any(|special| path.starts_with(special)) {
        return Err(not_a_file(written, "a part of the system"));
    }
    if access == Access::Write && is_own(&path) {
        let message = format!("`{written}` is stackhand's own: no script may write it");
        return Err(Error::new(Kind::Policy, "own_file", message).with_hint("write to another folder"));
    }
    Ok(path)
}

/// The path without links and `..`. What is not there yet keeps its name, below a folder without links; a link to
/// nowhere, and `..` behind what is not there, lead nowhere.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    if path.symlink_metadata().is_ok() {
        return None;
    }
    Some(real(path.parent()?)?.join(path.file_name()?))
}

fn is_own(path: &Path) -> bool {
    let is_folder = |part: Component<'_>| part.as_os_str().eq_ignore_ascii_case(OWN_FOLDER);
    let is_file = |name: &std::ffi::OsStr| OWN_FILES.iter().any(|own| name.eq_ignore_ascii_case(own));
    path.components().any(is_folder) || path.file_name().is_some_and(is_file)
}

/// The length of a file, if there is one; a folder, a pipe or a device is an error.
fn regular(path: &Path, written: &str) -> Result<Option<u64>, Error> {
    match fs::metadata(path) {
        Ok(about) if about.is_file() => Ok(Some(about.len())),
        Ok(about) if about.is_dir() => Err(not_a_file(written, "a folder")),
        Ok(_) => Err(not_a_file(written, "a pipe or a device")),
        // Whoever opens it says why it cannot be had.
        Err(_) => Ok(None),
    }
}

fn not_a_file(written: &str, what: &str) -> Error {
    Error::new(Kind::Invalid, "not_a_file", format!("`{written}` is {what}, not a file"))
}

fn failed(code: &'static str, verb: &str, written: &str, error: &io::Error) -> Error {
    Error::new(Kind::Script, code, format!("cannot {verb} `{written}`: {}", io_cause(error)))
}

/// Writes beside the file and renames, so that nobody reads a half-written one; its permissions stay.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_file_name(format!(".stackhand-{}-{number}.unfinished", std::process::id()));
    let written = fs::OpenOptions::new().write(true).create_new(true).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        if let Ok(about) = fs::metadata(path) {
            file.set_permissions(about.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
