//! What a change touches: the objects that its path names, with what is known of them before it is made.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::{Effect, FilledFrom, Method, Operation, Parameter, Place, plain_text, service};
use crate::error::Kind;
use crate::policy::ObjectFacts;
use crate::transport::client::Inner;
use crate::transport::delivery::Delivery;
use crate::transport::neighbours::{is_read, list_of, read_of_item, read_of_parent, read_of_same, with_path_of};
use crate::transport::pages::items_of;
use crate::transport::request::Prepared;
use crate::transport::sightings::{place_of, shows_labels};
use crate::transport::{Call, Error};

/// What a change touches.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// The objects that the path names, from the left; none for a create.
    pub objects: Vec<Touched>,
    /// What it changes beside them: the volume that a backup is written back to, those that go with their server.
    pub also: Vec<Touched>,
}

/// One object that a change touches.
#[derive(Debug, Clone)]
pub struct Touched {
    /// What it is: `server`, `volume`; the parameter's name without `Id`.
    pub kind: String,
    /// As the path names it.
    pub id: String,
    /// Host and path of the object itself, if it can be read.
    pub place: Option<String>,
    /// What is known of it.
    pub knowledge: Knowledge,
}

/// What is known of an object before it is changed.
#[derive(Debug, Clone)]
pub enum Knowledge {
    /// As it was last read.
    Known(Arc<ObjectFacts>),
    /// Nothing: nobody asked, it cannot be read alone, or its kind has no labels.
    Unknown,
    /// It does not exist.
    Gone,
    /// It could not be read.
    Unreadable(Box<Error>),
}

impl Touched {
    /// What is known of it, if anything.
    #[must_use]
    pub fn facts(&self) -> Option<&ObjectFacts> {
        match &self.knowledge {
            Knowledge::Known(facts) => Some(facts),
            Knowledge::Unknown | Knowledge::Gone | Knowledge::Unreadable(_) => None,
        }
    }

    /// How messages call it: its name, else its id.
    #[must_use]
    pub fn label(&self) -> &str {
        self.facts().and_then(ObjectFacts::label).unwrap_or(&self.id)
    }
}

/// How hard to look for what is known of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Not beyond what was read already.
    Back,
    /// Read what was not read, or not with its labels.
    Up,
}

impl Inner {
    /// The objects that a change touches. What has labels and is not known is read, past the gate: it is the gate that
    /// asks.
    pub async fn subject(&self, call: &Call, prepared: &Prepared, look: Look) -> Subject {
        let (mut objects, mut also) = (Vec::new(), Vec::new());
        for parameter in call.operation.parameters.iter().filter(|parameter| names_an_object(parameter)) {
            let Some(id) = call.parameters.get(parameter.name).map(plain_text) else { continue };
            objects.push(self.touched(call, prepared, parameter.name, id, look).await);
        }
        if let Some(volume) = restored_volume(call.operation, &objects) {
            also.push(self.touched(call, prepared, "volumeId", volume, look).await);
        }
        if call.operation.name == DELETE_SERVER && look == Look::Up {
            match self.volumes_that_go_along(call, prepared).await {
                Ok(volumes) => {
                    for volume in volumes {
                        also.push(self.touched(call, prepared, "volumeId", volume, look).await);
                    }
                }
                // That it is gone is the API's to say.
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => {
                    let id = objects.last().map(|server| server.id.clone()).unwrap_or_default();
                    let knowledge = Knowledge::Unreadable(Box::new(error));
                    also.push(Touched { kind: "volume".to_owned(), id, place: None, knowledge });
                }
            }
        }
        Subject { objects, also }
    }

    /// The volumes that are deleted with the server that they are attached to.
    ///
    /// Source: `deleteOnTermination` of `VolumeAttachment` in the IaaS document.
    async fn volumes_that_go_along(&self, call: &Call, prepared: &Prepared) -> Result<Vec<String>, Error> {
        let Some(list) = crate::catalog::operation(call.operation.module, LIST_ATTACHMENTS) else {
            return Ok(Vec::new());
        };
        let mut list = with_path_of(call, list);
        list.target = prepared.target.clone();
        list.time_limit = Some(super::client::LOOK_TIME);
        let read = Prepared::new(&list, &self.endpoints, &self.uploads)?;
        let answer = Delivery::new(self, &list, &read).run().await?;
        let body: Value = answer.json(list.operation)?;
        let goes_along = |attachment: &&Value| attachment["deleteOnTermination"].as_bool().unwrap_or(true);
        let attachments = items_of(list.operation, &body).iter().filter(goes_along);
        Ok(attachments.filter_map(|attachment| attachment["volumeId"].as_str().map(str::to_owned)).collect())
    }

    async fn touched(&self, call: &Call, prepared: &Prepared, parameter: &str, id: String, look: Look) -> Touched {
        let kind = kind_of(parameter);
        let home = home_of(call, parameter, &id).map(|mut home| {
            // What was checked and filled in for the change holds for the look as well.
            home.target = prepared.target.clone();
            home
        });
        let home = home.and_then(|home| Some((Prepared::new(&home, &self.endpoints, &self.uploads).ok()?, home)));
        let Some((read, home)) = home else { return Touched { kind, id, place: None, knowledge: Knowledge::Unknown } };
        let place = place_of(&read);
        let has_labels = shows_labels(home.operation);
        let knowledge = match self.sightings.facts(&place, has_labels) {
            Some(facts) => Knowledge::Known(facts),
            None if look == Look::Up && has_labels => self.look_up(home, &read).await,
            None => Knowledge::Unknown,
        };
        Touched { kind, id, place: Some(place), knowledge }
    }

    async fn look_up(&self, mut home: Call, read: &Prepared) -> Knowledge {
        home.time_limit = Some(super::client::LOOK_TIME);
        match Delivery::new(self, &home, read).run().await {
            Ok(answer) => {
                self.sightings.note(read, &answer.body);
                ObjectFacts::read(&answer.body).map_or(Knowledge::Unknown, |facts| Knowledge::Known(Arc::new(facts)))
            }
            Err(error) if error.kind == Kind::NotFound => Knowledge::Gone,
            Err(error) => Knowledge::Unreadable(Box::new(error)),
        }
    }
}

/// Deletes a server, and the volumes that go with it.
const DELETE_SERVER: &str = "delete_server";
/// Lists the volumes of a server, each with whether it goes with it.
const LIST_ATTACHMENTS: &str = "list_attached_volumes";
/// Writes a backup back to its volume.
const RESTORE: &str = "restore_backup";

/// The volume that a backup was taken of, and is written back to.
///
/// Source: `RestoreBackup` of the IaaS document.
fn restored_volume(operation: &Operation, objects: &[Touched]) -> Option<String> {
    let backup = objects.last().filter(|_| operation.name == RESTORE)?;
    backup.facts()?.volume_id.clone()
}

/// A call that reads the object that `call` touches first; of a create, the one that it made, if its id is given.
#[must_use]
pub fn read_of_object(call: &Call, made: Option<&str>) -> Option<Call> {
    if let Some(read) = made.and_then(|id| read_of_item(call, id)) {
        return Some(read);
    }
    let first = call.operation.parameters.iter().find(|parameter| names_an_object(parameter))?;
    home_of(call, first.name, &plain_text(call.parameters.get(first.name)?))
}

fn names_an_object(parameter: &Parameter) -> bool {
    parameter.place == Place::Path && !matches!(parameter.filled_from(), Some(FilledFrom::Project | FilledFrom::Region))
}

/// `server` of `serverId`, `service account mail` of `serviceAccountMail`.
fn kind_of(parameter: &str) -> String {
    let name = parameter.strip_suffix("Id").unwrap_or(parameter);
    let mut kind = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            kind.push(' ');
        }
        kind.push(letter.to_ascii_lowercase());
    }
    kind.trim_start().to_owned()
}

/// Services whose paths name servers and volumes that another one keeps.
const ABOUT_SERVERS: [&str; 3] = ["run-command", "server-backup", "server-update"];

/// A call that lists all objects of a kind among which one is touched by `call`, if the API can list them.
pub(super) fn list_of_kind(call: &Call, kind: &str) -> Option<Call> {
    let mut named = call.operation.parameters.iter().filter(|parameter| names_an_object(parameter));
    let named = named.find(|parameter| kind_of(parameter.name) == kind).map(|parameter| parameter.name.to_owned());
    // The path of a list does not name the object.
    let home = home_of(call, &named.unwrap_or_else(|| format!("{kind}Id")), "")?;
    let (collection, _) = home.operation.path.rsplit_once('/')?;
    let operations = &service(home.operation.module)?.operations;
    let list = operations.iter().find(|other| {
        other.method == Method::Get
            && other.effect == Effect::Read
            && other.path == collection
            && other.list_key.is_some()
    })?;
    Some(with_path_of(call, list))
}

/// A call that reads an object that a path parameter may name: the shortest GET of the service that ends in it.
fn home_of(call: &Call, parameter: &str, id: &str) -> Option<Call> {
    let is_given =
        |name: &str| name == parameter || call.parameters.get(name).is_some_and(|value| *value != Value::Null);
    Some(with_path_of(call, home_operation(call.operation, parameter, is_given)?).with(parameter, id))
}

fn home_operation(
    operation: &Operation,
    parameter: &str,
    is_given: impl Fn(&str) -> bool,
) -> Option<&'static Operation> {
    let end = format!("/{{{parameter}}}");
    let is_whole = |other: &Operation| {
        let mut path = other.parameters.iter().filter(|parameter| names_an_object(parameter));
        path.all(|parameter| is_given(parameter.name))
    };
    let module = operation.module;
    let is_elsewhere = ABOUT_SERVERS.contains(&module.split('/').next().unwrap_or(module))
        && ["serverId", "volumeId"].contains(&parameter);
    let operations = service(if is_elsewhere { "iaas" } else { module })?.operations.iter();
    let homes = operations
        .filter(|other| other.method == Method::Get && is_read(other) && other.path.ends_with(&end) && is_whole(other));
    homes.min_by_key(|home| home.path.len())
}

/// What is read around a change, beside what its caller reads.
#[derive(Debug, Clone, Default)]
pub struct ReadsAround {
    /// Before it: the objects that it touches, for their labels.
    pub before: Vec<&'static Operation>,
    /// After it, if its answer is lost or it is refused.
    pub after: Vec<&'static Operation>,
}

/// The operations that may be called around a change of the catalogue.
#[must_use]
pub fn reads_around(change: &'static Operation) -> ReadsAround {
    let given: Vec<&str> = change
        .parameters
        .iter()
        .filter(|parameter| names_an_object(parameter))
        .map(|parameter| parameter.name)
        .collect();
    let mut reads = ReadsAround::default();
    for parameter in &given {
        let home = home_operation(change, parameter, |name| given.contains(&name));
        reads.before.extend(home.filter(|home| shows_labels(home)));
        reads.after.extend(home);
    }
    if change.name == DELETE_SERVER {
        reads.before.extend(crate::catalog::operation(change.module, LIST_ATTACHMENTS));
    }
    if change.name == RESTORE || change.name == DELETE_SERVER {
        reads.before.extend(home_operation(change, "volumeId", |name| name == "volumeId"));
    }
    let call = Call::new(change, crate::transport::Target::default());
    let neighbours =
        [list_of(&call), read_of_item(&call, ""), read_of_same(&call), read_of_parent(&call)].into_iter().flatten();
    reads.after.extend(neighbours.map(|neighbour| neighbour.operation));
    reads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::testing::{ID, OTHER_ID, call};

    #[test]
    fn each_object_of_a_path_has_its_own_home() {
        let homes = |name: &str, parameters: &[(&str, &str)]| {
            let call = parameters.iter().fold(call(name), |call, (name, value)| call.with(name, *value));
            let named = call.operation.parameters.iter().filter(|parameter| names_an_object(parameter));
            let homes: Vec<_> = named
                .map(|parameter| {
                    let home = home_of(&call, parameter.name, ID).map(|home| home.operation.name);
                    (kind_of(parameter.name), home)
                })
                .collect();
            homes
        };
        let both = [("serverId", ID), ("volumeId", OTHER_ID)];
        let server = || ("server".to_owned(), Some("get_server"));
        assert_eq!(homes("stop_server", &both), [server()]);
        assert_eq!(
            homes("remove_volume_from_server", &both),
            [server(), ("volume".to_owned(), Some("get_volume"))],
            "both the server and the volume are touched"
        );
        assert_eq!(homes("create_server", &[]), []);
        assert_eq!(
            homes("add_service_account_to_server", &[("serverId", ID), ("serviceAccountMail", "a@b.c")]),
            [server(), ("service account mail".to_owned(), None)]
        );
    }
}
