//! From one object to those it belongs with.

use std::collections::HashMap;

use super::error::Error;
use super::kind::Kind;
use super::options::{Options, Query};
use super::platform::Platform;
use super::resource::Resource;

/// So many related objects are read one by one; more come from one list.
const FEW: usize = 4;

impl Platform {
    /// The volumes of a server, as its `volumes` names them.
    ///
    /// # Errors
    /// `incomplete` if one of them cannot be read; else of the calls.
    pub async fn volumes_of(&self, server: &Resource) -> Result<Vec<Resource>, Error> {
        let ids = server.head()?.volumes.clone().unwrap_or_default();
        let here = self.at(server.target().clone());
        if ids.len() <= FEW {
            let mut volumes = Vec::new();
            for id in ids {
                volumes.push(here.get(Kind::Volume, &id, &Options::new()).await?);
            }
            return Ok(volumes);
        }
        let all = here.list(Kind::Volume, &Query::default()).await?.objects;
        let mut by_id = HashMap::new();
        for volume in all {
            by_id.insert(volume.id()?.to_owned(), volume);
        }
        ids.into_iter()
            .map(|id| {
                let missing = Error::NotFound { kind: Kind::Volume, wanted: id.clone(), nearest: Vec::new() };
                by_id.remove(&id).ok_or(missing)
            })
            .collect()
    }

    /// The volume that a server boots from, if it has one.
    ///
    /// # Errors
    /// Of the call.
    pub async fn boot_volume_of(&self, server: &Resource) -> Result<Option<Resource>, Error> {
        match server.head()?.boot_volume() {
            Some(id) => self.related(server, Kind::Volume, id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The server that a volume or an attachment belongs to, if it is attached.
    ///
    /// # Errors
    /// Of the call.
    pub async fn server_of(&self, object: &Resource) -> Result<Option<Resource>, Error> {
        match object.head()?.server_id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => self.related(object, Kind::Server, id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The volume of a snapshot, a backup or an attachment.
    ///
    /// # Errors
    /// `not_found` if the volume is gone; else of the call.
    pub async fn volume_of(&self, object: &Resource) -> Result<Resource, Error> {
        let head = object.head()?;
        let why = || Error::BadObject { kind: object.kind(), why: "`volumeId` is missing".to_owned() };
        self.related(object, Kind::Volume, head.volume_id.as_deref().ok_or_else(why)?).await
    }

    /// The backups of a volume.
    ///
    /// # Errors
    /// Of the call.
    pub async fn backups_of(&self, volume: &Resource) -> Result<Vec<Resource>, Error> {
        let id = volume.id()?.to_owned();
        let here = self.at(volume.target().clone());
        let mut own = Vec::new();
        for backup in here.list(Kind::Backup, &Query::default()).await?.objects {
            if backup.head()?.volume_id.as_deref() == Some(&id) {
                own.push(backup);
            }
        }
        Ok(own)
    }
}
