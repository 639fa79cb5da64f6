//! What a run changed, for those who are told how it ended.

use crate::app::jobs::{Jobs, Surround};
use crate::app::settings_in;
use crate::journal::{Archive, Folder, Outcome};
use crate::notices::Changes;
use crate::schedule::rows::Entry;

/// What became of the changes that the latest run of a fire time was about to make, by its journal, which also tells of a
/// run whose process died. What it did outside the API, such as to tell people, is no change.
pub(super) async fn changes_of(jobs: &Jobs, surround: &Surround, entry: &Entry) -> Option<Changes> {
    let (run, began) = (entry.run.as_ref()?.to_string(), entry.started_at?);
    let settings = settings_in(&jobs.around, &surround.environment, &surround.given).ok()?;
    let archive = Archive::new(Folder::of(&settings, &surround.environment)?);
    // Beside the loop: the journal of a run that changes thousands of objects is long.
    let reading = tokio::task::spawn_blocking(move || archive.run_of(&run, began));
    let history = reading.await.ok().flatten()?;
    let mut changes = Changes { made: 0, not_made: 0, unknown: 0 };
    for change in history.changes_inside() {
        match change.outcome() {
            Outcome::Done => changes.made += 1,
            Outcome::Refused | Outcome::Unsent => changes.not_made += 1,
            Outcome::Unknown => changes.unknown += 1,
        }
    }
    Some(changes)
}
