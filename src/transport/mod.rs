//! One request on its way: gate → subject → gate again → caps → consent → retries → rate limit → journal → backend.
//!
//! Nothing here knows a service by name beyond what the catalogue says, and nothing above here speaks HTTP.

mod aftermath;
mod backend;
mod backoff;
mod call;
mod census;
mod client;
mod consent;
mod creations;
mod delivery;
mod endpoints;
mod error;
mod error_body;
mod failure;
mod gate;
mod in_flight;
mod judgement;
mod limits;
mod live;
mod live_error;
mod neighbours;
mod outside;
mod pace;
mod pages;
mod parameters;
mod proxy;
mod reach;
mod recording;
mod redact;
mod request;
mod retry_after;
mod server_clock;
mod settlement;
mod shapes;
mod sightings;
mod smtp;
mod subject;
#[cfg(test)]
mod testing;
mod tls;
mod trace;
mod uploads;
mod whole;

pub use backend::{Backend, BackendError, Sending, Sent};
pub use call::{Answer, Call, Payload, Settlement, Target};
pub use client::{Client, ClientBuilder};
pub use consent::{Answered, Consent, Proposal, Proposed};
pub use endpoints::{EndpointError, Endpoints, PlainHttp};
pub use error::Error;
pub use gate::{AllowAll, Gate, Intent};
pub use in_flight::{InFlight, Permit};
pub use limits::Limits;
pub use live::{Live, LiveOptions};
pub use outside::{Excess, Outside, OutsideAnswer, OutsideCall, OutsideUrl};
pub use redact::names_a_secret;
pub use smtp::{Encryption, Mail, MailError, MailServer};
pub use subject::{Knowledge, ReadsAround, Subject, Touched, read_of_object, reads_around};
