//! What recipes need, laid out for people and for machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use crate::catalog::Operation;
use crate::engine::Source;
use crate::engine::footprint::{Footprint, LocalNeed, PermissionNeed, Reason, Spot, header_line};
use crate::policy::LocalGrant;

/// What was derived of a recipe.
pub(super) struct Told {
    /// The recipe.
    pub source: Source,
    /// What it may do.
    pub footprint: Footprint,
    /// What a run of it used, if there was one.
    pub used: Option<Used>,
}

/// What a run on the simulator used.
pub(super) struct Used {
    /// The permissions.
    pub permissions: BTreeSet<&'static str>,
    /// What it touched outside the API, or would have.
    pub local: BTreeSet<LocalGrant>,
    /// Operations that were not derived: a mistake of ours.
    pub beyond: Vec<String>,
    /// Why the run ended before its end.
    pub failure: Option<String>,
}

/// The permissions that a credential must have: those of the recipe and of its belts, as far as a role can hold them.
pub(super) fn of_credential(needs: &[PermissionNeed]) -> impl Iterator<Item = &PermissionNeed> {
    needs.iter().filter(|need| need.reason != Reason::Help && need.effect != "local" && !need.is_ours)
}

impl Used {
    /// Whether this was needed; of what only a run knows, whether it was needed beyond all that was `known`.
    fn needed(&self, need: &PermissionNeed, known: &[LocalNeed]) -> bool {
        let Some(grant) = LocalGrant::parse(&need.permission) else {
            return self.permissions.contains(need.permission.as_str());
        };
        if need.is_unknown {
            let is_kind = |used: &&LocalGrant| std::mem::discriminant(*used) == std::mem::discriminant(&grant);
            let mut unforeseen = self.local.iter().filter(is_kind);
            return unforeseen.any(|used| !known.iter().any(|known| known.grant.may_reach(used)));
        }
        self.local.iter().any(|used| grant.may_reach(used))
    }
}

impl Told {
    /// What could not be told for certain.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for choice in self.footprint.choices.iter().filter(|choice| !choice.is_known) {
            let names = permissions_of(&choice.operations).into_iter().map(|name| format!("`{name}`"));
            let names: Vec<String> = names.collect();
            warnings.push(format!(
                "{}:{}: what `{}` is called on cannot be told; it needs one of {}",
                self.source.name,
                choice.place.label(),
                choice.name,
                names.join(", ")
            ));
        }
        for (kind, places) in &self.footprint.unknown {
            let lines: Vec<String> = places.iter().map(Spot::label).collect();
            let grant = kind.grant("");
            warnings.push(format!(
                "{}:{}: this touches {} is known only at run time; write the `{grant}` for it into the header yourself",
                self.source.name,
                lines.join(", "),
                kind.name()
            ));
        }
        for loose in &self.footprint.loose {
            let place = loose.place.label();
            warnings.push(format!(
                "{}:{place}: {}, so that more may be needed than is listed",
                self.source.name, loose.why
            ));
        }
        if let Some(used) = &self.used {
            if let Some(failure) = &used.failure {
                warnings.push(format!("{}: the run on the simulator ended early: {failure}", self.source.name));
            }
            for operation in &used.beyond {
                warnings.push(format!("{}: `{operation}` was called and not derived", self.source.name));
            }
        }
        warnings
    }
}

/// The permissions of some operations.
pub(super) fn permissions_of(operations: &[&'static Operation]) -> BTreeSet<&'static str> {
    operations.iter().flat_map(|operation| &operation.permissions).map(|permission| permission.name).collect()
}

/// What all recipes need together; lines are named with their recipe.
pub(super) fn joined(told: &[Told]) -> Vec<PermissionNeed> {
    let [one] = told else {
        let mut all: BTreeMap<String, PermissionNeed> = BTreeMap::new();
        for one in told {
            for mut need in one.footprint.permissions() {
                need.places = need
                    .places
                    .into_iter()
                    .map(|mut place| {
                        place.module.get_or_insert_with(|| one.source.name.clone());
                        place
                    })
                    .collect();
                match all.get_mut(&need.permission) {
                    None => drop(all.insert(need.permission.clone(), need)),
                    Some(known) => {
                        if need.reason == known.reason {
                            known.places.extend(need.places);
                        } else if need.reason < known.reason {
                            (known.reason, known.places) = (need.reason, need.places);
                        }
                        if rank(need.effect) > rank(known.effect) {
                            known.effect = need.effect;
                        }
                    }
                }
            }
        }
        let mut all: Vec<PermissionNeed> = all.into_values().collect();
        all.sort_by(|one, other| (one.reason, &one.permission).cmp(&(other.reason, &other.permission)));
        return all;
    };
    one.footprint.permissions()
}

fn rank(effect: &str) -> usize {
    ["local", "read", "create", "update", "delete", "mint"].iter().position(|one| *one == effect).unwrap_or_default()
}

/// A recipe's needs for machines.
pub(super) fn report(told: &Told) -> Value {
    let needs = told.footprint.permissions();
    let one_of: Vec<Value> = told
        .footprint
        .choices
        .iter()
        .filter(|choice| !choice.is_known)
        .map(|choice| {
            json!({
                "call": choice.name,
                "place": choice.place,
                "permissions": permissions_of(&choice.operations),
            })
        })
        .collect();
    let mut report = json!({
        "recipe": told.source.name,
        "permissions": needs,
        "one_of": one_of,
        "loose": told.footprint.loose,
        "header": header_line(&needs),
    });
    if let Some(used) = &told.used {
        let unused = needs.iter().filter(|need| !used.needed(need, &told.footprint.local));
        let local = used.local.iter().map(ToString::to_string);
        let all: Vec<String> = used.permissions.iter().map(|&name| name.to_owned()).chain(local).collect();
        report["observed"] = json!({
            "used": all,
            "unused": unused.map(|need| &need.permission).collect::<Vec<_>>(),
            "beyond": used.beyond,
            "failure": used.failure,
        });
    }
    report
}

/// All needs for people: a table each, with the line for the header.
pub(super) fn text(told: &[Told], all: &[PermissionNeed], width: Option<u16>) -> String {
    let mut text = String::new();
    for one in told {
        if told.len() > 1 {
            let _ = writeln!(text, "{}", one.source.name);
        }
        let needs = one.footprint.permissions();
        text.push_str(&section(&needs, one, width));
        text.push('\n');
    }
    if told.len() > 1 {
        let _ = writeln!(text, "together\n{}\n", table(all, None, width));
        let _ = writeln!(text, "{}", header_line(all));
    }
    text.trim_end().to_owned()
}

fn section(needs: &[PermissionNeed], told: &Told, width: Option<u16>) -> String {
    let mut text = String::new();
    if needs.is_empty() {
        text.push_str("no permissions are needed\n");
    } else {
        let _ = writeln!(text, "{}", table(needs, Some(told), width));
    }
    for choice in told.footprint.choices.iter().filter(|choice| !choice.is_known) {
        let names: Vec<&str> = permissions_of(&choice.operations).into_iter().collect();
        let _ = writeln!(text, "one of {}  line {}", names.join(" | "), choice.place.label());
    }
    let _ = writeln!(text, "\n{}", header_line(needs));
    text
}

fn table(needs: &[PermissionNeed], told: Option<&Told>, width: Option<u16>) -> String {
    let used = told.and_then(|told| Some((told.used.as_ref()?, &told.footprint.local)));
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.force_no_tty();
    match width {
        Some(width) => drop(table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width)),
        None => drop(table.set_content_arrangement(ContentArrangement::Disabled)),
    }
    let mut titles = vec!["PERMISSION", "EFFECT", "NEEDED BY"];
    titles.extend(used.map(|_| "USED"));
    titles.push("LINES");
    let columns = titles.len();
    table.set_header(titles);
    for need in needs {
        let by = match need.reason {
            Reason::Recipe => "the recipe",
            Reason::Belts => "the belts",
            Reason::Named => "the belts, for what a body names",
            Reason::Caps => "the caps, to count shares",
            Reason::Help => "nobody; it helps",
        };
        let lines: Vec<String> = need.places.iter().map(Spot::label).collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        lines.dedup();
        let lines = lines.join(", ");
        let mut row = vec![need.permission.as_str(), need.effect, by];
        row.extend(used.map(|(used, known)| if used.needed(need, known) { "yes" } else { "no" }));
        row.push(&lines);
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index + 1 == columns { 0 } else { 2 }));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
