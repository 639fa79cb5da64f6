//! The command line: one file a subcommand; `printer.rs` is the only place that prints.
