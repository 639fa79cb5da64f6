//! A workspace: the nearest folder upward that has a `stackhand.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::job_reader::{Others, check_channels, read_jobs, read_notify};
use super::reader::{Located, Reader, Table};
use super::shape::shown;
use super::{Channel, Environment, Error, Job, Notify, Profile, Zone, keys, zone};
use crate::error::nearest;
use crate::secret::Secret;

/// The name of the workspace's file.
const FILE: &str = "stackhand.toml";

/// The profile that is built in: the simulator.
pub(super) const SIMULATOR: &str = "sim";

/// A file longer than this is not read, in bytes: a hundred thousand jobs have room in it.
const LONGEST: u64 = 64_000_000;

/// How many runs are under way at once at most when nobody says so.
const MAX_RUNNING: usize = 8;

/// What `stackhand.toml` says.
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
    /// The jobs, in the order in which they stand in the file.
    pub jobs: Vec<Arc<Job>>,
    /// The channels by name.
    pub channels: BTreeMap<String, Channel>,
    /// Whom jobs tell of what that do not say it themselves.
    pub notify: Notify,
    /// How many runs are under way at once at most.
    pub max_running: usize,
    /// For how long outcomes are kept.
    pub history: History,
}

/// For how long the outcomes of fire times are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// For so many days …
    pub days: u32,
    /// … and so many of each job.
    pub runs: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { days: 90, runs: 1_000 }
    }
}

impl Workspace {
    /// Finds and reads the workspace that `folder` is in; nothing if it is in none.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn around(folder: &Path) -> Result<Option<Self>, Error> {
        let Some(file) = Self::file_around(folder) else { return Ok(None) };
        let length = std::fs::metadata(&file).map(|facts| facts.len());
        let text = length.and_then(|length| match length {
            0..=LONGEST => std::fs::read_to_string(&file),
            _ => Err(std::io::Error::other("it is longer than 64 million bytes")),
        });
        let text = text.map_err(|error| {
            Error::new(
                "workspace_unreadable",
                format!("the workspace file cannot be read: {}", crate::error::io_cause(&error)),
            )
            .in_file(&file, None)
        })?;
        Self::read(&file, &text).map(Some)
    }

    /// The file of the workspace that `folder` is in, whatever it says; nothing if it is in none.
    #[must_use]
    pub fn file_around(folder: &Path) -> Option<PathBuf> {
        folder.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file())
    }

    /// The same with no job in it.
    #[must_use]
    pub fn without_jobs(&self) -> Self {
        let Self { file, profiles, channels, notify, .. } = self;
        Self {
            file: file.clone(),
            profiles: profiles.clone(),
            default_profile: self.default_profile.clone(),
            project: self.project.clone(),
            region: self.region.clone(),
            journal_days: self.journal_days,
            journal_syslog: self.journal_syslog.clone(),
            timezone: self.timezone,
            caps: self.caps.clone(),
            jobs: Vec::new(),
            channels: channels.clone(),
            notify: notify.clone(),
            max_running: self.max_running,
            history: self.history,
        }
    }

    /// The folder that paths in the file count from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// An error at a value of the file, for whoever finds it wrong.
    #[must_use]
    pub fn complain<T>(&self, at: &Located<T>, code: &'static str, message: impl Into<String>) -> Error {
        Error::new(code, message).in_file(&self.file, Some((at.line, at.column)))
    }

    /// The job of this name.
    #[must_use]
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().map(Arc::as_ref).find(|job| job.name.value == name)
    }

    /// The project's UUID that the file gives a profile, or what runs without one.
    #[must_use]
    pub fn project_of(&self, profile: Option<&str>) -> Option<&str> {
        let profile = profile.and_then(|name| self.profiles.get(name));
        let written = profile.and_then(|profile| profile.project.as_ref()).or(self.project.as_ref());
        written.map(|project| project.value.as_str())
    }

    /// The secrets of channels and jobs, as far as they can be read, for the scrubber.
    #[must_use]
    pub fn secrets(&self, environment: &Environment) -> Vec<Secret> {
        let given =
            self.channels.values().flat_map(Channel::secrets).chain(self.jobs.iter().flat_map(|job| job.secrets()));
        given.filter_map(|secret| secret.read(environment, self).ok()).collect()
    }

    /// Reads the text of a workspace file.
    ///
    /// # Errors
    /// When it is not TOML, has a key that means nothing, or a value of the wrong kind.
    pub fn read(file: &Path, text: &str) -> Result<Self, Error> {
        let reader = Reader::new(file, text);
        let tree = reader.parse()?;
        let top = reader.top(tree.get_ref());
        top.check(&keys::TOP)?;
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
        let journal_days = top.number("journal_days")?.and_then(|days| u32::try_from(days.value).ok());
        let timezone = top.text("timezone")?;
        let timezone = timezone.map(|written| {
            zone(&written.value).map_err(|error| {
                let complaint = top.complain(&written, "unknown_zone", shown(&error.message));
                complaint.hint(error.hint.unwrap_or_default())
            })
        });
        let timezone = timezone.transpose()?;
        let channels = top.table("channel", read_channels)?.unwrap_or_default();
        let notify = top.table("notify", read_notify)?.unwrap_or_default();
        check_channels(top, &notify, &channels)?;
        let others = Others { profiles: &profiles, channels: &channels, notify: &notify, has_zone: timezone.is_some() };
        let jobs = read_jobs(top, &others)?;
        let max_running = top.number("max_running")?.and_then(|most| usize::try_from(most.value).ok());
        Ok(Self {
            file: file.to_owned(),
            jobs,
            notify,
            max_running: max_running.unwrap_or(MAX_RUNNING),
            history: top.table("history", read_history)?.unwrap_or_default(),
            channels,
            profiles,
            timezone,
            default_profile,
            project,
            region,
            caps: top.numbers("caps")?,
            journal_days,
            journal_syslog: top.text("journal_syslog")?.map(|written| written.value),
        })
    }
}

fn read_channels(table: Table<'_, '_>) -> Result<BTreeMap<String, Channel>, Error> {
    let read = |key: Located<&str>| {
        let name = key.value.to_owned();
        let channel = table.table(&name, |inner| Channel::read(key.map(str::to_owned), inner))?;
        Ok(channel.map(|channel| (name, channel)))
    };
    table.keys().filter_map(|key| read(key).transpose()).collect()
}

fn read_history(table: Table<'_, '_>) -> Result<History, Error> {
    let number =
        |key, usual| Ok(table.number(key)?.and_then(|number| u32::try_from(number.value).ok()).unwrap_or(usual));
    let usual = History::default();
    Ok(History { days: number("days", usual.days)?, runs: number("runs", usual.runs)? })
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
