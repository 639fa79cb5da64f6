//! The command line: one file a subcommand; `printer.rs` is the only place that prints.

mod api;
mod arguments;
mod auth;
mod auth_report;
mod check;
mod completions;
mod cron;
mod doc;
mod eval;
mod execute;
mod grants;
mod history_table;
mod init;
mod jobs;
mod journal;
mod log;
mod modes;
mod out_file;
mod output;
mod permissions;
mod permissions_check;
mod permissions_observe;
mod permissions_report;
mod permissions_role;
mod printer;
mod process;
mod progress;
mod rehearsal;
mod repl;
mod run;
mod runs;
mod serve;
mod signals;
mod sim;
mod terminal;

pub use process::main;
