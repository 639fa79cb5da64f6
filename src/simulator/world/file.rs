//! Worlds as JSON files.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::model::World;
use crate::error::{Error, Kind, nearest};

impl World {
    /// Reads a world; what it leaves out is filled in as of `now`.
    ///
    /// # Errors
    /// When it is not JSON, has an unknown key (the nearest known one is named), or does not fit together; always
    /// with the place.
    pub fn from_json(text: &str, file: &str, now: DateTime<Utc>) -> Result<Self, Error> {
        let world: Self = serde_json::from_str(text).map_err(|error| unreadable(&error, file))?;
        world.complete(now).map_err(|mut error| {
            error.place = Some(error.place.map_or_else(|| file.to_owned(), |place| format!("{file}: {place}")));
            error
        })
    }

    /// Writes the world as of `now`, without what is empty.
    pub fn to_json(&self, now: DateTime<Utc>) -> Value {
        let mut world = serde_json::to_value(self).expect("a world holds texts, numbers and maps with text keys only");
        prune(&mut world);
        world["time"] = Value::String(now.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
        world
    }
}

/// Takes out what reads back as absent.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|name, value| match value {
                Value::Null => false,
                Value::Object(inner) => !inner.is_empty(),
                // No permission is not the same as nothing said of them.
                Value::Array(items) => !items.is_empty() || name == "permissions",
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn unreadable(error: &serde_json::Error, file: &str) -> Error {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let place = format!("{file}:{}:{}", error.line(), error.column());
    let code = if error.is_syntax() || error.is_eof() { "world_not_json" } else { "world_invalid" };
    // Serde names the unknown field first and then the known ones, each in backticks.
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"));
    let near = unknown.and_then(|name| nearest(name, quoted));
    let message = match unknown {
        Some(name) => format!("unknown key `{name}`"),
        None if code == "world_not_json" => format!("the world is not JSON: {message}"),
        None => message.clone(),
    };
    let error = Error::new(Kind::Config, code, message).with_place(place);
    match near {
        Some(name) => error.with_hint(format!("did you mean `{name}`?")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("a valid time")
    }

    const SMALL: &str = r#"{ "projects": [{ "name": "shop", "regions": { "eu01": {
        "networks": [{ "name": "net" }],
        "volumes": [{ "name": "boot", "size": 20 }, { "name": "data", "serverId": "web-1" }],
        "servers": [{ "name": "web-1", "machineType": "g2i.2", "bootVolume": { "id": "boot" } }],
        "snapshots": [{ "name": "monday", "volumeId": "data" }]
    } } }] }"#;

    #[test]
    fn a_hand_written_world_is_completed_the_same_way_each_time() {
        let first = World::from_json(SMALL, "world.json", noon()).expect("a good world");
        let second = World::from_json(SMALL, "world.json", noon()).expect("a good world");
        assert_eq!(first.to_json(noon()), second.to_json(noon()));
        let region = &first.projects[0].regions["eu01"];
        let server = region.servers.iter().next().expect("a server");
        assert_eq!((server.volumes.len(), server.nics.len()), (2, 1));
        assert_eq!(server.availability_zone.as_deref(), Some("eu01-1"));
        assert!(region.volumes.iter().all(|volume| volume.status == "ATTACHED"));
        assert_eq!(region.snapshots.iter().next().map(|snapshot| snapshot.size), Some(10));
    }

    #[test]
    fn a_world_is_the_same_after_writing_and_reading() {
        let world = World::from_json(SMALL, "world.json", noon()).expect("a good world");
        let written = world.to_json(noon());
        let read = World::from_json(&written.to_string(), "saved.json", noon()).expect("a good world");
        assert_eq!(read.to_json(noon()), written);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, place, message, hint) in [
            ("{ \"projects\": [", "w.json:1:15", "the world is not JSON: EOF while parsing a list", None),
            ("{\n \"project\": [] }", "w.json:2:10", "unknown key `project`", Some("did you mean `projects`?")),
            (
                r#"{ "projects": [{ "regions": { "eu01": { "servers": [{ "name": "a", "machinetype": "x" }] } } }] }"#,
                "w.json:1:80",
                "unknown key `machinetype`",
                Some("did you mean `machineType`?"),
            ),
            (
                r#"{ "projects": [{ "regions": { "eu01": { "servers": [{ "name": "a", "status": "ACTVE" }] } } }] }"#,
                "w.json: projects[0].regions.eu01.servers[0].status",
                "`ACTVE` is no status of a server",
                Some("did you mean `ACTIVE`?"),
            ),
            (
                r#"{ "projects": [{ "regions": { "eu01": { "volumes": [{ "name": "a", "serverId": "web" }], "servers": [{ "name": "web1" }] } } }] }"#,
                "w.json: projects[0].regions.eu01.volumes[0].serverId",
                "there is no server `web`",
                Some("did you mean `web1`?"),
            ),
            (
                r#"{ "projects": [{ "regions": { "eu01": { "servers": [{ "id": "7", "name": "a" }] } } }] }"#,
                "w.json: projects[0].regions.eu01.servers[0].id",
                "`7` is no id",
                Some("lower-case 8-4-4-4-12, or leave it out"),
            ),
        ] {
            let error = World::from_json(text, "w.json", noon()).expect_err("a bad world");
            assert_eq!(
                (error.place.as_deref(), error.message.as_str(), error.hint.as_deref()),
                (Some(place), message, hint)
            );
        }
    }
}
