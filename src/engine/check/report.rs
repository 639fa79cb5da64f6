//! All checks of a recipe, and what they found.

use std::collections::BTreeSet;

use rhai::{AST, Engine, OptimizationLevel};

use super::modules::{ModuleReport, Modules};
use super::permissions;
use super::tree::Tree;
use super::walker::Walker;
use crate::catalog;
use crate::engine::compile::parse;
use crate::engine::explain::explain;
use crate::engine::fault::place_of;
use crate::engine::limits::Limits;
use crate::engine::recipe::{Finding, Header, Parameters};
use crate::engine::{Source, builder, constants};
use crate::error::nearest;
use crate::policy::Granted;

/// What a recipe says of itself, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Its `//!` lines.
    pub header: Header,
    /// Its parameters.
    pub parameters: Parameters,
    /// What is wrong, by place.
    pub findings: Vec<Finding>,
    /// The modules that it imports from its own folder, directly or not, and what is wrong with each.
    pub modules: Vec<ModuleReport>,
}

impl Report {
    /// Whether the recipe can be run at all.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let in_modules = self.modules.iter().flat_map(|module| &module.findings);
        self.findings.iter().chain(in_modules).any(|finding| finding.severity == crate::engine::recipe::Severity::Error)
    }
}

/// All that is wrong with a recipe itself, by place.
#[must_use]
pub fn findings(source: &Source, reserved: &[String]) -> Vec<Finding> {
    check(source, reserved).findings
}

/// Looks a recipe and its modules over without running any of it. `reserved` are the global options' names, which no parameter may bear.
#[must_use]
pub fn check(source: &Source, reserved: &[String]) -> Report {
    let (header, mut findings) = Header::read(&source.text);
    findings.extend(unknown_permissions(&header));
    let engine = engine();
    let mut parameters = Parameters::default();
    let modules = Modules::of(source);
    match compiled(&engine, source) {
        Ok(ast) => {
            let (read, problems) = Parameters::read(&source.text, &ast, reserved);
            findings.extend(problems);
            findings.extend(Walker::new(source, &ast, &Tree::of(&ast), &read, &modules).run());
            let unknown: Vec<_> = findings.iter().map(|finding| (finding.line, finding.column)).collect();
            // What there is no permission of need not be called surplus too.
            let needs = permissions::findings(source, &header).into_iter();
            findings.extend(needs.filter(|finding| {
                finding.code != "surplus_permission" || !unknown.contains(&(finding.line, finding.column))
            }));
            parameters = read;
        }
        Err(finding) => findings.push(finding),
    }
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.severity));
    findings.dedup();
    Report { header, parameters, findings, modules: modules.into_reports() }
}

/// Compiles as a run does, but leaves unknown names and all literals in the tree.
pub(in crate::engine) fn engine() -> Engine {
    let mut engine = builder::bare(&Limits::default());
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(false);
    engine
}

/// Compiles a script to be looked at; a finding if it does not parse.
pub(in crate::engine) fn compiled(engine: &Engine, source: &Source) -> Result<AST, Finding> {
    parse(engine, &constants::bare(), &source.name, &source.text).map_err(|fault| {
        let (_, position) = place_of(&source.name, &fault);
        let error = explain(&fault).error;
        let (line, column) = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        let finding = Finding::error("syntax", line, column, error.message);
        Finding { code: error.code, hint: error.hint, ..finding }
    })
}

fn unknown_permissions(header: &Header) -> Vec<Finding> {
    let asked = header.permissions.iter().flatten();
    let mut known: Option<BTreeSet<&'static str>> = None;
    let mut findings = Vec::new();
    for asked in asked {
        let Granted::Api(pattern) = &asked.grant.what else { continue };
        let known = known.get_or_insert_with(all_permissions);
        if known.iter().any(|name| pattern.covers(name)) {
            continue;
        }
        let name = pattern.as_str();
        let message = format!("there is no permission `{name}`");
        let finding =
            Finding::error("unknown_permission", asked.line, asked.column, message).spanning(name.chars().count());
        findings.push(match nearest(name, known.iter().copied()) {
            Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
            None => finding,
        });
    }
    findings
}

/// Every permission of the catalogue.
fn all_permissions() -> BTreeSet<&'static str> {
    catalog::services()
        .flat_map(|service| &service.operations)
        .flat_map(|operation| operation.permissions.iter().map(|permission| permission.name))
        .collect()
}
