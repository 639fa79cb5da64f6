//! Waiting for outcomes: `wait` for one object, `wait_all` for many without a thread each.

use std::time::Duration as Span;

use super::script::{object, platform, resource, resources};
use crate::engine::arguments::Arguments;
use crate::engine::builtins::parallel::all_or_error;
use crate::engine::builtins::time::{DURATION, Duration};
use crate::engine::fault::Fault;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::error::{Error, Kind as ErrorKind};

const OBJECT: Type = Type::Object("");

const READS: &[&str] = &[
    "iaas.get_server",
    "iaas.list_servers",
    "iaas.get_volume",
    "iaas.list_volumes",
    "iaas.get_attached_volume",
    "iaas.get_snapshot",
    "iaas.list_snapshots_in_project",
    "iaas.get_backup",
    "iaas.list_backups",
    "iaas.get_image",
    "iaas.list_images",
    "iaas.get_network",
    "iaas.list_networks",
    "iaas.get_project_nic",
    "iaas.list_project_nics",
    "iaas.get_public_ip",
    "iaas.list_public_ips",
    "iaas.get_security_group",
    "iaas.list_security_groups",
    "iaas.get_key_pair",
    "iaas.list_key_pairs",
    "iaas.get_machine_type",
    "iaas.list_machine_types",
    "iaas.get_volume_performance_class",
    "iaas.list_volume_performance_classes",
    "iaas.list_quotas",
];

const ERRORS: &[&str] = &[
    "timeout: it was not done in time; the message says its last status",
    "server: it ended in an error, told in the API's own words",
    "not_found: the object went away",
    "permission: the credential may not read it",
];

pub(super) fn natives() -> Vec<Native> {
    vec![
        Native::method(OBJECT, "wait")
            .may_take("timeout", DURATION)
            .gives(OBJECT)
            .effect(NativeEffect::Read)
            .calls(READS)
            .doc(
                "Waits for the outcome of the verb that gave this object, and gives the object as it is then. An object \
                 that no verb gave is waited for until it rests. Without a timeout each verb has its own, 15 to 45 \
                 minutes.\n\
                 Trouble on the way (429, 5xx, broken connections) is survived up to the timeout. Everybody in the run \
                 who waits for objects of one kind and place shares their reads.",
            )
            .errors(ERRORS)
            .example("volumes()[0].create_snapshot(\"now\").wait(minutes(10)).status == \"AVAILABLE\"")
            .by(|call| {
                let limit = limit(call, 1)?;
                let (platform, resource) = (platform(call)?, resource(call, 0)?);
                let fresh = call.wait(async move { platform.wait(&resource, limit).await })?;
                Ok(object(call.scrubber(), &fresh)?)
            }),
        Native::method(Type::List, "wait_all")
            .of_each(OBJECT)
            .may_take("timeout", DURATION)
            .gives_list_of(OBJECT)
            .effect(NativeEffect::Read)
            .calls(READS)
            .doc(
                "Waits for the outcomes of all objects of the list at once, and gives them as they are then, in their \
                 order. The timeout holds for all together. What fails does not end the wait for the others; then one \
                 error is thrown that holds all results.",
            )
            .errors(&["the failures' own kind if they share it, else script: `e.results` holds what `try_parallel` gives"])
            .example("volumes().map(|v| v.create_snapshot(\"now\")).wait_all(minutes(10)).len() == volumes().len()")
            .by(|call| {
                let limit = limit(call, 1)?;
                let platform = platform(call)?;
                let (items, resources) = resources(call, 0)?;
                let results = call.wait(async move { Ok::<_, Error>(platform.wait_all(&resources, limit).await) })?;
                let results = results.into_iter().map(|result| object(call.scrubber(), &result?)).collect();
                all_or_error(items, results, call.context())
            }),
    ]
}

/// An optional timeout.
fn limit(call: &mut Arguments<'_, '_>, index: usize) -> Result<Option<Span>, Fault> {
    let Some(duration) = call.get_if::<Duration>(index)? else { return Ok(None) };
    match duration.span().to_std() {
        Ok(span) => Ok(Some(span)),
        Err(_) => Err(Error::new(ErrorKind::Invalid, "wrong_argument", "a timeout cannot be below zero").into()),
    }
}
