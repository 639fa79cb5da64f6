//! Credentials in, bearer tokens out.

mod command;
mod endpoint;
mod error;
mod exchange;
mod hint;
mod key;
mod key_flow;
mod live_endpoint;
mod metadata;
mod obstacle;
mod open;
mod private_key;
mod renewing;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod token;
mod token_flow;

pub use command::{Printed, Programs, SystemPrograms};
pub use endpoint::{TokenEndpoint, TokenReply, TokenRequest, Unreachable};
pub use error::{Error, Problem};
pub use live_endpoint::{ClientSource, LiveEndpoint};
pub use obstacle::{Obstacle, innermost, obstacle};
pub use open::{Identity, Opened, Surroundings, key_valid_until, open};
pub use source::{FixedToken, NoCredential, TokenSource};
pub use token::email_of;
