//! What the simulator answers, a file a kind of object.

mod attachments;
mod backups;
mod nics;
mod platform;
mod server_actions;
mod servers;
mod snapshots;
mod volumes;

use super::exchange::{Asked, Scene};
use super::wire::{Answered, Refusal};

pub use platform::availability_zones;

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
        _ => return None,
    })
}
