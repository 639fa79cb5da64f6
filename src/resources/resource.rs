//! An object of the platform: the bytes as they came, and the few fields that this room acts on.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::{Map, Value};

use super::error::Error;
use super::expectation::Expectation;
use super::kind::Kind;
use crate::policy::Labels;
use crate::transport::Target;

/// An object of the platform; cheap to clone.
#[derive(Debug, Clone)]
pub struct Resource(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    /// Shared by the objects of a list.
    target: Arc<Target>,
    form: Form,
    body: Bytes,
    /// Boxed, so that a long list whose heads nobody asks for stays small.
    head: OnceLock<Box<Result<Head, String>>>,
    expectation: Option<Expectation>,
}

/// Which of its forms an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// What a plain read or list gives.
    #[default]
    Plain,
    /// With the fields that come only on request.
    Detailed,
}

/// The fields that this room acts on; the rest is passed on unread.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Head {
    /// The identifier.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The status.
    pub status: Option<String>,
    pub(super) labels: Option<Map<String, Value>>,
    /// What the platform says went wrong.
    pub error_message: Option<String>,
    pub(super) created_at: Option<String>,
    /// A server's machine type.
    pub machine_type: Option<String>,
    /// A volume's size in GiB.
    pub size: Option<i64>,
    /// The server that a volume is attached to.
    pub server_id: Option<String>,
    /// The volume that a snapshot or backup was taken of, or that is attached.
    pub volume_id: Option<String>,
    /// The snapshot that a backup was taken of.
    pub snapshot_id: Option<String>,
    /// A server's volumes.
    pub volumes: Option<Vec<String>>,
    pub(super) boot_volume: Option<BootVolume>,
    pub(super) ip: Option<String>,
}

#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct BootVolume {
    id: Option<String>,
}

/// Which of the fields that may identify an object are there.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Names {
    id: Option<Text>,
    name: Option<Text>,
    volume_id: Option<Text>,
}

/// The fields that may identify an object, as they stand in it.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ids<'b> {
    #[serde(borrow)]
    id: Option<Cow<'b, str>>,
    #[serde(borrow)]
    name: Option<Cow<'b, str>>,
    #[serde(borrow)]
    volume_id: Option<Cow<'b, str>>,
}

/// Some text.
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Self)
    }
}

impl Visitor<'_> for Text {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

impl Head {
    /// The labels; values that are no text are passed over.
    #[must_use]
    pub fn labels(&self) -> Labels {
        let pairs = self.labels.iter().flatten();
        pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    /// The volume that a server boots from.
    #[must_use]
    pub fn boot_volume(&self) -> Option<&str> {
        self.boot_volume.as_ref().and_then(|volume| volume.id.as_deref())
    }
}

impl Resource {
    /// An object from the bytes of its JSON.
    #[must_use]
    pub fn new(kind: Kind, target: impl Into<Arc<Target>>, form: Form, body: Bytes) -> Self {
        let target = target.into();
        Self(Arc::new(Inner { kind, target, form, body, head: OnceLock::new(), expectation: None }))
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Where it is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// Which form of the answer it is.
    #[must_use]
    pub fn form(&self) -> Form {
        self.0.form
    }

    /// Its JSON as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The outcome to expect of the verb that answered it.
    #[must_use]
    pub fn expectation(&self) -> Option<&Expectation> {
        self.0.expectation.as_ref()
    }

    /// The same object with an outcome to expect.
    #[must_use]
    pub fn expecting(&self, expectation: Expectation) -> Self {
        Self(Arc::new(Inner { expectation: Some(expectation), ..(*self.0).clone() }))
    }

    /// The same object, expecting nothing.
    #[must_use]
    pub fn without_expectation(&self) -> Self {
        Self(Arc::new(Inner { expectation: None, ..(*self.0).clone() }))
    }

    /// The last copy of an object that is gone: its status, if it had one, is the API's own word for that.
    #[must_use]
    pub fn deleted(&self) -> Self {
        let mut fields: Map<String, Value> = serde_json::from_slice(&self.0.body).unwrap_or_default();
        if let Some(status) = fields.get_mut("status") {
            *status = Value::from("DELETED");
        }
        let body = Bytes::from(Value::Object(fields).to_string());
        Self::new(self.0.kind, self.0.target.clone(), self.0.form, body)
    }

    /// The fields that this room acts on.
    ///
    /// # Errors
    /// When the bytes are not JSON or a field has a type that it cannot have.
    pub fn head(&self) -> Result<&Head, Error> {
        let decode = || Box::new(serde_json::from_slice(&self.0.body).map_err(|why| why.to_string()));
        let decoded = self.0.head.get_or_init(decode);
        (**decoded).as_ref().map_err(|why| Error::BadObject { kind: self.0.kind, why: why.clone() })
    }

    /// Its identifier, or the name for a kind that has no other.
    ///
    /// # Errors
    /// When it has none.
    pub fn id(&self) -> Result<&str, Error> {
        let head = self.head()?;
        let id = match self.0.kind.row().id_field {
            "name" => &head.name,
            "volumeId" => &head.volume_id,
            _ => &head.id,
        };
        id.as_deref().ok_or_else(|| self.without_id())
    }

    /// Makes sure that it has an identifier, without keeping anything: most objects are handed on unread.
    ///
    /// # Errors
    /// When its bytes are no JSON object with an identifier.
    pub(super) fn check_id(&self) -> Result<(), Error> {
        let kind = self.0.kind;
        let names: Names =
            serde_json::from_slice(&self.0.body).map_err(|why| Error::BadObject { kind, why: why.to_string() })?;
        let id = match kind.row().id_field {
            "name" => names.name,
            "volumeId" => names.volume_id,
            _ => names.id,
        };
        id.map(|Text| ()).ok_or_else(|| self.without_id())
    }

    /// Its identifier, read without keeping anything: to find one of many.
    #[must_use]
    pub(super) fn id_alone(&self) -> Option<Cow<'_, str>> {
        let ids: Ids<'_> = serde_json::from_slice(&self.0.body).ok()?;
        match self.0.kind.row().id_field {
            "name" => ids.name,
            "volumeId" => ids.volume_id,
            _ => ids.id,
        }
    }

    fn without_id(&self) -> Error {
        Error::BadObject { kind: self.0.kind, why: format!("`{}` is missing", self.0.kind.row().id_field) }
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let head = self.head().ok()?;
        let name = match self.0.kind.row().name_field? {
            "ip" => &head.ip,
            _ => &head.name,
        };
        name.as_deref().filter(|name| !name.is_empty())
    }

    /// How messages call it: its name, else its identifier.
    #[must_use]
    pub fn label(&self) -> String {
        self.name().or_else(|| self.id().ok()).unwrap_or("?").to_owned()
    }

    /// Its status, if its kind has one.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.head().ok().and_then(|head| head.status.as_deref())
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.target() == other.target() && self.body() == other.body()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(kind: Kind, body: &'static str) -> Resource {
        Resource::new(kind, Target::default(), Form::Plain, Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn the_head_reads_what_is_there_and_leaves_the_rest() {
        let server = resource(
            Kind::Server,
            r#"{"id":"1","name":"web-1","status":"ACTIVE","labels":{"team":"web","odd":1},"bootVolume":{"id":"v"},"nics":null,"x":[1]}"#,
        );
        let head = server.head().expect("a head");
        assert_eq!((server.id().expect("an id"), server.label().as_str()), ("1", "web-1"));
        assert_eq!(head.boot_volume(), Some("v"));
        assert_eq!(head.labels().into_iter().collect::<Vec<_>>(), [("team".to_owned(), "web".to_owned())]);
    }

    #[test]
    fn kinds_without_an_id_are_known_by_their_name() {
        assert_eq!(resource(Kind::MachineType, r#"{"name":"g1.1"}"#).id().expect("an id"), "g1.1");
        assert_eq!(resource(Kind::VolumeAttachment, r#"{"volumeId":"v","serverId":"s"}"#).id().expect("an id"), "v");
    }

    #[test]
    fn what_is_no_object_says_so() {
        for body in ["", "[]", "{\"id\":1}", "{\"id\":\"1\"", "null"] {
            assert!(resource(Kind::Server, body).id().is_err(), "{body}");
        }
    }
}
