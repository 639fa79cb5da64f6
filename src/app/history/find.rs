//! From what somebody typed to the journals that are meant.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::app::jobs::{kept_folder, state_folder};
use crate::app::settings;
use crate::config::{Environment, Given, duration};
use crate::error::{Error, Kind, Result};
use crate::journal::{Archive, Folder, History, NoSuchRun, RunFile};

/// How many ids are told where several are meant.
const MOST_IDS: usize = 5;

/// The journals of the workspace around the current folder, else of the user. Those of a workspace whose file is of no
/// use are where its state is.
///
/// # Errors
/// When a setting is wrong, or there is neither a workspace nor a home.
pub fn archive(environment: &Environment, given: &Given) -> Result<Archive> {
    let settings = match settings(environment, given) {
        Ok(settings) => settings,
        Err(error) => {
            let folder = kept_folder(environment, false, &error).ok_or_else(|| error.clone())?;
            tracing::warn!("the workspace's file cannot be used: {error}");
            return Ok(kept_archive(&folder));
        }
    };
    let folder = Folder::of(&settings, environment).ok_or_else(|| {
        Error::new(Kind::Config, "no_journal_folder", "there is no folder of journals")
            .with_hint("run it in a workspace (a folder with stackhand.toml), or set HOME or XDG_STATE_HOME")
    })?;
    Ok(Archive::new(folder))
}

/// The journals of a workspace, without its file.
#[must_use]
pub fn kept_archive(workspace: &Path) -> Archive {
    Archive::new(Folder::new(state_folder(workspace, false).join("journal")))
}

/// The run whose id begins so; the latest if none is named.
///
/// # Errors
/// When there is none, with the nearest and the latest, or several, with their ids.
pub fn run_of(archive: &Archive, id: Option<&str>) -> Result<History> {
    let Some(id) = id else {
        return archive.runs(None, 1)?.pop().ok_or_else(|| {
            let folder = archive.folder().path().display();
            Error::new(Kind::Usage, "no_runs", format!("no run is recorded in `{folder}`"))
        });
    };
    let path = archive.find(id)?.map_err(|why| no_such_run(id, why))?;
    let file = RunFile::read(&path).map_err(|error| {
        Error::new(Kind::Config, "journal_unreadable", crate::error::io_cause(&error))
            .with_place(path.display().to_string())
    })?;
    History::of(file).ok_or_else(|| {
        Error::new(Kind::Config, "journal_unreadable", "the journal does not say how the run began")
            .with_place(path.display().to_string())
            .with_hint("`stackhand journal verify` tells what is wrong with it")
    })
}

fn no_such_run(id: &str, why: NoSuchRun) -> Error {
    match why {
        NoSuchRun::Unknown { latest, nearest } => {
            let hint = match (nearest, latest) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, Some(latest)) => format!("the latest run is `{latest}`; `stackhand runs list` shows more"),
                (None, None) => "no run is recorded here; runs are recorded by workspace".to_owned(),
            };
            Error::new(Kind::Usage, "unknown_run", format!("there is no run `{id}`")).with_hint(hint)
        }
        NoSuchRun::Ambiguous(ids) => {
            let more = if ids.len() > MOST_IDS { ", …" } else { "" };
            let shown = ids.iter().take(MOST_IDS).map(String::as_str).collect::<Vec<_>>().join(", ");
            let message = format!("`{id}` is the beginning of {} runs", ids.len());
            Error::new(Kind::Usage, "ambiguous_run", message).with_hint(format!("they are {shown}{more}"))
        }
    }
}

/// The instant that somebody means: `2h` ago, `2026-11-22`, `2026-11-22T02:00:00Z`.
///
/// # Errors
/// When it is none of these.
pub fn since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let ago = duration::parse(text).ok().and_then(|span| now.checked_sub_signed(span));
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
    let instant = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    ago.or_else(day).or_else(instant).ok_or_else(|| {
        Error::new(Kind::Usage, "bad_since", format!("`{text}` is no time"))
            .with_place("--since")
            .with_hint("write it as `2h` or `7d` (ago), `2026-11-22` or `2026-11-22T02:00:00Z`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spans_ago_days_or_instants() {
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().expect("a time");
        for (text, wanted) in [
            ("2h", "2026-11-22T10:00:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("2026-11-21T03:00:00+01:00", "2026-11-21T02:00:00Z"),
        ] {
            assert_eq!(since(text, now).expect("a time"), wanted.parse::<DateTime<Utc>>().expect("a time"), "{text}");
        }
        assert_eq!(since("yesterday", now).expect_err("no time").exit_code() as u8, 2);
    }
}
