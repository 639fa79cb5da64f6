//! Secrets that redact themselves, and the scrubber that guards every sink.

mod bearer;
mod forms;
mod scrubber;
mod skim;
mod value;
mod view;
mod writer;

pub use scrubber::{Learned, REDACTED, Scrubber};
pub use value::Secret;
pub use writer::ScrubbingWriter;
