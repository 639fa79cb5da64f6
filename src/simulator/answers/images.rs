//! Images: list, get, create, upload, update, delete, and out of a volume.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::simulator::exchange::{Asked, LabelsView, Scene};
use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::{Answered, Items, Refusal};
use crate::simulator::world::{Agent, Checksum, Image, Kind, Labels, Region, digest, hex, hex32};

/// The disk formats. Source: `iaas.v2.json`, DiskFormat.
const FORMATS: [&str; 3] = ["raw", "qcow2", "iso"];

/// Where image bytes are put, below the address that a caller used.
pub const UPLOADS: &str = "/_simulator/images/";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageView<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'v Agent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<&'v Checksum>,
    config: &'v Map<String, Value>,
    created_at: Option<DateTime<Utc>>,
    disk_format: &'v str,
    id: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_progress: Option<i64>,
    labels: LabelsView<'v>,
    min_disk_size: i64,
    min_ram: i64,
    name: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'v str>,
    protected: bool,
    scope: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<i64>,
    status: &'v str,
    updated_at: Option<DateTime<Utc>>,
}

impl<'v> From<&'v Image> for ImageView<'v> {
    fn from(image: &'v Image) -> Self {
        Self {
            agent: image.agent.as_ref(),
            checksum: image.checksum.as_ref(),
            config: &image.config,
            created_at: image.created_at,
            disk_format: &image.disk_format,
            id: &image.id,
            import_progress: image.import_progress,
            labels: &image.labels,
            min_disk_size: image.min_disk_size,
            min_ram: image.min_ram,
            name: &image.name,
            owner: image.owner.as_deref(),
            protected: image.protected,
            scope: &image.scope,
            size: image.size,
            status: &image.status,
            updated_at: image.updated_at,
        }
    }
}

/// `ListImages`: public and own ones; with `all` also those that others share.
pub fn list(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let (selector, is_all) = (asked.selector()?, asked.flag("all")?);
    let images = scene.region.images.iter().filter(|image| {
        (is_all || ["public", "local"].contains(&image.scope.as_str())) && selector.matches(&image.labels)
    });
    Ok(Answered::ok(&Items { items: images.map(ImageView::from).collect() }))
}

/// `GetImage`.
pub fn get(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    shown(scene.region, asked.id("imageId")?, 200)
}

fn shown(region: &Region, id: &str, status: u16) -> Result<Answered, Refusal> {
    let image = region.images.get(id).ok_or_else(|| Refusal::not_found(Kind::Image))?;
    Ok(Answered::json(status, &ImageView::from(image)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: Option<String>,
    disk_format: Option<String>,
    min_disk_size: Option<i64>,
    min_ram: Option<i64>,
    protected: Option<bool>,
    config: Option<Map<String, Value>>,
    agent: Option<WantedAgent>,
    labels: Option<Given>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedAgent {
    supported: Option<bool>,
    provision_by_default: Option<bool>,
}

impl Wanted {
    /// Brings an image up to date with what is given.
    fn apply(self, image: &mut Image) -> Result<(), Refusal> {
        if let Some(format) = &self.disk_format {
            check_format(format)?;
        }
        merge(&mut image.labels, self.labels.as_ref())?;
        if let Some(name) = self.name {
            image.name = name;
        }
        if let Some(format) = self.disk_format {
            image.disk_format = format;
        }
        image.min_disk_size = self.min_disk_size.unwrap_or(image.min_disk_size);
        image.min_ram = self.min_ram.unwrap_or(image.min_ram);
        image.protected = self.protected.unwrap_or(image.protected);
        image.config.extend(self.config.unwrap_or_default());
        if let Some(wanted) = self.agent {
            let agent = image.agent.get_or_insert_default();
            agent.supported = wanted.supported.unwrap_or(agent.supported);
            agent.provision_by_default = wanted.provision_by_default.unwrap_or(agent.provision_by_default);
        }
        Ok(())
    }
}

fn check_format(format: &str) -> Result<(), Refusal> {
    if FORMATS.contains(&format) { Ok(()) } else { Err(Refusal::bad(format!("disk format {format} is not valid"))) }
}

/// `CreateImage`: the image is CREATING until its bytes have come and were imported.
pub fn create(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let wanted: Wanted = asked.body()?;
    let id = scene.new_id(Kind::Image, wanted.name.as_deref().unwrap_or_default());
    let stamp = Some(scene.stamp());
    let mut image = Image {
        id: id.clone(),
        status: "CREATING".into(),
        scope: "local".into(),
        owner: Some(scene.project.to_owned()),
        import_progress: Some(0),
        created_at: stamp,
        updated_at: stamp,
        awaits_upload: true,
        ..Image::default()
    };
    wanted.apply(&mut image)?;
    scene.region.images.insert(image);
    scene.touch(Kind::Image, &id);
    let signature = signature(scene.seed, &id);
    let url = format!("{}{UPLOADS}{id}?signature={signature}", asked.base_url);
    Ok(Answered::created(&json!({ "id": id, "uploadUrl": url })))
}

/// What makes an upload's address a secret.
fn signature(seed: u64, id: &str) -> String {
    hex32(digest(seed, &[b"upload", id.as_bytes()]))
}

/// The PUT of an image's bytes; there is no token, the address is the permission.
pub fn upload(scene: &mut Scene, asked: &Asked, bytes: &[u8]) -> Result<Answered, Refusal> {
    let id = asked.id("imageId")?;
    if asked.query("signature") != Some(&signature(scene.seed, id)) {
        return Err(Refusal::new(403, "Forbidden"));
    }
    let image = scene.region.images.get_mut(id).ok_or_else(|| Refusal::not_found(Kind::Image))?;
    if !image.awaits_upload {
        return Err(Refusal::conflict(format!("the bytes of image {id} have come already")));
    }
    image.awaits_upload = false;
    image.size = i64::try_from(bytes.len()).ok();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, bytes);
    let digest = hex(digest.as_ref());
    image.checksum = Some(Checksum { algorithm: "sha512".into(), digest });
    let begin = scene.begin(Kind::Image, "import");
    scene.start(|region| &mut region.images, id, begin)?;
    Ok(Answered { status: 200, body: Vec::new() })
}

/// `UpdateImage`.
pub fn update(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = own(scene, asked)?;
    let wanted: Wanted = asked.body()?;
    let stamp = scene.stamp();
    let image = scene.region.images.get_mut(&id).ok_or_else(|| Refusal::not_found(Kind::Image))?;
    wanted.apply(image)?;
    image.updated_at = Some(stamp);
    scene.touch(Kind::Image, &id);
    shown(scene.region, &id, 200)
}

/// An image that the project may change.
fn own(scene: &Scene, asked: &Asked) -> Result<String, Refusal> {
    let id = asked.id("imageId")?;
    let image = scene.region.images.get(id).ok_or_else(|| Refusal::not_found(Kind::Image))?;
    if image.scope == "local" { Ok(id.to_owned()) } else { Err(Refusal::new(403, "Forbidden")) }
}

/// `DeleteImage`: not while it is protected.
pub fn delete(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let id = own(scene, asked)?;
    let image = scene.region.images.get(&id).ok_or_else(|| Refusal::not_found(Kind::Image))?;
    if image.protected {
        return Err(Refusal::conflict(format!("image {} is protected", image.name)));
    }
    if image.status == "DELETING" {
        scene.touch(Kind::Image, &id);
        return Ok(Answered::no_content());
    }
    let begin = scene.begin(Kind::Image, "delete");
    scene.start(|region| &mut region.images, &id, begin)?;
    Ok(Answered::no_content())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FromVolume {
    name: String,
    disk_format: String,
    protected: Option<bool>,
}

/// `ImageFromVolume`.
pub fn from_volume(scene: &mut Scene, asked: &Asked) -> Result<Answered, Refusal> {
    let volume = asked.id("volumeId")?;
    let wanted: FromVolume = asked.body()?;
    check_format(&wanted.disk_format)?;
    let found = scene.region.volumes.get(volume).ok_or_else(|| Refusal::not_found(Kind::Volume))?;
    let (gigabytes, config) = (found.size, found.image_config.clone().unwrap_or_default());
    let begin = scene.begin_plain(Kind::Volume, "upload").sized(gigabytes);
    scene.start(|region| &mut region.volumes, volume, begin)?;
    // What the request made is the image; the volume is only busy.
    scene.touched.clear();
    let id = scene.new_id(Kind::Image, &wanted.name);
    let image = Image {
        id: id.clone(),
        name: wanted.name,
        status: "CREATING".into(),
        scope: "local".into(),
        disk_format: wanted.disk_format,
        min_disk_size: gigabytes,
        protected: wanted.protected.unwrap_or(false),
        owner: Some(scene.project.to_owned()),
        config,
        labels: Labels::new(),
        created_at: Some(scene.stamp()),
        ..Image::default()
    };
    let begin = scene.begin(Kind::Image, "import").sized(gigabytes);
    scene.add(|region| &mut region.images, image, begin);
    shown(scene.region, &id, 201)
}
