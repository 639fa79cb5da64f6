//! Where a session's words go.

use std::sync::Arc;

use crate::engine::{Output, Shown};
use crate::error::{Error, Result};

/// Prints what a session shows. Data goes to the standard output, talk to the standard error.
pub trait Screen: Send + Sync {
    /// Data for people.
    fn data(&self, text: &str);

    /// A result in the format that was chosen for machines; `false` if results are for people.
    ///
    /// # Errors
    /// When it cannot be written in the format.
    fn machine_result(&self, shown: &Shown) -> Result<bool>;

    /// Whether results are shown in a format for machines.
    fn is_for_machines(&self) -> bool;

    /// Talk that is laid out already.
    fn talk(&self, text: &str);

    /// A line about the progress of things.
    fn note(&self, text: &str);

    /// Something that is not wrong yet.
    fn warning(&self, text: &str);

    /// An error that leaves the session as it is.
    fn error(&self, error: &Error);

    /// Where the words of an input's script go.
    fn output(&self) -> Arc<dyn Output>;

    /// An input is being evaluated from now on, or not any more.
    fn set_busy(&self, is_busy: bool);

    /// Whether each API call is told as it happens.
    fn set_trace(&self, is_on: bool);

    /// Whether data may be coloured.
    fn has_data_colour(&self) -> bool;

    /// Whether talk may be coloured.
    fn has_talk_colour(&self) -> bool;

    /// The columns of the terminal that data goes to, as it is now; `None` if it goes to none.
    fn width(&self) -> Option<u16>;

    /// Whether somebody reads at a terminal, and types there.
    fn is_watched(&self) -> bool;
}
