//! One request as the answering functions see it: what is asked, and the part of the world that it is about.

use chrono::{DateTime, SubsecRound, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::labels::Given;
use super::selector::Selector;
use super::settle::{Begin, Bend, Stateful};
use super::wire::Refusal;
use super::world::{
    Kind, Labels, Limits, MachineType, PerformanceClass, Region, Table, exceeded, is_uuid, new_id, usage,
};

/// What a request asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Path parameters by name.
    pub path: Vec<(String, String)>,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// The body, if it is JSON.
    pub body: Option<Value>,
    /// The scheme and host that the caller used.
    pub base_url: String,
}

impl Asked {
    /// A path parameter; the catalogue's path has it.
    pub fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A path parameter that is an id.
    ///
    /// # Errors
    /// 400 where it is none.
    pub fn id(&self, name: &str) -> Result<&str, Refusal> {
        let id = self.path(name);
        if is_uuid(id) { Ok(id) } else { Err(Refusal::bad("invalid uuid")) }
    }

    /// A query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is true or false.
    ///
    /// # Errors
    /// 400 where it is neither.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.query(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(bad_query(name, "value must be a boolean")),
        }
    }

    /// The label selector.
    ///
    /// # Errors
    /// 400 where it is malformed.
    pub fn selector(&self) -> Result<Selector, Refusal> {
        Selector::parse(self.query("label_selector").unwrap_or_default())
            .map_err(|problem| bad_query("label_selector", &problem))
    }

    /// The body as this type; an absent one reads as `{}`.
    ///
    /// # Errors
    /// 400 where it does not fit.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body = self.body.clone().unwrap_or_else(|| Value::Object(Given::new()));
        serde_json::from_value(body)
            .map_err(|error| Refusal::bad(format!("request body has an error: doesn't match schema: {error}")))
    }
}

/// 400 for a query parameter.
pub fn bad_query(name: &str, problem: &str) -> Refusal {
    Refusal::bad(format!("parameter \"{name}\" in query has an error: {problem}"))
}

/// The part of the world that a request is about.
pub struct Scene<'w> {
    /// The project's id.
    pub project: &'w str,
    /// The region's name.
    pub region_name: &'w str,
    /// What the project holds there.
    pub region: &'w mut Region,
    /// Machine types on offer.
    pub machine_types: &'w [MachineType],
    /// Performance classes on offer.
    pub performance_classes: &'w [PerformanceClass],
    /// Whether an SSH key has this name.
    pub has_keypair: &'w dyn Fn(&str) -> bool,
    /// What ids are drawn from.
    pub seed: u64,
    /// World time.
    pub now: DateTime<Utc>,
    /// What a fault makes of transitions.
    pub bend: &'w Bend,
    /// The objects that the request changes, for its entry among the project's requests.
    pub touched: Vec<(Kind, String)>,
}

/// A transition that no fault bends.
static PLAIN: Bend = Bend { factor: None, error: None };

impl<'w> Scene<'w> {
    /// World time in whole seconds, as answers carry it.
    pub fn stamp(&self) -> DateTime<Utc> {
        self.now.trunc_subsecs(0)
    }

    /// Notes that the request changes an object.
    pub fn touch(&mut self, kind: Kind, id: &str) {
        self.touched.push((kind, id.to_owned()));
    }

    /// The transition that the request asks for, bent by its fault if it has one.
    pub fn begin(&self, kind: Kind, action: &str) -> Begin<'w> {
        Begin::new(kind, action, self.now, self.bend)
    }

    /// A transition that follows from the one asked for; faults do not bend it.
    pub fn begin_plain(&self, kind: Kind, action: &str) -> Begin<'static> {
        Begin::new(kind, action, self.now, &PLAIN)
    }

    /// Puts an object of the region into a transition, and notes it.
    ///
    /// # Errors
    /// 404 where there is no such object, 409 where its status does not accept the action.
    pub fn start<T: Stateful>(
        &mut self,
        table: fn(&mut Region) -> &mut Table<T>,
        id: &str,
        begin: Begin<'_>,
    ) -> Result<(), Refusal> {
        let row = begin.row;
        let object = table(self.region).get_mut(id).ok_or_else(|| Refusal::not_found(T::KIND))?;
        let until = begin_checked(begin, object)?;
        self.region.note_due(row, id, until);
        self.touch(T::KIND, id);
        Ok(())
    }

    /// Adds a new object that begins with a transition, and notes it.
    pub fn add<T: Stateful>(&mut self, table: fn(&mut Region) -> &mut Table<T>, mut object: T, begin: Begin<'_>) {
        let (row, id) = (begin.row, object.id().to_owned());
        let until = begin.apply(&mut object);
        table(self.region).insert(object);
        self.region.note_due(row, &id, until);
        self.touch(T::KIND, &id);
    }

    /// Refuses what would go over a quota.
    ///
    /// # Errors
    /// 413 naming the first quota that does not suffice.
    pub fn afford(&self, more: &Limits) -> Result<(), Refusal> {
        let used = usage(self.region, self.machine_types);
        exceeded(&self.region.quotas, &used, more).map_or(Ok(()), |over| Err(Refusal::quota(over)))
    }

    /// The machine type of this name.
    ///
    /// # Errors
    /// 400 where there is none. Source: `iaas.v2.json`, the example InvalidMachineType.
    pub fn machine_type(&self, name: &str) -> Result<&MachineType, Refusal> {
        self.machine_types
            .iter()
            .find(|offer| offer.name == name)
            .ok_or_else(|| Refusal::bad("machine type is not valid"))
    }

    /// Refuses a zone that the region does not have.
    ///
    /// # Errors
    /// 400 where there is none.
    pub fn check_zone(&self, zone: &str) -> Result<(), Refusal> {
        if super::world::zones(self.region_name).iter().any(|known| known == zone) {
            Ok(())
        } else {
            Err(Refusal::bad(format!("availability zone {zone} is not valid")))
        }
    }

    /// Refuses a performance class that is not on offer.
    ///
    /// # Errors
    /// 400 where there is none.
    pub fn check_class(&self, class: &str) -> Result<(), Refusal> {
        if self.performance_classes.iter().any(|offer| offer.name == class) {
            Ok(())
        } else {
            Err(Refusal::bad(format!("performance class {class} is not valid")))
        }
    }

    /// An id for a new object of this kind.
    pub fn new_id(&self, kind: Kind, name: &str) -> String {
        let region = &self.region;
        new_id(self.seed, kind, name, self.now, |id| match kind {
            Kind::Server => region.servers.contains(id),
            Kind::Volume => region.volumes.contains(id),
            Kind::Snapshot => region.snapshots.contains(id),
            Kind::Backup => region.backups.contains(id),
            Kind::Image => region.images.contains(id),
            Kind::Network => region.networks.contains(id),
            Kind::Nic => region.nics.contains(id),
            Kind::PublicIp => region.public_ips.contains(id),
            Kind::SecurityGroup => region.security_groups.contains(id),
            Kind::AffinityGroup => region.affinity_groups.contains(id),
            Kind::SecurityGroupRule => {
                region.security_groups.iter().any(|group| group.rules.iter().any(|rule| rule.id == id))
            }
            Kind::Project => false,
        })
    }
}

/// Begins a transition on an object that may be in the wrong status for it.
///
/// # Errors
/// 409 where the state machine does not accept the action.
fn begin_checked<T: Stateful>(begin: Begin<'_>, object: &mut T) -> Result<DateTime<Utc>, Refusal> {
    let status = object.status().clone();
    if begin.row.accepts(&status) {
        return Ok(begin.apply(object));
    }
    let name = object.name().unwrap_or_else(|| object.id());
    Err(Refusal::conflict(format!(
        "cannot {} {} {name} while it is in status {status}",
        begin.row.action,
        T::KIND.noun()
    )))
}

/// Labels as an object in an answer; always there, as `{}` where there are none.
pub type LabelsView<'v> = &'v Labels;

/// What a request wants of a field: an absent field keeps it, `null` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    #[default]
    Keep,
    /// That it be empty.
    Clear,
    /// Another value.
    Set(String),
}

impl Change {
    /// The field after the change.
    pub fn of(self, before: Option<String>) -> Option<String> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}
