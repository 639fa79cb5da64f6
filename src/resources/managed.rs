//! Objects that STACKIT Kubernetes (SKE) looks after: listed, never changed unless that was allowed.
//!
//! Source: node pools label their servers `mcm.gardener.cloud/…`; the CSI driver names its volumes `pvc-<uuid>` and
//! sets no labels. Snapshots that Kubernetes takes are named `snapshot-<uuid>`, the default of its snapshot
//! controller. A snapshot of a `pvc-…` volume that somebody else took is theirs, and taking one changes no volume.

use super::error::Error;
use super::kind::Kind;
use super::resource::Resource;

/// The manager's name in scripts.
pub const SKE: &str = "ske";

/// Whether objects that somebody else manages may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ManagedObjects {
    /// They may not.
    #[default]
    Protected,
    /// They may, by `--allow-managed`.
    Allowed,
}

/// Who manages an object, by its own fields.
pub(super) fn manager(resource: &Resource) -> Option<&'static str> {
    let head = resource.head().ok()?;
    manager_of(resource.kind(), head.name.as_deref(), head.label_keys())
}

/// Who manages an object of this kind, name and these label keys.
#[must_use]
pub fn manager_of<'k>(
    kind: Kind,
    name: Option<&str>,
    mut label_keys: impl Iterator<Item = &'k str>,
) -> Option<&'static str> {
    let name = name.unwrap_or_default();
    let is_managed = match kind {
        // The sources disagree whether a key may hold a `/`, so that only what precedes it is looked for.
        Kind::Server => label_keys.any(|key| key.starts_with("mcm.gardener.cloud")),
        Kind::Volume => is_generated(name, "pvc-"),
        Kind::Snapshot => is_generated(name, "snapshot-"),
        _ => false,
    };
    is_managed.then_some(SKE)
}

impl ManagedObjects {
    /// Lets a change pass, or refuses it before anything is sent.
    ///
    /// # Errors
    /// When the object is managed and that was not allowed.
    pub fn admit(self, verb: &str, resource: &Resource) -> Result<(), Error> {
        match resource.managed_by() {
            Some(manager) if self == Self::Protected => {
                Err(Error::Managed { verb: verb.to_owned(), kind: resource.kind(), name: resource.label(), manager })
            }
            _ => Ok(()),
        }
    }
}

fn is_generated(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| uuid::Uuid::try_parse(rest).is_ok())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::resource::Form;
    use super::*;
    use crate::transport::Target;

    fn managed_by(kind: Kind, body: &'static str) -> Option<&'static str> {
        manager(&Resource::new(kind, Target::default(), Form::Plain, Bytes::from_static(body.as_bytes())))
    }

    #[test]
    fn node_pool_servers_and_persistent_volumes_belong_to_ske() {
        assert_eq!(managed_by(Kind::Server, r#"{"labels":{"mcm.gardener.cloud/role":"node"}}"#), Some(SKE));
        assert_eq!(managed_by(Kind::Server, r#"{"labels":{"mcm.gardener.cloud_cluster":"x"}}"#), Some(SKE));
        assert_eq!(managed_by(Kind::Server, r#"{"labels":{"team":"mcm.gardener.cloud/"}}"#), None);
        assert_eq!(managed_by(Kind::Volume, r#"{"name":"pvc-0b5a2d1e-8f43-4b0e-9f4e-0b7f8a6f2f11"}"#), Some(SKE));
        assert_eq!(managed_by(Kind::Volume, r#"{"name":"pvc-backup"}"#), None);
        assert_eq!(managed_by(Kind::Volume, r#"{"labels":null}"#), None);
    }
}
