//! Lists and single objects of every kind, declared from the table of kinds.

use rhai::{Array, Dynamic};

use super::script::{SELECTOR, anywhere, here, list, object, options, unread_list};
use crate::engine::context::LogLevel;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::values::to_value;
use crate::resources::{Kind, Listed, Listing, Query};

pub(super) fn natives() -> Vec<Native> {
    let mut natives = Vec::new();
    for words in WORDS {
        natives.extend(all_of(words));
        natives.extend(one_of(words));
    }
    natives.extend(anywhere("availability_zones", |native| {
        native
            .gives_list_of(Type::Text)
            .effect(NativeEffect::Read)
            .calls(&["iaas.list_availability_zones"])
            .doc("The names of the region's availability zones.")
            .errors(&["incomplete: the answer is not whole"])
            .example("availability_zones().len() > 0")
            .by(|call| {
                let (platform, _) = here(call)?;
                let zones = call.wait(async move { platform.availability_zones().await })?;
                Ok(zones.into_iter().map(Dynamic::from).collect::<Array>().into())
            })
    }));
    natives
}

/// What help says of the functions of a kind.
struct Words {
    kind: Kind,
    all: &'static str,
    one: &'static str,
    all_example: &'static str,
    one_example: &'static str,
    all_calls: &'static [&'static str],
    one_calls: &'static [&'static str],
}

const WORDS: &[Words] = &[
    Words {
        kind: Kind::Server,
        all: "The servers: all of them, those that a label selector names (`\"team=web, env in (prod, test)\"`), or by \
              options: `label_selector`, and `details`, which brings `nics`, `serviceAccountMails` and `userData`.\n\
              The list is whole, or an error is thrown. Servers of Kubernetes node pools have `managed_by` `ske`.",
        one: "The one server with this id or name. With `#{ details: true }` it has `nics`, `serviceAccountMails` and \
              `userData` too.",
        all_example: "servers().filter(|s| s.status == \"ACTIVE\").pluck(\"name\")",
        one_example: "server(servers()[0].id).name",
        all_calls: &["iaas.list_servers"],
        one_calls: &["iaas.get_server", "iaas.list_servers"],
    },
    Words {
        kind: Kind::Volume,
        all: "The volumes: all of them, those that a label selector names, or by the option `label_selector`. Volumes \
              that Kubernetes made (`pvc-…`) have `managed_by` `ske`.",
        one: "The one volume with this id or name.",
        all_example: "volumes().sum_by(\"size\")",
        one_example: "volume(volumes()[0].id).size",
        all_calls: &["iaas.list_volumes"],
        one_calls: &["iaas.get_volume", "iaas.list_volumes"],
    },
    Words {
        kind: Kind::Snapshot,
        all: "The snapshots: all of them, those that a label selector names, or by the option `label_selector`.",
        one: "The one snapshot with this id or name.",
        all_example: "snapshots().len() > 0",
        one_example: "snapshot(snapshots()[0].id).status",
        all_calls: &["iaas.list_snapshots_in_project"],
        one_calls: &["iaas.get_snapshot", "iaas.list_snapshots_in_project"],
    },
    Words {
        kind: Kind::Backup,
        all: "The backups: all of them, those that a label selector names, or by the option `label_selector`.",
        one: "The one backup with this id or name.",
        all_example: "backups().len()",
        one_example: "for b in backups() { print(backup(b.id).name) }",
        all_calls: &["iaas.list_backups"],
        one_calls: &["iaas.get_backup", "iaas.list_backups"],
    },
    Words {
        kind: Kind::Image,
        all: "The images: those the project sees, those that a label selector names, or by options: \
              `label_selector`, and `all`, which adds images of other scopes.",
        one: "The one image with this id or name.",
        all_example: "images().pluck(\"name\")",
        one_example: "image(images()[0].id).name",
        all_calls: &["iaas.list_images"],
        one_calls: &["iaas.get_image", "iaas.list_images"],
    },
    Words {
        kind: Kind::Network,
        all: "The networks: all of them, those that a label selector names, or by the option `label_selector`.",
        one: "The one network with this id or name.",
        all_example: "networks().pluck(\"name\")",
        one_example: "network(networks()[0].id).name",
        all_calls: &["iaas.list_networks"],
        one_calls: &["iaas.get_network", "iaas.list_networks"],
    },
    Words {
        kind: Kind::NetworkInterface,
        all: "The network interfaces of the project: all of them, those that a label selector names, or by the option \
              `label_selector`.",
        one: "The one network interface with this id or name.",
        all_example: "network_interfaces().len()",
        one_example: "for n in network_interfaces() { print(network_interface(n.id).mac) }",
        all_calls: &["iaas.list_project_nics"],
        one_calls: &["iaas.get_project_nic", "iaas.list_project_nics"],
    },
    Words {
        kind: Kind::PublicIp,
        all: "The public IPs: all of them, those that a label selector names, or by the option `label_selector`.",
        one: "The one public IP with this id or address.",
        all_example: "public_ips().pluck(\"ip\")",
        one_example: "for p in public_ips() { print(public_ip(p.ip).id) }",
        all_calls: &["iaas.list_public_ips"],
        one_calls: &["iaas.get_public_ip", "iaas.list_public_ips"],
    },
    Words {
        kind: Kind::SecurityGroup,
        all: "The security groups: all of them, those that a label selector names, or by the option `label_selector`.",
        one: "The one security group with this id or name.",
        all_example: "security_groups().pluck(\"name\")",
        one_example: "for g in security_groups() { print(security_group(g.id).name) }",
        all_calls: &["iaas.list_security_groups"],
        one_calls: &["iaas.get_security_group", "iaas.list_security_groups"],
    },
    Words {
        kind: Kind::KeyPair,
        all: "The key pairs of the caller: all of them, those that a label selector names, or by the option \
              `label_selector`.",
        one: "The key pair of this name.",
        all_example: "key_pairs().pluck(\"name\")",
        one_example: "for k in key_pairs() { print(key_pair(k.name).fingerprint) }",
        all_calls: &["iaas.list_key_pairs"],
        one_calls: &["iaas.get_key_pair", "iaas.list_key_pairs"],
    },
    Words {
        kind: Kind::MachineType,
        all: "The machine types: all of them, or by the option `filter`, an expression over `name`, `vcpus`, `ram`, \
              `disk` and `extraSpecs` that the API evaluates: `#{ filter: \"vcpus == 2\" }`.",
        one: "The machine type of this name.",
        all_example: "machine_types().sort_by(\"vcpus\")[0].name",
        one_example: "machine_type(machine_types()[0].name).vcpus",
        all_calls: &["iaas.list_machine_types"],
        one_calls: &["iaas.get_machine_type", "iaas.list_machine_types"],
    },
    Words {
        kind: Kind::VolumePerformanceClass,
        all: "The performance classes that a volume can have.",
        one: "The performance class of this name.",
        all_example: "performance_classes().pluck(\"name\")",
        one_example: "performance_class(performance_classes()[0].name).iops",
        all_calls: &["iaas.list_volume_performance_classes"],
        one_calls: &["iaas.get_volume_performance_class", "iaas.list_volume_performance_classes"],
    },
    Words {
        kind: Kind::Quota,
        all: "The project's quotas as rows of `name`, `limit`, `usage` and `percent`. `percent` is `()` where it means \
              nothing: for a limit of 0, or of -1, which stands for none.",
        one: "The quota of this name: `quota(\"gigabytes\").percent`.",
        all_example: "quotas().filter(|q| q.percent != () && q.percent > 80.0).pluck(\"name\")",
        one_example: "quota(\"snapshots\").limit",
        all_calls: &["iaas.list_quotas"],
        one_calls: &["iaas.list_quotas"],
    },
];

const LIST_ERRORS: &[&str] = &[
    "invalid: an unknown option, an option given `()`, an empty or wrong selector",
    "permission: the credential may not list",
    "incomplete: the answer is not a whole list",
];

fn all_of(words: &'static Words) -> [Native; 2] {
    let row = words.kind.row();
    anywhere(row.functions.all, move |native| {
        let native = match row.list_options {
            [] => native,
            _ if row.takes_selector() => native.may_take("selector_or_options", SELECTOR),
            _ => native.may_take("options", Type::Map),
        };
        native
            .gives_list_of(Type::Object(row.type_name))
            .effect(NativeEffect::Read)
            .calls(words.all_calls)
            .doc(words.all)
            .errors(LIST_ERRORS)
            .example(words.all_example)
            .by(move |call| {
                let (platform, first) = here(call)?;
                let query = if call.has(first) {
                    Query::of_argument(words.kind, to_value(&call.any(first)?)?)
                } else {
                    Ok(Query::default())
                };
                let query = query.map_err(crate::error::Error::from)?;
                match call.wait(async move { platform.listed(words.kind, &query).await })? {
                    Listed::Unread(answer) => Ok(unread_list(call.scrubber(), &answer)?),
                    Listed::Selected(Listing { objects, warnings }) => {
                        for warning in warnings {
                            call.run().output.log(LogLevel::Warn, &warning);
                        }
                        Ok(list(call.scrubber(), &objects)?)
                    }
                }
            })
    })
}

fn one_of(words: &'static Words) -> [Native; 2] {
    let row = words.kind.row();
    anywhere(row.functions.one, move |native| {
        let native = native.takes(if row.id_field == "id" { "id_or_name" } else { "name" }, Type::Text);
        let native = if row.get_options.is_empty() { native } else { native.may_take("options", Type::Map) };
        native
            .gives(Type::Object(row.type_name))
            .effect(NativeEffect::Read)
            .calls(words.one_calls)
            .doc(words.one)
            .errors(&[
                "not_found: there is none; the hint names the nearest",
                "invalid: several have this name, or it is empty",
                "permission: the credential may not read",
            ])
            .example(words.one_example)
            .by(move |call| {
                let (platform, first) = here(call)?;
                let wanted = call.text(first)?;
                let options = options(call, first + 1)?;
                let found = call.wait(async move { platform.find(words.kind, &wanted, &options).await })?;
                Ok(object(call.scrubber(), &found)?)
            })
    })
}
