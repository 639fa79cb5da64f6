//! The one integration-test binary: one file a subject.

mod authentication;
mod catalog;
mod examples;
mod lost_answers;
mod official;
mod recipes;
mod reference;
mod resources;
mod stage;
mod transport;
mod walls;

use stackhand::catalog as catalogue;
