//! What a run may do: permissions, grants, and the facts of the objects that they are narrowed to.
//!
//! Nothing here sends anything. The transport asks before each call, and tells what it knows of the objects.

mod facts;
mod grant;
mod local;
mod pattern;
mod selector;

pub use facts::ObjectFacts;
pub use grant::{Grant, GrantError, Granted};
pub use local::LocalGrant;
pub use pattern::Pattern;
pub use selector::{Labels, Selector, SelectorError, Unmatched};
