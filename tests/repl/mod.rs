//! Sessions, driven through a real pseudo-terminal, and scripts from the standard input.

mod confirmation;
mod scripts;
mod sessions;
mod terminal;
