//! When a job is due: the next fire time strictly after an instant, whatever the clocks do.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};

use super::expression::Expression;
use super::piece::{Piece, Pieces, changes_on};
use crate::config::Zone;
pub use crate::config::{DstGap, DstOverlap};

/// What a job is due by.
#[derive(Debug, Clone)]
pub enum When {
    /// A crontab expression, on the wall of a zone.
    At(Arc<Expression>),
    /// Elapsed time, counted from the beginning of 1970 in UTC; at least a second.
    Every(Duration),
}

/// A job's rule of time.
#[derive(Debug, Clone)]
pub struct Rule {
    when: When,
    zone: Zone,
    gap: DstGap,
    overlap: DstOverlap,
    pieces: Arc<Pieces>,
}

/// A fire time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The instant.
    pub at: DateTime<Utc>,
    /// What the change of the clocks has to do with it.
    pub shift: Shift,
}

/// What a change of the clocks did to a fire time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// Nothing.
    None,
    /// The time meant was left out; this is the first second after the gap.
    Moved {
        /// The time meant.
        from: NaiveDateTime,
    },
    /// The wall shows this time twice; this is the first.
    First,
    /// The wall shows this time twice; this is the second.
    Second,
}

impl Due {
    /// What is special about it, in words, if anything is: the clocks change on its date in `zone`.
    #[must_use]
    pub fn note(&self, zone: Zone) -> Option<String> {
        let wall = self.at.with_timezone(&zone);
        let time = |wall: NaiveDateTime| wall.format("%H:%M").to_string();
        match self.shift {
            Shift::Moved { from } => Some(format!("the clocks leave out {}; this is right after", time(from))),
            Shift::First => Some(format!("the clocks show {} twice; this is the first", wall.format("%H:%M"))),
            Shift::Second => Some(format!("the clocks show {} twice; this is the second", wall.format("%H:%M"))),
            Shift::None => changes_on(zone, wall.date_naive()).first().map(|change| {
                let (from, to) = (change.from.date(), change.to.date());
                // A zone that moves to the other side of the line of dates.
                if change.from.time() == change.to.time() && from != to {
                    return if from < to {
                        format!("the calendar leaves out {}", from.format("%-d %B"))
                    } else {
                        format!("the calendar shows {} twice", to.format("%-d %B"))
                    };
                }
                let direction = if change.to > change.from { "forward" } else { "back" };
                format!("the clocks go {direction} today, from {} to {}", time(change.from), time(change.to))
            }),
        }
    }
}

impl Rule {
    /// A rule on the wall of `zone`.
    #[must_use]
    pub fn new(when: When, zone: Zone, gap: DstGap, overlap: DstOverlap) -> Self {
        Self { when, zone, gap, overlap, pieces: Pieces::of(zone) }
    }

    /// What the rule says.
    #[must_use]
    pub fn when(&self) -> &When {
        &self.when
    }

    /// The zone on whose wall it says so.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The first fire time strictly after `instant`, from 1970 on; `None` when there is none before the year 2101.
    ///
    /// Fixed times of the day are due exactly once per local date, by [`DstGap`] and [`DstOverlap`]; intervals go by elapsed
    /// time, so that in an hour that the clocks show twice they are due as often as in two hours.
    #[must_use]
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<Due> {
        let instant = within(instant);
        match &self.when {
            When::Every(step) => every(*step, instant).map(|at| Due { at, shift: Shift::None }),
            When::At(expression) => {
                let from = instant.trunc_subsecs(0).checked_add_signed(TimeDelta::seconds(1))?;
                self.next_at(expression, from)
            }
        }
    }

    /// What happens to a time that the clocks leave out.
    pub(super) fn gap(&self) -> DstGap {
        self.gap
    }

    /// What happens to a time that the clocks show twice.
    pub(super) fn overlap(&self) -> DstOverlap {
        self.overlap
    }

    /// The fire times strictly after `instant`, in order.
    pub fn after(&self, instant: DateTime<Utc>) -> impl Iterator<Item = Due> + '_ {
        std::iter::successors(self.next_after(instant), |due| self.next_after(due.at))
    }

    /// Goes from piece to piece: within one the wall runs as UTC does, so that only their edges are special.
    fn next_at(&self, expression: &Expression, from: DateTime<Utc>) -> Option<Due> {
        let mut index = self.pieces.index(from);
        let mut from = from;
        let mut known: Option<(NaiveDateTime, NaiveDateTime)> = None;
        loop {
            let stage = self.stage(expression, index)?;
            if from == stage.piece.start
                && let Some(meant) = self.left_out(expression, &stage)
            {
                return Some(Due { at: from, shift: Shift::Moved { from: meant } });
            }
            let start = stage.start.max(stage.piece.wall(from));
            // What was found beyond an earlier piece is still the next one, unless the wall has gone back too far.
            let (since, found) = match known {
                Some((since, found)) if since <= start && start <= found => (since, found),
                _ => (start, expression.next_on_the_wall(start)?),
            };
            if found < stage.end {
                return Some(Due { at: stage.piece.instant(found), shift: stage.shift(found) });
            }
            known = Some((since, found));
            index += 1;
            from = self.pieces.get(index)?.start;
        }
    }

    /// How many fire times lie within `[from, until]`, both whole seconds: counted on the wall, piece by piece.
    pub(super) fn count_at(&self, expression: &Expression, from: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
        let mut count = 0;
        let first = self.pieces.index(from);
        for index in first.. {
            let Some(stage) = self.stage(expression, index) else { break };
            let mut from = if index == first { from } else { stage.piece.start };
            if from > until {
                break;
            }
            if from == stage.piece.start && self.left_out(expression, &stage).is_some() {
                count += 1;
                from += TimeDelta::seconds(1);
            }
            let start = stage.start.max(stage.piece.wall(from));
            let end = stage.end.min(stage.piece.wall(until) + TimeDelta::seconds(1));
            count += expression.count_on_the_wall(start, end);
        }
        count
    }

    /// What of a piece is an expression's.
    fn stage(&self, expression: &Expression, index: usize) -> Option<Stage<'_>> {
        let piece = self.pieces.get(index)?;
        let before = index.checked_sub(1).and_then(|index| self.pieces.get(index));
        let after = self.pieces.get(index + 1);
        let (mut start, mut end) = (piece.wall(piece.start), piece.wall(piece.end));
        if !expression.is_interval() {
            // What the wall shows twice is due in one of the two pieces, unless both are wanted.
            if let Some(before) = before.filter(|_| self.overlap == DstOverlap::First) {
                start = start.max(before.wall(piece.start));
            }
            if let Some(after) = after.filter(|_| self.overlap == DstOverlap::Last) {
                end = end.min(after.wall(piece.end));
            }
        }
        Some(Stage { piece, before, after, start, end })
    }

    /// The first fixed time that the clocks leave out before a piece, if it is to be made up for.
    fn left_out(&self, expression: &Expression, stage: &Stage) -> Option<NaiveDateTime> {
        if self.gap == DstGap::Skip || expression.is_interval() {
            return None;
        }
        let start = stage.piece.start;
        let (first, end) = (stage.before?.wall(start), stage.piece.wall(start));
        let mut from = first;
        while from < end {
            let meant = expression.next_on_the_wall(from)?;
            if meant >= end {
                return None;
            }
            // A date that never was, as the 30th of December 2011 on Samoa, has nothing to make up for.
            let is_on_a_date_that_is =
                meant.date() == (first - TimeDelta::seconds(1)).date() || meant.date() == end.date();
            if is_on_a_date_that_is {
                return Some(meant);
            }
            from = meant + TimeDelta::seconds(1);
        }
        None
    }
}

/// A piece of a zone's time, and what of its wall counts.
struct Stage<'a> {
    piece: &'a Piece,
    before: Option<&'a Piece>,
    after: Option<&'a Piece>,
    start: NaiveDateTime,
    /// The first second that does not.
    end: NaiveDateTime,
}

impl Stage<'_> {
    fn shift(&self, wall: NaiveDateTime) -> Shift {
        if self.before.is_some_and(|before| wall < before.wall(self.piece.start)) {
            Shift::Second
        } else if self.after.is_some_and(|after| wall >= after.wall(self.piece.end)) {
            Shift::First
        } else {
            Shift::None
        }
    }
}

/// The first multiple of `step` since 1970 strictly after `instant`.
fn every(step: Duration, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let step = i64::try_from(step.as_secs()).ok()?.max(1);
    let passed = instant.timestamp().div_euclid(step);
    let next = passed.checked_add(1)?.checked_mul(step)?;
    DateTime::from_timestamp(next, 0).filter(|_| next < END)
}

/// The beginning of the year 2101, in seconds since 1970.
pub(super) const END: i64 = 4_133_980_800;

/// An instant, or the nearest one of the years that have fire times; with some days after them, as no wall is as far from
/// UTC.
pub(super) fn within(instant: DateTime<Utc>) -> DateTime<Utc> {
    const DAYS: i64 = 3 * 86_400;
    match instant.timestamp() {
        ..-1 => DateTime::from_timestamp(-1, 0).unwrap_or_default(),
        seconds if seconds > END + DAYS => DateTime::from_timestamp(END + DAYS, 0).unwrap_or_default(),
        _ => instant,
    }
}
