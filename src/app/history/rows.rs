//! Changes of many runs as rows: those that nobody knows the outcome of first.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::journal::{Change, History, OUTSIDE, Outcome};

/// Which changes are wanted; what is not said does not narrow.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// Those of the object with this id, or whose id begins so.
    pub object: Option<String>,
    /// Those of objects of this name.
    pub name: Option<String>,
    /// Those that deleted something.
    pub deleted: bool,
}

/// A change of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeRow {
    /// When it was sent.
    pub time: DateTime<Utc>,
    /// The run.
    pub run: String,
    /// Its number in the run.
    pub call: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// `iaas.delete_server`.
    pub operation: String,
    /// What it did to the world.
    pub effect: String,
    /// What kind of object it touched.
    pub kind: Option<String>,
    /// The object's id.
    pub id: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// Its state before.
    pub was: Option<String>,
    /// How often it was tried.
    pub tries: usize,
    /// How much was written or sent, outside the API.
    pub bytes: Option<u64>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// The server's name for the request.
    pub request_id: Option<String>,
    /// Why it is not done.
    pub why: Option<String>,
}

impl ChangeRow {
    /// The row of a change.
    #[must_use]
    pub fn of(run: &str, change: &Change) -> Self {
        // Of several objects, the last is what is put, taken or made; the first is what it is put into.
        let is_outside = change.before.effect == OUTSIDE;
        let touched = change.before.objects.first();
        let was = touched.and_then(|object| object.was.as_deref());
        let made = change.result().filter(|_| change.before.effect == "create");
        let asked = change.before.body.as_deref().and_then(|body| body.get("name")?.as_str());
        let name = made.and_then(|made| made.name.as_deref()).or(asked.filter(|_| change.before.effect == "create"));
        Self {
            time: change.time(),
            run: run.to_owned(),
            call: change.before.call,
            outcome: change.outcome(),
            operation: operation(change),
            effect: change.before.effect.to_string(),
            kind: touched.map(|object| object.kind.to_string()),
            id: made.and_then(|made| made.id.clone()).or_else(|| touched.map(|object| object.id.to_string())),
            name: name.map(str::to_owned).or_else(|| was.and_then(|was| was.name.clone())),
            was: was.and_then(|was| was.status.clone()),
            tries: change.tries.len(),
            bytes: change.before.parameters.get("bytes").and_then(Value::as_u64).filter(|_| is_outside),
            status: change.last().and_then(|after| after.status),
            request_id: change.last().and_then(|after| after.request_id.as_deref().map(str::to_owned)),
            why: change.why().map(str::to_owned),
        }
    }
}

/// What was called; of a request to another host the method too.
fn operation(change: &Change) -> String {
    let before = &change.before;
    if before.effect == OUTSIDE && before.operation == "http" {
        return format!("http {}", before.request);
    }
    before.operation.to_string()
}

/// The changes of these runs that are wanted: first those whose outcome nobody knows, then the latest first.
#[must_use]
pub fn changes(runs: &[History], filter: &ChangeFilter) -> Vec<ChangeRow> {
    let wanted = |change: &&Change| filter.wants(change);
    let rows = runs
        .iter()
        .flat_map(|run| run.changes.iter().filter(wanted).map(|change| ChangeRow::of(&run.began.run, change)));
    let mut rows: Vec<ChangeRow> = rows.collect();
    rows.sort_by_key(|row| (row.outcome != Outcome::Unknown, std::cmp::Reverse((row.time, row.call))));
    rows
}

impl ChangeFilter {
    fn wants(&self, change: &Change) -> bool {
        // A shortened id is still longer than a few letters that any id begins with.
        let is_id = |given: &str, id: &str| id == given || (given.len() >= 4 && id.starts_with(given));
        let ids = || {
            let touched = change.before.objects.iter().map(|object| &*object.id);
            touched.chain(change.result().and_then(|made| made.id.as_deref()))
        };
        (!self.deleted || change.before.effect == "delete")
            && self.object.as_deref().is_none_or(|given| ids().any(|id| is_id(given, id)))
            && self.name.as_deref().is_none_or(|given| change.names().any(|name| name == given))
    }
}
