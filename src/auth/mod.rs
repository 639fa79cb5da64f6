//! Credentials in, bearer tokens out.

mod endpoint;
mod error;
mod hint;
mod source;

pub use endpoint::{TokenEndpoint, TokenReply, TokenRequest, Unreachable};
pub use error::{Error, Problem};
pub use source::{FixedToken, TokenSource};
