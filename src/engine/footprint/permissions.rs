//! The permissions that a footprint comes to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::need::{Footprint, Reason, Spot};
use crate::catalog::Effect;

/// A permission that a recipe needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PermissionNeed {
    /// STACKIT's IAM action, one of ours, or what is outside the API: `env:HOME`.
    pub permission: String,
    /// The most that is done with it: `read`, `create`, `update`, `delete`, `mint`; `local` outside the API.
    pub effect: &'static str,
    /// Why it is needed; the strongest reason.
    pub reason: Reason,
    /// Where.
    pub places: BTreeSet<Spot>,
    /// Whether the documents give none and the name is ours: a role cannot hold it.
    pub is_ours: bool,
    /// Whether only a run knows what is touched: `fs.read:?`. No header can ask for it.
    pub is_unknown: bool,
}

impl Footprint {
    /// The permissions that are needed: those of the recipe itself first, by name.
    #[must_use]
    pub fn permissions(&self) -> Vec<PermissionNeed> {
        let mut found: BTreeMap<&str, (Reason, Effect, bool, BTreeSet<Spot>)> = BTreeMap::new();
        for need in &self.needs {
            for permission in &need.operation.permissions {
                let entry = found
                    .entry(permission.name)
                    .or_insert_with(|| (need.reason, need.operation.effect, permission.is_ours, BTreeSet::new()));
                if need.reason < entry.0 {
                    // Lines that need it for a weaker reason are no news.
                    entry.3.clear();
                    entry.0 = need.reason;
                }
                entry.1 = entry.1.max(need.operation.effect);
                if need.reason == entry.0 {
                    entry.3.extend(need.places.iter().cloned());
                }
            }
        }
        let of_api = found.into_iter().map(|(name, (reason, effect, is_ours, places))| PermissionNeed {
            permission: name.to_owned(),
            effect: effect.as_str(),
            reason,
            places,
            is_ours,
            is_unknown: false,
        });
        let local = self.local.iter().map(|need| PermissionNeed {
            permission: need.grant.to_string(),
            effect: "local",
            reason: Reason::Recipe,
            places: need.places.clone(),
            is_ours: false,
            is_unknown: false,
        });
        let unknown = self.unknown.iter().map(|(kind, places)| PermissionNeed {
            permission: kind.grant("?").to_string(),
            effect: "local",
            reason: Reason::Recipe,
            places: places.clone(),
            is_ours: false,
            is_unknown: true,
        });
        let mut all: Vec<PermissionNeed> = of_api.chain(local).chain(unknown).collect();
        all.sort_by(|one, other| (one.reason, &one.permission).cmp(&(other.reason, &other.permission)));
        all
    }
}

/// The line of a header that asks for these permissions.
#[must_use]
pub fn header_line(needs: &[PermissionNeed]) -> String {
    const WIDTH: usize = 110;
    let is_asked = |need: &&PermissionNeed| need.reason == Reason::Recipe && !need.is_unknown;
    let names = needs.iter().filter(is_asked).map(|need| need.permission.as_str());
    let (mut lines, mut line) = (Vec::new(), "//! Permissions:".to_owned());
    for name in names {
        if line.len() + name.len() + 2 > WIDTH {
            lines.push(std::mem::replace(&mut line, "//!  ".to_owned()));
        }
        line.push(' ');
        line.push_str(name);
        line.push(',');
    }
    lines.push(line.trim_end_matches(',').to_owned());
    lines.join("\n")
}
