//! What every run did: a file of records a run, written before and after each change, chained by hash.
//!
//! Nothing here sends anything or knows HTTP. The transport writes, [`Archive`] reads.

mod alive;
mod archive;
mod chain;
mod folder;
mod git;
mod history;
mod index;
#[expect(clippy::module_inception, reason = "it is what the room is called after")]
mod journal;
mod output;
mod person;
mod prune;
mod record;
mod run_file;
mod sink;
mod syslog;
#[cfg(test)]
mod testing;
mod verify;
mod writer;

pub use alive::ProcessFacts;
pub use archive::{Archive, NoSuchRun};
pub use chain::hash_of as sha256;
pub use folder::Folder;
pub use git::commit_of;
pub use history::{Change, History, Try};
pub use journal::{Journal, Keeping, Opened, Unwritable, Written};
pub use output::{OutputFile, OutputLine, prune_kept, read_kept, read_output};
pub use person::{host, user};
pub use record::{
    After, Before, Began, Counts, Ended, Module, OUTSIDE, Outcome, RecipeFacts, Record, RunOutcome, Settled, Touched,
    Trouble, Who,
};
pub use run_file::{Entry, RunFile};
pub use syslog::{Syslog, SyslogAddress};
pub use verify::{Flaw, Report};
