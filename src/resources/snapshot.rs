//! Snapshots and backups of volumes.

use std::time::Duration;

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::error::Error;
use super::kind::Kind;
use super::options::{self, Options, Query};
use super::platform::Platform;
use super::resource::Resource;

/// How exact the times are at which things were made.
const TICK: Duration = Duration::from_secs(1);

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

    /// The snapshot of this name of a volume: the one that is there and good, or coming to be, else a new one; of
    /// several the oldest. Safe to repeat, and for several at once: each looks once more after it has made one, and
    /// deletes its own if another was there first.
    ///
    /// # Errors
    /// As [`Self::create_snapshot`]; of the look and the delete.
    pub async fn ensure_snapshot(&self, volume: &Resource, name: &str, options: Options) -> Result<Resource, Error> {
        options::check("ensure_snapshot", &options, &["labels", "description"])?;
        let here = self.at(volume.target().clone());
        let mut there = here.first_usable(volume, name).await?;
        if there.as_ref().is_some_and(|first| first.status() != Some("AVAILABLE")) {
            // It may be as new as a twin that is to stay in its place.
            self.clock().sleep(TICK).await;
            there = here.first_usable(volume, name).await?;
        }
        if let Some(first) = there {
            return Ok(first);
        }
        let made = here.create_snapshot(volume, name, options).await?;
        // What another one makes that this look does not show yet must be the younger: times come in whole seconds.
        self.clock().sleep(TICK).await;
        match here.first_usable(volume, name).await? {
            // Only a copy that stands replaces ours; and what is still coming to be cannot be deleted.
            Some(first) if first.id()? != made.id()? && here.wait(&first, None).await.is_ok() => {
                let _ = here.wait(&made, None).await;
                here.delete(&made, &Options::default()).await?;
                Ok(first)
            }
            _ => Ok(made),
        }
    }

    /// Of the snapshots of this name of a volume that are good or coming to be: the oldest, of twins the one with the
    /// smaller id. Whoever asks finds the same.
    async fn first_usable(&self, volume: &Resource, name: &str) -> Result<Option<Resource>, Error> {
        let mut first: Option<(_, Resource)> = None;
        for snapshot in self.snapshots_of(volume).await? {
            let head = snapshot.head()?;
            if head.name.as_deref() != Some(name) || !matches!(head.status.as_deref(), Some("AVAILABLE" | "CREATING")) {
                continue;
            }
            let created_at = head.created_at.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
            let rank = (created_at, snapshot.id()?.to_owned());
            if first.as_ref().is_none_or(|(lowest, _)| rank < *lowest) {
                first = Some((rank, snapshot));
            }
        }
        Ok(first.map(|(_, snapshot)| snapshot))
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
