//! Refusals of the grants, in words: what was wanted, who does not give it, and what would.

use std::fmt::Write as _;

use super::decision::{Condition, Reason, Wanted};
use super::source::Restrictor;
use super::{Deed, Knowledge, Object, Refusal};

/// The refusal of an operation that nobody, or not everybody, gives.
pub(super) fn ungranted(deed: &Deed<'_>, reasons: &[Reason]) -> Refusal {
    missing(&deed.shown(), reasons)
}

/// The refusal of a call that deletes this object along, for whoever may not delete such.
pub(super) fn ungranted_along(deed: &Deed<'_>, object: &Object<'_>, reasons: &[Reason]) -> Refusal {
    missing(&format!("{}, which deletes the {} `{}` too,", deed.shown(), object.kind, object.label()), reasons)
}

fn missing(who: &str, reasons: &[Reason]) -> Refusal {
    let Some(first) = reasons.first() else { return Refusal::new("not_granted", who.to_owned()) };
    let of_first = reasons.iter().filter(|reason| reason.permission == first.permission);
    let clauses: Vec<String> = of_first.map(|reason| withholds(&reason.by)).collect();
    let message = format!("{who} needs `{}`, which {}", first.permission, clauses.join(" and "));
    let mut remedies: Vec<(&Restrictor, Vec<&str>)> = Vec::new();
    for reason in reasons {
        match remedies.iter_mut().find(|(by, _)| *by == &reason.by) {
            Some((_, permissions)) => permissions.push(reason.permission),
            None => remedies.push((&reason.by, vec![reason.permission])),
        }
    }
    let hints: Vec<String> = remedies.iter().map(|(by, permissions)| remedy(by, permissions)).collect();
    Refusal::new(code(&first.by), message).needing(&first.permission).hinting(hints.join(", and "))
}

fn code(by: &Restrictor) -> &'static str {
    match by {
        Restrictor::Deny(_) => "denied",
        Restrictor::ReadOnly(_) => "read_only",
        _ => "not_granted",
    }
}

/// What somebody does with a permission that is missing, after `which`.
fn withholds(by: &Restrictor) -> String {
    match by {
        Restrictor::Silent(name) => {
            format!("`{name}` does not ask for: without `Permissions:` it may only read")
        }
        Restrictor::Header(place) => format!("the recipe does not ask for ({})", place.at),
        Restrictor::Allow => "`--allow` does not name".to_owned(),
        Restrictor::Deny(_) => format!("{by} takes away"),
        Restrictor::Job(_) | Restrictor::Profile(_) => format!("{by} does not give"),
        Restrictor::ReadOnly(_) => format!("{by} rules out"),
    }
}

/// What would lift a restriction.
fn remedy(by: &Restrictor, permissions: &[&str]) -> String {
    let list = permissions.join(",");
    let ticked = permissions.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    match by {
        Restrictor::Silent(name) => format!(
            "give `--allow read,{list}`, or begin `{name}` with a line `//! Permissions:` that names all it needs"
        ),
        Restrictor::Header(place) => format!("add {ticked} to `Permissions:` ({})", place.at),
        Restrictor::Allow => format!("give `--allow {list}` as well"),
        Restrictor::Deny(_) => format!("leave out {by}"),
        Restrictor::Job(place) => format!("add {ticked} to the permissions of the job `{}` ({})", place.name, place.at),
        Restrictor::Profile(place) => {
            format!("add {ticked} to `permissions` of the profile `{}` ({})", place.name, place.at)
        }
        Restrictor::ReadOnly(_) => "use another profile".to_owned(),
    }
}

/// Weighs one condition on the objects of a call.
///
/// # Errors
/// When one of them does not fulfil it, or nobody can know.
pub(super) fn narrowed(deed: &Deed<'_>, condition: &Condition) -> Result<(), Refusal> {
    if deed.is_selecting() {
        return selecting(deed, condition);
    }
    if let Some(labels) = deed.created_labels() {
        if condition.labels.fits(&labels) {
            return all_fit(deed, condition, deed.taken()).map(drop);
        }
        let kind = deed.created_kind();
        let told = unfit(&format!("the new {kind}"), &condition.labels);
        return Err(refusal(deed, condition, &told, &kind));
    }
    let objects = deed.objects_of(condition.permission);
    let is_known = all_fit(deed, condition, objects.iter().copied())?;
    all_fit(deed, condition, deed.taken())?;
    match objects.last() {
        _ if is_known => Ok(()),
        Some(object) => Err(unknown(deed, condition, object)),
        None => Err(refusal(deed, condition, &format!("`{}` names no object", deed.name()), "object")),
    }
}

/// Weighs one condition on an object that is deleted along.
///
/// # Errors
/// When it does not fulfil it, or nobody can know.
pub(super) fn fits_along(deed: &Deed<'_>, condition: &Condition, object: &Object<'_>) -> Result<(), Refusal> {
    if all_fit(deed, condition, std::iter::once(object))? { Ok(()) } else { Err(unknown(deed, condition, object)) }
}

/// Refuses a call on objects of which one does not fulfil a condition; whether the labels of one are known at all.
fn all_fit<'o, 'd: 'o>(
    deed: &Deed<'_>,
    condition: &Condition,
    objects: impl Iterator<Item = &'o Object<'d>>,
) -> Result<bool, Refusal> {
    let mut is_known = false;
    for object in objects {
        match object.knowledge {
            Knowledge::Known(facts) if condition.labels.fits(&facts.labels) => is_known = true,
            Knowledge::Known(_) => {
                let told = unfit(&format!("`{}`", object.label()), &condition.labels);
                return Err(refusal(deed, condition, &told, object.kind));
            }
            // Nothing can come into being under an id that the cloud chose.
            Knowledge::Gone if uuid::Uuid::try_parse(object.id).is_ok() => is_known = true,
            Knowledge::Gone | Knowledge::Forbidden(_) => return Err(unknown(deed, condition, object)),
            Knowledge::Unlabelled => {}
        }
    }
    Ok(is_known)
}

fn selecting(deed: &Deed<'_>, condition: &Condition) -> Result<(), Refusal> {
    let is_within = match &condition.labels {
        Wanted::OneOf(sets) => sets.iter().any(|set| set.iter().all(|(key, value)| deed.selects(key, value))),
        Wanted::NotAll(set) => set.iter().any(|(key, value)| deed.selects_without(key, value)),
    };
    if is_within {
        return Ok(());
    }
    let told = format!("`{}` does not select by {}", deed.name(), condition.labels.shown());
    let mut refusal = refusal(deed, condition, &told, "object");
    if let Some(hint) = &mut refusal.hint {
        let _ = write!(hint, "; the selector must hold it, with `=`");
    }
    Err(refusal)
}

fn unfit(object: &str, labels: &Wanted) -> String {
    match labels {
        Wanted::OneOf(_) => format!("{object} lacks {}", labels.shown()),
        Wanted::NotAll(_) => format!("{object} carries {}", labels.shown()),
    }
}

fn unknown(deed: &Deed<'_>, condition: &Condition, object: &Object<'_>) -> Refusal {
    let why = match object.knowledge {
        Knowledge::Gone => "does not exist".to_owned(),
        Knowledge::Forbidden(permission) => format!("cannot be read: the credential lacks `{permission}`"),
        Knowledge::Known(_) | Knowledge::Unlabelled => "has no labels".to_owned(),
    };
    refusal(deed, condition, &format!("`{}` {why}", object.label()), object.kind)
}

/// A refusal of what is granted for some objects only.
fn refusal(deed: &Deed<'_>, condition: &Condition, told: &str, kind: &str) -> Refusal {
    let verb = deed.operation.name.strip_suffix(&format!("_{}", kind.replace(' ', "_")));
    let verb = verb.filter(|verb| !verb.contains('_'));
    let what = match verb {
        Some(verb) => format!("{verb} only {}", plural(kind)),
        None => format!("use `{}` only on {}", condition.permission, plural(kind)),
    };
    let message = match &condition.labels {
        Wanted::OneOf(_) => format!("{told}; this run may {what} that carry it"),
        Wanted::NotAll(_) => format!("{told}; this run may {what} that do not"),
    };
    let by = match &condition.by {
        Restrictor::Allow => "`--allow`".to_owned(),
        by => by.to_string(),
    };
    let hint = format!("`{}` is narrowed to {} by {by}", condition.permission, condition.labels.shown());
    let hint = match &condition.labels {
        Wanted::OneOf(_) => hint,
        Wanted::NotAll(_) => format!("`{}` is taken away by {by}", condition.permission),
    };
    Refusal::new("narrowed", message).needing(&condition.permission).hinting(hint)
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{kind}s"),
    }
}
