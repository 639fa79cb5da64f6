//! What is known of an object before it is changed.

use serde::{Deserialize, Serialize};

use super::Labels;

/// What is known of an object: the fields that decide whether it may be changed, and that tell later what it was.
/// Spelled as in the API; fields that a kind does not have are absent.
///
/// Source: `Server`, `Volume`, `Snapshot`, `Backup`, `Image`, `Network`, `NIC`, `PublicIp` of the IaaS document; other services use the
/// same names for `id`, `name` and `labels`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectFacts {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its labels; none if it has none, or the API answered `null`.
    #[serde(default, deserialize_with = "labels_or_null", skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The machine type of a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    /// The size of a volume, snapshot or backup, in gigabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The server that a volume is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<String>,
    /// The volume that a snapshot or backup was taken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_id: Option<String>,
    /// The network that a network interface is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
    /// The network interface that a public IP leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_interface: Option<String>,
    /// The server that a network interface is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The security groups of a network interface, by their ids.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
}

impl ObjectFacts {
    /// Reads them from the JSON of an object, as the API answers it. What is not there or of another type counts as
    /// absent; only what is no JSON object at all gives `None`.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        // The quick way first; services whose `size` or `status` is something else take the patient one.
        let quick: Option<Self> = serde_json::from_slice(json).ok();
        let is_told = |facts: &Self| facts.id.is_some() || facts.name.is_some() || !facts.labels.is_empty();
        quick.filter(is_told).or_else(|| {
            let answer: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json).ok()?;
            Some(Self::of(wrapped(&answer).unwrap_or(&answer)))
        })
    }

    /// Reads them from an object that is decoded already.
    #[must_use]
    pub fn of(object: &serde_json::Map<String, serde_json::Value>) -> Self {
        let text = |field: &str| object.get(field).and_then(|value| value.as_str()).map(str::to_owned);
        Self {
            id: text("id"),
            name: text("name"),
            labels: object.get("labels").map(labels_of).unwrap_or_default(),
            status: text("status"),
            machine_type: text("machineType"),
            size: object.get("size").and_then(serde_json::Value::as_u64),
            server_id: text("serverId"),
            volume_id: text("volumeId"),
            network_id: text("networkId"),
            network_interface: text("networkInterface"),
            device: text("device"),
            security_groups: object.get("securityGroups").map(texts_of).unwrap_or_default(),
        }
    }

    /// How messages call it: its name, else its id.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.is_empty()).or(self.id.as_deref())
    }
}

/// The object within an answer that is nothing else: `{"share": {…}}`.
///
/// Source: `GetShareResponse` of the SFS document, `ZoneResponse` of the DNS document.
fn wrapped(answer: &serde_json::Map<String, serde_json::Value>) -> Option<&serde_json::Map<String, serde_json::Value>> {
    if answer.contains_key("id") || answer.contains_key("labels") {
        return None;
    }
    let mut objects = answer.values().filter_map(serde_json::Value::as_object);
    objects.next().filter(|_| objects.next().is_none())
}

/// Labels as most services write them, or as a list of keys with values.
///
/// Source: `Label` of the DNS document.
fn labels_of(labels: &serde_json::Value) -> Labels {
    match labels {
        serde_json::Value::Object(labels) => {
            labels.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect()
        }
        serde_json::Value::Array(labels) => {
            let pair = |label: &serde_json::Value| Some((plain(label.get("key")?)?, plain(label.get("value")?)?));
            labels.iter().filter_map(pair).collect()
        }
        _ => Labels::new(),
    }
}

/// A label's value as text.
fn plain(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts_of(list: &serde_json::Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn list_or_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(from)?.unwrap_or_default())
}

fn labels_or_null<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
    Ok(Option::<Labels>::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_with_what_it_has_and_null_labels_are_none() {
        let facts = ObjectFacts::read(
            br#"{"id":"1","name":"web-1","labels":{"a":"b"},"machineType":"g1.1","nics":[],"status":"ACTIVE"}"#,
        )
        .expect("an object");
        assert_eq!((facts.label(), facts.machine_type.as_deref()), (Some("web-1"), Some("g1.1")));
        assert_eq!(facts.labels.get("a").map(String::as_str), Some("b"));
        let bare = ObjectFacts::read(br#"{"id":"1","labels":null,"name":""}"#).expect("an object");
        assert_eq!((bare.label(), bare.labels.len()), (Some("1"), 0));
    }

    #[test]
    fn an_object_within_its_answer_is_found_and_labels_that_are_a_list() {
        let share = ObjectFacts::read(br#"{"share":{"id":"1","name":"data","labels":{"a":"b"}}}"#).expect("an object");
        assert_eq!((share.label(), share.labels.len()), (Some("data"), 1));
        let zone = ObjectFacts::read(br#"{"message":"ok","zone":{"id":"1","labels":[{"key":"a","value":"b"},{}]}}"#);
        assert_eq!(zone.expect("an object").labels.get("a").map(String::as_str), Some("b"));
        let two = ObjectFacts::read(br#"{"one":{"id":"1"},"other":{"id":"2"}}"#).expect("an object");
        assert_eq!(two.id, None);
    }

    #[test]
    fn fields_of_another_type_are_absent_and_hide_nothing_else() {
        let facts = ObjectFacts::read(br#"{"id":7,"name":"x","size":"big","labels":{"n":1,"l":[]}}"#).expect("read");
        assert_eq!((facts.id, facts.name.as_deref(), facts.size), (None, Some("x"), None));
        assert_eq!(facts.labels.get("n").map(String::as_str), Some("1"));
        assert_eq!(ObjectFacts::read(b"[1]"), None);
        assert_eq!(ObjectFacts::read(b"<html>"), None);
    }
}
