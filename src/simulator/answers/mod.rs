//! What the simulator answers, a file a kind of object.

mod affinity_groups;
mod attachments;
mod backups;
mod images;
mod keypairs;
mod networks;
mod nics;
mod platform;
mod projects;
mod public_ips;
mod security_groups;
mod server_actions;
mod servers;
mod service_accounts;
mod snapshots;
mod volumes;

use chrono::{DateTime, Utc};

use super::exchange::{Asked, Scene};
use super::wire::{Answered, Items, Refusal};
use super::world::World;
use crate::catalog::Operation;

pub use images::{UPLOADS, upload};

/// A function that answers an operation within a project's region.
pub type Handler = fn(&mut Scene, &Asked) -> Result<Answered, Refusal>;

/// The function that answers an operation of the IaaS API, by the catalogue's name.
pub fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "list_servers" => servers::list,
        "get_server" => servers::get,
        "create_server" => servers::create,
        "update_server" => servers::update,
        "delete_server" => servers::delete,
        "get_server_console" => servers::console,
        "get_server_log" => servers::log,
        "start_server" => server_actions::start,
        "stop_server" => server_actions::stop,
        "reboot_server" => server_actions::reboot,
        "deallocate_server" => server_actions::deallocate,
        "rescue_server" => server_actions::rescue,
        "unrescue_server" => server_actions::unrescue,
        "resize_server" => server_actions::resize,
        "list_volumes" => volumes::list,
        "get_volume" => volumes::get,
        "create_volume" => volumes::create,
        "update_volume" => volumes::update,
        "delete_volume" => volumes::delete,
        "resize_volume" => volumes::resize,
        "list_attached_volumes" => attachments::list,
        "get_attached_volume" => attachments::get,
        "add_volume_to_server" => attachments::attach,
        "update_attached_volume" => attachments::update,
        "remove_volume_from_server" => attachments::detach,
        "list_snapshots_in_project" => snapshots::list,
        "get_snapshot" => snapshots::get,
        "create_snapshot" => snapshots::create,
        "update_snapshot" => snapshots::update,
        "delete_snapshot" => snapshots::delete,
        "list_backups" => backups::list,
        "get_backup" => backups::get,
        "create_backup" => backups::create,
        "update_backup" => backups::update,
        "delete_backup" => backups::delete,
        "restore_backup" => backups::restore,
        "list_project_nics" => nics::list_all,
        "get_project_nic" | "get_nic" => nics::get,
        "list_nics" => nics::list_of_network,
        "list_server_nics" => nics::list_of_server,
        "create_nic" => nics::create,
        "update_nic" => nics::update,
        "delete_nic" => nics::delete,
        "add_nic_to_server" => nics::attach,
        "remove_nic_from_server" => nics::detach,
        "add_network_to_server" => nics::attach_network,
        "remove_network_from_server" => nics::detach_network,
        "list_machine_types" => platform::machine_types,
        "get_machine_type" => platform::machine_type,
        "list_volume_performance_classes" => platform::performance_classes,
        "get_volume_performance_class" => platform::performance_class,
        "list_quotas" => platform::quotas,
        "list_images" => images::list,
        "get_image" => images::get,
        "create_image" => images::create,
        "update_image" => images::update,
        "delete_image" => images::delete,
        "image_from_volume" => images::from_volume,
        "list_networks" => networks::list,
        "get_network" => networks::get,
        "create_network" => networks::create,
        "create_isolated_network" => networks::create_isolated,
        "partial_update_network" => networks::update,
        "delete_network" => networks::delete,
        "list_public_ips" => public_ips::list,
        "get_public_ip" => public_ips::get,
        "create_public_ip" => public_ips::create,
        "update_public_ip" => public_ips::update,
        "delete_public_ip" => public_ips::delete,
        "add_public_ip_to_server" => public_ips::attach,
        "remove_public_ip_from_server" => public_ips::detach,
        "list_security_groups" => security_groups::list,
        "get_security_group" => security_groups::get,
        "create_security_group" => security_groups::create,
        "update_security_group" => security_groups::update,
        "delete_security_group" => security_groups::delete,
        "list_security_group_rules" => security_groups::list_rules,
        "get_security_group_rule" => security_groups::get_rule,
        "create_security_group_rule" => security_groups::create_rule,
        "delete_security_group_rule" => security_groups::delete_rule,
        "add_security_group_to_server" => security_groups::attach,
        "remove_security_group_from_server" => security_groups::detach,
        "list_affinity_groups" => affinity_groups::list,
        "get_affinity_group" => affinity_groups::get,
        "create_affinity_group" => affinity_groups::create,
        "delete_affinity_group" => affinity_groups::delete,
        "list_server_service_accounts" => service_accounts::list,
        "add_service_account_to_server" => service_accounts::add,
        "remove_service_account_from_server" => service_accounts::remove,
        _ => return None,
    })
}

/// Whether the simulator answers an operation from its world.
pub fn is_modelled(operation: &Operation) -> bool {
    match operation.module {
        "iaas" => handler(operation.name).is_some() || GLOBAL.contains(&operation.name),
        "resource-manager" => ["get_project", "list_projects"].contains(&operation.name),
        _ => false,
    }
}

/// The operations of the IaaS API that [`handler`] does not know, because they are of no region of a project or need
/// more than that.
const GLOBAL: [&str; 10] = [
    "create_key_pair",
    "delete_key_pair",
    "get_key_pair",
    "get_project_details",
    "get_project_request",
    "list_availability_zones",
    "list_key_pairs",
    "list_public_ip_ranges",
    "update_key_pair",
    "upload_image",
];

/// Answers an operation that belongs to no region of a project; `None` if it does.
pub fn answer_globally(
    world: &mut World,
    operation: &Operation,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Option<Result<Answered, Refusal>> {
    Some(match (operation.module, operation.name) {
        ("iaas", "list_availability_zones") => Ok(platform::availability_zones(asked.path("region"))),
        ("iaas", "list_public_ip_ranges") => {
            let ranges = vec![serde_json::json!({ "cidr": public_ips::RANGE, "region": "eu01" })];
            Ok(Answered::ok(&Items { items: ranges }))
        }
        ("iaas", "list_key_pairs") => keypairs::list(&world.keypairs, asked),
        ("iaas", "get_key_pair") => keypairs::get(&world.keypairs, asked),
        ("iaas", "create_key_pair") => keypairs::create(&mut world.keypairs, asked, now),
        ("iaas", "update_key_pair") => keypairs::update(&mut world.keypairs, asked, now),
        ("iaas", "delete_key_pair") => keypairs::delete(&mut world.keypairs, asked),
        ("iaas", "get_project_details") => projects::details(&world.projects, asked),
        ("resource-manager", "get_project") => {
            let id = asked.path.first().map_or("", |(_, value)| value.as_str());
            projects::get(&world.projects, id)
        }
        ("resource-manager", "list_projects") => projects::list(&world.projects, asked),
        _ => return None,
    })
}
