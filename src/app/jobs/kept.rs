//! The jobs as the store has them, where the workspace's file is of no use: what a server took over last.

use std::path::PathBuf;

use super::opening::has_store;
use super::workspace::NO_WORKSPACE;
use crate::config::{Environment, Workspace, Zone};
use crate::error::{Error, Kind, Result, nearest};
use crate::schedule::Rule;
use crate::schedule::job::JobId;
use crate::schedule::rows::JobRow;
use crate::schedule::store::Store;

/// The jobs as the store has them.
#[derive(Debug, Clone)]
pub struct KeptJobs {
    /// What is wrong with the file.
    pub why: Error,
    rows: Vec<JobRow>,
}

/// The folder of the workspace around the current folder, if its file is what an error is about and something is kept
/// of its jobs.
#[must_use]
pub fn kept_folder(environment: &Environment, is_simulated: bool, error: &Error) -> Option<PathBuf> {
    let has_store = |folder: &PathBuf| has_store(folder, is_simulated);
    match Workspace::file_around(environment.folder()) {
        Some(file) => {
            let name = file.display().to_string();
            let is_about_it = error.place.as_ref().is_some_and(|place| place.starts_with(&name));
            file.parent().map(PathBuf::from).filter(|folder| is_about_it && has_store(folder))
        }
        None if error.code == NO_WORKSPACE => environment.folder().ancestors().map(PathBuf::from).find(has_store),
        None => None,
    }
}

impl KeptJobs {
    /// Those that the workspace had when a server last read it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read<S: Store>(store: &S, why: Error) -> Result<Self> {
        let mut rows = store.jobs().await?;
        rows.retain(|row| row.removed_at.is_none());
        Ok(Self { why, rows })
    }

    /// Whether no server has ever taken a job over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The ids that a name stands for: a job's own id, or its name for all its profiles.
    ///
    /// # Errors
    /// Of kind `not_found`, with the nearest.
    pub fn named(&self, name: &str) -> Result<Vec<JobId>> {
        let stands_for =
            |id: &JobId| id.as_str() == name || id.as_str().split_once('@').is_some_and(|(job, _)| job == name);
        let found: Vec<JobId> = self.rows.iter().map(|row| &row.job).filter(|id| stands_for(id)).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let error = Error::new(
            Kind::NotFound,
            "unknown_job",
            format!("no job `{name}` is among those that a server took over last"),
        );
        Err(match nearest(name, self.rows.iter().map(|row| row.job.as_str())) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("`stackhand jobs list` tells all"),
        })
    }

    /// The zone on whose wall a job's times are told.
    #[must_use]
    pub fn zone(&self, job: &JobId) -> Option<Zone> {
        self.rules().find(|(id, _)| *id == job).map(|(_, rule)| rule.zone())
    }

    /// The jobs with their rules; not those whose rule is of a version that is not known.
    pub fn rules(&self) -> impl Iterator<Item = (&JobId, Rule)> {
        self.rows.iter().filter_map(|row| Some((&row.job, Rule::of_spec(&row.spec)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_name_stands_for_its_profiles_and_a_wrong_one_has_a_nearest() {
        let now = Clock::process().now();
        let row = |job: &str| JobRow {
            job: JobId::new(job),
            decided_until: now,
            spec: "0 20 * * * | Europe/Berlin | after | first".to_owned(),
            pause: None,
            enrolled_at: now,
            removed_at: None,
        };
        let why = Error::new(Kind::Config, "bad_toml", "not valid TOML");
        let kept = KeptJobs { why, rows: ["night@a", "night@b", "noon"].map(row).to_vec() };
        assert_eq!(kept.named("night").expect("two").len(), 2);
        assert_eq!(kept.named("night@b").expect("one").len(), 1);
        assert_eq!(kept.named("nooon").expect_err("none").hint.as_deref(), Some("did you mean `noon`?"));
        assert_eq!(kept.zone(&JobId::new("noon")).map(|zone| zone.name().to_owned()).as_deref(), Some("Europe/Berlin"));
    }
}
