//! What processes that are gone left under way, settled by a person's process where nobody serves: a server does it at
//! its start, and none may ever come.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::hand::new_run;
use super::{Jobs, Runner, Surround};
use crate::clock::Clock;
use crate::error::{Kind, Result};
use crate::schedule::decision::{Finish, Situation};
use crate::schedule::dispatcher::LEASE;
use crate::schedule::executor::RunJob as _;
use crate::schedule::job::{JobId, Roster};
use crate::schedule::outcome::Reason;
use crate::schedule::rows::{Entry, Fence, Phase, ScheduledBy};
use crate::schedule::store::{Node, Presence, ServeLock, Store};

/// Settles what is left of processes that are gone, unless somebody serves by now. `folder` is where the state is,
/// `about` the job that a person acts on: what was under way of it is not repeated, as that person decides what becomes
/// of it. The same holds for what persons had started; what the schedule had started waits for the next server where its
/// job says so.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) async fn salvage<S: Store>(
    store: &Arc<S>,
    jobs: &Jobs,
    surround: &Surround,
    folder: &Path,
    about: &JobId,
) -> Result<()> {
    let live = store.live().await?;
    if live.is_empty() {
        return Ok(());
    }
    let clock = Clock::process();
    // Nobody begins to serve meanwhile.
    let (node, lock) = match ServeLock::take(folder, &clock).await {
        Ok(lock) => (Node::Scheduler, Some(lock)),
        Err(error) if error.kind == Kind::Conflict => return Ok(()),
        // Where no file can be locked nobody can serve; what is left there are runs by hand.
        Err(_) => (Node::Hand, None),
    };
    // Others who ask act for themselves: this is no server.
    lock.iter().for_each(ServeLock::leave);
    look_for_hands(&**store, folder, &live, clock.now()).await?;
    let fence = store.register(node, clock.now(), LEASE).await?;
    let settled = settle(store, jobs, surround, fence, about, &clock).await;
    store.retire(fence).await.and(settled)
}

/// Takes those off the record whose process is gone, and lets those have more time who slept with the machine.
async fn look_for_hands<S: Store>(
    store: &S,
    folder: &Path,
    live: &[Entry],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let fences: BTreeSet<Fence> = live.iter().map(|entry| entry.fence).collect();
    for fence in fences {
        match Presence::is_gone(folder, fence) {
            Some(true) => {
                store.retire(fence).await?;
                Presence::forget(folder, fence);
            }
            // One that has been given up already goes on as it is.
            Some(false) => drop(store.heartbeat(fence, now, LEASE).await),
            None => {}
        }
    }
    Ok(())
}

async fn settle<S: Store>(
    store: &Arc<S>,
    jobs: &Jobs,
    surround: &Surround,
    fence: Fence,
    about: &JobId,
    clock: &Clock,
) -> Result<()> {
    let absence = Reason::new("down", "the process that had claimed it is gone");
    let now = clock.now();
    let all = Situation {
        roster: &jobs.roster,
        now,
        lowest: now,
        fence,
        absence: &absence,
        free: 0,
        only: None,
        new_run: &new_run,
    };
    let abandoned = store.abandoned(&all).await?;
    let running: Vec<&Entry> = abandoned.iter().filter(|entry| entry.phase == Phase::Running).collect();
    if running.is_empty() {
        return Ok(());
    }
    let is_hand = |entry: &&&Entry| matches!(entry.by, ScheduledBy::Hand | ScheduledBy::Rerun);
    let left: BTreeSet<&JobId> = running.iter().filter(is_hand).map(|entry| &entry.job).chain([about]).collect();
    let repeated = jobs.roster.iter().filter(|job| !left.contains(&job.id)).map(|job| (**job).clone());
    let roster = Roster::new(repeated);
    let runner = Runner::new(store.clone(), jobs.clone(), surround.clone());
    let ended: Vec<Finish> = running.iter().filter_map(|entry| runner.what_became(entry)).collect();
    store.recover_expired(&ended, &Situation { roster: &roster, ..all }).await
}
