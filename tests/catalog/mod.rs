//! The catalogue against the documents that it was made of, and against what people decided by hand.

use stackhand::catalog as operation;

mod agreement;
mod effects;
mod endpoints;
mod importer;
mod packing;
#[path = "../../build/source.rs"]
mod source;
