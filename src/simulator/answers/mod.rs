//! What the simulator answers, a file a kind of object.

mod affinity_groups;
mod attachments;
mod authorization;
mod backups;
mod copies;
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

/// The functions that answer operations of the IaaS API, sorted by the catalogue's name.
const HANDLERS: &[(&str, Handler)] = &[
    ("add_network_to_server", nics::attach_network),
    ("add_nic_to_server", nics::attach),
    ("add_public_ip_to_server", public_ips::attach),
    ("add_security_group_to_server", security_groups::attach),
    ("add_service_account_to_server", service_accounts::add),
    ("add_volume_to_server", attachments::attach),
    ("create_affinity_group", affinity_groups::create),
    ("create_backup", backups::create),
    ("create_image", images::create),
    ("create_isolated_network", networks::create_isolated),
    ("create_network", networks::create),
    ("create_nic", nics::create),
    ("create_public_ip", public_ips::create),
    ("create_security_group", security_groups::create),
    ("create_security_group_rule", security_groups::create_rule),
    ("create_server", servers::create),
    ("create_snapshot", snapshots::create),
    ("create_volume", volumes::create),
    ("deallocate_server", server_actions::deallocate),
    ("delete_affinity_group", affinity_groups::delete),
    ("delete_backup", backups::delete),
    ("delete_image", images::delete),
    ("delete_network", networks::delete),
    ("delete_nic", nics::delete),
    ("delete_public_ip", public_ips::delete),
    ("delete_security_group", security_groups::delete),
    ("delete_security_group_rule", security_groups::delete_rule),
    ("delete_server", servers::delete),
    ("delete_snapshot", snapshots::delete),
    ("delete_volume", volumes::delete),
    ("get_affinity_group", affinity_groups::get),
    ("get_attached_volume", attachments::get),
    ("get_backup", backups::get),
    ("get_image", images::get),
    ("get_machine_type", platform::machine_type),
    ("get_network", networks::get),
    ("get_nic", nics::get),
    ("get_project_nic", nics::get),
    ("get_public_ip", public_ips::get),
    ("get_security_group", security_groups::get),
    ("get_security_group_rule", security_groups::get_rule),
    ("get_server", servers::get),
    ("get_server_console", servers::console),
    ("get_server_log", servers::log),
    ("get_snapshot", snapshots::get),
    ("get_volume", volumes::get),
    ("get_volume_performance_class", platform::performance_class),
    ("image_from_volume", images::from_volume),
    ("list_affinity_groups", affinity_groups::list),
    ("list_attached_volumes", attachments::list),
    ("list_backups", backups::list),
    ("list_images", images::list),
    ("list_machine_types", platform::machine_types),
    ("list_networks", networks::list),
    ("list_nics", nics::list_of_network),
    ("list_project_nics", nics::list_all),
    ("list_public_ips", public_ips::list),
    ("list_quotas", platform::quotas),
    ("list_security_group_rules", security_groups::list_rules),
    ("list_security_groups", security_groups::list),
    ("list_server_nics", nics::list_of_server),
    ("list_server_service_accounts", service_accounts::list),
    ("list_servers", servers::list),
    ("list_snapshots_in_project", snapshots::list),
    ("list_volume_performance_classes", platform::performance_classes),
    ("list_volumes", volumes::list),
    ("partial_update_network", networks::update),
    ("reboot_server", server_actions::reboot),
    ("remove_network_from_server", nics::detach_network),
    ("remove_nic_from_server", nics::detach),
    ("remove_public_ip_from_server", public_ips::detach),
    ("remove_security_group_from_server", security_groups::detach),
    ("remove_service_account_from_server", service_accounts::remove),
    ("remove_volume_from_server", attachments::detach),
    ("rescue_server", server_actions::rescue),
    ("resize_server", server_actions::resize),
    ("resize_volume", volumes::resize),
    ("restore_backup", backups::restore),
    ("start_server", server_actions::start),
    ("stop_server", server_actions::stop),
    ("unrescue_server", server_actions::unrescue),
    ("update_attached_volume", attachments::update),
    ("update_backup", backups::update),
    ("update_image", images::update),
    ("update_nic", nics::update),
    ("update_public_ip", public_ips::update),
    ("update_security_group", security_groups::update),
    ("update_server", servers::update),
    ("update_snapshot", snapshots::update),
    ("update_volume", volumes::update),
];

/// The function that answers an operation of the IaaS API, by the catalogue's name.
pub fn handler(operation: &str) -> Option<Handler> {
    let at = HANDLERS.binary_search_by(|(name, _)| (*name).cmp(operation)).ok()?;
    Some(HANDLERS[at].1)
}

/// Whether the simulator answers an operation from its world.
pub fn is_modelled(operation: &Operation) -> bool {
    match operation.module {
        "iaas" => handler(operation.name).is_some() || GLOBAL.contains(&operation.name),
        "authorization" => authorization::is_modelled(operation.name),
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
        ("authorization", name) => authorization::answer(world, name, asked, now),
        ("resource-manager", "get_project") => {
            let id = asked.path.first().map_or("", |(_, value)| value.as_str());
            projects::get(&world.projects, id)
        }
        ("resource-manager", "list_projects") => projects::list(&world.projects, asked),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn handlers_are_sorted_and_name_operations_of_the_catalogue() {
        assert!(HANDLERS.is_sorted_by(|(first, _), (second, _)| first < second));
        let known = |name: &str| catalog::operation("iaas", name).is_some();
        assert!(HANDLERS.iter().all(|(name, _)| known(name)) && GLOBAL.iter().all(|name| known(name)));
    }
}
