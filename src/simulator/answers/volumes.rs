//! Volumes: list, get, create, update, delete, resize.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::simulator::exchange::{Asked, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{DEFAULT_PERFORMANCE_CLASS, Kind, Labels, Limits, Region, Source, Volume};

/// The largest volume in GB. Source: `iaas.v2.json`, the description of volume sizes.
pub const LARGEST: i64 = 16_000;

/// The class of a volume that names none.
pub const DEFAULT_CLASS: &str = DEFAULT_PERFORMANCE_CLASS;

/// A volume as the API shows it; encryption parameters are never shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VolumeView<'v> {
    availability_zone: &'v str,
    bootable: bool,
    created_at: Option<DateTime<Utc>>,
    encrypted: bool,
    id: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_config: Option<&'v Map<String, Value>>,
    labels: LabelsView<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    performance_class: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_id: Option<&'v str>,
    size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'v Source>,
    status: &'v str,
    updated_at: Option<DateTime<Utc>>,
}

impl<'v> From<&'v Volume> for VolumeView<'v> {
    fn from(volume: &'v Volume) -> Self {
        Self {
            availability_zone: &volume.availability_zone,
            bootable: volume.bootable,
            created_at: volume.created_at,
            encrypted: volume.encrypted,
            id: &volume.id,
            image_config: volume.image_config.as_ref(),
            labels: &volume.labels,
            name: volume.name.as_deref(),
            performance_class: volume.performance_class.as_deref(),
            server_id: volume.server_id.as_deref(),
            size: volume.size,
            source: volume.source.as_ref(),
            status: &volume.status,
            updated_at: volume.updated_at,
        }
    }
}

/// `ListVolumes`.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let selector = asked.selector()?;
    let volumes = scene.region.volumes.iter().filter(|volume| selector.matches(&volume.labels));
    Ok(Answered::ok(&Items { items: volumes.map(VolumeView::from).collect() }))
}

/// `GetVolume`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("volumeId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let volume = region.volumes.get(id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    Ok(Answered::json(status, &VolumeView::from(volume)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    availability_zone: String,
    name: Option<String>,
    size: Option<i64>,
    performance_class: Option<String>,
    bootable: Option<bool>,
    labels: Option<Given>,
    source: Option<Source>,
    encryption_parameters: Option<Value>,
}

/// What a volume is made from, as far as it decides on the new one.
#[derive(Default)]
struct Origin {
    /// The least size, and the size where none is given.
    size: Option<i64>,
    /// Whether a size must be given.
    needs_size: bool,
    zone: Option<String>,
    class: Option<String>,
    bootable: bool,
    image_config: Option<Map<String, Value>>,
}

/// `CreateVolume`.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Create = asked.body()?;
    scene.check_zone(&wanted.availability_zone)?;
    let origin = origin(scene, wanted.source.as_ref())?;
    let size = match (wanted.size, origin.size) {
        (None, _) if origin.needs_size => return Err(Refusal::schema("/size", "property \"size\" is missing")),
        (None, least) => least.unwrap_or(1),
        (Some(size), least) if size < least.unwrap_or(1) => {
            return Err(Refusal::bad(format!("size must be at least {} GB", least.unwrap_or(1))));
        }
        (Some(size), _) => size,
    };
    if size > LARGEST {
        return Err(Refusal::bad(format!("size must be at most {LARGEST} GB")));
    }
    if origin.zone.as_ref().is_some_and(|zone| *zone != wanted.availability_zone) {
        return Err(Refusal::bad("availability zone of volume and source differ"));
    }
    let class = wanted.performance_class.or(origin.class).unwrap_or_else(|| DEFAULT_CLASS.to_owned());
    scene.check_class(&class)?;
    let mut labels = Labels::new();
    merge(&mut labels, wanted.labels.as_ref())?;
    scene.afford(&Limits { volumes: 1, gigabytes: size, ..Limits::NONE })?;

    let id = scene.new_id(Kind::Volume, wanted.name.as_deref().unwrap_or_default());
    let action = if wanted.source.is_some() { "create from source" } else { "create" };
    let volume = Volume {
        id: id.clone(),
        name: wanted.name.filter(|name| !name.is_empty()),
        size,
        availability_zone: wanted.availability_zone,
        performance_class: Some(class),
        bootable: wanted.bootable.unwrap_or(origin.bootable),
        encrypted: wanted.encryption_parameters.is_some_and(|given| given.is_object()),
        image_config: origin.image_config,
        labels,
        source: wanted.source,
        created_at: Some(scene.stamp()),
        ..Volume::default()
    };
    let begin = scene.begin(Kind::Volume, action).sized(size);
    scene.add(|region| &mut region.volumes, volume, begin);
    shown(scene.region, &id, 201)
}

fn origin(scene: &Scene, source: Option<&Source>) -> Result<Origin, Refusal> {
    let Some(source) = source else { return Ok(Origin { needs_size: true, ..Origin::default() }) };
    let region = &*scene.region;
    let usable = |kind: Kind, status: &str, among: &[&str]| {
        if among.contains(&status) {
            return Ok(());
        }
        Err(Refusal::conflict(format!("{} {} is in status {status}", kind.noun(), source.id)))
    };
    match source.kind.as_str() {
        "image" => {
            let image = region.images.get(&source.id).ok_or_else(|| Refusal::not_found(Kind::Image))?;
            usable(Kind::Image, &image.status, &["AVAILABLE"])?;
            Ok(Origin {
                size: Some(image.min_disk_size.max(1)),
                needs_size: true,
                bootable: true,
                image_config: Some(image.config.clone()).filter(|config| !config.is_empty()),
                ..Origin::default()
            })
        }
        "volume" => {
            let volume = region.volumes.get(&source.id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
            usable(Kind::Volume, &volume.status, &["AVAILABLE", "ATTACHED"])?;
            Ok(Origin::of_volume(volume, volume.size))
        }
        "snapshot" => {
            let snapshot = region.snapshots.get(&source.id).ok_or_else(|| Refusal::not_found(Kind::Snapshot))?;
            usable(Kind::Snapshot, &snapshot.status, &["AVAILABLE"])?;
            let volume = region.volumes.get(&snapshot.volume_id);
            let mut origin = volume.map_or_else(Origin::default, |volume| Origin::of_volume(volume, snapshot.size));
            origin.size = Some(snapshot.size);
            origin.zone = Some(snapshot.availability_zone.clone());
            Ok(origin)
        }
        "backup" => {
            let backup = region.backups.get(&source.id).ok_or_else(|| Refusal::not_found(Kind::Backup))?;
            usable(Kind::Backup, &backup.status, &["AVAILABLE"])?;
            Ok(Origin { size: Some(backup.size), ..Origin::default() })
        }
        other => Err(Refusal::bad(format!("volume source type {other} is not valid"))),
    }
}

impl Origin {
    fn of_volume(volume: &Volume, size: i64) -> Self {
        Self {
            size: Some(size),
            needs_size: false,
            zone: Some(volume.availability_zone.clone()),
            class: volume.performance_class.clone(),
            bootable: volume.bootable,
            image_config: volume.image_config.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    name: Option<String>,
    labels: Option<Given>,
    bootable: Option<bool>,
    image_config: Option<Map<String, Value>>,
}

/// `UpdateVolume`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("volumeId")?;
    let wanted: Update = asked.body()?;
    let stamp = scene.stamp();
    let volume = scene.region.volumes.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    merge(&mut volume.labels, wanted.labels.as_ref())?;
    if let Some(name) = wanted.name {
        volume.name = Some(name).filter(|name| !name.is_empty());
    }
    if let Some(bootable) = wanted.bootable {
        volume.bootable = bootable;
    }
    if let Some(config) = wanted.image_config {
        volume.image_config.get_or_insert_default().extend(config);
    }
    volume.updated_at = Some(stamp);
    scene.touch(Kind::Volume, id);
    shown(scene.region, id, 200)
}

/// `DeleteVolume`: not while it is attached or in use otherwise; its snapshots go with it only if `cascade` says so.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (id, is_cascade) = (asked.id("volumeId")?, asked.flag("cascade")?);
    let volume = scene.region.volumes.get(id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    if volume.status == "DELETING" {
        scene.touch(Kind::Volume, id);
        return Ok(Answered::no_content());
    }
    if let Some(server) = &volume.server_id {
        return Err(Refusal::conflict(format!("volume {id} is attached to server {server}")));
    }
    let snapshots: Vec<String> =
        scene.region.snapshots.iter().filter(|row| row.volume_id == id).map(|row| row.id.clone()).collect();
    if !snapshots.is_empty() && !is_cascade {
        return Err(Refusal::conflict(format!("volume {id} has {} snapshots", snapshots.len())));
    }
    for snapshot in &snapshots {
        super::snapshots::check_unused(scene.region, snapshot)?;
    }
    let begin = scene.begin(Kind::Volume, "delete");
    scene.start(|region| &mut region.volumes, id, begin)?;
    for snapshot in &snapshots {
        let begin = scene.begin_plain(Kind::Snapshot, "delete");
        // One that is being deleted already stays so.
        let _ = scene.start(|region| &mut region.snapshots, snapshot, begin);
    }
    Ok(Answered::no_content())
}

#[derive(Deserialize)]
struct Resize {
    size: Option<i64>,
}

/// `ResizeVolume`: only to a larger size, and only while the volume is attached to nothing.
pub fn resize(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = asked.id("volumeId")?;
    let wanted: Resize = asked.body()?;
    let volume = scene.region.volumes.get(id).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    let size = wanted.size.ok_or_else(|| Refusal::schema("/size", "property \"size\" is missing"))?;
    if size <= volume.size {
        return Err(Refusal::bad(format!("new size {size} must be greater than the current size {}", volume.size)));
    }
    if size > LARGEST {
        return Err(Refusal::bad(format!("size must be at most {LARGEST} GB")));
    }
    scene.afford(&Limits { gigabytes: size - volume.size, ..Limits::NONE })?;
    let begin = scene.begin(Kind::Volume, "resize").changing(size.to_string());
    scene.start(|region| &mut region.volumes, id, begin)?;
    Ok(Answered::accepted())
}
