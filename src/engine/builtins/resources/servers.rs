//! What servers can do.

use rhai::{Array, Dynamic};
use serde_json::{Map, Value, json};

use super::deed::{Deed, deed, verb};
use super::script::{list, object, platform, resource};
use crate::engine::arguments::Arguments;
use crate::engine::builtins::secret::SECRET;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::values::Object;
use crate::error::{Error, Kind as ErrorKind};
use crate::resources::verb::{DEALLOCATE, REBOOT, RESCUE, START, STOP, UNRESCUE};
use crate::resources::{Kind, Options};

const SERVER: Type = Type::Object("Server");
const VOLUME: Type = Type::Object("Volume");

const VERB_ERRORS: &[&str] = &[
    "conflict: its state forbids it; the hint says what it is",
    "policy: a Kubernetes cluster manages it, and `--allow-managed` was not given",
    "not_found: it does not exist any more",
];

pub(super) fn natives() -> Vec<Native> {
    let mut natives = Vec::new();
    natives.extend(starting());
    natives.extend(stopping());
    natives.extend(resizing());
    natives.extend(rescuing());
    natives.extend(looking());
    natives.extend(relations());
    natives
}

fn starting() -> Vec<Native> {
    let update = |native: Native| native.effect(NativeEffect::Update).errors(VERB_ERRORS);
    [
        verb(
            Some(Kind::Server),
            "start",
            |native| {
                update(native)
                    .calls(&["iaas.start_server"])
                    .doc("Asks for the server to boot. `wait` then waits until it is `ACTIVE`.")
                    .example("servers().filter(|s| s.status == \"INACTIVE\").start()")
            },
            |_| Ok(deed(|platform, server| async move { platform.act(&server, &START, &Options::new(), None).await })),
        ),
        verb(
            Some(Kind::Server),
            "reboot",
            |native| {
                update(native)
                    .may_take("how", Type::Text)
                    .calls(&["iaas.reboot_server"])
                    .doc(
                        "Asks for the server to boot again: `\"soft\"` (the default) asks its system, `\"hard\"` does \
                         not. `wait` then waits until it was seen rebooting and is `ACTIVE`.",
                    )
                    .example(
                        "servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ())[0].reboot(\"hard\").wait().status",
                    )
            },
            reboot,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn stopping() -> Vec<Native> {
    let update = |native: Native| native.effect(NativeEffect::Update).errors(VERB_ERRORS);
    [
        verb(
            Some(Kind::Server),
            "stop",
            |native| {
                update(native)
                    .calls(&["iaas.stop_server"])
                    .doc(
                        "Asks for the server to shut down. A stopped server is billed in full; `deallocate` saves its \
                         price. `wait` then waits until it is `INACTIVE`.",
                    )
                    .example("servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ())[0].stop().wait().status")
            },
            |_| Ok(deed(|platform, server| async move { platform.act(&server, &STOP, &Options::new(), None).await })),
        ),
        verb(
            Some(Kind::Server),
            "deallocate",
            |native| {
                update(native)
                    .calls(&["iaas.deallocate_server"])
                    .doc(
                        "Asks for the server to shut down and to leave its host, so that only its volumes are billed. \
                         `wait` then waits until it is `DEALLOCATED`.",
                    )
                    .example(
                        "servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ()).deallocate().wait_all(minutes(10))",
                    )
            },
            |_| Ok(deed(|platform, server| async move { platform.act(&server, &DEALLOCATE, &Options::new(), None).await })),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn reboot(call: &mut Arguments<'_, '_>) -> Result<Deed, Fault> {
    let mut parameters = Options::new();
    if call.has(1) {
        let how = call.text(1)?;
        if !matches!(how.as_str(), "soft" | "hard") {
            let message = format!("`reboot` is `soft` or `hard`, not `{how}`");
            return Err(Error::new(ErrorKind::Invalid, "wrong_argument", message).into());
        }
        parameters.insert("action".to_owned(), Value::from(how.as_str()));
    }
    Ok(deed(move |platform, server| {
        let parameters = parameters.clone();
        async move { platform.act(&server, &REBOOT, &parameters, None).await }
    }))
}

fn resizing() -> [Native; 2] {
    verb(
        Some(Kind::Server),
        "resize",
        |native| {
            native
                .takes("machine_type", Type::OneOf(&[Type::Text, Type::Object("MachineType")]))
                .effect(NativeEffect::Update)
                .calls(&["iaas.resize_server"])
                .doc(
                    "Asks for another machine type, by its name; the server restarts. `wait` then waits until it rests \
                     with the new type.",
                )
                .errors(VERB_ERRORS)
                .example(
                    "servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ())[0].resize(machine_types()[0])",
                )
        },
        |call| {
            let machine_type = name_of(call, 1, "name")?;
            Ok(deed(move |platform, server| {
                let machine_type = machine_type.clone();
                async move { platform.resize_server(&server, &machine_type).await }
            }))
        },
    )
}

fn rescuing() -> Vec<Native> {
    let update = |native: Native| native.effect(NativeEffect::Update).errors(VERB_ERRORS);
    let rescue = verb(
        Some(Kind::Server),
        "rescue",
        |native| {
            update(native)
                .takes("image", Type::OneOf(&[Type::Text, Type::Object("Image")]))
                .calls(&["iaas.rescue_server"])
                .doc(
                    "Asks for the server to boot from an image, by its id, with its own boot volume as a second one. \
                     `wait` then waits until it is in `RESCUE`.",
                )
                .example(
                    "servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ())[0].rescue(images()[0]).wait().unrescue()",
                )
        },
        |call| {
            let image = name_of(call, 1, "id")?;
            Ok(deed(move |platform, server| {
                let body = Map::from_iter([("image".to_owned(), json!(image))]);
                async move { platform.act(&server, &RESCUE, &Options::new(), Some(body)).await }
            }))
        },
    );
    let unrescue = verb(
        Some(Kind::Server),
        "unrescue",
        |native| {
            update(native)
                .calls(&["iaas.unrescue_server"])
                .doc("Asks for the server to boot from its own volume again. `wait` then waits until it is `ACTIVE`.")
                .example("server(\"web-1\").rescue(image(\"Debian 12\")).wait().unrescue().wait().status")
        },
        |_| Ok(deed(|platform, server| async move { platform.act(&server, &UNRESCUE, &Options::new(), None).await })),
    );
    rescue.into_iter().chain(unrescue).collect()
}

/// An argument that names something: text, or an object that has it in this field.
fn name_of(call: &mut Arguments<'_, '_>, index: usize, field: &str) -> Result<String, Fault> {
    let value = call.any(index)?;
    let object = value.read_lock::<Object>().map(|object| object.clone());
    let name = match object {
        Some(object) => object.text(field),
        None => value.into_immutable_string().ok(),
    };
    let name = name.filter(|name| !name.trim().is_empty()).map(|name| name.to_string());
    name.ok_or_else(|| call.wrong(index, "a name that is not empty"))
}

fn looking() -> Vec<Native> {
    vec![
        Native::method(SERVER, "console")
            .gives(SECRET)
            .effect(NativeEffect::Mint)
            .calls(&["iaas.get_server_console"])
            .doc(
                "The URL of the server's console, as a secret: whoever has it is in. `reveal(…)` gives its text, where \
                 that is allowed.",
            )
            .errors(&["conflict: its state forbids it"])
            .example("servers().filter(|s| s.status == \"ACTIVE\" && s.managed_by == ())[0].console()")
            .by(|call| {
                let (platform, server) = (platform(call)?, resource(call, 0)?);
                let url = call.wait(async move { platform.console(&server).await })?;
                call.run().surroundings.scrubber.learn(url.expose());
                Ok(Dynamic::from(url))
            }),
        Native::method(SERVER, "log")
            .may_take("lines", Type::Integer)
            .gives(Type::Text)
            .effect(NativeEffect::Read)
            .calls(&["iaas.get_server_log"])
            .doc("The last lines of the server's console output: 2,000 unless told, all of them for 0.")
            .errors(&["invalid: the number is below 0"])
            .example("servers().filter(|s| s.status == \"ACTIVE\")[0].log(20)")
            .by(|call| {
                let lines = call.get_if::<i64>(1)?;
                let (platform, server) = (platform(call)?, resource(call, 0)?);
                Ok(call.wait(async move { platform.log(&server, lines).await })?.into())
            }),
    ]
}

fn relations() -> Vec<Native> {
    vec![
        Native::method(SERVER, "volumes")
            .gives_list_of(VOLUME)
            .effect(NativeEffect::Read)
            .calls(&["iaas.get_volume", "iaas.list_volumes"])
            .doc("The volumes on the server as objects; the field `volumes` holds their ids.")
            .errors(&["not_found: one of them is gone"])
            .example("servers()[0].volumes().sum_by(\"size\")")
            .by(|call| {
                let (platform, server) = (platform(call)?, resource(call, 0)?);
                let volumes = call.wait(async move { platform.volumes_of(&server).await })?;
                Ok(list(call.scrubber(), &volumes)?)
            }),
        Native::method(SERVER, "boot_volume")
            .gives(Type::OneOf(&[VOLUME, Type::Nothing]))
            .effect(NativeEffect::Read)
            .calls(&["iaas.get_volume"])
            .doc("The volume that the server boots from, or `()` if it has none.")
            .errors(&["not_found: it is gone"])
            .example("servers()[0].boot_volume()")
            .by(|call| {
                let (platform, server) = (platform(call)?, resource(call, 0)?);
                let volume = call.wait(async move { platform.boot_volume_of(&server).await })?;
                volume.map_or(Ok(Dynamic::UNIT), |volume| Ok(object(call.scrubber(), &volume)?))
            }),
        Native::method(SERVER, "attachments")
            .gives_list_of(Type::Object("VolumeAttachment"))
            .effect(NativeEffect::Read)
            .calls(&["iaas.list_attached_volumes"])
            .doc("The volume attachments of the server: `serverId`, `volumeId`, `deleteOnTermination`.")
            .errors(&["incomplete: the answer is not a whole list"])
            .example("servers()[0].attachments().pluck(\"volumeId\")")
            .by(|call| {
                let (platform, server) = (platform(call)?, resource(call, 0)?);
                let attachments: Vec<_> = call.wait(async move { platform.attachments_of(&server).await })?;
                Ok(if attachments.is_empty() { Array::new().into() } else { list(call.scrubber(), &attachments)? })
            }),
    ]
}
