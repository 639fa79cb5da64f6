//! `stackhand eval CODE`: a line of script and its value.

use std::collections::BTreeMap;

use super::arguments::{EvalArguments, Shared};
use super::execute::{Script, execute};
use super::process::Process;
use crate::engine::Source;
use crate::error::Result;
use crate::policy::Sources;

/// Runs a line of script and shows its value.
pub fn eval(process: &Process, shared: &Shared, arguments: &EvalArguments) -> Result<u8> {
    let source = Source::inline("<eval>", arguments.code.clone());
    let script =
        Script { command: "eval", source, arguments: BTreeMap::new(), sources: Sources::default(), caps: Vec::new() };
    execute(process, shared, &arguments.limits, &arguments.grants, script)
}
