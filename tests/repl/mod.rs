//! Sessions, driven through a real pseudo-terminal, and scripts from the standard input.

mod commands;
mod confirmation;
mod documented;
mod editing;
mod hardship;
mod loading;
mod screens;
mod scripts;
mod sessions;
mod terminal;
