//! Snapshots: list, get, create, update, delete.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::copies::Renaming;
use crate::simulator::exchange::{Asked, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Kind, Labels, Limits, Region, Snapshot};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotView<'v> {
    availability_zone: &'v str,
    created_at: Option<DateTime<Utc>>,
    id: &'v str,
    labels: LabelsView<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'v str>,
    size: i64,
    status: &'v str,
    updated_at: Option<DateTime<Utc>>,
    volume_id: &'v str,
}

impl<'v> From<&'v Snapshot> for SnapshotView<'v> {
    fn from(snapshot: &'v Snapshot) -> Self {
        Self {
            availability_zone: &snapshot.availability_zone,
            created_at: snapshot.created_at,
            id: &snapshot.id,
            labels: &snapshot.labels,
            name: snapshot.name.as_deref(),
            size: snapshot.size,
            status: &snapshot.status,
            updated_at: snapshot.updated_at,
            volume_id: &snapshot.volume_id,
        }
    }
}

/// `ListSnapshotsInProject`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let snapshots = scene.region.snapshots.iter().filter(|snapshot| selector.matches(&snapshot.labels));
    Ok(Answered::ok(&Items { items: snapshots.map(SnapshotView::from).collect() }))
}

/// `GetSnapshot`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("snapshotId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let snapshot = region.snapshots.get(id).ok_or_else(|| Refusal::not_found(Kind::Snapshot))?;
    Ok(Answered::json(status, &SnapshotView::from(snapshot)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    volume_id: String,
    name: Option<String>,
    labels: Option<Given>,
}

/// `CreateSnapshot`: of a volume that is at rest, attached or not.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Create = asked.body()?;
    let volume = scene.region.volumes.get(&wanted.volume_id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    if !["AVAILABLE", "ATTACHED"].contains(&&*volume.status) {
        return Err(Refusal::conflict(format!("volume {} is in status {}", volume.id, volume.status)));
    }
    let (size, availability_zone) = (volume.size, volume.availability_zone.clone());
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    scene.afford(&Limits { snapshots: 1, gigabytes: size, ..Limits::NONE })?;
    let id = scene.new_id(Kind::Snapshot, wanted.name.as_deref().unwrap_or(&wanted.volume_id));
    let snapshot = Snapshot {
        id: id.clone(),
        name: wanted.name,
        volume_id: wanted.volume_id,
        size,
        availability_zone,
        labels,
        created_at: Some(scene.stamp()),
        ..Snapshot::default()
    };
    let begin = scene.begin(Kind::Snapshot, "create").sized(size);
    scene.add(|region| &mut region.snapshots, snapshot, begin);
    shown(scene.region, &id, 201)
}

/// `UpdateSnapshot`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("snapshotId")?;
    let wanted: Renaming = asked.body()?;
    let stamp = scene.stamp();
    let snapshot = scene.region.snapshots.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Snapshot))?;
    wanted.apply(&mut snapshot.name, &mut snapshot.labels)?;
    snapshot.updated_at = Some(stamp);
    scene.touch(Kind::Snapshot, id);
    shown(scene.region, id, 200)
}

/// `DeleteSnapshot`: not while a volume made from it is there. STACKIT does not say; block storage that clones
/// refuses, and a recipe must be able to meet that.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("snapshotId")?;
    let snapshot = scene.region.snapshots.get(id).ok_or_else(|| Refusal::not_found(Kind::Snapshot))?;
    if snapshot.status == "DELETING" {
        scene.touch(Kind::Snapshot, id);
        return Ok(Answered::no_content());
    }
    check_unused(scene.region, id)?;
    let begin = scene.begin(Kind::Snapshot, "delete");
    scene.start(|region| &mut region.snapshots, id, begin)?;
    Ok(Answered::no_content())
}

/// Refuses a snapshot that a volume was made from.
///
/// # Errors
/// 409.
pub fn check_unused(region: &Region, id: &str) -> Result<(), Refusal> {
    let user = region
        .volumes
        .iter()
        .find(|volume| volume.source.as_ref().is_some_and(|source| source.kind == "snapshot" && source.id == id));
    match user {
        None => Ok(()),
        Some(volume) => Err(Refusal::conflict(format!("snapshot {id} is in use by volume {}", volume.id))),
    }
}
