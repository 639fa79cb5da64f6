//! How much a run may change, and who said so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use super::{Cap, Capped};

/// What holds when nobody says otherwise.
///
/// Who deletes a project deletes all that is in it, protected or not: that has to be said in so many words.
const DEFAULTS: &str =
    "deletions=20, changes=100, share=34%, resource-manager.project.delete=0, resource-manager.folder.delete=0";

/// The same, read.
static BY_DEFAULT: LazyLock<Vec<Cap>> = LazyLock::new(|| Cap::parse_all(DEFAULTS).expect("the defaults are caps"));

/// From so many objects on a part of them counts as a share.
pub const SHARED_FROM: usize = 5;

/// Everything that says how much a run may change. The first that names a cap gives it: flag, job, profile, workspace,
/// default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapSources {
    /// `--caps`.
    pub flag: Vec<Cap>,
    /// What the job that runs it says.
    pub job: Option<JobCaps>,
    /// The profile's name, and what it says.
    pub profile: Option<(String, Vec<Cap>)>,
    /// What stands at the top of the workspace's file.
    pub workspace: Vec<Cap>,
    /// `Caps:` in the recipe's header, which only asks: less than is given holds, more is not given.
    pub header: Vec<Cap>,
    /// Whether nothing real is changed, so that what the recipe asks is given.
    pub is_simulated: bool,
}

/// What a job says of its runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobCaps {
    /// The job's name.
    pub name: String,
    /// Its caps on one run.
    pub caps: Vec<Cap>,
    /// Its cap on all runs of a day.
    pub daily: Option<Daily>,
}

/// The most that a job may change in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Daily {
    /// How many changes.
    pub most: u64,
    /// How many its earlier runs of the day have made.
    pub so_far: u64,
}

/// How much a run may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    limits: BTreeMap<Capped, CapLimit>,
    daily: Option<Daily>,
}

/// A cap that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapLimit {
    /// How many; of a share, percent.
    pub most: u64,
    /// Who said so.
    pub by: CapGiver,
    /// What the recipe asks for, if that is more.
    pub asked: Option<u64>,
    /// The profile in use, for who wants to give more.
    pub profile: Option<String>,
}

/// Who gives a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapGiver {
    /// Nobody.
    Default,
    /// The top of `stackhand.toml`.
    Workspace,
    /// A profile.
    Profile(String),
    /// A job.
    Job(String),
    /// `--caps`.
    Flag,
    /// The recipe itself: it wants no more, or nothing real is changed.
    Recipe,
}

impl Caps {
    /// What holds for a run.
    #[must_use]
    pub fn of(sources: &CapSources) -> Self {
        let job = sources.job.as_ref();
        let profile = sources.profile.as_ref();
        let job_caps = job.map(|job| job.caps.as_slice()).unwrap_or_default();
        let profile_caps = profile.map(|(_, caps)| caps.as_slice()).unwrap_or_default();
        let written = [&sources.flag, job_caps, profile_caps, &sources.workspace, &sources.header];
        let mut kinds: BTreeSet<&Capped> = written.into_iter().flatten().map(|cap| &cap.what).collect();
        kinds.extend(BY_DEFAULT.iter().map(|cap| &cap.what));
        let limit = |what: &Capped| {
            let in_list = |caps: &[Cap]| caps.iter().rev().find(|cap| cap.what == *what).map(|cap| cap.most);
            let asked = in_list(&sources.header);
            let asked_and_given = asked.filter(|_| sources.is_simulated).map(|most| (most, CapGiver::Recipe));
            let name = |job: Option<&JobCaps>| job.map(|job| job.name.clone()).unwrap_or_default();
            let given = in_list(&sources.flag)
                .map(|most| (most, CapGiver::Flag))
                .or_else(|| Some((in_list(job_caps)?, CapGiver::Job(name(job)))))
                .or(asked_and_given)
                .or_else(|| Some((in_list(profile_caps)?, CapGiver::Profile(profile?.0.clone()))))
                .or_else(|| Some((in_list(&sources.workspace)?, CapGiver::Workspace)))
                .or_else(|| Some((in_list(&BY_DEFAULT)?, CapGiver::Default)));
            let (most, by) = match (given, asked) {
                (Some((given, _)), Some(asked)) if asked < given => (asked, CapGiver::Recipe),
                (Some(given), _) => given,
                (None, Some(asked)) => (asked, CapGiver::Recipe),
                (None, None) => return None,
            };
            let asked = asked.filter(|asked| *asked > most);
            Some((what.clone(), CapLimit { most, by, asked, profile: profile.map(|(name, _)| name.clone()) }))
        };
        Self { limits: kinds.into_iter().filter_map(limit).collect(), daily: job.and_then(|job| job.daily) }
    }

    /// Every cap but the daily one.
    pub fn limits(&self) -> impl Iterator<Item = (&Capped, &CapLimit)> {
        self.limits.iter()
    }

    /// The cap on all runs of a day.
    #[must_use]
    pub fn daily(&self) -> Option<Daily> {
        self.daily
    }

    /// The cap on shares.
    #[must_use]
    pub fn share(&self) -> Option<&CapLimit> {
        self.limits.get(&Capped::Share)
    }
}

impl fmt::Display for CapGiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Workspace => f.write_str("`caps` of the workspace"),
            Self::Profile(name) => write!(f, "`caps` of the profile `{name}`"),
            Self::Job(name) => write!(f, "`caps` of the job `{name}`"),
            Self::Flag => f.write_str("`--caps`"),
            Self::Recipe => f.write_str("the recipe's own `Caps:` line"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(text: &str) -> Vec<Cap> {
        Cap::parse_all(text).expect(text)
    }

    /// The cap of this kind: how many, who said so, and what more was asked.
    fn of(sources: &CapSources, kind: &str) -> Option<(u64, String, Option<u64>)> {
        let what = Cap::parse(&format!("{kind} 1")).expect("a kind").what;
        let caps = Caps::of(sources);
        caps.limits.get(&what).map(|limit| (limit.most, limit.by.to_string(), limit.asked))
    }

    #[test]
    fn the_first_who_names_a_cap_gives_it() {
        let mut sources = CapSources {
            flag: caps("deletions 1"),
            job: Some(JobCaps { name: "night".into(), caps: caps("deletions 2"), daily: None }),
            profile: Some(("prod".into(), caps("deletions 3"))),
            workspace: caps("deletions 4"),
            header: Vec::new(),
            is_simulated: false,
        };
        let given = |sources: &CapSources| of(sources, "deletions").expect("a cap");
        assert_eq!(given(&sources), (1, "`--caps`".into(), None));
        sources.flag.clear();
        assert_eq!(given(&sources), (2, "`caps` of the job `night`".into(), None));
        sources.job = None;
        assert_eq!(given(&sources), (3, "`caps` of the profile `prod`".into(), None));
        sources.profile = None;
        assert_eq!(given(&sources), (4, "`caps` of the workspace".into(), None));
        sources.workspace.clear();
        assert_eq!(given(&sources), (20, "the default".into(), None));
        assert_eq!(of(&sources, "changes").map(|cap| cap.0), Some(100));
        assert_eq!(of(&sources, "share").map(|cap| cap.0), Some(34));
        assert_eq!(of(&sources, "iaas.server.stop"), None);
    }

    #[test]
    fn a_header_lowers_a_cap_and_raises_none_but_on_the_simulator() {
        let mut sources = CapSources { header: caps("deletions 200, changes 5, update 7"), ..CapSources::default() };
        assert_eq!(of(&sources, "deletions"), Some((20, "the default".into(), Some(200))));
        assert_eq!(of(&sources, "changes"), Some((5, "the recipe's own `Caps:` line".into(), None)));
        assert_eq!(of(&sources, "update"), Some((7, "the recipe's own `Caps:` line".into(), None)));
        sources.is_simulated = true;
        sources.workspace = caps("deletions 1");
        assert_eq!(of(&sources, "deletions"), Some((200, "the recipe's own `Caps:` line".into(), None)));
        sources.flag = caps("deletions 30");
        assert_eq!(of(&sources, "deletions"), Some((30, "`--caps`".into(), Some(200))));
    }

    #[test]
    fn of_two_that_say_the_same_the_later_counts() {
        let sources = CapSources { flag: caps("deletions 1, delete 9"), ..CapSources::default() };
        assert_eq!(of(&sources, "deletions").map(|cap| cap.0), Some(9));
    }
}
