//! The last fire time of a span and their number, against going through all of them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::piece::Pieces;
use super::rule::{DstGap, DstOverlap, Rule, When};
use crate::config::zone;

/// Changes of an hour, of half an hour and of two, at midnight and right after it, a date that never was, none at all.
const ZONES: &[&str] = &[
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
];

/// Fixed times and intervals, often, seldom, and in leap years alone.
const EXPRESSIONS: &[&str] = &[
    "30 2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0,30 1-3 * * *",
    "15 2 * 3,10 Sun",
    "0 20 * * Mon-Fri",
    "0 7 1,15 * Mon",
    "0 12 L * *",
    "0 12 * * Fri#2",
    "0 12 29 2 *",
    "30 2 29 2 *",
    "0 12 29 2 Mon",
    "*/7 * * * *",
    "*/15 */2 * * *",
    "0 * * * *",
    "*/20 30 2 * * *",
    "59 59 23 31 12 *",
    "* * * * * *",
];

/// So many fire times are gone through at most.
const MOST: usize = 600;

fn rule(random: &mut StdRng) -> Rule {
    let gap = *DstGap::ALL.choose(random).expect("some");
    let overlap = *DstOverlap::ALL.choose(random).expect("some");
    let when = match random.random_range(0..6) {
        0 => {
            let seconds = [1, 59, 900, 3_600, 86_400, 604_800, random.random_range(1..200_000)];
            When::Every(Duration::from_secs(*seconds.choose(random).expect("some")))
        }
        1 => {
            let field = |random: &mut StdRng, most: u32| match random.random_range(0..3) {
                0 => "*".to_owned(),
                1 => format!("*/{}", random.random_range(2..=most)),
                _ => random.random_range(0..=most).to_string(),
            };
            let text = format!("{} {} * * {}", field(random, 59), field(random, 23), field(random, 6));
            When::At(Arc::new(text.parse().expect("an expression")))
        }
        _ => When::At(Arc::new(EXPRESSIONS.choose(random).expect("some").parse().expect("an expression"))),
    };
    Rule::new(when, zone(ZONES.choose(random).expect("some")).expect("known"), gap, overlap)
}

/// An instant from 2000 to 2040, often a change of the clocks, a fire time, or near one of them; not always a whole second.
fn instant(rule: &Rule, random: &mut StdRng) -> DateTime<Utc> {
    let any = DateTime::from_timestamp(random.random_range(946_684_800..2_208_988_800), 0).expect("a time");
    let pieces = Pieces::of(rule.zone());
    let change = pieces.get(pieces.index(any)).map_or(any, |piece| piece.start);
    let at = match random.random_range(0..4) {
        0 => any,
        1 => change,
        2 => rule.next_after(any).map_or(any, |due| due.at),
        _ => change + TimeDelta::seconds(random.random_range(-200_000..200_000)),
    };
    // Before 1970 no expression names anything.
    at.max(DateTime::UNIX_EPOCH + TimeDelta::days(2))
        + TimeDelta::milliseconds(*[-1_000, -1, 0, 0, 1, 1_000].choose(random).expect("some"))
}

#[test]
fn the_last_one_and_the_number_are_those_of_going_through_all() {
    let (mut met, mut empty) = (0, 0);
    for seed in 0..1_500 {
        let mut random = StdRng::seed_from_u64(seed);
        let rule = rule(&mut random);
        let after = instant(&rule, &mut random);
        let longest = *[2_u32, 100_000, 10_000_000, 1_300_000_000].choose(&mut random).expect("some");
        let mut until = after + TimeDelta::milliseconds(random.random_range(-1_000..i64::from(longest) * 1_000));
        let mut all: Vec<_> = rule.after(after).map(|due| due.at).take_while(|at| *at <= until).take(MOST).collect();
        if let (MOST, Some(last)) = (all.len(), all.last()) {
            // The span ends somewhere before the next one, and most often right at one of the two.
            let next = rule.next_after(*last).map_or(*last, |due| due.at);
            let to_next = (next - *last).num_milliseconds();
            let part = *[0, 0, to_next / 2, to_next - 1, to_next].choose(&mut random).expect("some");
            until = *last + TimeDelta::milliseconds(part);
            all.extend((next == until && next != *all.last().expect("many")).then_some(next));
        }
        let told = format!("seed {seed}: `{}` within ({after}, {until}]", rule.spec());
        assert_eq!(rule.last_between(after, until), all.last().copied(), "{told}");
        assert_eq!(rule.count_between(after, until), all.len() as u64, "{told}");
        met += all.len();
        empty += usize::from(all.is_empty());
    }
    assert!(met > 100_000 && empty > 100, "{met} met, {empty} without any");
}

#[test]
fn a_span_may_be_cut_anywhere() {
    for seed in 0..500 {
        let mut random = StdRng::seed_from_u64(seed);
        let rule = rule(&mut random);
        let mut ends = [0, 1, 2].map(|_| instant(&rule, &mut random));
        ends.sort();
        let [first, middle, last] = ends;
        let told = format!("seed {seed}: `{}` within ({first}, {middle}, {last}]", rule.spec());
        let parts = rule.count_between(first, middle) + rule.count_between(middle, last);
        assert_eq!(rule.count_between(first, last), parts, "{told}");
        let of_parts = rule.last_between(middle, last).or_else(|| rule.last_between(first, middle));
        assert_eq!(rule.last_between(first, last), of_parts, "{told}");
    }
}

#[test]
fn a_span_that_ends_before_it_begins_holds_nothing() {
    let rule = Rule::of_spec("every 60s | UTC | after | first").expect("a rule");
    let at = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    assert_eq!(rule.count_between(at, at - TimeDelta::hours(1)), 0);
    assert_eq!(rule.last_between(at, at - TimeDelta::hours(1)), None);
}
