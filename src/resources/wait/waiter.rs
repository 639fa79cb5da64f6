//! One who waits: for one object, or for a list of them without a thread each.

use std::time::Duration;

use super::super::error::Error;
use super::super::expectation::{Expectation, Goal, Watch, Watched};
use super::super::kind::Kind;
use super::super::platform::Platform;
use super::super::resource::{Form, Resource};
use super::polls::{Joined, Seen};

/// How long a plain object may take to settle unless told. Source: the default of the Go SDK, `core/wait`.
const SETTLING_LIMIT: Duration = Duration::from_mins(30);

impl Platform {
    /// Waits for the outcome that an object carries, and gives the object as it is then. An object that came from no
    /// verb is waited for until it rests. After a delete, the last copy with the status `DELETED`.
    ///
    /// # Errors
    /// `timeout` when it is not done in time, `server` when it failed with the API's own message, `not_found` when the
    /// object went away, and whatever keeps the state from being read.
    pub async fn wait(&self, object: &Resource, time_limit: Option<Duration>) -> Result<Resource, Error> {
        let mut results = self.wait_all(std::slice::from_ref(object), time_limit).await;
        results.pop().unwrap_or(Err(Error::Bug("a wait gave no result")))
    }

    /// Waits for all of these objects at once; each has its result, in their order. Without `time_limit`, the longest
    /// of their own limits holds for all.
    pub async fn wait_all(&self, objects: &[Resource], time_limit: Option<Duration>) -> Vec<Result<Resource, Error>> {
        let expectations: Vec<Result<Expectation, Error>> = objects.iter().map(expectation_of).collect();
        let own = expectations.iter().flatten().map(|expectation| expectation.time_limit).max();
        let limit = time_limit.or(own).unwrap_or(SETTLING_LIMIT);
        let started = self.clock().monotonic();
        let joined: Vec<Result<Joined, Error>> = objects
            .iter()
            .zip(&expectations)
            .map(|(object, expectation)| {
                let watch = Watch::new(expectation.clone()?);
                Ok(self.polls().join(&self.at(object.target().clone()), watch))
            })
            .collect();
        let mut results = Vec::with_capacity(objects.len());
        for (object, joined) in objects.iter().zip(joined) {
            let result = match joined {
                Err(error) => Err(error),
                Ok(joined) => {
                    let left = (started + limit).saturating_sub(self.clock().monotonic());
                    self.outcome(object, joined, left, limit).await
                }
            };
            results.push(result);
        }
        results
    }

    async fn outcome(
        &self,
        object: &Resource,
        mut joined: Joined,
        left: Duration,
        limit: Duration,
    ) -> Result<Resource, Error> {
        // By value: a receiver that outlives the timeout would leave its thread without a token of the virtual clock.
        let receiver = joined.take_receiver().ok_or(Error::Bug("a wait was asked twice"))?;
        match self.clock().timeout(left, receiver).await {
            Some(Some(Ok(seen))) => Ok(fresh(object, seen)),
            Some(Some(Err(error))) => Err(error),
            Some(None) => Err(Error::Bug("the task that looks at objects panicked")),
            None => {
                let Expectation { verb, watched, .. } = expectation_of(object)?;
                let (kind, name, last) = (watched.kind, watched.name, joined.last());
                Err(Error::TimedOut { verb, kind, name, seconds: limit.as_secs(), last })
            }
        }
    }
}

/// The object after its wait, as a plain read gives it. An attachment shows in its volume and is what it was.
fn fresh(object: &Resource, seen: Seen) -> Resource {
    match seen {
        Seen::Gone => object.deleted(),
        Seen::There(_) if object.kind() == Kind::VolumeAttachment => object.without_expectation(),
        Seen::There(body) => Resource::new(object.kind(), object.target().clone(), Form::Plain, body),
    }
}

/// What is waited for: the outcome of the verb, or rest.
fn expectation_of(object: &Resource) -> Result<Expectation, Error> {
    if let Some(expectation) = object.expectation() {
        return Ok(expectation.clone());
    }
    if let Some((volume, server)) = attached(object)? {
        let watched = Watched { kind: Kind::Volume, id: volume.clone(), name: volume };
        let (goal, before) = (Goal::AttachedTo(server), None);
        return Ok(Expectation { verb: "wait", watched, goal, before, time_limit: SETTLING_LIMIT });
    }
    let watched = Watched { kind: object.kind(), id: object.id()?.to_owned(), name: object.label() };
    Ok(Expectation { verb: "wait", watched, goal: Goal::Settled, before: None, time_limit: SETTLING_LIMIT })
}

/// The volume and the server of an attachment, which shows in its volume.
fn attached(object: &Resource) -> Result<Option<(String, String)>, Error> {
    if object.kind() != Kind::VolumeAttachment {
        return Ok(None);
    }
    let server = object.head()?.server_id.clone().unwrap_or_default();
    Ok(Some((object.id()?.to_owned(), server)))
}
