//! Rows as they lie in tables.

use chrono::{DateTime, Utc};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Serialize, Serializer};

use crate::database::{from_millis, to_millis};
use crate::error::{Error, Kind, Result};
use crate::schedule::job::JobId;
use crate::schedule::outcome::{Outcome, Reason};
use crate::schedule::rows::{Entry, Fence, JobRow, Pause, Phase, RunId, RunRow, ScheduledBy, Stretch};

/// Cells of a table that many rows are read from and written to at once: SQLite puts rows together into JSON and takes
/// them apart faster than it hands over cells one by one.
pub(super) trait Cells: Serialize + for<'de> Deserialize<'de> {
    /// What is made of them.
    type Row;

    /// The table.
    const TABLE: &'static str;

    /// The columns of the key, and the others, in the order in which the cells are spelled.
    const COLUMNS: (&'static [&'static str], &'static [&'static str]);

    /// The cells of a row.
    fn of(row: &Self::Row) -> Self;

    /// The row of these cells.
    ///
    /// # Errors
    /// If a word is none that is known, as after a change by hand.
    fn row(self) -> Result<Self::Row>;

    /// An expression for the cells of a row, as one JSON array.
    fn reading() -> String {
        format!("json_array({})", [Self::COLUMNS.0, Self::COLUMNS.1].concat().join(", "))
    }

    /// The statement that writes the rows of one JSON array in their order, each over that of the same key.
    fn writing() -> String {
        let (table, (keys, others)) = (Self::TABLE, Self::COLUMNS);
        let columns = [keys, others].concat();
        let cells: Vec<String> = (0..columns.len()).map(|index| format!("value ->> {index}")).collect();
        let over: Vec<String> = others.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        // Without a condition, `ON` would be taken for a part of a join.
        format!(
            "INSERT INTO {table} ({}) SELECT {} FROM jsonb_each(?1) WHERE true ON CONFLICT ({}) DO UPDATE SET {}",
            columns.join(", "),
            cells.join(", "),
            keys.join(", "),
            over.join(", ")
        )
    }
}

/// Declares cells; they are spelled as an array, in the order of the columns.
macro_rules! columns {
    (
        $name:ident in $table:literal
        by { $($key:ident: $key_type:ty),+ }
        holds { $($column:ident: $type:ty),+ $(,)? }
    ) => {
        #[derive(Debug, Deserialize)]
        pub(super) struct $name {
            $($key: $key_type,)+
            $($column: $type,)+
        }

        impl $name {
            const TABLE: &'static str = $table;
            const COLUMNS: (&'static [&'static str], &'static [&'static str]) =
                (&[$(stringify!($key)),+], &[$(stringify!($column)),+]);
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                let mut cells = serializer.serialize_tuple(Self::COLUMNS.0.len() + Self::COLUMNS.1.len())?;
                $(cells.serialize_element(&self.$key)?;)+
                $(cells.serialize_element(&self.$column)?;)+
                cells.end()
            }
        }
    };
}

columns! {
    JobCells in "job"
    by { job: String }
    holds {
        spec: String, decided_until: i64, paused_since: Option<i64>, paused_until: Option<i64>,
        pause_note: Option<String>, enrolled_at: i64, removed_at: Option<i64>,
    }
}

columns! {
    EntryCells in "entry"
    by { job: String, fire_time: i64 }
    holds {
        phase: String, scheduled_by: String, attempt: u32, not_before: i64, start_by: i64, held_code: Option<String>,
        held_text: Option<String>, run: Option<String>, previous: Option<String>, fence: i64, decided_at: i64,
        started_at: Option<i64>, ended_at: Option<i64>, outcome: Option<String>, reason_code: Option<String>,
        reason_text: Option<String>, untold: u8,
    }
}

columns! {
    StretchCells in "stretch"
    by { job: String, first: i64 }
    holds {
        last: i64, count: i64, outcome: String, reason_code: String, reason_text: String, spec: String, decided_at: i64,
        untold: u8,
    }
}

columns! {
    RunCells in "run"
    by { run: String }
    holds {
        job: String, fire_time: i64, attempt: u32, scheduled_by: String, previous: Option<String>, fence: i64,
        started_at: i64, ended_at: Option<i64>, outcome: Option<String>, reason_code: Option<String>,
        reason_text: Option<String>,
    }
}

impl Cells for JobCells {
    type Row = JobRow;
    const TABLE: &'static str = Self::TABLE;
    const COLUMNS: (&'static [&'static str], &'static [&'static str]) = Self::COLUMNS;

    fn of(row: &JobRow) -> Self {
        Self {
            job: row.job.as_str().to_owned(),
            spec: row.spec.clone(),
            decided_until: to_millis(row.decided_until),
            paused_since: row.pause.as_ref().map(|pause| to_millis(pause.since)),
            paused_until: row.pause.as_ref().and_then(|pause| pause.until).map(to_millis),
            pause_note: row.pause.as_ref().and_then(|pause| pause.note.clone()),
            enrolled_at: to_millis(row.enrolled_at),
            removed_at: row.removed_at.map(to_millis),
        }
    }

    fn row(self) -> Result<JobRow> {
        let pause = self.paused_since.map(|since| Pause {
            since: from_millis(since),
            until: self.paused_until.map(from_millis),
            note: self.pause_note,
        });
        Ok(JobRow {
            job: JobId::new(&self.job),
            decided_until: from_millis(self.decided_until),
            spec: self.spec,
            pause,
            enrolled_at: from_millis(self.enrolled_at),
            removed_at: self.removed_at.map(from_millis),
        })
    }
}

impl Cells for EntryCells {
    type Row = Entry;
    const TABLE: &'static str = Self::TABLE;
    const COLUMNS: (&'static [&'static str], &'static [&'static str]) = Self::COLUMNS;

    fn of(row: &Entry) -> Self {
        let ((held_code, held_text), (reason_code, reason_text)) =
            (parts(row.held_by.as_ref()), parts(row.reason.as_ref()));
        Self {
            job: row.job.as_str().to_owned(),
            fire_time: to_millis(row.fire_time),
            phase: row.phase.as_str().to_owned(),
            scheduled_by: row.by.as_str().to_owned(),
            attempt: row.attempt,
            not_before: to_millis(row.not_before),
            start_by: to_millis(row.start_by),
            held_code,
            held_text,
            run: row.run.as_ref().map(|run| run.0.clone()),
            previous: row.previous.as_ref().map(|run| run.0.clone()),
            fence: row.fence.0,
            decided_at: to_millis(row.decided_at),
            started_at: row.started_at.map(to_millis),
            ended_at: row.ended_at.map(to_millis),
            outcome: row.outcome.map(|outcome| outcome.as_str().to_owned()),
            reason_code,
            reason_text,
            untold: u8::from(!row.is_live()),
        }
    }

    fn row(self) -> Result<Entry> {
        Ok(Entry {
            job: JobId::new(&self.job),
            fire_time: from_millis(self.fire_time),
            phase: known(&self.phase, Phase::named)?,
            by: known(&self.scheduled_by, ScheduledBy::named)?,
            attempt: self.attempt,
            not_before: from_millis(self.not_before),
            start_by: from_millis(self.start_by),
            held_by: reason(self.held_code, self.held_text),
            run: self.run.map(RunId),
            previous: self.previous.map(RunId),
            fence: Fence(self.fence),
            decided_at: from_millis(self.decided_at),
            started_at: self.started_at.map(from_millis),
            ended_at: self.ended_at.map(from_millis),
            outcome: self.outcome.map(|outcome| known(&outcome, Outcome::named)).transpose()?,
            reason: reason(self.reason_code, self.reason_text),
        })
    }
}

impl Cells for StretchCells {
    type Row = Stretch;
    const TABLE: &'static str = Self::TABLE;
    const COLUMNS: (&'static [&'static str], &'static [&'static str]) = Self::COLUMNS;

    fn of(row: &Stretch) -> Self {
        Self {
            job: row.job.as_str().to_owned(),
            first: to_millis(row.first),
            last: to_millis(row.last),
            count: i64::try_from(row.count).unwrap_or(i64::MAX),
            outcome: row.outcome.as_str().to_owned(),
            reason_code: row.reason.code.clone(),
            reason_text: row.reason.text.clone(),
            spec: row.spec.clone(),
            decided_at: to_millis(row.decided_at),
            untold: 1,
        }
    }

    fn row(self) -> Result<Stretch> {
        Ok(Stretch {
            job: JobId::new(&self.job),
            first: from_millis(self.first),
            last: from_millis(self.last),
            count: self.count.unsigned_abs(),
            outcome: known(&self.outcome, Outcome::named)?,
            reason: Reason { code: self.reason_code, text: self.reason_text },
            spec: self.spec,
            decided_at: from_millis(self.decided_at),
        })
    }
}

impl Cells for RunCells {
    type Row = RunRow;
    const TABLE: &'static str = Self::TABLE;
    const COLUMNS: (&'static [&'static str], &'static [&'static str]) = Self::COLUMNS;

    fn of(row: &RunRow) -> Self {
        let (reason_code, reason_text) = parts(row.reason.as_ref());
        Self {
            run: row.run.0.clone(),
            job: row.job.as_str().to_owned(),
            fire_time: to_millis(row.fire_time),
            attempt: row.attempt,
            scheduled_by: row.by.as_str().to_owned(),
            previous: row.previous.as_ref().map(|run| run.0.clone()),
            fence: row.fence.0,
            started_at: to_millis(row.started_at),
            ended_at: row.ended_at.map(to_millis),
            outcome: row.outcome.map(|outcome| outcome.as_str().to_owned()),
            reason_code,
            reason_text,
        }
    }

    fn row(self) -> Result<RunRow> {
        Ok(RunRow {
            run: RunId(self.run),
            job: JobId::new(&self.job),
            fire_time: from_millis(self.fire_time),
            attempt: self.attempt,
            by: known(&self.scheduled_by, ScheduledBy::named)?,
            previous: self.previous.map(RunId),
            fence: Fence(self.fence),
            started_at: from_millis(self.started_at),
            ended_at: self.ended_at.map(from_millis),
            outcome: self.outcome.map(|outcome| known(&outcome, Outcome::named)).transpose()?,
            reason: reason(self.reason_code, self.reason_text),
        })
    }
}

/// A fire time's key, as statements take it.
pub(super) fn key(job: &JobId, at: DateTime<Utc>) -> (&str, i64) {
    (job.as_str(), to_millis(at))
}

fn parts(reason: Option<&Reason>) -> (Option<String>, Option<String>) {
    reason.map(|reason| (reason.code.clone(), reason.text.clone())).unzip()
}

fn reason(code: Option<String>, text: Option<String>) -> Option<Reason> {
    Some(Reason { code: code?, text: text.unwrap_or_default() })
}

fn known<T>(word: &str, named: fn(&str) -> Option<T>) -> Result<T> {
    named(word).ok_or_else(|| unreadable(&format!("nothing is called `{word}`")))
}

/// A row that nobody of us has written.
pub(super) fn unreadable(why: &str) -> Error {
    Error::new(Kind::Config, "state_damaged", format!("a row of the state cannot be read: {why}"))
        .with_hint("undo what was changed by hand, or move the file away to begin a new state")
}
