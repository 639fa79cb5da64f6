//! Parses the arguments, calls the library, turns the result into an exit code; nothing else.

use std::process::ExitCode;

use stackhand::config::Environment;

fn main() -> ExitCode {
    ExitCode::from(stackhand::cli::main(std::env::args_os(), Environment::of_process()))
}
