//! Waiting for outcomes: one poll for all that wait for objects of one kind and place.

mod poller;
mod polls;
#[cfg(test)]
mod tests;
mod waiter;

pub use polls::Polls;
