//! Backups: list, get, create, update, delete, restore.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::copies::Renaming;
use crate::simulator::exchange::{Asked, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Backup, Kind, Limits, Region, Source};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BackupView<'v> {
    availability_zone: &'v str,
    created_at: Option<DateTime<Utc>>,
    encrypted: bool,
    id: &'v str,
    labels: LabelsView<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'v str>,
    size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_id: Option<&'v str>,
    status: &'v str,
    updated_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_id: Option<&'v str>,
}

impl<'v> From<&'v Backup> for BackupView<'v> {
    fn from(backup: &'v Backup) -> Self {
        Self {
            availability_zone: &backup.availability_zone,
            created_at: backup.created_at,
            encrypted: backup.encrypted,
            id: &backup.id,
            labels: &backup.labels,
            name: backup.name.as_deref(),
            size: backup.size,
            snapshot_id: backup.snapshot_id.as_deref(),
            status: &backup.status,
            updated_at: backup.updated_at,
            volume_id: backup.volume_id.as_deref(),
        }
    }
}

/// `ListBackups`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let backups = scene.region.backups.iter().filter(|backup| selector.matches(&backup.labels));
    Ok(Answered::ok(&Items { items: backups.map(BackupView::from).collect() }))
}

/// `GetBackup`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("backupId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let backup = region.backups.get(id).ok_or_else(|| Refusal::not_found(Kind::Backup))?;
    Ok(Answered::json(status, &BackupView::from(backup)))
}

#[derive(Deserialize)]
struct Create {
    name: Option<String>,
    labels: Option<Given>,
    source: Source,
}

/// `CreateBackup`: of a volume, or of a snapshot; the source is busy meanwhile.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Create = asked.body()?;
    let mut backup = Backup { name: wanted.name, created_at: Some(scene.stamp()), ..Backup::default() };
    merge(&mut backup.labels, wanted.labels.as_ref())?;
    let id = &wanted.source.id;
    let is_snapshot = match wanted.source.kind.as_str() {
        "volume" => {
            let volume = scene.region.volumes.get(id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
            backup.volume_id = Some(volume.id.clone());
            backup.size = volume.size;
            backup.encrypted = volume.encrypted;
            backup.availability_zone.clone_from(&volume.availability_zone);
            false
        }
        "snapshot" => {
            let snapshot = scene.region.snapshots.get(id).ok_or_else(|| Refusal::not_found(Kind::Snapshot))?;
            backup.volume_id = Some(snapshot.volume_id.clone());
            backup.snapshot_id = Some(snapshot.id.clone());
            backup.size = snapshot.size;
            backup.availability_zone.clone_from(&snapshot.availability_zone);
            true
        }
        other => return Err(Refusal::bad(format!("backup source type {other} is not valid"))),
    };
    let size = backup.size;
    scene.afford(&Limits { backups: 1, backup_gigabytes: size, ..Limits::NONE })?;
    if is_snapshot {
        let begin = scene.begin_plain(Kind::Snapshot, "backup").sized(size);
        scene.start(|region| &mut region.snapshots, id, begin)?;
    } else {
        let begin = scene.begin_plain(Kind::Volume, "backup").sized(size);
        scene.start(|region| &mut region.volumes, id, begin)?;
    }
    // What the request made is the backup; its source is only busy.
    scene.touched.clear();
    backup.id = scene.new_id(Kind::Backup, backup.name.as_deref().unwrap_or(id));
    let id = backup.id.clone();
    let begin = scene.begin(Kind::Backup, "create").sized(size);
    scene.add(|region| &mut region.backups, backup, begin);
    shown(scene.region, &id, 201)
}

/// `UpdateBackup`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("backupId")?;
    let wanted: Renaming = asked.body()?;
    let stamp = scene.stamp();
    let backup = scene.region.backups.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Backup))?;
    wanted.apply(&mut backup.name, &mut backup.labels)?;
    backup.updated_at = Some(stamp);
    scene.touch(Kind::Backup, id);
    shown(scene.region, id, 200)
}

/// `DeleteBackup`; `force` takes one in any status.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (id, is_forced) = (asked.id("backupId")?, asked.flag("force")?);
    let backup = scene.region.backups.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Backup))?;
    if backup.status == "DELETING" {
        scene.touch(Kind::Backup, id);
        return Ok(Answered::no_content());
    }
    if is_forced {
        backup.status = "AVAILABLE".into();
    }
    let begin = scene.begin(Kind::Backup, "delete");
    scene.start(|region| &mut region.backups, id, begin)?;
    Ok(Answered::no_content())
}

/// `RestoreBackup`: onto the volume that it came from, which must be attached to nothing.
pub fn restore(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("backupId")?;
    let backup = scene.region.backups.get(id).ok_or_else(|| Refusal::not_found(Kind::Backup))?;
    let (size, status) = (backup.size, backup.status.clone());
    let volume = backup.volume_id.clone().filter(|volume| scene.region.volumes.contains(volume));
    let volume = volume.ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    let begin = scene.begin(Kind::Backup, "restore").sized(size);
    if !begin.row.accepts(&status) {
        return Err(Refusal::conflict(format!("cannot restore backup {id} while it is in status {status}")));
    }
    let busy = scene.begin_plain(Kind::Volume, "restore").sized(size);
    scene.start(|region| &mut region.volumes, &volume, busy)?;
    scene.touched.clear();
    scene.start(|region| &mut region.backups, id, begin)?;
    Ok(Answered::accepted())
}
