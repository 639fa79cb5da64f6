//! A zone's time, cut into pieces in each of which the clocks stand still.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};

use crate::config::Zone;

/// A stretch of time with one offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its first second.
    pub start: DateTime<Utc>,
    /// The first second after it.
    pub end: DateTime<Utc>,
    /// What the wall shows more than UTC.
    pub offset: TimeDelta,
}

impl Piece {
    /// What the wall shows at `instant`, by this piece's offset.
    pub fn wall(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.naive_utc() + self.offset
    }

    /// When the wall shows `wall`, by this piece's offset.
    pub fn instant(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        (wall - self.offset).and_utc()
    }
}

/// All pieces of a zone, from 1970 to the year 2101.
#[derive(Debug)]
pub struct Pieces(Vec<Piece>);

impl Pieces {
    /// The pieces of a zone, cut once in a process.
    pub fn of(zone: Zone) -> Arc<Self> {
        static CUT: LazyLock<Mutex<HashMap<Zone, Arc<Pieces>>>> = LazyLock::new(Mutex::default);
        let mut cut = CUT.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cut.entry(zone).or_insert_with(|| Arc::new(Self::cut(zone))))
    }

    /// Looks at every day, and where two differ for the second of the change. No zone has changed twice within a day
    /// since 1970, or plans to.
    fn cut(zone: Zone) -> Self {
        const DAY: i64 = 86_400;
        let offset = |seconds: i64| {
            let instant = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()
        };
        let end = i64::from(131 * 366_u32) * DAY;
        let mut pieces = Vec::new();
        let (mut start, mut before) = (0, offset(0));
        for day in (1..end / DAY).map(|day| day * DAY) {
            let after = offset(day);
            if after != before {
                let (mut low, mut high) = (day - DAY, day);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if offset(middle) == before { low = middle } else { high = middle }
                }
                pieces.push(piece(start, high, before));
                (start, before) = (high, after);
            }
        }
        pieces.push(piece(start, 2 * end, before));
        Self(pieces)
    }

    /// The number of the piece that `instant` is in.
    pub fn index(&self, instant: DateTime<Utc>) -> usize {
        self.0.partition_point(|piece| piece.end <= instant).min(self.0.len() - 1)
    }

    /// The piece of this number.
    pub fn get(&self, index: usize) -> Option<&Piece> {
        self.0.get(index)
    }
}

fn piece(start: i64, end: i64, offset: i32) -> Piece {
    Piece {
        start: DateTime::from_timestamp(start, 0).unwrap_or_default(),
        end: DateTime::from_timestamp(end, 0).unwrap_or_default(),
        offset: TimeDelta::seconds(offset.into()),
    }
}

/// A change of a zone's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: DateTime<Utc>,
    /// What the wall would have shown then.
    pub from: NaiveDateTime,
    /// What it shows instead.
    pub to: NaiveDateTime,
}

/// The changes of `zone`'s clocks that begin or end on this local date.
#[must_use]
pub fn changes_on(zone: Zone, date: NaiveDate) -> Vec<Change> {
    let pieces = Pieces::of(zone);
    let noon = date.and_hms_opt(12, 0, 0).unwrap_or_default().and_utc();
    let near = |days| pieces.index(noon.checked_add_signed(TimeDelta::days(days)).unwrap_or(noon));
    let near = near(-2)..=near(2);
    near.filter_map(|index| {
        let (before, after) = (pieces.get(index.checked_sub(1)?)?, pieces.get(index)?);
        let change = Change { at: after.start, from: before.wall(after.start), to: after.wall(after.start) };
        (change.from.date() == date || change.to.date() == date).then_some(change)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::zone;

    #[test]
    fn berlin_changes_twice_a_year() {
        let berlin = zone("Europe/Berlin").expect("known");
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let forward = changes_on(berlin, date("2026-03-29"));
        assert_eq!(forward.len(), 1);
        assert_eq!(forward[0].from.to_string(), "2026-03-29 02:00:00");
        assert_eq!(forward[0].to.to_string(), "2026-03-29 03:00:00");
        assert_eq!(changes_on(berlin, date("2026-10-25"))[0].at.to_rfc3339(), "2026-10-25T01:00:00+00:00");
        assert_eq!(changes_on(berlin, date("2026-11-22")), []);
        assert_eq!(changes_on(berlin, NaiveDate::MIN), []);
        assert_eq!(changes_on(berlin, NaiveDate::MAX), []);
    }

    #[test]
    fn utc_is_one_piece() {
        assert_eq!(Pieces::of(Zone::UTC).0.len(), 1);
    }
}
