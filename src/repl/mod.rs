//! The line editor and its session. Knows the terminal, never the script engine itself; what is printed goes through a
//! [`Screen`].

mod command;
mod commands;
mod completion;
mod conversation;
mod editor;
mod external_editor;
mod growth;
mod helper;
mod history;
mod interrupts;
mod lexer;
mod prompt;
mod questions;
mod screen;
mod script;
pub mod show;
mod spreadsheet;

pub use completion::{Completion, Knowledge, complete};
pub use conversation::{Conversation, Start, Step};
pub use editor::{Keys, converse};
pub use interrupts::Interrupts;
pub use questions::{Keyboard, Nobody};
pub use screen::Screen;
pub use script::follow;
