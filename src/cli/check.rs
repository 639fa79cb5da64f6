//! `stackhand check`: mistakes in recipes, found without running them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::arguments::{CheckArguments, reserved_option_names};
use super::execute::DONE;
use super::process::Process;
use crate::engine::Source;
use crate::engine::check::check as check_recipe;
use crate::engine::recipe::Severity;
use crate::error::{ExitCode, Result};

/// Checks recipes; exit code 1 if one of them has an error.
pub fn check(process: &Process, arguments: &CheckArguments) -> Result<u8> {
    let printer = &process.printer;
    let (mut rows, mut text) = (Vec::new(), String::new());
    let (mut errors, mut warnings) = (0, 0);
    // A module that several recipes import, or that is given beside them, is told of once.
    let mut seen: BTreeSet<PathBuf> = arguments.recipes.iter().filter_map(|path| path.canonicalize().ok()).collect();
    for path in &arguments.recipes {
        let source = Source::read(path)?;
        let report = check_recipe(&source, &reserved_option_names());
        let modules = report
            .modules
            .into_iter()
            .filter(|module| Path::new(&module.source.name).canonicalize().map_or(true, |file| seen.insert(file)));
        let modules: Vec<_> = modules.map(|module| (module.source, module.findings)).collect();
        for (source, findings) in std::iter::once((source, report.findings)).chain(modules) {
            for finding in findings {
                match finding.severity {
                    Severity::Error => errors += 1,
                    Severity::Warning => warnings += 1,
                    Severity::Hint => {}
                }
                text.push_str(&finding.render(&source, printer.streams.data_colour));
                let mut row = serde_json::to_value(&finding).unwrap_or_default();
                row["file"] = json!(source.name);
                rows.push(row);
            }
        }
    }
    printer.result(&Value::Array(rows), &text)?;
    printer.note(&format!(
        "{} checked: {}, {}",
        counted(arguments.recipes.len(), "recipe"),
        counted(errors, "error"),
        counted(warnings, "warning"),
    ));
    Ok(if errors > 0 { ExitCode::Script as u8 } else { DONE })
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
