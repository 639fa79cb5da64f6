//! Grants that somebody typed, held against the permissions that there are.

use super::{Grant, Granted, Pattern};
use crate::catalog::{self, Service};
use crate::error::nearest;

/// Why a text is no grant, or gives nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownGrant {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// Reads a grant, and makes sure that there is a permission that it gives.
///
/// # Errors
/// When it is no grant, or nothing that the API knows.
pub fn known_grant(text: &str) -> Result<Grant, UnknownGrant> {
    let grant =
        Grant::parse(text).map_err(|error| UnknownGrant { message: error.message, hint: error.hint.to_owned() })?;
    match &grant.what {
        Granted::Api(pattern) if !is_known(pattern) => Err(UnknownGrant {
            message: format!("no operation needs the permission `{pattern}`"),
            hint: match nearest_of(pattern) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`stackhand api SERVICE` lists the operations with their permissions".to_owned(),
            },
        }),
        Granted::Api(_) | Granted::Reading | Granted::Local(_) => Ok(grant),
    }
}

pub(super) fn is_known(pattern: &Pattern) -> bool {
    let module = pattern.as_str().split('.').next().unwrap_or_default();
    // Most permissions begin with the name of their service, which spares looking through all of them.
    pattern.as_str() == "*"
        || catalog::service(module).is_some_and(|service| permissions(service).any(|name| pattern.covers(name)))
        || catalog::services().any(|service| permissions(service).any(|name| pattern.covers(name)))
}

fn permissions(service: &'static Service) -> impl Iterator<Item = &'static str> {
    service.operations.iter().flat_map(|operation| &operation.permissions).map(|permission| permission.name)
}

/// The permission that is most like a pattern; for one with a wildcard, the wildcard over permissions.
pub(super) fn nearest_of(pattern: &Pattern) -> Option<String> {
    let Some(start) = pattern.as_str().strip_suffix(".*") else {
        return nearest(pattern.as_str(), catalog::services().flat_map(permissions)).map(str::to_owned);
    };
    let parts = start.split('.').count();
    let stem = |name: &'static str| name.match_indices('.').nth(parts - 1).map(|(end, _)| &name[..end]);
    nearest(start, catalog::services().flat_map(permissions).filter_map(stem)).map(|near| format!("{near}.*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_operation_needs_is_refused_with_the_nearest() {
        for text in ["iaas.server.stop", "iaas.*", "*", "read", "env:HOME", "iaas.snapshot.delete where a=b"] {
            assert!(known_grant(text).is_ok(), "{text}");
        }
        for (text, hint) in [
            ("iaas.server.stpo", "did you mean `iaas.server.stop`?"),
            ("iaas.servers.*", "did you mean `iaas.server.*`?"),
            ("quite.something.else", "`stackhand api SERVICE` lists the operations with their permissions"),
            ("stop", "permissions look like `iaas.server.list` or `iaas.snapshot.*`, separated by commas"),
        ] {
            assert_eq!(known_grant(text).expect_err(text).hint, hint, "{text}");
        }
    }
}
