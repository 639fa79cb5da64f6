//! The task behind a poll: looks at its objects until nobody waits any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::super::error::Error;
use super::super::fan_out::fan_out;
use super::super::platform::Platform;
use super::super::resource::Resource;
use super::polls::{LONGEST_INTERVAL, Poll, SHORTEST_INTERVAL};
use crate::clock::handoff;
use crate::error::Kind as ErrorKind;

/// Up to so many objects are read one by one; a list is dearer then.
const FEW: usize = 4;
/// How many objects are read at a time.
const READS_AT_A_TIME: usize = 8;
/// How long one look may take with all its repeats; the next look is the better repeat.
const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// Looks, sleeps, and looks again.
pub(super) async fn run(platform: &Platform, poll: &Arc<Poll>) {
    while rest(platform, poll).await {
        look(platform, poll).await;
    }
}

/// Sleeps until the next look is due, which a newcomer may bring forward; `false` when nobody waits any more.
async fn rest(platform: &Platform, poll: &Poll) -> bool {
    let clock = platform.clock();
    loop {
        let (due, receiver) = {
            let mut state = poll.lock();
            if state.ends() {
                return false;
            }
            let next = state.looked_at.map_or(Duration::ZERO, |looked_at| looked_at + state.interval);
            let Some(due) = next.checked_sub(clock.monotonic()).filter(|due| !due.is_zero()) else {
                state.looked_at = Some(clock.monotonic());
                state.interval = state.interval.mul_f64(1.5).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
                return true;
            };
            let (wake, receiver) = handoff(clock);
            state.wake = Some(wake);
            (due, receiver)
        };
        clock.timeout(due, receiver).await;
    }
}

/// One look at every object that was waited for when the look began; who joins meanwhile is not judged by it.
async fn look(platform: &Platform, poll: &Poll) {
    let (wanted, may_list) = {
        let state = poll.lock();
        let wanted: BTreeMap<u64, String> = state.entries.iter().map(|(key, entry)| (*key, entry.id.clone())).collect();
        (wanted, state.may_list)
    };
    let mut ids: Vec<&String> = wanted.values().collect();
    ids.sort();
    ids.dedup();
    if ids.len() <= FEW || !may_list {
        return read_each(platform, poll, &wanted).await;
    }
    match platform.look_at_all(poll.kind, LOOK_LIMIT).await {
        Ok(objects) => {
            let missing = take_in(poll, wanted, &objects);
            if !missing.is_empty() {
                read_each(platform, poll, &missing).await;
            }
        }
        Err(error) if matches!(error.kind(), ErrorKind::Permission | ErrorKind::Policy) => {
            poll.lock().may_list = false;
            read_each(platform, poll, &wanted).await;
        }
        // What a list cannot tell, the objects themselves can.
        Err(error) if !may_pass(&error) => read_each(platform, poll, &wanted).await,
        Err(error) => {
            for key in wanted.keys() {
                stumble(poll, *key, &error);
            }
        }
    }
}

/// Judges by a list; gives back what the list lacks, which a read of its own must confirm. What nobody waits for is not
/// looked at further than its id.
fn take_in(poll: &Poll, wanted: BTreeMap<u64, String>, objects: &[Resource]) -> BTreeMap<u64, String> {
    let mut by_id: HashMap<&str, Vec<u64>> = HashMap::new();
    for (key, id) in &wanted {
        by_id.entry(id).or_default().push(*key);
    }
    let mut found = BTreeSet::new();
    for object in objects {
        let Some(id) = object.id_alone() else { continue };
        for key in by_id.get(&*id).into_iter().flatten() {
            observe(poll, *key, object);
            found.insert(*key);
        }
    }
    wanted.into_iter().filter(|(key, _)| !found.contains(key)).collect()
}

async fn read_each(platform: &Platform, poll: &Poll, wanted: &BTreeMap<u64, String>) {
    let mut by_id: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (key, id) in wanted {
        by_id.entry(id).or_default().push(*key);
    }
    let work = by_id.keys().map(|id| {
        let (platform, kind, id) = (platform.clone(), poll.kind, (*id).to_owned());
        async move { platform.look_at(kind, &id, LOOK_LIMIT).await }
    });
    let looks = fan_out(platform.clock(), READS_AT_A_TIME, work.collect()).await;
    for (keys, look) in by_id.values().zip(looks) {
        let look = look.unwrap_or(Err(Error::Bug("a background task panicked")));
        for key in keys {
            match &look {
                Ok(object) => observe(poll, *key, object),
                Err(error) if is_absence(error) => {
                    let mut state = poll.lock();
                    let Some(entry) = state.entries.get_mut(key) else { continue };
                    entry.trouble = None;
                    let verdict = entry.watch.observe_absence();
                    state.conclude(*key, verdict, None);
                }
                Err(error) => stumble(poll, *key, error),
            }
        }
    }
}

fn observe(poll: &Poll, key: u64, object: &Resource) {
    let head = match object.head() {
        Ok(head) => head,
        Err(error) => return stumble(poll, key, &error),
    };
    let mut state = poll.lock();
    let Some(entry) = state.entries.get_mut(&key) else { return };
    entry.trouble = None;
    let verdict = entry.watch.observe(head);
    state.conclude(key, verdict, Some(object.body()));
}

/// A look that failed: what may pass is remembered and tried again, what cannot ends the wait.
fn stumble(poll: &Poll, key: u64, error: &Error) {
    let mut state = poll.lock();
    if may_pass(error) {
        if let Some(entry) = state.entries.get_mut(&key) {
            entry.trouble = Some(error.to_string());
        }
    } else {
        state.finish(key, Err(error.clone()));
    }
}

/// Whether a later look may succeed although this one failed.
fn may_pass(error: &Error) -> bool {
    // A token that could not be had for the moment is of kind `auth`, and says so.
    let is_retryable = matches!(error, Error::Call(error) if error.call.as_ref().is_some_and(|call| call.retryable));
    is_retryable
        || matches!(
            error.kind(),
            ErrorKind::RateLimited
                | ErrorKind::Server
                | ErrorKind::Network
                | ErrorKind::Timeout
                | ErrorKind::Incomplete
                | ErrorKind::Conflict
        )
}

/// Whether the API says that the object is not there. A 403 does not: it may as well mean that the credential may
/// delete but not read, and a state nobody has seen is no success.
///
/// Source: the Go SDK's delete waiters take 403, 404 and 410 for the end; 403 is the resource manager's way, which
/// answers nothing else for projects that are gone.
fn is_absence(error: &Error) -> bool {
    let Error::Call(error) = error else { return false };
    error.kind == ErrorKind::NotFound || error.call.as_ref().is_some_and(|call| call.status == Some(410))
}
