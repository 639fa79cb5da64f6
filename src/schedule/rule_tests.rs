//! Fire times on the days that clocks change, by hand; `tests/schedule.rs` goes through all zones.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::rule::{DstGap, DstOverlap, Due, Rule, Shift, When};
use crate::config::{Zone, zone};

fn rule(text: &str, place: &str, gap: DstGap, overlap: DstOverlap) -> Rule {
    let expression = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    Rule::new(When::At(Arc::new(expression)), zone(place).expect("a zone"), gap, overlap)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The fire times from `from` up to `to`, as the wall shows them, with their offsets' hours.
fn between(rule: &Rule, from: &str, to: &str) -> Vec<String> {
    let to = instant(to);
    rule.after(instant(from))
        .take_while(|due| due.at <= to)
        .map(|due| due.at.with_timezone(&rule.zone()).format("%d. %H:%M%:::z").to_string())
        .collect()
}

const SPRING: (&str, &str) = ("2026-03-27T23:00:00Z", "2026-03-30T21:59:59Z");
const AUTUMN: (&str, &str) = ("2026-10-23T22:00:00Z", "2026-10-26T22:59:59Z");

#[test]
fn a_fixed_time_that_the_clocks_leave_out_is_due_at_once_after_the_gap() {
    let after = rule("30 2 * * *", "Europe/Berlin", DstGap::After, DstOverlap::First);
    assert_eq!(between(&after, SPRING.0, SPRING.1), ["28. 02:30+01", "29. 03:00+02", "30. 02:30+02"]);
    let skip = rule("30 2 * * *", "Europe/Berlin", DstGap::Skip, DstOverlap::First);
    assert_eq!(between(&skip, SPRING.0, SPRING.1), ["28. 02:30+01", "30. 02:30+02"]);
}

#[test]
fn several_times_in_one_gap_are_made_up_for_once() {
    let rule = rule("0,30 2,3 * * *", "Europe/Berlin", DstGap::After, DstOverlap::First);
    let on_the_day = between(&rule, "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z");
    assert_eq!(on_the_day, ["29. 03:00+02", "29. 03:30+02"]);
}

#[test]
fn a_fixed_time_that_the_clocks_show_twice_is_due_as_the_policy_says() {
    for (overlap, times) in [
        (DstOverlap::First, &["24. 02:30+02", "25. 02:30+02", "26. 02:30+01"][..]),
        (DstOverlap::Last, &["24. 02:30+02", "25. 02:30+01", "26. 02:30+01"]),
        (DstOverlap::Both, &["24. 02:30+02", "25. 02:30+02", "25. 02:30+01", "26. 02:30+01"]),
    ] {
        let rule = rule("30 2 * * *", "Europe/Berlin", DstGap::After, overlap);
        assert_eq!(between(&rule, AUTUMN.0, AUTUMN.1), times, "{overlap:?}");
    }
}

#[test]
fn the_last_of_two_is_not_forgotten_when_one_asks_between_them() {
    let last = rule("30 2 * * *", "Europe/Berlin", DstGap::After, DstOverlap::Last);
    let due = last.next_after(instant("2026-10-25T00:45:00Z")).expect("due");
    assert_eq!(due, Due { at: instant("2026-10-25T01:30:00Z"), shift: Shift::Second });
    let first = rule("30 2 * * *", "Europe/Berlin", DstGap::After, DstOverlap::First);
    let due = first.next_after(instant("2026-10-25T00:45:00Z")).expect("due");
    assert_eq!(due.at, instant("2026-10-26T01:30:00Z"));
}

#[test]
fn intervals_go_by_elapsed_time() {
    let rule = rule("*/30 * * * *", "Europe/Berlin", DstGap::After, DstOverlap::First);
    assert_eq!(
        between(&rule, "2026-10-24T23:59:59Z", "2026-10-25T02:00:00Z"),
        ["25. 02:00+02", "25. 02:30+02", "25. 02:00+01", "25. 02:30+01", "25. 03:00+01"]
    );
    assert_eq!(
        between(&rule, "2026-03-29T00:29:59Z", "2026-03-29T01:30:00Z"),
        ["29. 01:30+01", "29. 03:00+02", "29. 03:30+02"]
    );
}

#[test]
fn gaps_of_half_an_hour_at_midnight_and_of_a_whole_day_are_understood() {
    // Lord Howe goes forward by half an hour, at 02:00.
    let howe = rule("15 2 * * *", "Australia/Lord_Howe", DstGap::After, DstOverlap::First);
    assert_eq!(between(&howe, "2026-10-03T14:00:00Z", "2026-10-03T16:00:00Z"), ["04. 02:30+11"]);
    // Cairo's clocks go forward at midnight: the day begins at one.
    let cairo = rule("0 0 * * *", "Africa/Cairo", DstGap::After, DstOverlap::First);
    assert_eq!(between(&cairo, "2026-04-23T12:00:00Z", "2026-04-24T21:00:00Z"), ["24. 01:00+03", "25. 00:00+03"]);
    // Samoa had no 30 December 2011, so nothing of it is made up for.
    let apia = rule("0 12 * * *", "Pacific/Apia", DstGap::After, DstOverlap::First);
    assert_eq!(
        between(&apia, "2011-12-29T12:00:00Z", "2011-12-31T23:00:00Z"),
        ["29. 12:00-10", "31. 12:00+14", "01. 12:00+14"]
    );
    let first = apia.next_after(instant("2011-12-30T12:00:00Z")).expect("due");
    assert_eq!(first.note(apia.zone()).as_deref(), Some("the calendar leaves out 30 December"));
}

#[test]
fn rare_days_far_ahead_are_found_over_all_changes_between() {
    let rule = rule("0 12 29 2 *", "Europe/Berlin", DstGap::After, DstOverlap::First);
    assert_eq!(rule.next_after(instant("2096-03-01T00:00:00Z")), None);
    let due = rule.next_after(instant("2026-03-01T00:00:00Z")).expect("due");
    assert_eq!(due.at, instant("2028-02-29T11:00:00Z"));
}

#[test]
fn elapsed_time_counts_from_1970() {
    let rule = Rule::new(When::Every(std::time::Duration::from_mins(15)), Zone::UTC, DstGap::After, DstOverlap::First);
    let times: Vec<_> = rule.after(instant("2026-11-22T10:15:00Z")).take(2).map(|due| due.at).collect();
    assert_eq!(times, [instant("2026-11-22T10:30:00Z"), instant("2026-11-22T10:45:00Z")]);
    assert_eq!(rule.next_after(instant("2026-11-22T10:29:59.999Z")).expect("due").at, times[0]);
}

#[test]
fn every_change_in_berlin_until_2040_leaves_one_fire_time_a_date() {
    let rule = rule("30 2 * * *", "Europe/Berlin", DstGap::After, DstOverlap::First);
    let until = instant("2040-12-31T23:00:00Z");
    let dates: Vec<_> = rule
        .after(instant("2020-01-01T00:00:00Z"))
        .take_while(|due| due.at < until)
        .map(|due| due.at.with_timezone(&rule.zone()).date_naive())
        .collect();
    assert!(dates.windows(2).all(|pair| pair[0].succ_opt() == Some(pair[1])), "one each day, none twice");
    assert_eq!(dates.len(), 21 * 365 + 6 - 1 + 1);
}

#[test]
fn before_1970_and_after_2100_nothing_is_due_and_no_year_is_too_far() {
    let (first, last) = (instant("1970-01-01T00:00:00Z"), instant("2101-01-01T12:00:00Z"));
    let edges = [DateTime::<Utc>::MIN_UTC, instant("0000-01-01T00:00:00Z"), first, last, DateTime::<Utc>::MAX_UTC];
    for place in ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"] {
        for text in ["0 7 * * *", "* * * * *", "every 3600s", "every 9223372036854775807s"] {
            let spec = format!("{text} | {place} | after | both");
            let rule = Rule::of_spec(&spec).unwrap_or_else(|| panic!("no rule: {spec}"));
            for (index, edge) in edges.into_iter().enumerate() {
                let next = rule.next_after(edge);
                // The longest span of all has one multiple, the first instant.
                let is_due = index < if text.contains("9223") { 2 } else { 3 };
                assert_eq!(next.is_some(), is_due, "{spec} {edge} {next:?}");
                assert!(next.is_none_or(|due| due.at >= first && due.note(rule.zone()).is_none()), "{spec} {next:?}");
                for other in edges {
                    let count = rule.count_between(edge, other);
                    assert_eq!(count > 0, rule.last_between(edge, other).is_some(), "{spec} {edge} {other} {count}");
                }
            }
        }
    }
}
