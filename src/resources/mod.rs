//! The platform as Rust sees it: verbs, relations, waiters. Decodes only what it acts on and passes the bytes on.

pub mod answer;
mod error;
mod expectation;
mod kind;
mod managed;
mod resource;
mod selector;
mod table;

pub use error::{Error, Last};
pub use expectation::{Expectation, Goal, Verdict, Watch, Watched};
pub use kind::{Kind, Operations, Phase, Row};
pub use managed::{ManagedObjects, SKE};
pub use resource::{Form, Head, Resource};
pub use selector::{Labels, Selector, SelectorError, Unmatched};
