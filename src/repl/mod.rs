//! The line editor and its session. Knows the terminal, never the script engine itself; what is printed goes through a
//! [`Screen`].

mod conversation;
mod editor;
mod helper;
mod interrupts;
mod prompt;
mod questions;
mod screen;
mod script;
pub mod show;

pub use conversation::{Conversation, Step};
pub use editor::{Keys, converse};
pub use interrupts::Interrupts;
pub use questions::{Keyboard, Nobody};
pub use screen::Screen;
pub use script::follow;
