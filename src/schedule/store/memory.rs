//! A store in memory: what the others have to do, in the plainest form. For simulations, and to compare with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Node, Record, Store};
use crate::error::Result;
use crate::schedule::decision::{self, Changes, Finish, Situation, Snapshot, StateChange, Step, Values};
use crate::schedule::job::{JobId, Roster};
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Fence, JobRow, Pause, Phase, RunId, RunRow, Stretch};

/// A store in memory; cheap to clone, and the same one then.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    jobs: BTreeMap<JobId, JobRow>,
    entries: BTreeMap<(JobId, DateTime<Utc>), Entry>,
    live: BTreeSet<(DateTime<Utc>, JobId)>,
    stretches: BTreeMap<(JobId, DateTime<Utc>), Stretch>,
    runs: BTreeMap<RunId, RunRow>,
    untold: BTreeSet<(DateTime<Utc>, JobId, bool)>,
    states: BTreeMap<(String, String), String>,
    nodes: BTreeMap<Fence, (Node, DateTime<Utc>)>,
    fence: i64,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn live(&self) -> Vec<Entry> {
        let keys = self.live.iter().map(|(at, job)| (job.clone(), *at));
        keys.filter_map(|key| self.entries.get(&key).cloned()).collect()
    }

    fn snapshot(&self, candidates: &[JobId], roster: &Roster, lowest: DateTime<Utc>) -> Snapshot {
        let live = self.live();
        let mut wanted: BTreeSet<&JobId> = candidates.iter().chain(live.iter().map(|entry| &entry.job)).collect();
        let opponents: Vec<&JobId> = wanted.iter().flat_map(|job| roster.opponents(job)).collect();
        wanted.extend(opponents);
        let jobs: BTreeMap<_, _> =
            wanted.into_iter().filter_map(|job| Some((job.clone(), self.jobs.get(job)?.clone()))).collect();
        let stretches = candidates.iter().map(|job| {
            let all =
                self.stretches.range((job.clone(), DateTime::<Utc>::MIN_UTC)..=(job.clone(), DateTime::<Utc>::MAX_UTC));
            let mut latest: Vec<Stretch> = all.rev().take(1).map(|(_, stretch)| stretch.clone()).collect();
            let all =
                self.stretches.range((job.clone(), DateTime::<Utc>::MIN_UTC)..=(job.clone(), DateTime::<Utc>::MAX_UTC));
            latest.extend(
                all.rev().skip(1).map(|(_, stretch)| stretch).take_while(|stretch| stretch.last > lowest).cloned(),
            );
            (job.clone(), latest)
        });
        let stretches: BTreeMap<JobId, Vec<Stretch>> = stretches.collect();
        let known = candidates.iter().filter_map(|job| {
            let since = decision::known_since(jobs.get(job)?, stretches.get(job)?, lowest);
            let keys = self.entries.range((job.clone(), since)..).take_while(|((of, _), _)| of == job);
            Some((job.clone(), keys.map(|((_, at), _)| *at).collect()))
        });
        let known = known.collect();
        Snapshot { jobs, live, known, stretches }
    }

    fn write(&mut self, changes: Changes) {
        for row in changes.jobs {
            self.jobs.insert(row.job.clone(), row);
        }
        for entry in changes.entries {
            let (job, at) = (entry.job.clone(), entry.fire_time);
            if entry.is_live() {
                self.live.insert((at, job.clone()));
                self.untold.remove(&(at, job.clone(), false));
            } else {
                self.live.remove(&(at, job.clone()));
                self.untold.insert((at, job.clone(), false));
            }
            self.entries.insert((job, at), entry);
        }
        for stretch in changes.stretches {
            let key = (stretch.job.clone(), stretch.first);
            if stretch.count == 0 {
                self.stretches.remove(&key);
                self.untold.remove(&(stretch.first, stretch.job, true));
            } else {
                self.untold.insert((stretch.first, stretch.job.clone(), true));
                self.stretches.insert(key, stretch);
            }
        }
        for run in changes.runs {
            self.runs.insert(run.run.clone(), run);
        }
    }

    fn held(&self, scope: &str, key: &str) -> Option<String> {
        self.states.get(&(scope.to_owned(), key.to_owned())).cloned()
    }

    fn keep(&mut self, values: Values) {
        for (key, value) in values {
            match value {
                Some(value) => self.states.insert(key, value),
                None => self.states.remove(&key),
            };
        }
    }

    fn has_lease(&self, around: &Situation<'_>) -> Result<()> {
        if self.nodes.contains_key(&around.fence) { Ok(()) } else { Err(super::lease_lost()) }
    }

    fn record(&self, at: DateTime<Utc>, job: &JobId, is_stretch: bool) -> Option<Record> {
        let key = (job.clone(), at);
        if is_stretch {
            self.stretches.get(&key).cloned().map(Record::Stretch)
        } else {
            self.entries.get(&key).cloned().map(Record::Entry)
        }
    }
}

impl Store for Memory {
    async fn register(&self, node: Node, now: DateTime<Utc>, lease: TimeDelta) -> Result<Fence> {
        let mut tables = self.lock();
        tables.fence += 1;
        let fence = Fence(tables.fence);
        tables.nodes.insert(fence, (node, now + lease));
        Ok(fence)
    }

    async fn heartbeat(&self, fence: Fence, now: DateTime<Utc>, lease: TimeDelta) -> Result<()> {
        match self.lock().nodes.get_mut(&fence) {
            Some((_, until)) => {
                *until = now + lease;
                Ok(())
            }
            None => Err(super::lease_lost()),
        }
    }

    async fn retire(&self, fence: Fence) -> Result<()> {
        self.lock().nodes.remove(&fence);
        Ok(())
    }

    async fn enrol(&self, around: &Situation<'_>) -> Result<Vec<JobRow>> {
        let mut tables = self.lock();
        tables.has_lease(around)?;
        let mut seen = Snapshot { jobs: tables.jobs.clone(), live: tables.live(), ..Snapshot::default() };
        for stretch in tables.stretches.values().filter(|stretch| stretch.last > around.lowest) {
            seen.stretches.entry(stretch.job.clone()).or_default().push(stretch.clone());
        }
        for row in tables.jobs.values() {
            let stretches = seen.stretches.get(&row.job).map_or(&[][..], Vec::as_slice);
            let since = (row.job.clone(), decision::known_since(row, stretches, around.lowest));
            let keys = tables.entries.range(since..).take_while(|((job, _), _)| *job == row.job);
            seen.known.insert(row.job.clone(), keys.map(|((_, at), _)| *at).collect());
        }
        tables.write(decision::enrol(around, seen));
        Ok(around.roster.iter().filter_map(|job| tables.jobs.get(&job.id).cloned()).collect())
    }

    async fn claim_due(&self, candidates: &[JobId], around: &Situation<'_>) -> Result<Step> {
        let mut tables = self.lock();
        tables.has_lease(around)?;
        let seen = tables.snapshot(candidates, around.roster, around.lowest);
        let (changes, step) = decision::claim_due(candidates, around, seen);
        tables.write(changes);
        Ok(step)
    }

    async fn finish(&self, ended: &[Finish], around: &Situation<'_>) -> Result<()> {
        let mut tables = self.lock();
        for finish in ended {
            let run = tables.runs.get(&finish.run).filter(|run| run.ended_at.is_none());
            let Some(run) = run.cloned() else { continue };
            let entry = tables.entries.get(&(run.job.clone(), run.fire_time)).cloned();
            let (finish, values) = decision::settle(finish, &|scope, key| tables.held(scope, key));
            tables.write(decision::finish(&finish, entry.as_ref(), Some(&run), around));
            tables.keep(values);
        }
        Ok(())
    }

    async fn give_back(&self, runs: &[RunId], around: &Situation<'_>) -> Result<()> {
        let mut tables = self.lock();
        for run in runs {
            let row = tables.runs.get(run).cloned();
            let entry = row.as_ref().and_then(|row| tables.entries.get(&(row.job.clone(), row.fire_time)).cloned());
            let is_its = |entry: &Entry| entry.phase == Phase::Running && entry.run.as_ref() == Some(run);
            if let Some(entry) = entry.filter(is_its) {
                tables.write(decision::give_back(&entry, row.as_ref(), around));
            }
        }
        Ok(())
    }

    async fn abandoned(&self, around: &Situation<'_>) -> Result<Vec<Entry>> {
        let mut tables = self.lock();
        tables.has_lease(around)?;
        let is_scheduler = matches!(tables.nodes.get(&around.fence), Some((Node::Scheduler, _)));
        tables.nodes.retain(|fence, (node, until)| {
            let is_older_scheduler = is_scheduler && *node == Node::Scheduler && *fence < around.fence;
            *fence == around.fence || !is_older_scheduler && *until > around.now
        });
        let live = tables.live();
        Ok(live.into_iter().filter(|entry| !tables.nodes.contains_key(&entry.fence)).collect())
    }

    async fn recover_expired(&self, ended: &[Finish], around: &Situation<'_>) -> Result<()> {
        let abandoned = self.abandoned(around).await?;
        let mut tables = self.lock();
        for entry in abandoned {
            let run = entry.run.as_ref().and_then(|run| tables.runs.get(run)).cloned();
            let seen = ended.iter().find(|finish| Some(&finish.run) == entry.run.as_ref());
            let seen = seen.filter(|_| entry.phase == Phase::Running);
            let settled = seen.map(|finish| decision::settle(finish, &|scope, key| tables.held(scope, key)));
            let finish = settled.as_ref().map(|(finish, _)| &**finish);
            tables.write(decision::recover(&entry, run.as_ref(), finish, around));
            tables.keep(settled.map(|(_, values)| values).unwrap_or_default());
        }
        Ok(())
    }

    async fn start_by_hand(&self, job: &JobId, rerun_of: Option<&RunId>, around: &Situation<'_>) -> Result<bool> {
        let mut tables = self.lock();
        let earlier = match rerun_of {
            None => None,
            Some(run) => {
                let row = tables.runs.get(run).ok_or_else(|| super::unknown_run(run))?;
                Some(
                    tables
                        .entries
                        .get(&(row.job.clone(), row.fire_time))
                        .cloned()
                        .ok_or_else(|| super::unknown_run(run))?,
                )
            }
        };
        let mut at = around.now;
        while tables.entries.contains_key(&(job.clone(), at)) {
            at += TimeDelta::milliseconds(1);
        }
        let changes = decision::start_by_hand(job, at, earlier.as_ref(), around);
        let is_taken = changes.is_some();
        tables.write(changes.unwrap_or_default());
        Ok(is_taken)
    }

    async fn pause(&self, job: &JobId, pause: &Pause) -> Result<bool> {
        let mut tables = self.lock();
        let Some(row) = tables.jobs.get_mut(job).filter(|row| row.removed_at.is_none()) else { return Ok(false) };
        row.pause = Some(pause.clone());
        Ok(true)
    }

    async fn cancel(
        &self,
        job: &JobId,
        fire_time: Option<DateTime<Utc>>,
        around: &Situation<'_>,
    ) -> Result<Vec<RunId>> {
        let mut tables = self.lock();
        let live = tables.live().into_iter().filter(|entry| entry.job == *job);
        let mut running = Vec::new();
        for mut entry in live.filter(|entry| fire_time.is_none_or(|at| at == entry.fire_time)) {
            if entry.phase == Phase::Running {
                running.extend(entry.run);
                continue;
            }
            entry.end(
                around.now,
                Outcome::Cancelled,
                Some(Reason::new("cancelled", "it was cancelled before it started")),
            );
            tables.write(Changes { entries: vec![entry], ..Changes::default() });
        }
        Ok(running)
    }

    async fn untold(&self, limit: usize) -> Result<Vec<Record>> {
        let tables = self.lock();
        let records = tables.untold.iter().filter_map(|(at, job, is_stretch)| tables.record(*at, job, *is_stretch));
        Ok(records.take(limit).collect())
    }

    async fn mark_told(&self, records: &[Record]) -> Result<()> {
        let mut tables = self.lock();
        for record in records {
            let is_stretch = matches!(record, Record::Stretch(_));
            let (at, job) = (record.first(), record.job().clone());
            if tables.record(at, &job, is_stretch).as_ref() == Some(record) {
                tables.untold.remove(&(at, job, is_stretch));
            }
        }
        Ok(())
    }

    async fn jobs(&self) -> Result<Vec<JobRow>> {
        Ok(self.lock().jobs.values().cloned().collect())
    }

    async fn live(&self) -> Result<Vec<Entry>> {
        Ok(self.lock().live())
    }

    async fn history(&self, job: Option<&JobId>, before: Option<DateTime<Utc>>, limit: usize) -> Result<Vec<Record>> {
        let tables = self.lock();
        let entries = tables.entries.values().cloned().map(Record::Entry);
        let stretches = tables.stretches.values().cloned().map(Record::Stretch);
        let mut records: Vec<_> =
            entries.chain(stretches).filter(|record| job.is_none_or(|job| record.job() == job)).collect();
        records.retain(|record| before.is_none_or(|before| record.first() < before));
        records.sort_by(|one, two| two.first().cmp(&one.first()).then_with(|| one.job().cmp(two.job())));
        records.truncate(limit);
        Ok(records)
    }

    async fn latest(&self, jobs: &[JobId], each: usize) -> Result<Vec<Record>> {
        let mut latest = Vec::new();
        for job in jobs.iter().collect::<BTreeSet<_>>() {
            let mut records = self.history(Some(job), None, usize::MAX).await?;
            records.retain(|record| !matches!(record, Record::Entry(entry) if entry.is_live()));
            latest.extend(records.into_iter().take(each));
        }
        latest.sort_by(|one, two| two.first().cmp(&one.first()).then_with(|| one.job().cmp(two.job())));
        Ok(latest)
    }

    async fn runs(&self, job: &JobId, fire_time: DateTime<Utc>) -> Result<Vec<RunRow>> {
        let tables = self.lock();
        let mut runs: Vec<_> =
            tables.runs.values().filter(|run| run.job == *job && run.fire_time == fire_time).cloned().collect();
        runs.sort_by_key(|run| run.attempt);
        Ok(runs)
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRow>> {
        Ok(self.lock().runs.get(run).cloned())
    }

    async fn state(&self, scope: &str, key: &str) -> Result<Option<String>> {
        Ok(self.lock().held(scope, key))
    }

    async fn keep(&self, changes: &[StateChange]) -> Result<()> {
        let mut tables = self.lock();
        let values = decision::keep(changes, &|scope, key| tables.held(scope, key)).map_err(super::not_kept)?;
        tables.keep(values);
        Ok(())
    }

    async fn prune(&self, before: DateTime<Utc>, most: usize) -> Result<u64> {
        let mut tables = self.lock();
        let of_entries = tables.entries.keys().map(|(job, _)| job);
        let of_stretches = tables.stretches.keys().map(|(job, _)| job);
        let jobs: BTreeSet<JobId> = tables.jobs.keys().chain(of_entries).chain(of_stretches).cloned().collect();
        let mut removed = 0;
        for job in jobs {
            let of_job = (job.clone(), DateTime::<Utc>::MIN_UTC)..=(job.clone(), DateTime::<Utc>::MAX_UTC);
            let ended: Vec<_> = tables
                .entries
                .range(of_job.clone())
                .rev()
                .filter_map(|((_, at), entry)| Some((*at, entry.ended_at?)).filter(|_| !entry.is_live()))
                .collect();
            let old = ended.iter().enumerate().filter(|(index, (_, ended))| *index >= most || *ended < before);
            for (_, (at, _)) in old {
                tables.entries.remove(&(job.clone(), *at));
                tables.untold.remove(&(*at, job.clone(), false));
                tables.runs.retain(|_, run| run.job != job || run.fire_time != *at);
                removed += 1;
            }
            let passed: Vec<_> =
                tables.stretches.range(of_job).map(|((_, first), stretch)| (*first, stretch.last)).collect();
            let old = passed.iter().rev().enumerate().filter(|(index, (_, last))| *index >= most || *last < before);
            for (_, (first, _)) in old {
                tables.stretches.remove(&(job.clone(), *first));
                tables.untold.remove(&(*first, job.clone(), true));
                removed += 1;
            }
            let of_job = (job.clone(), DateTime::<Utc>::MIN_UTC)..=(job.clone(), DateTime::<Utc>::MAX_UTC);
            let is_empty = tables.entries.range(of_job.clone()).next().is_none()
                && tables.stretches.range(of_job).next().is_none();
            let is_gone = tables.jobs.get(&job).is_some_and(|row| row.removed_at.is_some_and(|at| at < before));
            if is_empty && is_gone {
                tables.jobs.remove(&job);
                removed += 1;
            }
        }
        Ok(removed)
    }
}
