//! Jobs that the workspace's file has no more, by what the store has of them.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::schedule::job::JobId;
use crate::schedule::store::Store;

/// The ids that a name stands for, of which something waits or runs; with those of which a past is known, if asked for.
/// Whether the file has them is not asked.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn former_named<S: Store>(store: &S, name: &str, with_past: bool) -> Result<Vec<JobId>> {
    let stands_for =
        |id: &JobId| id.as_str() == name || id.as_str().split_once('@').is_some_and(|(job, _)| job == name);
    let live = store.live().await?.into_iter().map(|entry| entry.job);
    let mut ids: BTreeSet<JobId> = live.filter(stands_for).collect();
    if with_past {
        // What only ever ran by hand has no row of its own.
        let enrolled = store.jobs().await?.into_iter().map(|row| row.job).filter(stands_for);
        let known: Vec<JobId> = enrolled.chain([JobId::new(name)]).collect();
        let past = store.latest(&known, 1).await?;
        ids.extend(past.iter().map(|record| record.job().clone()));
    }
    Ok(ids.into_iter().collect())
}
