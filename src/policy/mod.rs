//! What a run may do: permissions, grants, and the facts of the objects that they are narrowed to.
//!
//! Nothing here sends anything. The transport asks before each call, and tells what it knows of the objects.

mod act;
mod agreement;
mod belts;
mod cap;
mod caps;
mod decision;
mod deed;
mod excess;
mod facts;
mod grant;
mod grants;
mod known;
mod labels;
mod local;
mod local_grants;
mod managed;
mod mentions;
mod pattern;
mod protection;
mod refusal;
mod refused;
mod rules;
mod selector;
mod source;

pub use belts::Belts;
pub use decision::{Condition, Decision, Reason, Wanted};
pub use deed::{Deed, Knowledge, Object, Role};
mod tally;

pub use agreement::{CallOn, Calls};
pub use cap::{Cap, CapError, Capped};
pub use caps::{CapGiver, CapLimit, CapSources, Caps, Daily, JobCaps};
pub use excess::{Deeds, Excess, Share, counted, in_words, plural};
pub use facts::ObjectFacts;
pub use grant::{Grant, GrantError, Granted};
pub use grants::Grants;
pub use known::{UnknownGrant, known_grant};
pub use local::LocalGrant;
pub use local_grants::{Asked, LocalGrants};
pub use managed::{ManagedObjects, SKE, manager_of};
pub use mentions::Mention;
pub use pattern::Pattern;
pub use protection::{PROTECT, Protected};
pub use refusal::Refusal;
pub use rules::{Admission, Rules};
pub use selector::{Labels, Selector, SelectorError, Unmatched};
pub use source::{Listed, Place, Restrictor, Script, Sources};
pub use tally::{Census, Change, Changed, Counted, Deletions, Halt, Listing, Reach, Tally};
