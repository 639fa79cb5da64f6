//! `stackhand permissions`: the least that recipes need, told from their text.

use serde_json::{Value, json};

use super::arguments::{PermissionsArguments, Shared};
use super::execute::DONE;
use super::permissions_report::{Told, joined, report, text};
use super::process::Process;
use super::{permissions_check, permissions_observe, permissions_role};
use crate::engine::Source;
use crate::engine::footprint::{derive, header_line};
use crate::error::Result;

/// Shows the permissions of each recipe, and of all together if there are several.
pub fn permissions(process: &Process, shared: &Shared, arguments: &PermissionsArguments) -> Result<u8> {
    let printer = &process.printer;
    let mut told = Vec::new();
    for path in &arguments.recipes {
        let source = Source::read(path)?;
        let footprint = derive(&source);
        told.push(Told { source, footprint, used: None });
    }
    if arguments.observe {
        permissions_observe::observe_all(process, shared, &mut told, &arguments.rest)?;
    }
    let all = joined(&told);
    let code = if let Some(name) = &arguments.role {
        let body = permissions_role::body(name, &told, &all)?;
        printer.result(&body, &serde_json::to_string_pretty(&body).unwrap_or_default())?;
        DONE
    } else if arguments.check {
        permissions_check::check(process, shared, &told, &all)?
    } else {
        let value = json!({
            "recipes": told.iter().map(report).collect::<Vec<Value>>(),
            "permissions": all,
            "header": header_line(&all),
        });
        printer.result(&value, &text(&told, &all, printer.streams.width))?;
        DONE
    };
    for one in &told {
        one.warnings().iter().for_each(|warning| printer.warning(warning));
    }
    Ok(code)
}
