//! What a job gives, held against what its recipe needs.

use crate::catalog::Effect;
use crate::engine::footprint::{Footprint, Reason, Spot};
use crate::policy::{Grant, Granted, Listed, LocalGrant};

/// What a recipe needs for certain and the job's list does not give, each with a line that needs it.
pub(super) fn not_given(found: &Footprint, listed: &Listed) -> Vec<(String, String)> {
    let mut missing = Vec::new();
    for need in found.needs.iter().filter(|need| need.reason == Reason::Recipe && need.is_certain) {
        for permission in &need.operation.permissions {
            let gives = |grant: &Grant| match &grant.what {
                Granted::Api(pattern) => pattern.covers(permission.name),
                Granted::Reading => need.operation.effect == Effect::Read,
                Granted::Local(_) => false,
            };
            // A list that names only things outside the API has nothing to say about it.
            let speaks =
                listed.grants.is_empty() || listed.grants.iter().any(|grant| !matches!(grant.what, Granted::Local(_)));
            if speaks && !listed.grants.iter().any(gives) {
                let line = need.places.first().map(Spot::label).unwrap_or_default();
                missing.push((permission.name.to_owned(), line));
            }
        }
    }
    missing.sort();
    missing.dedup_by(|one, other| one.0 == other.0);
    missing
}

/// What a recipe touches for certain outside the API and nobody gives.
pub(super) fn local_not_given(found: &Footprint, given: &[Grant]) -> Vec<(String, String)> {
    let is_covered = |wanted: &LocalGrant| {
        given.iter().any(|grant| matches!(&grant.what, Granted::Local(local) if local.may_reach(wanted)))
    };
    let missing = found.local.iter().filter(|need| need.is_certain && !is_covered(&need.grant));
    missing.map(|need| (need.grant.to_string(), need.places.first().map(Spot::label).unwrap_or_default())).collect()
}
