//! Which fire times a stretch is made of: those of a rule that have no row of their own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Changes, Snapshot};
use crate::schedule::Rule;
use crate::schedule::job::JobId;
use crate::schedule::rows::{JobRow, Stretch};

/// From where on the fire times of a job that have a row of their own have to be known: those that are decided anew, and
/// those within stretches that reach beyond that.
#[must_use]
pub fn known_since(row: &JobRow, stretches: &[Stretch], lowest: DateTime<Utc>) -> DateTime<Utc> {
    let ahead = stretches.iter().filter(|stretch| stretch.last > lowest).map(|stretch| stretch.first);
    ahead.min().map_or(lowest, |first| first.min(lowest)).min(row.decided_until)
}

/// The fire times that have a row of their own, by job.
type Known = BTreeMap<JobId, BTreeSet<DateTime<Utc>>>;

/// The first, the last and the number of a rule's fire times within `(after, until]` that have no row of their own.
pub(super) fn without_rows(
    rule: &Rule,
    known: &Known,
    job: &JobId,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Option<(DateTime<Utc>, DateTime<Utc>, u64)> {
    let known = own_rows(rule, known, job, after, until);
    let count = rule.count_between(after, until).saturating_sub(known.len() as u64);
    let mut first = rule.next_after(after)?.at;
    while known.contains(&first) {
        first = rule.next_after(first)?.at;
    }
    let mut last = rule.last_between(after, until)?;
    while known.contains(&last) {
        last = rule.last_between(after, last - TimeDelta::seconds(1))?;
    }
    (count > 0).then_some((first, last, count))
}

/// Takes back what stretches of `job` say of the time after `now`, in the snapshot too; gives those that changed.
pub(super) fn take_back(job: &JobId, seen: &mut Snapshot, now: DateTime<Utc>) -> Vec<Stretch> {
    let Snapshot { stretches, known, .. } = seen;
    let stretches = stretches.get_mut(job).into_iter().flatten().filter(|stretch| stretch.last > now);
    let cut = stretches.map(|stretch| {
        let rule = Rule::of_spec(&stretch.spec);
        let left = rule.and_then(|rule| {
            let (_, last, _) = without_rows(&rule, known, job, stretch.first - TimeDelta::seconds(1), now)?;
            Some((last, rule))
        });
        match left {
            Some((last, rule)) => {
                let own = own_rows(&rule, known, job, last, stretch.last).len() as u64;
                let removed = rule.count_between(last, stretch.last).saturating_sub(own);
                stretch.count = stretch.count.saturating_sub(removed);
                stretch.last = last;
            }
            None => stretch.count = 0,
        }
        stretch.clone()
    });
    cut.collect()
}

/// The clock went back to `lowest`: what of `row` was taken for missed is not yet due. Fire times that have a row of
/// their own keep it.
pub(super) fn go_back(row: &mut JobRow, lowest: DateTime<Utc>, seen: &mut Snapshot, changes: &mut Changes) {
    if lowest < row.decided_until {
        row.decided_until = lowest;
        changes.stretches.extend(take_back(&row.job, seen, lowest));
    }
}

/// The fire times of a rule within `(after, until]` that have a row of their own. Those of runs by hand are not of a rule.
fn own_rows(
    rule: &Rule,
    known: &Known,
    job: &JobId,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> BTreeSet<DateTime<Utc>> {
    let known = known.get(job).into_iter().flat_map(|known| known.range(..=until).copied());
    let is_due = |at: DateTime<Utc>| rule.last_between(at - TimeDelta::seconds(1), at) == Some(at);
    known.filter(|at| *at > after && is_due(*at)).collect()
}
