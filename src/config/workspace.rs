//! A workspace: the nearest folder upward that has a `stackhand.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::reader::{Located, Reader, Table};
use super::{Error, Profile, Zone, zone};
use crate::error::nearest;

/// The name of the workspace's file.
const FILE: &str = "stackhand.toml";

/// The profile that is built in: the simulator.
pub(super) const SIMULATOR: &str = "sim";

/// Sections that other rooms read; here they only must not be taken for slips.
const OF_OTHERS: &[&str] = &["job", "channel", "recipes", "sources"];

const OURS: &[&str] =
    &["default_profile", "project_id", "region", "profile", "caps", "journal_days", "journal_syslog", "timezone"];

/// What `stackhand.toml` says about profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The file.
    pub file: PathBuf,
    /// The profiles by name.
    pub profiles: BTreeMap<String, Profile>,
    pub(super) default_profile: Option<Located<String>>,
    pub(super) project: Option<Located<String>>,
    pub(super) region: Option<Located<String>>,
    /// For how many days journals are kept.
    pub journal_days: Option<u32>,
    /// Where journals are mirrored to: a socket such as `/dev/log`, or `udp://host:port`; as written.
    pub journal_syslog: Option<String>,
    /// The zone of the wall that schedules are written for.
    pub timezone: Option<Zone>,
    /// How much a run may change, as written.
    pub(super) caps: Vec<Located<(String, String)>>,
}

impl Workspace {
    /// Finds and reads the workspace that `folder` is in; nothing if it is in none.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn around(folder: &Path) -> Result<Option<Self>, Error> {
        let Some(file) = folder.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file()) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Error::new(
                "workspace_unreadable",
                format!("the workspace file cannot be read: {}", crate::error::io_cause(&error)),
            )
            .in_file(&file, None)
        })?;
        Self::read(&file, &text).map(Some)
    }

    /// The folder that paths in the file count from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Reads the text of a workspace file.
    ///
    /// # Errors
    /// When it is not TOML, has a key that means nothing, or a value of the wrong kind.
    pub fn read(file: &Path, text: &str) -> Result<Self, Error> {
        let reader = Reader::new(file, text);
        let tree = reader.parse()?;
        let top = reader.top(tree.get_ref());
        top.allow(&[OURS, OF_OTHERS].concat())?;
        let profiles: BTreeMap<_, _> = top.table("profile", read_profiles)?.unwrap_or_default();
        let default_profile = top.text("default_profile")?;
        if let Some(default) = &default_profile
            && default.value != SIMULATOR
            && !profiles.contains_key(&default.value)
        {
            let message = format!("there is no profile `{}`", default.value);
            return Err(top
                .complain(default, "unknown_profile", message)
                .hint(which_profiles(&profiles, &default.value)));
        }
        let (project, region) = (top.text("project_id")?, top.text("region")?);
        let journal_days = top.value("journal_days", "a number of days, at least 1", |value| {
            value.as_integer()?.to_string().parse::<u32>().ok().filter(|days| *days > 0)
        })?;
        let timezone = top.text("timezone")?;
        let timezone = timezone.map(|written| {
            zone(&written.value).map_err(|error| {
                let complaint = top.complain(&written, "unknown_zone", error.message);
                complaint.hint(error.hint.unwrap_or_default())
            })
        });
        Ok(Self {
            file: file.to_owned(),
            profiles,
            timezone: timezone.transpose()?,
            default_profile,
            project,
            region,
            caps: top.numbers("caps")?,
            journal_days: journal_days.map(|written| written.value),
            journal_syslog: top.text("journal_syslog")?.map(|written| written.value),
        })
    }
}

fn read_profiles(table: Table<'_, '_>) -> Result<BTreeMap<String, Profile>, Error> {
    let mut profiles = BTreeMap::new();
    for key in table.keys() {
        let name = key.value;
        if name == SIMULATOR {
            let message = "the profile `sim` is built in: it is the simulator";
            return Err(table.complain(&key, "reserved_profile", message).hint("choose another name"));
        }
        if let Some(profile) = table.table(name, |inner| Profile::read(name, inner))? {
            profiles.insert(name.to_owned(), profile);
        }
    }
    Ok(profiles)
}

/// A hint for a profile that does not exist.
pub(super) fn which_profiles(profiles: &BTreeMap<String, Profile>, wanted: &str) -> String {
    let names = profiles.keys().map(String::as_str).chain([SIMULATOR]);
    match nearest(wanted, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known profiles: {}", names.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
#[path = "workspace_tests.rs"]
mod tests;
