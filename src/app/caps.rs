//! How much a run may change: what the options, the job, the workspace and the recipe say, joined.

use crate::config::{Resolved, Settings};
use crate::error::{Error, Kind, Result};
use crate::policy::{Cap, CapError, CapSources, Caps, JobCaps};

/// What is said of how much a run may change, beside `stackhand.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenCaps {
    /// `--caps`, each as it was given.
    pub flag: Vec<String>,
    /// What the job says that runs it.
    pub job: Option<JobCaps>,
    /// What the recipe's header asks for.
    pub header: Vec<Cap>,
}

impl GivenCaps {
    /// What holds for the run.
    ///
    /// # Errors
    /// When an option or an entry of `stackhand.toml` is no cap.
    pub(super) fn resolve(&self, settings: &Settings) -> Result<Caps> {
        let mut flag = Vec::new();
        for text in &self.flag {
            let caps = Cap::parse_all(text).map_err(|error| {
                Error::new(Kind::Usage, "bad_cap", error.to_string()).with_place("--caps").with_hint(CapError::HINT)
            })?;
            flag.extend(caps);
        }
        let profile = settings.profile.as_ref().filter(|_| !settings.is_simulated);
        let profile_caps = read(&settings.caps.profile)?;
        Ok(Caps::of(&CapSources {
            flag,
            job: self.job.clone(),
            profile: profile.map(|name| (name.value.clone(), profile_caps)),
            workspace: read(&settings.caps.workspace)?,
            header: self.header.clone(),
            is_simulated: settings.is_simulated,
        }))
    }
}

fn read(written: &[Resolved<(String, String)>]) -> Result<Vec<Cap>> {
    let read = |cap: &Resolved<(String, String)>| {
        let (what, most) = &cap.value;
        Cap::parse(&format!("{what} {most}")).map_err(|error| {
            Error::new(Kind::Config, "bad_cap", error.to_string())
                .with_place(cap.origin.to_string())
                .with_hint("caps are written as `caps = { deletions = 50, changes = 300, share = \"60%\" }`")
        })
    };
    written.iter().map(read).collect()
}
