//! What the clocks do to a job within a year.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::{DstGap, DstOverlap, Job};
use crate::schedule::{Rule, Shift, changes_on};

/// How the next changes of the clocks meet the job's fire times, one line each.
pub(super) fn notes(job: &Job, rule: &Rule, now: DateTime<Utc>) -> Vec<String> {
    let zone = rule.zone();
    let all = Rule::new(rule.when().clone(), zone, DstGap::After, DstOverlap::Both);
    let today = now.with_timezone(&zone).date_naive();
    let mut notes = Vec::new();
    for change in today.iter_days().take(366).flat_map(|date| changes_on(zone, date)) {
        let span = (change.to - change.from).abs();
        let earlier = change.at - span - TimeDelta::seconds(1);
        let met = all.after(earlier).take_while(|due| due.at <= change.at + span).find(|due| due.shift != Shift::None);
        let Some(due) = met else { continue };
        let note = match due.shift {
            Shift::Moved { from } => {
                let then = match job.dst_gap {
                    DstGap::After => "it is due right after (`dst_gap`)",
                    DstGap::Skip => "it is not due then (`dst_gap`)",
                };
                format!("the clocks leave out {}: {then}", from.format("%Y-%m-%d %H:%M"))
            }
            Shift::First | Shift::Second => {
                let then = match job.dst_overlap {
                    DstOverlap::First => "it is due the first time",
                    DstOverlap::Last => "it is due the second time",
                    DstOverlap::Both => "it is due both times",
                };
                let wall = due.at.with_timezone(&zone);
                format!("the clocks show {} twice: {then} (`dst_overlap`)", wall.format("%Y-%m-%d %H:%M"))
            }
            Shift::None => continue,
        };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}
