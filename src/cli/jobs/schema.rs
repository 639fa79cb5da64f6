//! `stackhand jobs schema`: what editors need to know of stackhand.toml.

use crate::cli::execute::DONE;
use crate::cli::process::Process;
use crate::config;
use crate::error::Result;

/// Prints the JSON schema.
pub fn schema(process: &Process) -> Result<u8> {
    let schema = config::schema();
    process.printer.result(&schema, &serde_json::to_string_pretty(&schema).unwrap_or_default())?;
    Ok(DONE)
}
