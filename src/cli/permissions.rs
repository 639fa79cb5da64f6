//! `stackhand permissions`: the least that recipes need, told from their text.

use serde_json::{Value, json};

use super::arguments::PermissionsArguments;
use super::execute::DONE;
use super::permissions_report::{Told, joined, report, text};
use super::process::Process;
use crate::engine::Source;
use crate::engine::footprint::{derive, header_line};
use crate::error::Result;

/// Shows the permissions of each recipe, and of all together if there are several.
pub fn permissions(process: &Process, arguments: &PermissionsArguments) -> Result<u8> {
    let printer = &process.printer;
    let mut told = Vec::new();
    for path in &arguments.recipes {
        let source = Source::read(path)?;
        let footprint = derive(&source);
        told.push(Told { recipe: source.name, footprint });
    }
    let all = joined(&told);
    let value = json!({
        "recipes": told.iter().map(report).collect::<Vec<Value>>(),
        "permissions": all,
        "header": header_line(&all),
    });
    printer.result(&value, &text(&told, &all, printer.streams.width))?;
    for one in &told {
        for warning in one.warnings() {
            printer.warning(&warning);
        }
    }
    Ok(DONE)
}
