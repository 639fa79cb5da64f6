//! Reads the `[[job]]` tables of `stackhand.toml`, and holds them against each other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::channel::Channel;
use super::given_secret::GivenSecret;
use super::job::{
    CalendarMode, CalendarRule, DstGap, DstOverlap, InterruptedPolicy, Job, JobTime, MissedPolicy, Notify,
    OverlapPolicy, RETRIED, Retry,
};
use super::reader::{Located, Table};
use super::shape::{hint, shown};
use super::workspace::{SIMULATOR, which_profiles};
use super::{Error, Profile};
use crate::error::Kind;

const HOUR: Duration = Duration::from_hours(1);

/// What else the file has that jobs refer to.
pub(super) struct Others<'w> {
    pub profiles: &'w BTreeMap<String, Profile>,
    pub channels: &'w BTreeMap<String, Channel>,
    /// Whom jobs tell that do not say it.
    pub notify: &'w Notify,
    pub has_zone: bool,
}

/// Reads all jobs, in the order in which they stand in the file.
pub(super) fn read_jobs(top: Table<'_, '_>, others: &Others<'_>) -> Result<Vec<Arc<Job>>, Error> {
    let Some(value) = top.get("job") else { return Ok(Vec::new()) };
    let jobs: Vec<Job> = top.each_table("job", value, |table| read_job(table, others))?;
    if let (Some(first), false) = (jobs.first(), others.has_zone) {
        let message = "there are jobs, and no `timezone` says on which clock they are due";
        return Err(top
            .complain(&first.name, "no_timezone", message)
            .hint("write `timezone = \"Europe/Berlin\"` at the top of the file; servers run on UTC, people do not"));
    }
    check_names(top, &jobs)?;
    check_opponents(top, &jobs)?;
    Ok(jobs.into_iter().map(Arc::new).collect())
}

fn read_job(table: Table<'_, '_>, others: &Others<'_>) -> Result<Job, Error> {
    let needed = |key| table.text(key)?.ok_or_else(|| table.lacking(key));
    let name = needed("name")?;
    let recipe = needed("recipe")?;
    if recipe.value.trim().is_empty() {
        return Err(table.complain(&recipe, "empty_value", "`recipe` names no file"));
    }
    let at_job = |value: Duration| name.with(value);
    let when = match (table.text("schedule")?, table.duration("every")?) {
        (Some(schedule), _) => JobTime::Schedule(schedule),
        (None, Some(every)) => JobTime::Every(whole_seconds(table, every)?),
        (None, None) => return Err(table.lacking("schedule")),
    };
    let permissions = table.texts("permissions")?.map(|all| all.with(()));
    let each_permission = table.located_texts("permissions")?;
    let (daily, caps) = daily_of(table, table.numbers("caps")?)?;
    let profiles = table.located_texts("profiles")?.unwrap_or_default();
    check_profiles(table, &profiles, others)?;
    let notify = match table.table("notify", read_notify)? {
        Some(notify) => {
            check_channels(table, &notify, others.channels)?;
            notify
        }
        None => others.notify.clone(),
    };
    let heartbeat = table.secret("heartbeat")?;
    if let Some(url) = &heartbeat {
        table.web_address(url, "heartbeat")?;
    }
    let text = |key| Ok::<_, Error>(table.text(key)?.map(|text| text.value));
    Ok(Job {
        description: text("description")?,
        is_enabled: table.truth("enabled")?.is_none_or(|written| written.value),
        recipe,
        when,
        profiles,
        args: table.values("args")?.into_iter().collect(),
        permissions: permissions.zip(each_permission).map(|(at, each)| at.with(each)),
        caps,
        daily,
        timeout: table.duration("timeout")?.map_or(HOUR, |timeout| timeout.value),
        overlap: table.choice("overlap")?.map_or(OverlapPolicy::Skip, |written| written.value),
        missed: table.choice("missed")?.map_or(MissedPolicy::Last, |written| written.value),
        missed_window: table.duration("missed_window")?.unwrap_or_else(|| at_job(HOUR)),
        opposes: table.located_texts("opposes")?.unwrap_or_default(),
        dst_gap: table.choice("dst_gap")?.map_or(DstGap::After, |written| written.value),
        dst_overlap: table.choice("dst_overlap")?.map_or(DstOverlap::First, |written| written.value),
        jitter: table.duration("jitter")?.unwrap_or_else(|| at_job(Duration::ZERO)),
        retry: table.table("retry", read_retry)?.unwrap_or_else(Retry::none),
        interrupted: table.choice("interrupted")?.unwrap_or_else(|| name.with(InterruptedPolicy::Leave)),
        state: text("state")?.unwrap_or_else(|| name.value.clone()),
        concurrency_group: text("concurrency_group")?,
        notify,
        calendar: table.table("calendar", read_calendar)?,
        heartbeat,
        name,
    })
}

/// The rule of time counts in seconds.
fn whole_seconds(table: Table<'_, '_>, every: Located<Duration>) -> Result<Located<Duration>, Error> {
    if every.value.subsec_nanos() == 0 {
        return Ok(every);
    }
    Err(table.complain(&every, "bad_duration", "`every` must be a whole number of seconds"))
}

/// `daily` is a cap on all runs of a day, and none on one run.
#[expect(clippy::type_complexity, reason = "the caps of a job, as they are written")]
fn daily_of(
    table: Table<'_, '_>,
    caps: Vec<Located<(String, String)>>,
) -> Result<(Option<Located<u64>>, Vec<Located<(String, String)>>), Error> {
    let (daily, caps): (Vec<_>, Vec<_>) = caps.into_iter().partition(|cap| cap.value.0 == "daily");
    let daily = daily.into_iter().next().map(|cap| {
        let most = cap.value.1.parse().map_err(|_| {
            let message = format!("`daily` must be a whole number of changes, not `{}`", shown(&cap.value.1));
            table.complain(&cap, "bad_cap", message)
        });
        most.map(|most| cap.with(most))
    });
    Ok((daily.transpose()?, caps))
}

fn check_profiles(table: Table<'_, '_>, profiles: &[Located<String>], others: &Others<'_>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for profile in profiles {
        let name = profile.value.as_str();
        if name != SIMULATOR && !others.profiles.contains_key(name) {
            let message = format!("there is no profile `{}`", shown(name));
            return Err(table
                .complain(profile, "unknown_profile", message)
                .hint(which_profiles(others.profiles, name)));
        }
        if !seen.insert(name) {
            return Err(table.complain(profile, "duplicate_profile", format!("the profile `{name}` is named twice")));
        }
    }
    Ok(())
}

/// Reads whom to tell; of the file itself, or of a job.
pub(super) fn read_notify(table: Table<'_, '_>) -> Result<Notify, Error> {
    let usual = Notify::default();
    Ok(Notify {
        channels: table.located_texts("channels")?.unwrap_or_default(),
        events: table.choices("events")?,
        late_after: table.duration("late_after")?.map_or(usual.late_after, |late| late.value),
    })
}

/// The channels must be there.
pub(super) fn check_channels(
    table: Table<'_, '_>,
    notify: &Notify,
    channels: &BTreeMap<String, Channel>,
) -> Result<(), Error> {
    let Some(unknown) = notify.channels.iter().find(|channel| !channels.contains_key(&channel.value)) else {
        return Ok(());
    };
    let message = format!("there is no channel `{}`", unknown.value);
    let hint = if channels.is_empty() {
        format!("channels stand in the file as `[channel.{}]`; there is none", unknown.value)
    } else {
        hint(&unknown.value, channels.keys().map(String::as_str))
    };
    Err(table.complain(unknown, "unknown_channel", message).hint(hint))
}

fn read_retry(table: Table<'_, '_>) -> Result<Retry, Error> {
    let usual = Retry::usual();
    let attempts = table.number("attempts")?.and_then(|attempts| u32::try_from(attempts.value).ok());
    let kind = |name: &String| RETRIED.iter().copied().find(|kind| kind.as_str() == name);
    let on = table.texts("on")?.map(|names| names.value.iter().filter_map(kind).collect::<Vec<Kind>>());
    Ok(Retry {
        attempts: attempts.unwrap_or(usual.attempts),
        backoff: table.duration("backoff")?.map_or(usual.backoff, |backoff| backoff.value),
        on: on.unwrap_or(usual.on),
    })
}

fn read_calendar(table: Table<'_, '_>) -> Result<CalendarRule, Error> {
    let (skip, only) = (table.located_texts("skip")?, table.located_texts("only")?);
    Ok(match (skip, only) {
        (_, Some(entries)) => CalendarRule { mode: CalendarMode::Only, entries },
        (entries, None) => CalendarRule { mode: CalendarMode::Skip, entries: entries.unwrap_or_default() },
    })
}

fn check_names(top: Table<'_, '_>, jobs: &[Job]) -> Result<(), Error> {
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(jobs.len());
    for job in jobs {
        if let Some(line) = seen.insert(&job.name.value, job.name.line) {
            let message = format!("two jobs are called `{}`; the other is in line {line}", job.name.value);
            return Err(top
                .complain(&job.name, "duplicate_job", message)
                .hint("outcomes and state are kept by the name, so that each job needs one of its own"));
        }
    }
    Ok(())
}

fn check_opponents(top: Table<'_, '_>, jobs: &[Job]) -> Result<(), Error> {
    let names: HashSet<&str> = jobs.iter().map(|job| job.name.value.as_str()).collect();
    for job in jobs {
        for opponent in &job.opposes {
            let name = opponent.value.as_str();
            if name == job.name.value {
                let message = format!("the job `{name}` opposes itself");
                return Err(top
                    .complain(opponent, "opposes_itself", message)
                    .hint("its own runs never overlap unless `overlap` says so"));
            }
            if !names.contains(name) {
                let message = format!("there is no job `{name}`");
                return Err(top
                    .complain(opponent, "unknown_job", message)
                    .hint(hint(name, jobs.iter().map(|job| job.name.value.as_str()))));
            }
        }
    }
    Ok(())
}

impl Job {
    /// Every secret that the job names, and where it is.
    pub fn secrets(&self) -> impl Iterator<Item = &Located<GivenSecret>> {
        self.heartbeat.iter()
    }
}
