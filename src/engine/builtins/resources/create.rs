//! Functions that create, from a map of the API's fields.

use super::script::{anywhere, fields, here, object};
use crate::engine::native::{Native, NativeEffect, Type};
use crate::resources::{Kind, Options};

pub(super) fn natives() -> Vec<Native> {
    let mut natives = Vec::new();
    for words in WORDS {
        natives.extend(anywhere(words.name, move |native| {
            native
                .takes("fields", Type::Map)
                .gives(Type::Object(words.kind.type_name()))
                .effect(NativeEffect::Create)
                .calls(words.calls)
                .doc(words.doc)
                .errors(&[
                    "invalid: a field is wrong, unknown or missing; nothing is sent",
                    "quota: the project may have no more",
                    "ambiguous: the answer was lost, and looking did not tell whether it exists",
                ])
                .example(words.example)
                .by(move |call| {
                    let (platform, first) = here(call)?;
                    let fields = fields(call, first)?;
                    let created = call.wait(async move { platform.create(words.kind, fields).await })?;
                    Ok(object(call.scrubber(), &created)?)
                })
        }));
    }
    natives.extend(anywhere("ensure_snapshot", |native| {
        native
            .takes("volume", Type::Object("Volume"))
            .takes("name", Type::Text)
            .may_take("options", Type::Map)
            .gives(Type::Object("Snapshot"))
            .effect(NativeEffect::Create)
            .calls(super::volumes::ENSURING)
            .options(&["labels", "description"])
            .doc("As `volume.ensure_snapshot(name, options)`.")
            .errors(&["quota: the project may have no more"])
            .example("ensure_snapshot(volumes()[0], \"weekly\", #{ labels: #{ kind: \"weekly\" } }).wait().status")
            .by(|call| {
                let (platform, first) = here(call)?;
                let volume = super::script::resource(call, first)?;
                let name = call.text(first + 1)?;
                let options: Options = super::script::options(call, first + 2)?;
                let snapshot = call.wait(async move { platform.ensure_snapshot(&volume, &name, options).await })?;
                Ok(object(call.scrubber(), &snapshot)?)
            })
    }));
    natives
}

/// What help says of the function that creates a kind.
struct Words {
    kind: Kind,
    name: &'static str,
    calls: &'static [&'static str],
    doc: &'static str,
    example: &'static str,
}

const WORDS: &[Words] = &[
    Words {
        kind: Kind::Server,
        name: "create_server",
        calls: &["iaas.create_server"],
        doc: "Creates a server from the API's fields: `name`, `machineType` and `networking` are required, and either a \
              `bootVolume` or an `imageId`. `wait` then waits until it is `ACTIVE`.",
        example: "create_server(#{ name: \"web-9\", machineType: machine_types()[0].name, networking: #{ networkId: \
                  networks()[0].id }, bootVolume: #{ size: 10, source: #{ type: \"image\", id: images()[0].id } } })",
    },
    Words {
        kind: Kind::Volume,
        name: "create_volume",
        calls: &["iaas.create_volume"],
        doc: "Creates a volume from the API's fields: `availabilityZone` is required, `size` too unless a `source` \
              other than an image gives it. `wait` then waits until it is `AVAILABLE`.",
        example: "create_volume(#{ name: \"data-9\", availabilityZone: availability_zones()[0], size: 1 }).wait().status",
    },
    Words {
        kind: Kind::Snapshot,
        name: "create_snapshot",
        calls: &["iaas.create_snapshot"],
        doc: "Creates a snapshot from the API's fields: `volumeId` is required. `volume.create_snapshot(\"name\")` is \
              shorter.",
        example: "create_snapshot(#{ name: \"now\", volumeId: volumes()[0].id })",
    },
    Words {
        kind: Kind::Backup,
        name: "create_backup",
        calls: &["iaas.create_backup"],
        doc: "Creates a backup from the API's fields: `source` (`type` and `id`) is required. \
              `volume.create_backup(\"name\")` is shorter.",
        example: "create_backup(#{ name: \"now\", source: #{ type: \"volume\", id: volumes()[0].id } })",
    },
    Words {
        kind: Kind::PublicIp,
        name: "create_public_ip",
        calls: &["iaas.create_public_ip"],
        doc: "Reserves a public IP; all fields of the API are optional.",
        example: "create_public_ip(#{ labels: #{ team: \"web\" } }).ip",
    },
    Words {
        kind: Kind::SecurityGroup,
        name: "create_security_group",
        calls: &["iaas.create_security_group"],
        doc: "Creates a security group from the API's fields: `name` is required.",
        example: "create_security_group(#{ name: \"metrics\" }).delete().wait()",
    },
    Words {
        kind: Kind::KeyPair,
        name: "create_key_pair",
        calls: &["iaas.create_key_pair"],
        doc: "Takes over a public key from the API's fields: `publicKey` is required.",
        example: "create_key_pair(#{ name: \"ci\", publicKey: \"ssh-ed25519 \
                  AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti\" }).fingerprint",
    },
];
