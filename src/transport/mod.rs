//! One request on its way: gate → retries → rate limit → backend.

mod backend;
mod call;

pub use backend::{Backend, BackendError, Sent};
pub use call::{Answer, Call, Payload, Target};
