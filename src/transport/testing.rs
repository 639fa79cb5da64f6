//! What the tests of this room share: operations of the catalogue, a backend that plays a script, counted tokens.

use crate::catalog::{self, Operation};

/// An operation of the newest `iaas`.
pub(super) fn operation(name: &str) -> &'static Operation {
    catalog::operation("iaas", name).expect("the catalogue has it")
}
