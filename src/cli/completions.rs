//! `stackhand completions SHELL`: what a shell sources.

use clap::CommandFactory;

use super::arguments::CommandLine;
use super::printer::Printer;

/// Prints the completions for a shell.
pub fn completions(shell: clap_complete::Shell, printer: &Printer) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "stackhand", &mut text);
    printer.data(&String::from_utf8_lossy(&text));
}
