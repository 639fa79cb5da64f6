//! What holds whatever was granted: protected objects, those that something else manages, the server underneath.

use super::act::Act;
use super::managed::{ManagedObjects, manager_of};
use super::protection::{Protected, protect};
use super::{Deed, Knowledge, Object, Refusal};
use crate::config::OwnServer;

/// What holds whatever was granted.
#[derive(Debug, Default)]
pub struct Belts {
    /// Whether objects that something else manages may be changed.
    pub managed: ManagedObjects,
    /// What the profile protects.
    pub protected: Option<Protected>,
    /// The server that this runs on; `None` if it may be stopped and deleted like any other.
    pub own_server: Option<OwnServer>,
}

impl Belts {
    /// Refuses a change that one of them forbids.
    pub(super) fn hold(&self, deed: &Deed<'_>) -> Result<(), Refusal> {
        protect(deed, self.protected.as_ref())?;
        for (act, object) in deed.acts() {
            self.leave_managed(deed, object)?;
            self.spare_own_server(deed, act, object)?;
        }
        Ok(())
    }

    fn leave_managed(&self, deed: &Deed<'_>, object: &Object<'_>) -> Result<(), Refusal> {
        let Knowledge::Known(facts) = object.knowledge else { return Ok(()) };
        let manager = manager_of(object.kind, facts.name.as_deref(), facts.labels.keys().map(String::as_str));
        let Some(manager) = manager.filter(|_| self.managed == ManagedObjects::Protected) else { return Ok(()) };
        let (kind, name) = (object.kind, object.label());
        let message = format!("`{}` is refused: the {kind} `{name}` belongs to a Kubernetes cluster", deed.name());
        Err(Refusal::new("managed_object", message)
            .hinting(format!("change it through its cluster (`managed_by` is `{manager}`), or give `--allow-managed`")))
    }

    /// A run that stops the server underneath stops itself in the middle.
    fn spare_own_server(&self, deed: &Deed<'_>, act: Act, object: &Object<'_>) -> Result<(), Refusal> {
        // What writes a volume back stops its server, or pulls the ground from under it.
        let endangers =
            matches!(act, Act::Power | Act::Detach | Act::Delete) || deed.operation.name.starts_with("restore_");
        let Some(own) = self.own_server.as_ref().filter(|_| endangers).and_then(OwnServer::find) else {
            return Ok(());
        };
        let name = object.label();
        let what = match (object.kind, object.knowledge) {
            ("server", _) if object.id.eq_ignore_ascii_case(&own.id) => format!("`{name}` is the server"),
            ("volume", Knowledge::Known(facts)) if facts.server_id.as_deref() == Some(own.id.as_str()) => {
                format!("the volume `{name}` is on the server")
            }
            _ => return Ok(()),
        };
        let message = format!("`{}` is refused: {what} that this runs on ({})", deed.name(), own.origin);
        Err(Refusal::new("own_server", message).hinting("run it elsewhere, or give `--include-self`"))
    }
}

#[cfg(test)]
#[path = "belts_tests.rs"]
mod tests;
