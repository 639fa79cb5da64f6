//! Fire times in every zone, around every change of its clocks from 2000 to 2040, against two second opinions: what
//! the zone says of each local time, and the `croner` crate where it means the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike, Utc};
use stackhand::config::Zone;
use stackhand::schedule::{DstGap, DstOverlap, Rule, When};

/// A change of the clocks: when, and what the wall shows before and after.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Change {
    at: DateTime<Utc>,
    from: NaiveDateTime,
    to: NaiveDateTime,
}

fn utc(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).and_then(|date| date.and_hms_opt(0, 0, 0)).expect("a date").and_utc()
}

fn offset(zone: Zone, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// All changes, found by looking every six hours and halving.
fn changes(zone: Zone) -> Vec<Change> {
    let step = Duration::hours(6);
    let mut found = Vec::new();
    let (mut at, mut before) = (utc(2000), offset(zone, utc(2000)));
    while at < utc(2041) {
        let next = at + step;
        let after = offset(zone, next);
        if after != before {
            let (mut low, mut high) = (at, next);
            while high - low > Duration::seconds(1) {
                let middle = low + Duration::seconds((high - low).num_seconds() / 2);
                if offset(zone, middle) == before { low = middle } else { high = middle }
            }
            let wall = |offset: i32| high.naive_utc() + Duration::seconds(offset.into());
            found.push(Change { at: high, from: wall(before), to: wall(after) });
        }
        (at, before) = (next, after);
    }
    found
}

/// One zone of each kind of clock: most names share theirs with others.
fn zones() -> Vec<(Zone, Vec<Change>)> {
    let mut kinds: BTreeMap<(i32, Vec<Change>), Zone> = BTreeMap::new();
    for zone in Zone::names().filter_map(Zone::of) {
        kinds.entry((offset(zone, utc(2000)), changes(zone))).or_insert(zone);
    }
    kinds.into_iter().map(|((_, changes), zone)| (zone, changes)).collect()
}

/// When a fixed time is due on a local date, as the policies say; slow and plain.
fn expected(zone: Zone, wall: NaiveDateTime, gap: DstGap, overlap: DstOverlap) -> Vec<DateTime<Utc>> {
    use chrono::LocalResult::{Ambiguous, None, Single};
    match zone.from_local_datetime(&wall) {
        Single(at) => vec![at.to_utc()],
        Ambiguous(first, last) => match overlap {
            DstOverlap::First => vec![first.to_utc()],
            DstOverlap::Last => vec![last.to_utc()],
            DstOverlap::Both => vec![first.to_utc(), last.to_utc()],
        },
        None => {
            let is_lost_date = (0..24 * 4).all(|quarter| {
                let time = wall.date().and_hms_opt(quarter / 4, quarter % 4 * 15, 0).expect("a time");
                matches!(zone.from_local_datetime(&time), None)
            });
            if gap == DstGap::Skip || is_lost_date {
                return Vec::new();
            }
            let mut at = wall.and_utc() - Duration::hours(30);
            at = at.with_second(0).expect("a time");
            while zone.from_utc_datetime(&at.naive_utc()).naive_local() <= wall {
                at += Duration::minutes(1);
            }
            vec![at]
        }
    }
}

fn rule(text: &str, zone: Zone, gap: DstGap, overlap: DstOverlap) -> Rule {
    Rule::new(When::At(Arc::new(text.parse().expect("an expression"))), zone, gap, overlap)
}

fn due_between(rule: &Rule, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    rule.after(from).map(|due| due.at).take_while(|at| *at <= to).collect()
}

#[test]
fn in_every_zone_around_every_change_fixed_times_are_due_once_a_date_and_intervals_by_elapsed_time() {
    let policies = [
        (DstGap::After, DstOverlap::First),
        (DstGap::Skip, DstOverlap::Last),
        (DstGap::After, DstOverlap::Both),
        (DstGap::After, DstOverlap::Last),
    ];
    let mut looked_at = 0;
    for (zone, changes) in zones() {
        for change in changes {
            // A time in the middle of what is left out or shown twice, and both edges.
            let (low, high) = (change.from.min(change.to), change.from.max(change.to));
            let middle = low + (high - low) / 2;
            for (turn, wall) in [low, middle, high, high - Duration::minutes(1)].into_iter().enumerate() {
                let text = format!("{} {} * * *", wall.minute(), wall.hour());
                let (gap, overlap) = policies[(turn + looked_at) % policies.len()];
                let rule = rule(&text, zone, gap, overlap);
                let (from, to) = (change.at - Duration::days(2), change.at + Duration::days(2));
                let time = wall.time().with_second(0).expect("a time");
                let mut wanted: Vec<DateTime<Utc>> = (-4..=4)
                    .flat_map(|day| {
                        let date = change.from.date() + Duration::days(day);
                        expected(zone, date.and_time(time), gap, overlap)
                    })
                    .filter(|at| *at > from && *at <= to)
                    .collect();
                wanted.sort_unstable();
                wanted.dedup();
                assert_eq!(
                    due_between(&rule, from, to),
                    wanted,
                    "{text} in {zone} around {change:?}, {gap:?} {overlap:?}"
                );
                looked_at += 1;
            }
            intervals_agree(zone, change);
            croner_agrees(zone, change, middle);
        }
    }
    assert!(looked_at > 10_000, "{looked_at} looked at");
}

/// A quarter of an hour on the wall: every instant whose wall shows one.
fn intervals_agree(zone: Zone, change: Change) {
    let (from, to) = (change.at - Duration::hours(3), change.at + Duration::hours(3));
    let mut wanted = Vec::new();
    let mut at = from.with_second(0).expect("a time") + Duration::minutes(1);
    while at <= to {
        let wall = zone.from_utc_datetime(&at.naive_utc()).naive_local();
        if wall.minute().is_multiple_of(15) && wall.second() == 0 {
            wanted.push(at);
        }
        at += Duration::minutes(1);
    }
    let rule = rule("*/15 * * * *", zone, DstGap::After, DstOverlap::First);
    assert_eq!(due_between(&rule, from, to), wanted, "{zone} around {change:?}");
}

/// `croner` means the same by a fixed time: at once after a gap, the first of two.
fn croner_agrees(zone: Zone, change: Change, wall: NaiveDateTime) {
    let lasts_a_day = (change.to - change.from).abs() >= Duration::hours(20);
    if lasts_a_day {
        return;
    }
    let text = format!("{} {} * * *", wall.minute(), wall.hour());
    let (from, to) = (change.at - Duration::days(2), change.at + Duration::days(2));
    let pattern: croner::Cron = text.parse().expect("croner reads it");
    let theirs: Vec<DateTime<Utc>> =
        pattern.iter_after(from.with_timezone(&zone)).map(|at| at.to_utc()).take_while(|at| *at <= to).collect();
    let ours = due_between(&rule(&text, zone, DstGap::After, DstOverlap::First), from, to);
    assert_eq!(ours, theirs, "{text} in {zone} around {change:?}");
}

#[test]
fn far_from_changes_croner_means_the_same_by_many_expressions() {
    for text in [
        "0 0 1,15 * Mon",
        "0 0 */2 * Mon",
        "0 0 L * *",
        "0 3 * * Sun#1",
        "0 3 * * 5L",
        "5-50/15 8-17 * * 1-5",
        "0 0 29 2 *",
        "30 22 31 * *",
        "0 12 * 2 Tue#5",
        "1,2,59 0,23 28-31 1,12 0,7",
        "*/20 */5 * * Sat",
        "0 0 1 1 *",
    ] {
        let ours: Vec<_> = rule(text, Zone::UTC, DstGap::After, DstOverlap::First)
            .after(utc(2026))
            .take(60)
            .map(|due| due.at)
            .collect();
        // `croner` joins the day fields by OR whatever they begin with, unless told otherwise.
        let text = text.replace("*/2 * Mon", "*/2 * +Mon");
        let pattern: croner::Cron = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let theirs: Vec<_> = pattern.iter_after(utc(2026)).take(60).filter(|at| *at < utc(2101)).collect();
        let ours: Vec<_> = ours.into_iter().take(theirs.len()).collect();
        assert_eq!(ours, theirs, "{text}");
    }
}
