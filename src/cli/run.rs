//! `stackhand run RECIPE`.

use std::collections::BTreeMap;
use std::path::Path;

use clap::CommandFactory;

use super::arguments::{CommandLine, RunArguments, Shared, reserved_option_names};
use super::execute::{DONE, Script, execute};
use super::process::Process;
use crate::engine::Source;
use crate::engine::recipe::{self, Recipe};
use crate::error::{Kind, Result};
use crate::policy::Sources;

/// Runs a recipe, or shows its help.
pub fn run(process: &Process, shared: &Shared, arguments: &RunArguments) -> Result<u8> {
    let Some(path) = &arguments.recipe else {
        process.printer.data(&command_help());
        return Ok(DONE);
    };
    let source = read(path)?;
    let recipe = Recipe::read(&source, &reserved_option_names());
    if arguments.help || arguments.rest.iter().any(|word| word == "--help" || word == "-h") {
        process.printer.data(&recipe::help(&source.name, &recipe.header, &recipe.parameters));
        return Ok(DONE);
    }
    if let Some(finding) = recipe.first_error() {
        process.printer.talk(&finding.render(&source, process.printer.streams.talk_colour));
        return Ok(Kind::Script.exit_code() as u8);
    }
    // A script that does not parse tells so when it is run, with its line.
    let values = if recipe.is_readable { recipe.parameters.parse(&arguments.rest)? } else { BTreeMap::new() };
    let sources = Sources { header: recipe.header.listed(&source.name), ..Sources::of_file(&source.name) };
    let script = Script { command: "run", source, arguments: values, sources, caps: recipe.header.caps };
    execute(process, shared, &arguments.limits, &arguments.grants, script)
}

/// The help of the command itself.
fn command_help() -> String {
    let mut command = CommandLine::command();
    // Built, so that the usage names the whole command.
    command.build();
    let run = command.find_subcommand_mut("run").map(clap::Command::render_long_help);
    run.map(|help| help.to_string()).unwrap_or_default()
}

fn read(path: &Path) -> Result<Source> {
    if path.as_os_str() != "-" {
        return Source::read(path);
    }
    Source::read_from("<stdin>", std::io::stdin().lock())
}
