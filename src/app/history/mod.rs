//! What journals tell: which runs there were, what became of what they changed, and how to undo it.

mod export;
mod find;
mod inverse;
mod now;
mod page;
mod rows;
mod undo;

pub use export::export;
pub use find::{archive, kept_archive, run_of, since};
pub use now::state_now;
pub use page::{ChangeLine, RunPage, Target, quoted};
pub use rows::{ChangeFilter, ChangeRow, changes};
pub use undo::undo;
