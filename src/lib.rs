//! stackhand: a scriptable automation runtime for the STACKIT cloud.
//!
//! The rooms, from the top down; arrows go down only (`tests/walls.rs` guards them).
//!
//! | room | what lives there |
//! |---|---|
//! | [`cli`] | one file a subcommand; `printer.rs` is the only place that prints |
//! | [`repl`] | the line editor and its session |
//! | [`app`] | use cases without a terminal; the only room that plugs the others together |
//! | [`engine`] | everything that touches Rhai |
//! | [`resources`] | the platform as Rust sees it: verbs, relations, waiters |
//! | [`transport`] | one request on its way: gate, caps, retries, rate limit, backend |
//! | [`plan`] | a simulated world forked off the real one, which it cannot change |
//! | [`journal`] | what every run did, written before and after each change |
//! | [`policy`] | permissions, grants, and what they are narrowed to; caps |
//! | [`simulator`] | world, state machines, rules, faults; answers messages |
//! | [`schedule`] | when jobs are due: expressions, and what clocks that change do to them |
//! | [`notices`] | what people are told: channels, formats, outbox, delivery |
//! | [`dashboard`] | what is seen of a server: health, figures, its local socket |
//! | [`auth`] | credentials in, bearer tokens out |
//! | [`catalog`] | the table of STACKIT's API operations |
//! | [`holidays`] | public holidays of Germany, Austria and Switzerland, computed |
//! | [`database`] | the workspace's state: one SQLite file, opened with care |
//! | [`config`] | `stackhand.toml`, profiles, environment variables |
//! | [`clock`] | the only file that reads time |
//! | [`secret`] | secrets that redact themselves, the scrubber of every sink |
//! | [`memory`] | the counting allocator |
//! | [`meter`] | what a run holds, and work that is charged to it |
//! | [`error`] | the top error: code, what, where, hint, exit code |

pub mod app;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dashboard;
pub mod database;
pub mod engine;
pub mod error;
pub mod holidays;
pub mod journal;
pub mod memory;
pub mod meter;
pub mod notices;
mod pages;
pub mod plan;
pub mod policy;
pub mod repl;
pub mod resources;
pub mod schedule;
pub mod secret;
pub mod simulator;
mod stack;
pub mod transport;
