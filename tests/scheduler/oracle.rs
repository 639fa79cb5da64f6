//! The second opinion: plain lists of what was the case when, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use stackhand::schedule::calendar::Verdict;
use stackhand::schedule::job::{Job, JobId};
use stackhand::schedule::outcome::Outcome;
use stackhand::schedule::rows::{Entry, Phase, ScheduledBy};
use stackhand::schedule::store::Record;

/// For how long a job had one rule, on the wall's clock.
#[derive(Clone)]
pub struct Era {
    pub job: Job,
    /// The latest that the wall had shown when it began.
    pub began: DateTime<Utc>,
    /// Its fire times count from after this.
    pub low: DateTime<Utc>,
    /// And up to this; to the end if `None`.
    pub high: Option<DateTime<Utc>>,
    /// And what was decided of them up to this stands: the clock may have gone back behind their end.
    pub may: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Era {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` from {} to {:?}", self.job.spec, self.low, self.high)
    }
}

/// Since when, and until when if that was said.
type Paused = (DateTime<Utc>, Option<DateTime<Utc>>);

/// What was the case.
#[derive(Debug, Default)]
pub struct Oracle {
    pub eras: BTreeMap<JobId, Vec<Era>>,
    /// When nothing could be decided: the process was down, the machine slept, the store failed.
    pub absences: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// When it is open whether a roster had been taken over: what is due then may be decided by either.
    pub doubts: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// When jobs were paused.
    pub pauses: BTreeMap<JobId, Vec<Paused>>,
    /// How many runs started.
    pub starts: u64,
    /// The latest that the wall has shown.
    pub latest: DateTime<Utc>,
}

fn within(spans: &[(DateTime<Utc>, DateTime<Utc>)], at: DateTime<Utc>) -> bool {
    spans.iter().any(|(from, to)| *from <= at && at <= *to)
}

impl Oracle {
    pub fn begin(&mut self, job: &Job, now: DateTime<Utc>) {
        let eras = self.eras.entry(job.id.clone()).or_default();
        for era in eras.iter_mut() {
            era.high = era.high.map(|high| high.min(now));
        }
        eras.push(Era { job: job.clone(), began: self.latest.max(now), low: now, high: None, may: None });
    }

    pub fn end(&mut self, job: &JobId, now: DateTime<Utc>) {
        if let Some(era) = self.eras.get_mut(job).and_then(|eras| eras.last_mut()) {
            era.high.get_or_insert(now);
            era.may.get_or_insert(self.latest.max(now));
        }
    }

    /// The clock shows an earlier time: what is due from there on counts, for the jobs that are there.
    pub fn goes_back(&mut self, now: DateTime<Utc>) {
        for pause in self.pauses.values_mut().flatten() {
            pause.0 = pause.0.min(now);
        }
        for eras in self.eras.values_mut().filter(|eras| eras.last().is_some_and(|era| era.high.is_none())) {
            for era in eras {
                match era.high {
                    None => era.low = era.low.min(now),
                    Some(high) => era.high = Some(high.min(now)),
                }
            }
        }
    }

    /// Checks a start: not too late, and not without a cause.
    pub fn check_start(&mut self, entry: &Entry, job: &Job, now: DateTime<Utc>) {
        self.starts += 1;
        assert!(entry.not_before <= now, "too early: {entry:?}");
        if entry.by == ScheduledBy::Schedule {
            let date = entry.fire_time.with_timezone(&job.rule.zone()).date_naive();
            // A job that was edited while this waited has another calendar now; the clock may have gone back before that.
            let is_old = self.eras[&job.id].last().is_some_and(|era| entry.decided_at <= era.began);
            assert!(is_old || job.calendar.verdict(date) == Verdict::Open, "on a closed day: {entry:?}");
            let end = job.start_by(entry.fire_time) + job.jitter_of(entry.fire_time);
            assert!(now <= end || entry.start_by != end, "too late, at {now}: {entry:?}");
            let is_late = now > job.punctual_until(entry.fire_time) + job.jitter_of(entry.fire_time);
            assert!(!is_late || entry.held_by.is_some(), "late without a cause, at {now}: {entry:?}");
        }
    }

    /// Checks at the end, when nothing is under way any more: each fire time has one outcome, and each outcome a cause.
    pub fn check_end(&self, records: &[Record], now: DateTime<Utc>) -> String {
        let mut of_job: BTreeMap<&JobId, Vec<&Record>> = BTreeMap::new();
        for record in records {
            of_job.entry(record.job()).or_default().push(record);
        }
        let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
        let mut count = 0_u64;
        for (job, eras) in &self.eras {
            let mut expected: BTreeMap<DateTime<Utc>, usize> = BTreeMap::new();
            for (index, era) in eras.iter().enumerate() {
                let high = era.high.unwrap_or(now);
                expected.extend(
                    era.job.rule.after(era.low).map(|due| due.at).take_while(|at| *at <= high).map(|at| (at, index)),
                );
            }
            count += expected.len() as u64;
            let may = eras.iter().flat_map(|era| {
                let high = era.may.unwrap_or(now);
                era.job.rule.after(era.low).map(|due| due.at).take_while(move |at| *at <= high)
            });
            let may: BTreeSet<DateTime<Utc>> = may.collect();
            let empty = Vec::new();
            let records = of_job.get(job).unwrap_or(&empty);
            self.check_job(job, eras, &expected, &may, records, &mut outcomes);
        }
        let outcomes: Vec<_> = outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
        format!("{count} fire times, {} starts; {}", self.starts, outcomes.join(", "))
    }

    fn check_job(
        &self,
        job: &JobId,
        eras: &[Era],
        expected: &BTreeMap<DateTime<Utc>, usize>,
        may: &BTreeSet<DateTime<Utc>>,
        records: &[&Record],
        outcomes: &mut BTreeMap<String, u64>,
    ) {
        let mut seen: BTreeSet<DateTime<Utc>> = BTreeSet::new();
        let mut own: BTreeSet<DateTime<Utc>> = BTreeSet::new();
        for record in records {
            if let Record::Entry(entry) = record {
                let outcome = entry.outcome.map_or(entry.phase.as_str(), Outcome::as_str);
                assert!(entry.phase != Phase::Ended || entry.outcome.is_some(), "no outcome: {entry:?}");
                own.insert(entry.fire_time);
                if entry.by == ScheduledBy::Hand || entry.fire_time.timestamp_subsec_millis() != 0 {
                    continue;
                }
                let reason = entry.reason.as_ref().map(|reason| format!(" ({})", reason.code)).unwrap_or_default();
                *outcomes.entry(format!("{outcome}{reason}")).or_default() += 1;
                let is_expected = may.contains(&entry.fire_time) || within(&self.doubts, entry.fire_time);
                assert!(is_expected, "{job}: never due: {entry:?}\n{eras:#?}");
                assert!(seen.insert(entry.fire_time), "{job}: twice: {entry:?}");
            }
        }
        for record in records {
            if let Record::Stretch(stretch) = record {
                // Those of the rule that was there when it was decided.
                let inside: Vec<_> =
                    expected.range(stretch.first..=stretch.last).map(|(at, era)| (*at, *era)).collect();
                let inside: Vec<_> = inside.into_iter().filter(|(at, _)| !own.contains(at)).collect();
                let is_doubtful = within(&self.doubts, stretch.first) || within(&self.doubts, stretch.last);
                let label = format!("{} ({})", stretch.outcome, stretch.reason.code);
                *outcomes.entry(label).or_default() += stretch.count;
                if !is_doubtful {
                    assert_eq!(
                        inside.len() as u64,
                        stretch.count,
                        "{job}: {stretch:?}\nexpected {inside:?}\nown {:?}\n{eras:#?}",
                        own.range(stretch.first..=stretch.last).collect::<Vec<_>>()
                    );
                    assert_eq!(inside.first().map(|(at, _)| *at), Some(stretch.first), "{job}: {stretch:?}");
                    assert_eq!(inside.last().map(|(at, _)| *at), Some(stretch.last), "{job}: {stretch:?}");
                }
                for (at, _) in inside {
                    assert!(seen.insert(at), "{job}: {at} has an outcome besides {stretch:?}");
                    self.check_cause(job, at, stretch.outcome, &stretch.reason.code);
                }
            }
        }
        for (at, era) in expected {
            assert!(
                seen.contains(at) || within(&self.doubts, *at),
                "{job}: {at} has no outcome\n{:#?}\n{records:#?}",
                eras[*era]
            );
        }
    }

    /// Missed is only what came while nothing could be decided; paused only what came in a pause.
    fn check_cause(&self, job: &JobId, at: DateTime<Utc>, outcome: Outcome, code: &str) {
        if code == "paused" {
            let pauses = self.pauses.get(job).map_or(&[][..], Vec::as_slice);
            let is_paused = pauses.iter().any(|(since, until)| *since < at && until.is_none_or(|until| at <= until));
            assert!(is_paused || within(&self.absences, at), "{job}: {at} was not in a pause: {pauses:?}");
            assert_eq!(outcome, Outcome::Skipped);
        } else {
            let slack = TimeDelta::seconds(1);
            let is_absent = self.absences.iter().any(|(from, to)| *from - slack <= at && at <= *to + slack);
            assert!(is_absent, "{job}: {at} was {outcome} ({code}) while all was well");
        }
    }
}
