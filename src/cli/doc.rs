//! `stackhand doc NAME`: what a function, a kind of object, an operation or a service is.

use super::arguments::DocArguments;
use super::execute::DONE;
use super::process::Process;
use crate::engine;
use crate::error::Result;

/// Explains a name, or lists what there is.
pub fn doc(process: &Process, arguments: &DocArguments) -> Result<u8> {
    let page = match &arguments.name {
        Some(name) => engine::doc(name)?,
        None => engine::doc_index(),
    };
    process.printer.result(&serde_json::Value::String(page.clone()), &page)?;
    Ok(DONE)
}
