//! Where journals lie: one folder a workspace or user, in it one folder a day.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::{Environment, Settings};

/// How a day's folder is called.
pub(super) const DAY: &str = "%Y-%m-%d";

/// The folder of all journals of a workspace, or of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder of journals.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// `.stackhand/journal` of the workspace, else `stackhand/journal` of the user's folder of states; `None` if there
    /// is neither.
    #[must_use]
    pub fn of(settings: &Settings, environment: &Environment) -> Option<Self> {
        let of_workspace = settings.workspace.as_ref().map(|workspace| workspace.folder().join(".stackhand/journal"));
        let of_user = || Some(environment.state_folder()?.join("stackhand/journal"));
        of_workspace.or_else(of_user).map(Self)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a run that began at a time, from this folder.
    pub(super) fn file_of(began: DateTime<Utc>, run: &str) -> PathBuf {
        PathBuf::from(began.format(DAY).to_string()).join(format!("{run}.ndjson"))
    }

    /// The folders of days, the earliest first.
    pub(super) fn days(&self) -> io::Result<Vec<(NaiveDate, PathBuf)>> {
        let mut days = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            if let Ok(day) = NaiveDate::parse_from_str(&entry.file_name().to_string_lossy(), DAY) {
                days.push((day, entry.path()));
            }
        }
        days.sort();
        Ok(days)
    }

    /// Makes the folder, which nobody else may look into, and keeps it out of version control.
    pub(super) fn create(&self) -> io::Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        create_folder(&self.0)?;
        std::fs::write(self.0.join(".gitignore"), "*\n")
    }
}

/// Makes a folder and those around it, for the user alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file to be appended to, for the user alone.
pub(super) fn append_to(path: &Path) -> io::Result<File> {
    open_privately(OpenOptions::new().append(true).create(true).read(true), path)
}

/// Makes a file that is not there yet, to be appended to, for the user alone.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    open_privately(OpenOptions::new().append(true).create_new(true), path)
}

fn open_privately(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

/// Makes what was created in a folder outlast a power failure. Not every file system knows how.
pub(super) fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}
