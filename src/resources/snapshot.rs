//! Snapshots and backups of volumes.

use serde_json::{Map, Value, json};

use super::error::Error;
use super::kind::Kind;
use super::options::{self, Options, Query};
use super::platform::Platform;
use super::resource::Resource;

impl Platform {
    /// Takes a snapshot of a volume. Of an attached volume it is crash-consistent at best.
    ///
    /// # Errors
    /// `invalid` for a wrong name or label, `quota` when the project may have no more; else of the call.
    pub async fn create_snapshot(&self, volume: &Resource, name: &str, options: Options) -> Result<Resource, Error> {
        options::check("create_snapshot", &options, &["labels", "description"])?;
        let mut fields = options;
        fields.insert("name".to_owned(), Value::from(name));
        fields.insert("volumeId".to_owned(), Value::from(volume.id()?));
        self.at(volume.target().clone()).create(Kind::Snapshot, fields).await
    }

    /// The snapshot of this name of a volume: the one that is there and good, or coming to be, else a new one. Safe to
    /// repeat.
    ///
    /// # Errors
    /// As [`Self::create_snapshot`]; `invalid` if several snapshots of the volume have the name.
    pub async fn ensure_snapshot(&self, volume: &Resource, name: &str, options: Options) -> Result<Resource, Error> {
        options::check("ensure_snapshot", &options, &["labels", "description"])?;
        let here = self.at(volume.target().clone());
        let mut usable = Vec::new();
        for snapshot in here.snapshots_of(volume).await? {
            if snapshot.name() == Some(name) && matches!(snapshot.status(), Some("AVAILABLE" | "CREATING")) {
                usable.push(snapshot);
            }
        }
        match usable.len() {
            0 => here.create_snapshot(volume, name, options).await,
            1 => Ok(usable.remove(0)),
            _ => {
                let ids = usable.iter().map(|one| one.id().map(str::to_owned)).collect::<Result<_, _>>()?;
                Err(Error::SeveralFound { kind: Kind::Snapshot, name: name.to_owned(), ids })
            }
        }
    }

    /// The snapshots of a volume.
    ///
    /// # Errors
    /// Of the call.
    pub async fn snapshots_of(&self, volume: &Resource) -> Result<Vec<Resource>, Error> {
        let id = volume.id()?.to_owned();
        let here = self.at(volume.target().clone());
        let all = here.list(Kind::Snapshot, &Query::default()).await?.objects;
        let mut own = Vec::new();
        for snapshot in all {
            if snapshot.head()?.volume_id.as_deref() == Some(&id) {
                own.push(snapshot);
            }
        }
        Ok(own)
    }

    /// Takes a backup of a volume or a snapshot.
    ///
    /// # Errors
    /// As [`Self::create_snapshot`].
    pub async fn create_backup(&self, source: &Resource, name: &str, options: Options) -> Result<Resource, Error> {
        options::check("create_backup", &options, &["labels", "description"])?;
        let mut fields: Map<String, Value> = options;
        fields.insert("name".to_owned(), Value::from(name));
        let kind = if source.kind() == Kind::Snapshot { "snapshot" } else { "volume" };
        fields.insert("source".to_owned(), json!({ "type": kind, "id": source.id()? }));
        self.at(source.target().clone()).create(Kind::Backup, fields).await
    }
}
