//! Objects that STACKIT Kubernetes (SKE) looks after: listed, never changed unless that was allowed.
//!
//! Source: node pools label their servers `mcm.gardener.cloud/…`; the CSI driver names its volumes `pvc-<uuid>` and
//! sets no labels. Snapshots that Kubernetes takes are named `snapshot-<uuid>`, the default of its snapshot
//! controller. A snapshot of a `pvc-…` volume that somebody else took is theirs, and taking one changes no volume.

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

/// Who manages an object of this kind (`server`, `volume`, `snapshot`), name and these label keys.
#[must_use]
pub fn manager_of<'k>(
    kind: &str,
    name: Option<&str>,
    mut label_keys: impl Iterator<Item = &'k str>,
) -> Option<&'static str> {
    let name = name.unwrap_or_default();
    let is_managed = match kind {
        // The sources disagree whether a key may hold a `/`, so that only what precedes it is looked for.
        "server" => label_keys.any(|key| key.starts_with("mcm.gardener.cloud")),
        "volume" => is_generated(name, "pvc-"),
        "snapshot" => is_generated(name, "snapshot-"),
        _ => false,
    };
    is_managed.then_some(SKE)
}

fn is_generated(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| uuid::Uuid::try_parse(rest).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_pool_servers_and_persistent_volumes_belong_to_ske() {
        let none = || std::iter::empty();
        assert_eq!(manager_of("server", None, ["mcm.gardener.cloud/role"].into_iter()), Some(SKE));
        assert_eq!(manager_of("server", None, ["team", "mcm.gardener.cloud_cluster"].into_iter()), Some(SKE));
        assert_eq!(manager_of("server", None, ["team"].into_iter()), None);
        assert_eq!(manager_of("volume", Some("pvc-0b5a2d1e-8f43-4b0e-9f4e-0b7f8a6f2f11"), none()), Some(SKE));
        assert_eq!(manager_of("volume", Some("pvc-backup"), none()), None);
        assert_eq!(manager_of("snapshot", Some("snapshot-0b5a2d1e-8f43-4b0e-9f4e-0b7f8a6f2f11"), none()), Some(SKE));
        assert_eq!(manager_of("backup", Some("snapshot-0b5a2d1e-8f43-4b0e-9f4e-0b7f8a6f2f11"), none()), None);
    }
}
