//! What a change touches: the objects that its path names, with what is known of them before it is made.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::catalog::{Effect, FilledFrom, Method, Operation, Parameter, Place, plain_text, service};
use crate::error::Kind;
use crate::policy::{ObjectFacts, Role};
use crate::transport::client::Inner;
use crate::transport::delivery::Delivery;
use crate::transport::neighbours::{is_read, list_of, read_of_item, read_of_parent, read_of_same, with_path_of};
use crate::transport::reach::{reads_along, reads_of_named};
use crate::transport::request::Prepared;
use crate::transport::sightings::{place_of, shows_labels};
use crate::transport::{Call, Error};

/// What a change touches.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// The objects that the path names, from the left; none for a create.
    pub objects: Vec<Touched>,
    /// What it reaches beside them, and how: the volume that a backup is written back to, what its body takes.
    pub also: Vec<(Role, Touched)>,
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

/// Where a change names an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming<'n> {
    /// In its path, by this parameter.
    Path(&'n str),
    /// In its body, or by what the path names; paths name such objects by this parameter.
    Body(&'n str),
}

impl<'n> Naming<'n> {
    fn parameter(self) -> &'n str {
        match self {
            Self::Path(parameter) | Self::Body(parameter) => parameter,
        }
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
        let mut objects = Vec::new();
        for parameter in call.operation.parameters.iter().filter(|parameter| names_an_object(parameter)) {
            let Some(id) = call.parameters.get(parameter.name).map(plain_text) else { continue };
            objects.push(self.touched(call, prepared, Naming::Path(parameter.name), &id, look).await);
        }
        let also = match call.operation.effect {
            Effect::Read => Vec::new(),
            _ => Box::pin(self.reach(call, prepared, &objects, look)).await,
        };
        Subject { objects, also }
    }

    /// An object that a change names, with what is known of it.
    pub(super) async fn touched(
        &self,
        call: &Call,
        prepared: &Prepared,
        naming: Naming<'_>,
        id: &str,
        look: Look,
    ) -> Touched {
        let kind = kind_of(naming.parameter());
        let touched = |place, knowledge| Touched { kind: kind.clone(), id: id.to_owned(), place, knowledge };
        let Some(mut home) = home_of(call, naming, id) else { return touched(None, Knowledge::Unknown) };
        // What was checked and filled in for the change holds for the look as well.
        home.target = prepared.target.clone();
        let has_labels = shows_labels(home.operation);
        let read = match Prepared::new(&home, &self.endpoints, &self.uploads) {
            Ok(read) => read,
            Err(error) if look == Look::Up && has_labels => {
                return touched(None, Knowledge::Unreadable(Box::new(error)));
            }
            Err(_) => return touched(None, Knowledge::Unknown),
        };
        let place = place_of(&read);
        let not_before = self.clock.monotonic().saturating_sub(FRESH);
        let knowledge = match self.sightings.facts(&place, has_labels, not_before) {
            Some(facts) => Knowledge::Known(facts),
            None if look == Look::Up && has_labels => self.look_up(home, &read).await,
            None => Knowledge::Unknown,
        };
        touched(Some(place), knowledge)
    }

    async fn look_up(&self, mut home: Call, read: &Prepared) -> Knowledge {
        home.time_limit = Some(super::client::LOOK_TIME);
        let asked_at = self.clock.monotonic();
        match Delivery::new(self, &home, read).run().await {
            Ok(answer) => {
                self.sightings.note(read, &answer.body, asked_at);
                ObjectFacts::read(&answer.body).map_or(Knowledge::Unknown, |facts| Knowledge::Known(Arc::new(facts)))
            }
            Err(error) if error.kind == Kind::NotFound => Knowledge::Gone,
            Err(error) => Knowledge::Unreadable(Box::new(error)),
        }
    }
}

/// A call that reads the object that `call` touches first; of a create, the one that it made, if its id is given.
#[must_use]
pub fn read_of_object(call: &Call, made: Option<&str>) -> Option<Call> {
    if let Some(read) = made.and_then(|id| read_of_item(call, id)) {
        return Some(read);
    }
    let first = call.operation.parameters.iter().find(|parameter| names_an_object(parameter))?;
    home_of(call, Naming::Path(first.name), &plain_text(call.parameters.get(first.name)?))
}

fn names_an_object(parameter: &Parameter) -> bool {
    parameter.place == Place::Path && !matches!(parameter.filled_from(), Some(FilledFrom::Project | FilledFrom::Region))
}

/// `server` of `serverId`, `service account mail` of `serviceAccountMail`.
pub(super) fn kind_of(parameter: &str) -> String {
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

/// What was read longer ago is read anew before a change: somebody may have protected the object since.
const FRESH: Duration = Duration::from_mins(5);

/// Services whose paths name servers and volumes that another one keeps.
const ABOUT_SERVERS: [&str; 3] = ["run-command", "server-backup", "server-update"];
/// Services whose objects lie in networks that another one keeps.
const WITHIN_NETWORKS: [&str; 3] = ["alb", "load-balancer", "ske"];
/// The service that keeps servers and volumes. Its older versions keep the same ones, and are not looked into.
const SERVERS: &str = "iaas";

/// The module in which the objects of an operation are looked up.
pub(super) fn servers_module(operation: &Operation) -> &'static str {
    let service = operation.module.split('/').next().unwrap_or(operation.module);
    if service == SERVERS { SERVERS } else { operation.module }
}

/// A call that lists all objects of a kind among which one is touched by `call`, if the API can list them.
pub(super) fn list_of_kind(call: &Call, kind: &str) -> Option<Call> {
    let mut named = call.operation.parameters.iter().filter(|parameter| names_an_object(parameter));
    match named.find(|parameter| kind_of(parameter.name) == kind) {
        Some(parameter) => list_at(call, Naming::Path(parameter.name)),
        None => list_at(call, Naming::Body(&format!("{kind}Id"))),
    }
}

/// A call that lists all objects that a body names by this parameter.
pub(super) fn list_of_named(call: &Call, parameter: &str) -> Option<Call> {
    list_at(call, Naming::Body(parameter))
}

fn list_at(call: &Call, naming: Naming<'_>) -> Option<Call> {
    // The path of a list does not name the object.
    let home = home_of(call, naming, "")?;
    Some(with_path_of(call, list_beside(home.operation)?))
}

/// The operation that lists the objects of which another one reads one.
fn list_beside(home: &Operation) -> Option<&'static Operation> {
    let (collection, _) = home.path.rsplit_once('/')?;
    service(home.module)?.operations.iter().find(|other| {
        other.method == Method::Get
            && other.effect == Effect::Read
            && other.path == collection
            && other.list_key.is_some()
    })
}

/// A call that reads an object that a change may name: the shortest GET of the service that ends in it.
fn home_of(call: &Call, naming: Naming<'_>, id: &str) -> Option<Call> {
    let is_given = |name: &str| call.parameters.get(name).is_some_and(|value| *value != Value::Null);
    let home = home_operation(call.operation, naming, is_given)?;
    // However its id is spelled, it is the same object.
    let id = uuid::Uuid::try_parse(id).map_or_else(|_| id.to_owned(), |id| id.to_string());
    Some(with_path_of(call, home).with(naming.parameter(), id))
}

pub(super) fn home_operation(
    operation: &Operation,
    naming: Naming<'_>,
    is_given: impl Fn(&str) -> bool,
) -> Option<&'static Operation> {
    let parameter = naming.parameter();
    let end = format!("/{{{parameter}}}");
    let is_whole = |other: &Operation| {
        let mut path = other.parameters.iter().filter(|parameter| names_an_object(parameter));
        path.all(|other| other.name == parameter || is_given(other.name))
    };
    let module = servers_module(operation);
    let of = module.split('/').next().unwrap_or(module);
    let is_elsewhere = (ABOUT_SERVERS.contains(&of) && ["serverId", "volumeId"].contains(&parameter))
        || (WITHIN_NETWORKS.contains(&of) && parameter == "networkId");
    let operations = service(if is_elsewhere { SERVERS } else { module })?.operations.iter();
    let homes = operations
        .filter(|other| other.method == Method::Get && is_read(other) && other.path.ends_with(&end) && is_whole(other));
    homes.min_by_key(|home| home.path.len())
}

/// What is read around a change, beside what its caller reads.
#[derive(Debug, Clone, Default)]
pub struct ReadsAround {
    /// Before it: the objects that it touches, for their labels.
    pub before: Vec<&'static Operation>,
    /// Before it, if its body names such objects or a parameter takes them along: what is taken into use, loses
    /// something, or is deleted with it.
    pub reached: Vec<&'static Operation>,
    /// Before it, if a cap on shares asks how many objects of its kind there are: their list.
    pub counted: Vec<&'static Operation>,
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
        let home = home_operation(change, Naming::Path(parameter), |name| given.contains(&name));
        reads.before.extend(home.filter(|home| shows_labels(home)));
        reads.after.extend(home);
        if matches!(change.effect, Effect::Update | Effect::Delete) {
            reads.counted.extend(home.and_then(list_beside));
        }
    }
    reads.before.extend(reads_along(change));
    reads.reached = reads_of_named(change);
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
                    let home = home_of(&call, Naming::Path(parameter.name), ID).map(|home| home.operation.name);
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
