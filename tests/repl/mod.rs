//! Sessions, driven through a real pseudo-terminal, and scripts from the standard input.

mod commands;
mod confirmation;
mod editing;
mod scripts;
mod sessions;
mod terminal;
