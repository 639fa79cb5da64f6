//! What volumes, snapshots, backups and attachments can do.

use rhai::Dynamic;

use super::deed::{deed, verb};
use super::script::{list, object, options, platform, resource};
use crate::engine::arguments::Arguments;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::resources::{Kind, Resource};

const SERVER: Type = Type::Object("Server");
const VOLUME: Type = Type::Object("Volume");
const SNAPSHOT: Type = Type::Object("Snapshot");
const BACKUP: Type = Type::Object("Backup");
const ATTACHMENT: Type = Type::Object("VolumeAttachment");

pub(super) fn natives() -> Vec<Native> {
    let mut natives = Vec::new();
    natives.extend(changing());
    natives.extend(attaching());
    natives.extend(copying());
    natives.extend(relations());
    natives
}

fn changing() -> Vec<Native> {
    let resize = verb(
        Some(Kind::Volume),
        "resize",
        |native| {
            native
                .takes("size", Type::Integer)
                .effect(NativeEffect::Update)
                .calls(&["iaas.resize_volume"])
                .doc("Asks for the volume to grow to so many GiB. `wait` then waits until it rests with that size.")
                .errors(&["conflict: it is attached, or would shrink", "quota: the project may have no more gigabytes"])
                .example("volumes().filter(|v| v.status == \"AVAILABLE\" && v.managed_by == ()).map(|v| v.resize(v.size + 1))")
        },
        |call| {
            let size = call.integer(1)?;
            Ok(deed(move |platform, volume| async move { platform.resize_volume(&volume, size).await }))
        },
    );
    let restore = verb(
        Some(Kind::Backup),
        "restore",
        |native| {
            native
                .effect(NativeEffect::Update)
                .calls(&["iaas.restore_backup", "iaas.get_backup"])
                .doc(
                    "Asks for the backup to be written back onto the volume that it was taken of, which must be \
                     detached. `wait` then waits until the backup was seen restoring and is `AVAILABLE`.",
                )
                .example(
                    "let v = create_volume(#{ name: \"data-9\", availabilityZone: \"eu01-1\", size: 1 }).wait();\n\
                     v.create_backup(\"monthly\").wait().restore().wait().status",
                )
                .errors(&["conflict: the volume is attached", "policy: a Kubernetes cluster manages the volume"])
        },
        |_| Ok(deed(|platform, backup| async move { platform.restore(&backup).await })),
    );
    resize.into_iter().chain(restore).collect()
}

fn attaching() -> Vec<Native> {
    let words = |native: Native| {
        native
            .may_take("options", Type::Map)
            .gives(ATTACHMENT)
            .effect(NativeEffect::Update)
            .calls(&["iaas.add_volume_to_server", "iaas.get_attached_volume"])
            .doc(
                "Attaches a volume to a server and gives the attachment. `wait` then waits until the volume is attached. \
                 The option `deleteOnTermination` ties the volume's life to the server's.",
            )
            .errors(&["conflict: the volume is attached already", "policy: a Kubernetes cluster manages either"])
    };
    let detaching = |native: Native| {
        native
            .gives(ATTACHMENT)
            .effect(NativeEffect::Update)
            .calls(&["iaas.remove_volume_from_server"])
            .doc("Takes the volume off its server. `wait` then waits until the volume is free.")
            .errors(&["conflict: it is not attached", "policy: a Kubernetes cluster manages either"])
    };
    vec![
        words(Native::method(SERVER, "attach").takes("volume", VOLUME))
            .example(
                "server(\"web-1\").attach(create_volume(#{ availabilityZone: \"eu01-1\", size: 1 }).wait()).wait()",
            )
            .by(|call| {
                let (server, volume) = (resource(call, 0)?, resource(call, 1)?);
                attach(call, server, volume)
            }),
        words(Native::method(VOLUME, "attach").takes("server", SERVER))
            .example(
                "create_volume(#{ availabilityZone: \"eu01-1\", size: 1 }).wait().attach(server(\"web-1\")).wait()",
            )
            .by(|call| {
                let (volume, server) = (resource(call, 0)?, resource(call, 1)?);
                attach(call, server, volume)
            }),
        detaching(Native::method(SERVER, "detach").takes("volume", VOLUME))
            .example("server(\"api-1\").detach(volume(\"shop-uploads\")).wait()")
            .by(|call| {
                let (server, volume) = (resource(call, 0)?, resource(call, 1)?);
                detach(call, volume, Some(server))
            }),
        detaching(Native::method(VOLUME, "detach"))
            .calls(&["iaas.remove_volume_from_server", "iaas.get_volume", "iaas.get_server"])
            .example("let v = volume(\"shop-uploads\"); v.detach().wait(); v.refresh().status == \"AVAILABLE\"")
            .by(|call| {
                let volume = resource(call, 0)?;
                detach(call, volume, None)
            }),
        detaching(Native::method(ATTACHMENT, "detach"))
            .calls(&["iaas.remove_volume_from_server", "iaas.get_volume"])
            .example(
                "server(\"api-1\").attachments().filter(|a| a.volume().name == \"shop-uploads\")[0].detach().wait()",
            )
            .by(|call| {
                let (platform, attachment) = (platform(call)?, resource(call, 0)?);
                let detached = call.wait(async move { platform.detach(&attachment).await })?;
                Ok(object(call.scrubber(), &detached)?)
            }),
    ]
}

fn attach(call: &mut Arguments<'_, '_>, server: Resource, volume: Resource) -> Result<Dynamic, Fault> {
    let (platform, options) = (platform(call)?, options(call, 2)?);
    let attachment = call.wait(async move { platform.attach(&server, &volume, options).await })?;
    Ok(object(call.scrubber(), &attachment)?)
}

fn detach(call: &mut Arguments<'_, '_>, volume: Resource, server: Option<Resource>) -> Result<Dynamic, Fault> {
    let platform = platform(call)?;
    let attachment = call.wait(async move { platform.detach_volume(&volume, server.as_ref()).await })?;
    Ok(object(call.scrubber(), &attachment)?)
}

/// What ensuring a snapshot may take: a look, a create, and for the younger of twins a wait and a delete.
pub(super) const ENSURING: &[&str] =
    &["iaas.list_snapshots_in_project", "iaas.create_snapshot", "iaas.get_snapshot", "iaas.delete_snapshot"];

const COPY_ERRORS: &[&str] = &[
    "invalid: a name or label that the API does not take (neither may hold a colon)",
    "quota: the project may have no more",
    "conflict: the volume's state forbids it",
];

fn copying() -> Vec<Native> {
    let backup = |native: Native| {
        native
            .takes("name", Type::Text)
            .may_take("options", Type::Map)
            .gives(BACKUP)
            .effect(NativeEffect::Create)
            .calls(&["iaas.create_backup"])
            .options(&["labels", "description"])
            .doc("Takes a backup. Options: `labels`, `description`. `wait` then waits until it is `AVAILABLE`.")
            .errors(COPY_ERRORS)
            .by(|call| {
                let (name, options) = (call.text(1)?, options(call, 2)?);
                let (platform, source) = (platform(call)?, resource(call, 0)?);
                let backup = call.wait(async move { platform.create_backup(&source, &name, options).await })?;
                Ok(object(call.scrubber(), &backup)?)
            })
    };
    vec![
        Native::method(VOLUME, "create_snapshot")
            .takes("name", Type::Text)
            .may_take("options", Type::Map)
            .gives(SNAPSHOT)
            .effect(NativeEffect::Create)
            .calls(&["iaas.create_snapshot"])
            .options(&["labels", "description"])
            .doc(
                "Takes a snapshot of the volume. Options: `labels`, `description`. Of an attached volume it is \
                 crash-consistent at best. `wait` then waits until it is `AVAILABLE`.",
            )
            .errors(COPY_ERRORS)
            .example("volumes()[0].create_snapshot(\"before-upgrade\", #{ labels: #{ team: \"web\" } }).wait().status")
            .by(|call| {
                let (name, options) = (call.text(1)?, options(call, 2)?);
                let (platform, volume) = (platform(call)?, resource(call, 0)?);
                let snapshot = call.wait(async move { platform.create_snapshot(&volume, &name, options).await })?;
                Ok(object(call.scrubber(), &snapshot)?)
            }),
        Native::method(VOLUME, "ensure_snapshot")
            .takes("name", Type::Text)
            .may_take("options", Type::Map)
            .gives(SNAPSHOT)
            .effect(NativeEffect::Create)
            .calls(ENSURING)
            .options(&["labels", "description"])
            .doc(
                "The snapshot of this name of the volume: the one that is there and good or coming to be, else a new \
                 one. Safe to repeat, and for two runs at once: who finds after creating that another was first deletes \
                 its own. Options: `labels`, `description`, for a new one.",
            )
            .errors(COPY_ERRORS)
            .example("volumes()[0].ensure_snapshot(\"weekly\").id == volumes()[0].ensure_snapshot(\"weekly\").id")
            .by(|call| {
                let (name, options) = (call.text(1)?, options(call, 2)?);
                let (platform, volume) = (platform(call)?, resource(call, 0)?);
                let snapshot = call.wait(async move { platform.ensure_snapshot(&volume, &name, options).await })?;
                Ok(object(call.scrubber(), &snapshot)?)
            }),
        backup(Native::method(VOLUME, "create_backup"))
            .example("volumes()[0].create_backup(\"monthly\").wait().status"),
        backup(Native::method(SNAPSHOT, "create_backup"))
            .example("snapshots()[0].create_backup(\"monthly\").wait().status"),
    ]
}

fn relations() -> Vec<Native> {
    let read = |native: Native, calls, doc| {
        native.effect(NativeEffect::Read).calls(calls).doc(doc).errors(&["not_found: it is gone"])
    };
    let mut natives = Vec::new();
    for receiver in [SNAPSHOT, BACKUP, ATTACHMENT] {
        let native = Native::method(receiver, "volume").gives(VOLUME);
        let native = read(native, &["iaas.get_volume"], "The volume that it belongs to.");
        natives.push(native.example("snapshots()[0].volume().name").by(|call| {
            let (platform, own) = (platform(call)?, resource(call, 0)?);
            let volume = call.wait(async move { platform.volume_of(&own).await })?;
            Ok(object(call.scrubber(), &volume)?)
        }));
    }
    for receiver in [VOLUME, ATTACHMENT] {
        let native = Native::method(receiver, "server").gives(Type::OneOf(&[SERVER, Type::Nothing]));
        let native = read(native, &["iaas.get_server"], "The server that it is attached to, or `()` if to none.");
        natives.push(native.example("volumes()[0].server()").by(|call| {
            let (platform, own) = (platform(call)?, resource(call, 0)?);
            let server = call.wait(async move { platform.server_of(&own).await })?;
            server.map_or(Ok(Dynamic::UNIT), |server| Ok(object(call.scrubber(), &server)?))
        }));
    }
    let native = Native::method(VOLUME, "snapshots").gives_list_of(SNAPSHOT);
    let native = read(native, &["iaas.list_snapshots_in_project"], "The snapshots of the volume.");
    natives.push(native.example("volumes()[0].snapshots().len()").by(|call| {
        let (platform, volume) = (platform(call)?, resource(call, 0)?);
        let snapshots = call.wait(async move { platform.snapshots_of(&volume).await })?;
        Ok(list(call.scrubber(), &snapshots)?)
    }));
    let native = Native::method(VOLUME, "backups").gives_list_of(BACKUP);
    let native = read(native, &["iaas.list_backups"], "The backups of the volume.");
    natives.push(native.example("volumes()[0].backups().len()").by(|call| {
        let (platform, volume) = (platform(call)?, resource(call, 0)?);
        let backups = call.wait(async move { platform.backups_of(&volume).await })?;
        Ok(list(call.scrubber(), &backups)?)
    }));
    natives
}
