//! What a run does outside the API, told to whoever keeps a record of it before it is done.

use crate::error::Error;

/// Something that a run is about to do outside the API, which is no mere look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A file is written.
    WriteFile {
        /// Where, without links.
        path: String,
        /// How much.
        bytes: usize,
        /// Whether it is added to what is there.
        is_added: bool,
    },
    /// A request that is not `GET` or `HEAD`.
    Request {
        /// `POST` and so on.
        method: String,
        /// Host and port.
        host: String,
        /// How long its body is.
        bytes: usize,
    },
    /// People are told something.
    Message {
        /// Over which channel.
        channel: String,
        /// What, without secrets.
        text: String,
    },
}

/// What became of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// It was done; of a request, the status that was answered.
    Well(Option<u16>),
    /// It was not done, and why.
    Not(String),
    /// Nobody knows, and why.
    Unknown(String),
}

/// Keeps a record of what runs do. Called on script threads, several at once.
pub trait Ledger: Send + Sync {
    /// A module was read from a file; its text is about to be run.
    fn module(&self, name: &str, text: &str);

    /// Records what is about to be done, and gives it a number. Blocks until it is on disk.
    ///
    /// # Errors
    /// When it cannot be recorded: then it must not be done.
    fn begin(&self, deed: &Deed) -> Result<u64, Error>;

    /// Records what became of it.
    fn end(&self, number: u64, done: Done);
}
