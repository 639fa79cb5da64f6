//! What a recipe's header asks for, held against what the recipe needs.

use std::collections::BTreeMap;

use crate::catalog::{Effect, Operation};
use crate::engine::Source;
use crate::engine::footprint::{Choice, Footprint, Need, PermissionNeed, Reason, Spot, derive, header_line};
use crate::engine::recipe::{AskedPermission, Finding, Header};
use crate::policy::{Granted, LocalGrant};

/// What is wrong with a header, given what the recipe needs. A recipe without one may only read.
pub(super) fn findings(source: &Source, header: &Header) -> Vec<Finding> {
    let found = derive(source);
    let Some(asked) = &header.permissions else { return read_only(&found).into_iter().collect() };
    let asking = Asking { asked, found: &found };
    let mut findings = asking.undeclared();
    findings.extend(found.choices.iter().filter_map(|choice| asking.choice(choice)));
    findings.extend(asking.surplus());
    // That the path of an import is computed is said where it stands.
    let loose = found.loose.iter().filter(|loose| loose.place.module.is_none() && !loose.why.contains("import"));
    findings.extend(loose.map(|loose| {
        let place = &loose.place;
        Finding::warning(
            "needs_unknown",
            place.line,
            place.column,
            format!("{}: what it needs cannot be told", loose.why),
        )
        .spanning(place.length)
    }));
    findings
}

/// A change in a recipe that asks for nothing.
fn read_only(found: &Footprint) -> Option<Finding> {
    let changes = found.needs.iter().filter(|need| need.operation.effect != Effect::Read);
    let places = changes.flat_map(|need| &need.places).filter(|place| place.module.is_none());
    let place = places.min_by_key(|place| (place.line, place.column))?;
    let message = "this changes something, and a recipe without `Permissions:` may only read";
    let finding = Finding::hint("no_permissions", place.line, place.column, message).spanning(place.length);
    Some(finding.with_hint(to_write(found)))
}

fn to_write(found: &Footprint) -> String {
    format!("write `{}`", header_line(&found.permissions()).replace("\n//!  ", ""))
}

struct Asking<'h> {
    asked: &'h [AskedPermission],
    found: &'h Footprint,
}

impl Asking<'_> {
    /// The line with what is missing. What is narrowed to some objects stays so.
    fn to_write(&self) -> String {
        let asked = self.asked.iter().map(|asked| asked.grant.to_string());
        let is_missing = |need: &PermissionNeed| {
            let is_asked = |asked: &AskedPermission| match &asked.grant.what {
                Granted::Api(pattern) => pattern.covers(&need.permission),
                Granted::Reading => need.effect == Effect::Read.as_str(),
                Granted::Local(local) => {
                    LocalGrant::parse(&need.permission).is_some_and(|wanted| local.may_reach(&wanted))
                }
            };
            need.reason == Reason::Recipe && !need.is_unknown && !self.asked.iter().any(is_asked)
        };
        let missing = self.found.permissions().into_iter().filter(is_missing).map(|need| need.permission);
        format!("write `//! Permissions: {}`", asked.chain(missing).collect::<Vec<_>>().join(", "))
    }

    fn covers(&self, operation: &Operation) -> bool {
        operation.permissions.iter().all(|permission| self.covers_permission(permission.name, operation.effect))
    }

    fn covers_permission(&self, name: &str, effect: Effect) -> bool {
        self.asked.iter().any(|asked| match &asked.grant.what {
            Granted::Api(pattern) => pattern.covers(name),
            Granted::Reading => effect == Effect::Read,
            Granted::Local(_) => false,
        })
    }

    /// What is needed for certain, or may be, and is not asked for: each permission once, at its first line.
    fn undeclared(&self) -> Vec<Finding> {
        let mut missing: BTreeMap<String, Vec<(&Need, &Spot)>> = BTreeMap::new();
        for need in self.found.needs.iter().filter(|need| need.reason == Reason::Recipe) {
            for permission in &need.operation.permissions {
                if self.covers_permission(permission.name, need.operation.effect) {
                    continue;
                }
                // That none of several is asked for is said once, of all.
                let places = need.places.iter().filter(|place| need.is_certain || !self.is_told_of(place));
                missing.entry(permission.name.to_owned()).or_default().extend(places.map(|place| (need, place)));
            }
        }
        let mut findings = Vec::new();
        for (permission, needs) in missing {
            let Some((need, place)) = needs.iter().min_by_key(|(need, place)| (!need.is_certain, *place)) else {
                continue;
            };
            let mut finding = self.missing(&permission, place);
            if !need.is_certain {
                finding.severity = crate::engine::recipe::Severity::Warning;
            }
            findings.push(finding);
        }
        findings.extend(self.undeclared_outside());
        findings
    }

    /// What is touched outside the API and not asked for.
    fn undeclared_outside(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for need in self.found.local.iter().filter(|need| !self.local().any(|local| local.may_reach(&need.grant))) {
            let Some(place) = need.places.first() else { continue };
            let mut finding = self.missing(&need.grant.to_string(), place);
            if !need.is_certain {
                finding.severity = crate::engine::recipe::Severity::Warning;
            }
            findings.push(finding);
        }
        for (kind, places) in &self.found.unknown {
            let Some(place) = places.first().filter(|_| !self.local().any(|local| kind.has(local))) else { continue };
            let (line, column, length) = self.here(place);
            let prefix = kind.grant("");
            let message = format!(
                "this touches {} is known only at run time, and `Permissions:` asks for no `{prefix}`",
                kind.name()
            );
            findings.push(Finding::warning("undeclared_permission", line, column, message).spanning(length));
        }
        findings
    }

    /// What is asked for outside the API.
    fn local(&self) -> impl Iterator<Item = &LocalGrant> {
        self.asked.iter().filter_map(|asked| match &asked.grant.what {
            Granted::Local(local) => Some(local),
            Granted::Api(_) | Granted::Reading => None,
        })
    }

    fn missing(&self, permission: &str, place: &Spot) -> Finding {
        let message = match &place.module {
            None => format!("this needs `{permission}`, which `Permissions:` does not ask for"),
            Some(_) => format!("{} needs `{permission}`, which `Permissions:` does not ask for", place.label()),
        };
        let (line, column, length) = self.here(place);
        Finding::error("undeclared_permission", line, column, message).spanning(length).with_hint(self.to_write())
    }

    /// A place in the recipe itself; what a module needs is told at the header.
    fn here(&self, place: &Spot) -> (usize, usize, usize) {
        if place.module.is_none() {
            return (place.line, place.column, place.length);
        }
        self.asked.first().map_or((1, 1, 0), |asked| (asked.line, asked.column, 0))
    }

    fn is_told_of(&self, place: &Spot) -> bool {
        let here = |choice: &&Choice| choice.is_known && choice.place == *place;
        self.found.choices.iter().filter(here).any(|choice| !self.has_one_of(choice))
    }

    fn has_one_of(&self, choice: &Choice) -> bool {
        choice.operations.iter().any(|operation| self.covers(operation))
    }

    /// A call on what may be of several kinds, or of any.
    fn choice(&self, choice: &Choice) -> Option<Finding> {
        let names = choice.operations.iter().flat_map(|operation| &operation.permissions);
        let mut names: Vec<String> = names.map(|permission| format!("`{}`", permission.name)).collect();
        names.sort();
        names.dedup();
        let (line, column, length) = self.here(&choice.place);
        let (name, names) = (&choice.name, names.join(", "));
        if choice.is_known {
            let message = format!("`{name}` needs one of {names}, and `Permissions:` asks for none");
            let finding = Finding::error("undeclared_permission", line, column, message).spanning(length);
            return (!self.has_one_of(choice)).then(|| finding.with_hint(self.to_write()));
        }
        let message = format!("what `{name}` is called on cannot be told; it needs one of {names}");
        let finding = Finding::warning("unknown_receiver", line, column, message).spanning(length);
        Some(if self.has_one_of(choice) {
            finding
        } else {
            finding.with_hint("`Permissions:` asks for none of them: if it is one of these, the call is refused")
        })
    }

    /// What is asked for and nothing needs.
    fn surplus(&self) -> Vec<Finding> {
        // Where anything may be called, anything may be needed.
        if !self.found.loose.is_empty() {
            return Vec::new();
        }
        let is_needed = |asked: &&AskedPermission| match &asked.grant.what {
            Granted::Api(pattern) => {
                let choices = self.found.choices.iter().flat_map(|choice| &choice.operations);
                let operations = self.found.needs.iter().map(|need| &need.operation).chain(choices);
                operations.flat_map(|operation| &operation.permissions).any(|one| pattern.covers(one.name))
            }
            Granted::Reading => true,
            Granted::Local(local) => {
                let mut known = self.found.local.iter().map(|need| &need.grant);
                known.any(|need| local.may_reach(need) || need.may_reach(local))
                    || self.found.unknown.keys().any(|kind| kind.has(local))
            }
        };
        let surplus = self.asked.iter().filter(|asked| !is_needed(asked));
        surplus
            .map(|asked| {
                let name = asked.grant.to_string();
                let message = format!("nothing in the recipe needs `{name}`");
                Finding::warning("surplus_permission", asked.line, asked.column, message)
                    .spanning(name.chars().count())
                    .with_hint("leave it out: a run should have no more than it needs")
            })
            .collect()
    }
}
