//! The one integration-test binary: one file a subject.

mod catalog;
mod examples;
mod walls;
