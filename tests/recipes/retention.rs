//! The retention of snapshots: rules, floors, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use proptest::prelude::*;
use serde_json::Value;

use super::script::{evaluate, fails_with};

/// A snapshot as a test states it.
#[derive(Debug, Clone)]
struct Snapshot {
    id: String,
    volume: String,
    time: DateTime<Utc>,
    status: &'static str,
    recipe: &'static str,
    is_held: bool,
}

fn snapshot(id: &str, time: &str) -> Snapshot {
    Snapshot {
        id: id.into(),
        volume: "v1".into(),
        time: time.parse().expect("a time"),
        status: "AVAILABLE",
        recipe: "r",
        is_held: false,
    }
}

fn literal(snapshots: &[Snapshot]) -> String {
    let mut text = "[".to_owned();
    for one in snapshots {
        let hold = if one.is_held { ", \"stackhand.hold\": \"true\"" } else { "" };
        let _ = writeln!(
            text,
            "#{{ id: \"{}\", name: \"n-{}\", volumeId: \"{}\", size: 10, status: \"{}\", createdAt: instant(\"{}\"), \
             labels: #{{ \"stackhand.recipe\": \"{}\"{hold} }} }},",
            one.id,
            one.id,
            one.volume,
            one.status,
            one.time.format("%Y-%m-%dT%H:%M:%SZ"),
            one.recipe
        );
    }
    text + "]"
}

/// What `retention::judge` says of each snapshot: `keep` or `delete`, and why.
fn judged(snapshots: &[Snapshot], rules: &str) -> BTreeMap<String, (String, String)> {
    let script = format!(
        "import \"stdlib/retention\" as retention;\n\
         retention::judge({}, #{{ recipe: \"r\", {rules} }}).map(|v| #{{ id: v.id, verdict: v.verdict, why: v.why }})",
        literal(snapshots)
    );
    let value = evaluate(&script);
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let rows = value.as_array().expect("a list");
    assert_eq!(rows.len(), snapshots.len(), "one verdict for each");
    rows.iter().map(|row| (text(row, "id"), (text(row, "verdict"), text(row, "why")))).collect()
}

/// The ids of those to delete.
fn doomed(snapshots: &[Snapshot], rules: &str) -> BTreeSet<String> {
    judged(snapshots, rules).into_iter().filter(|(_, (verdict, _))| verdict == "delete").map(|(id, _)| id).collect()
}

fn ids(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&id| id.to_owned()).collect()
}

/// One a day at two o'clock in the morning in Berlin, `s1` the youngest, of yesterday.
fn nightly(days: i64) -> Vec<Snapshot> {
    let last: DateTime<Utc> = "2026-11-21T01:00:00Z".parse().expect("a time");
    (1..=days)
        .map(|day| Snapshot {
            time: last - TimeDelta::days(day - 1),
            ..snapshot(&format!("s{day}"), "2026-11-21T01:00:00Z")
        })
        .collect()
}

#[test]
fn each_rule_says_why_it_keeps_and_the_rest_says_why_it_goes() {
    let all = judged(&nightly(40), "keep_last: 2, daily: 4, weekly: 3, monthly: 2");
    let why = |id: &str| all[id].1.as_str();
    assert_eq!(why("s1"), "last 2");
    assert_eq!(why("s3"), "newest of its day (daily 4)");
    assert_eq!(why("s5"), "a newer one stands for its week");
    // 15 November is the Sunday before, 8 November the one before that; 21 October of 31.
    assert_eq!(why("s7"), "newest of its week (weekly 3)");
    assert_eq!(why("s14"), "newest of its week (weekly 3)");
    assert_eq!(why("s15"), "a newer one stands for its week");
    assert_eq!(why("s21"), "a newer one stands for its month");
    assert_eq!(why("s22"), "newest of its month (monthly 2)");
    assert_eq!(why("s23"), "a newer one stands for its month");
}

#[test]
fn what_no_rule_reaches_is_told_apart() {
    let all = judged(&nightly(10), "daily: 3");
    assert_eq!(all["s4"], ("delete".into(), "older than the rules reach".into()));
}

#[test]
fn days_are_cut_in_the_zone() {
    // Half past midnight and half past eleven on one day of Berlin, on two days of UTC.
    let two = [snapshot("a", "2026-07-01T22:30:00Z"), snapshot("b", "2026-07-02T21:30:00Z")];
    assert_eq!(doomed(&two, "daily: 2, min_keep: 0"), ids(&["a"]));
    assert_eq!(doomed(&two, "daily: 2, min_keep: 0, zone: \"UTC\""), ids(&[]));
}

#[test]
fn the_hour_that_comes_twice_is_two_hours() {
    let night = [
        snapshot("first", "2026-10-25T00:30:00Z"),
        snapshot("second", "2026-10-25T01:30:00Z"),
        snapshot("third", "2026-10-25T02:30:00Z"),
    ];
    assert_eq!(doomed(&night, "hourly: 3, min_keep: 0"), ids(&[]));
    assert_eq!(doomed(&night, "daily: 3, min_keep: 0"), ids(&["first", "second"]));
}

#[test]
fn nothing_is_deleted_only_because_time_has_passed() {
    let kept = nightly(7);
    assert_eq!(doomed(&kept, "daily: 7"), ids(&[]));
    assert_eq!(doomed(&kept, "daily: 7, now: instant(\"2028-01-01T00:00:00Z\")"), ids(&[]));
}

#[test]
fn each_floor_keeps_and_says_so() {
    let mut all = nightly(9);
    all[4].is_held = true;
    all[5].recipe = "another";
    all[6].volume = "gone".into();
    let rules = "keep_last: 1, min_keep: 2, min_age: days(3), now: instant(\"2026-11-22T00:00:00Z\"), \
                 used: #{ s8: \"used by volume restore\" }, volumes: [\"v1\"]";
    let all = judged(&all, rules);
    let why = |id: &str| (all[id].0.as_str(), all[id].1.as_str());
    assert_eq!(why("s1"), ("keep", "last 1"));
    assert_eq!(why("s2"), ("keep", "never fewer than 2"));
    assert_eq!(why("s3"), ("keep", "younger than 3d"));
    assert_eq!(why("s4"), ("delete", "older than the rules reach"));
    assert_eq!(why("s5"), ("keep", "held (stackhand.hold=true)"));
    assert_eq!(why("s6"), ("keep", "not made by r"));
    assert_eq!(why("s7"), ("keep", "its volume is gone"));
    assert_eq!(why("s8"), ("keep", "used by volume restore"));
    assert_eq!(why("s9"), ("delete", "older than the rules reach"));
}

#[test]
fn orphans_come_under_the_rules_only_when_told() {
    let mut all = nightly(4);
    for one in &mut all {
        one.volume = "gone".into();
    }
    assert_eq!(doomed(&all, "daily: 2, volumes: [\"v1\"]"), ids(&[]));
    assert_eq!(doomed(&all, "daily: 2, volumes: [\"v1\"], orphans: \"judge\""), ids(&["s3", "s4"]));
}

#[test]
fn only_an_available_snapshot_stands_for_its_day() {
    let mut all = nightly(6);
    all[0].status = "ERROR";
    all[1].status = "CREATING";
    all[2].status = "DELETING";
    let all = judged(&all, "keep_last: 2");
    let why = |id: &str| (all[id].0.as_str(), all[id].1.as_str());
    assert_eq!(why("s1"), ("delete", "in ERROR, it can restore nothing"));
    assert_eq!(why("s2"), ("keep", "busy (CREATING)"));
    assert_eq!(why("s3"), ("gone", "being deleted already"));
    assert_eq!(why("s4"), ("keep", "last 2"));
    assert_eq!(why("s5"), ("keep", "last 2"));
    assert_eq!(why("s6").0, "delete");
}

#[test]
fn a_failed_snapshot_is_deleted_only_if_it_is_ours_and_not_held() {
    let mut all = nightly(4);
    for one in &mut all[1..] {
        one.status = "ERROR";
    }
    all[2].is_held = true;
    all[3].recipe = "another";
    assert_eq!(doomed(&all, "keep_last: 1"), ids(&["s2"]));
}

#[test]
fn volumes_are_judged_each_by_itself() {
    let mut all = nightly(3);
    all[2].volume = "v2".into();
    assert_eq!(doomed(&all, "keep_last: 1"), ids(&["s2"]));
}

#[test]
fn a_slip_in_the_rules_deletes_nothing() {
    for (rules, message) in [
        ("recipe: \"r\"", "no rule keeps anything"),
        ("recipe: \"r\", min_keep: 5", "no rule keeps anything"),
        ("recipe: \"r\", daly: 7", "there is no rule or floor daly"),
        ("recipe: \"r\", daily: -1", "daily must be a whole number from 0"),
        ("recipe: \"r\", daily: \"7\"", "daily must be a whole number from 0"),
        ("daily: 7", "whose snapshots"),
        ("recipe: \"r\", daily: 7, orphans: \"delete\"", "orphans must be"),
        ("recipe: \"r\", daily: 7, min_age: days(1)", "min_age needs a time"),
        ("recipe: \"r\", daily: 7, zone: \"Europe/Berln\"", "Europe/Berln"),
    ] {
        let script = format!(
            "import \"stdlib/retention\" as retention;\nretention::judge({}, #{{ {rules} }})",
            literal(&nightly(3))
        );
        let error = fails_with(&script);
        assert!(error.message.contains(message), "{rules}: {error:?}");
    }
}

#[test]
fn what_uses_a_snapshot_is_found() {
    let value = evaluate(
        r#"import "stdlib/retention" as retention;
        let volumes = [
            #{ id: "v1", name: "restored", source: #{ type: "snapshot", id: "s1" } },
            #{ id: "v2", name: "fresh", source: #{ type: "image", id: "s2" } },
            #{ id: "v3" },
        ];
        let backups = [
            #{ id: "b1", name: "running", snapshotId: "s3", status: "CREATING" },
            #{ id: "b2", name: "done", snapshotId: "s4", status: "AVAILABLE" },
            #{ id: "b3", name: "of a volume", status: "CREATING" },
        ];
        retention::references(volumes, backups)"#,
    );
    assert_eq!(value, serde_json::json!({ "s1": "used by volume restored", "s3": "used by backup running" }));
}

#[test]
fn rows_tell_the_days_of_each_reason() {
    let script = format!(
        "import \"stdlib/retention\" as retention;\n\
         let v = retention::judge({}, #{{ recipe: \"r\", keep_last: 2, daily: 6, weekly: 2 }});\n\
         retention::rows(v, #{{ v1: \"data\" }}, \"Europe/Berlin\").map(|r| `${{r.volume}} ${{r.plan}} ${{r.count}}: ${{r.snapshots}}: ${{r.why}}`)",
        literal(&nightly(12))
    );
    let expected = serde_json::json!([
        "data keep 2: 2026-11-20, 2026-11-21: last 2",
        "data keep 4: 2026-11-16 … 2026-11-19: newest of its day (daily 6)",
        "data keep 1: 2026-11-15: newest of its week (weekly 2)",
        "data delete 5: 2026-11-10 … 2026-11-14: a newer one stands for its week",
    ]);
    assert_eq!(evaluate(&script), expected);
}

#[test]
fn fourteen_months_of_nights_leave_exactly_what_the_rules_say() {
    // Each night one more is made, and what is to go goes.
    let value = evaluate(
        r#"import "stdlib/retention" as retention;
        let kept = [];
        let night = instant("2025-09-18T02:00", "Europe/Berlin");
        for day in 0..430 {
            let time = night.add_days(day);
            kept.push(#{ id: `${time}`, volumeId: "v", status: "AVAILABLE", createdAt: time, labels: #{ "stackhand.recipe": "r" } });
            let verdicts = retention::judge(kept, #{ recipe: "r", keep_last: 1, daily: 5, weekly: 3, monthly: 4, yearly: 2 });
            kept = verdicts.filter(|v| v.verdict == "keep").map(|v| v.snapshot);
        }
        kept.map(|s| s.createdAt.in_zone("Europe/Berlin").date)"#,
    );
    let expected = serde_json::json!([
        "2026-11-21",
        "2026-11-20",
        "2026-11-19",
        "2026-11-18",
        "2026-11-17",
        "2026-11-15",
        "2026-11-08",
        "2026-10-31",
        "2026-09-30",
        "2026-08-31",
        "2025-12-31",
    ]);
    assert_eq!(value, expected);
}

// ---- What holds for every set of snapshots ----

/// The name of the span that a local time lies in.
type Span = fn(DateTime<chrono_tz::Tz>) -> String;

#[derive(Debug, Clone, Copy, Default)]
struct Rules {
    keep_last: usize,
    hourly: usize,
    daily: usize,
    weekly: usize,
    monthly: usize,
    yearly: usize,
    min_keep: usize,
    min_age_hours: i64,
}

impl Rules {
    fn literal(self) -> String {
        format!(
            "keep_last: {}, hourly: {}, daily: {}, weekly: {}, monthly: {}, yearly: {}, min_keep: {}, min_age: hours({}), \
             now: instant(\"2026-11-22T01:00:00Z\")",
            self.keep_last,
            self.hourly,
            self.daily,
            self.weekly,
            self.monthly,
            self.yearly,
            self.min_keep,
            self.min_age_hours
        )
    }

    /// The same with one rule or floor more, or a stronger one.
    fn plus(mut self, which: usize, count: usize) -> Self {
        match which {
            0 => self.keep_last += count,
            1 => self.hourly += count,
            2 => self.daily += count,
            3 => self.weekly += count,
            4 => self.monthly += count,
            5 => self.yearly += count,
            6 => self.min_keep += count,
            _ => self.min_age_hours += i64::try_from(count).expect("small") * 30,
        }
        self
    }

    /// What is to go, worked out by another way: for each rule by itself, with sets instead of a walk.
    fn doomed(self, snapshots: &[Snapshot]) -> BTreeSet<String> {
        let now: DateTime<Utc> = "2026-11-22T01:00:00Z".parse().expect("a time");
        let mut kept = BTreeSet::new();
        let volumes: BTreeSet<&str> = snapshots.iter().map(|one| one.volume.as_str()).collect();
        for volume in volumes {
            let mut standing: Vec<&Snapshot> = snapshots
                .iter()
                .filter(|one| one.volume == volume && one.status == "AVAILABLE" && one.recipe == "r")
                .collect();
            standing.sort_by_key(|one| std::cmp::Reverse((one.time, one.id.clone())));
            let last = standing.iter().take(self.keep_last.max(self.min_keep));
            kept.extend(last.map(|one| one.id.clone()));
            let rules: [(usize, Span); 5] = [
                (self.hourly, |time| time.format("%Y-%m-%dT%H%z").to_string()),
                (self.daily, |time| time.format("%Y-%m-%d").to_string()),
                (self.weekly, |time| format!("{:?}", time.iso_week())),
                (self.monthly, |time| time.format("%Y-%m").to_string()),
                (self.yearly, |time| time.year().to_string()),
            ];
            for (count, span) in rules {
                let mut spans: Vec<String> = Vec::new();
                for one in &standing {
                    let key = span(one.time.with_timezone(&Berlin));
                    if spans.len() < count && !spans.contains(&key) {
                        spans.push(key);
                        kept.insert(one.id.clone());
                    }
                }
            }
        }
        let is_free = |one: &&Snapshot| {
            one.recipe == "r"
                && !one.is_held
                && matches!(one.status, "AVAILABLE" | "ERROR")
                && now - one.time >= TimeDelta::hours(self.min_age_hours)
                && !kept.contains(&one.id)
        };
        snapshots.iter().filter(is_free).map(|one| one.id.clone()).collect()
    }
}

prop_compose! {
    fn any_rules()(counts in prop::array::uniform6(0_usize..4), min_keep in 0_usize..3, age in 0_i64..60) -> Rules {
        let [keep_last, hourly, daily, weekly, monthly, yearly] = counts;
        // Rules that keep nothing are refused.
        let keep_last = if counts.iter().sum::<usize>() == 0 { 1 } else { keep_last };
        Rules { keep_last, hourly, daily, weekly, monthly, yearly, min_keep, min_age_hours: age }
    }
}

fn any_snapshots() -> impl Strategy<Value = Vec<Snapshot>> {
    // Ages in half hours: some close together, some years apart; around both changes of the clock.
    let age = prop_oneof![0_i64..100, 0_i64..3_000, 0_i64..40_000];
    let status = prop_oneof![8 => Just("AVAILABLE"), 1 => Just("ERROR"), 1 => Just("CREATING"), 1 => Just("DELETING")];
    let recipe = prop_oneof![8 => Just("r"), 1 => Just("other")];
    let one = (age, 0..3_u8, status, recipe, prop::bool::weighted(0.1));
    prop::collection::vec(one, 0..40).prop_map(|list| {
        let now: DateTime<Utc> = "2026-11-22T01:00:00Z".parse().expect("a time");
        let snapshot = |(index, (age, volume, status, recipe, is_held)): (usize, (i64, u8, _, _, bool))| Snapshot {
            id: format!("s{index}"),
            volume: format!("v{volume}"),
            time: now - TimeDelta::minutes(age * 30),
            status,
            recipe,
            is_held,
        };
        list.into_iter().enumerate().map(snapshot).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_walk_agrees_with_a_slower_way(snapshots in any_snapshots(), rules in any_rules()) {
        prop_assert_eq!(doomed(&snapshots, &rules.literal()), rules.doomed(&snapshots));
    }

    #[test]
    fn adding_a_rule_never_deletes_more(
        snapshots in any_snapshots(), rules in any_rules(), which in 0_usize..8, count in 1_usize..5,
    ) {
        let (before, after) = (doomed(&snapshots, &rules.literal()), doomed(&snapshots, &rules.plus(which, count).literal()));
        prop_assert!(after.is_subset(&before), "{:?} deletes more than {:?}", after, before);
    }

    #[test]
    fn holding_one_deletes_no_other(snapshots in any_snapshots(), rules in any_rules(), chosen in any::<prop::sample::Index>()) {
        prop_assume!(!snapshots.is_empty());
        let before = doomed(&snapshots, &rules.literal());
        let mut held = snapshots.clone();
        held[chosen.index(snapshots.len())].is_held = true;
        let after = doomed(&held, &rules.literal());
        prop_assert!(after.is_subset(&before), "{:?} deletes more than {:?}", after, before);
    }

    #[test]
    fn the_order_of_the_list_does_not_matter_and_a_second_run_deletes_nothing(
        snapshots in any_snapshots(), rules in any_rules(),
    ) {
        let gone = doomed(&snapshots, &rules.literal());
        let mut turned = snapshots.clone();
        turned.reverse();
        prop_assert_eq!(&doomed(&turned, &rules.literal()), &gone);
        let left: Vec<Snapshot> = snapshots.into_iter().filter(|one| !gone.contains(&one.id)).collect();
        prop_assert_eq!(doomed(&left, &rules.literal()), BTreeSet::new());
    }
}
