//! Tests that kill processes at random moments: where their chance begins, and how many they kill.

use rand::Rng as _;

/// Of how many kills, beginning where.
#[derive(Debug, Clone, Copy)]
pub struct Kills {
    /// What all chance of the test follows from.
    pub seed: u64,
    /// How many processes are killed.
    pub count: usize,
}

/// The seed that `STACKHAND_KILL_SEED` gives, else a new one; printed, so that a failure can be had again. The count
/// that the variable gives, else `usual`.
#[expect(clippy::print_stdout, reason = "a test shows it when it fails")]
pub fn kills(count: &str, usual: usize) -> Kills {
    let seed = number(SEED).unwrap_or_else(|| rand::rng().random());
    let count = number(count).map_or(usual, |count| usize::try_from(count).expect("a small number"));
    println!("{SEED}={seed}");
    Kills { seed, count }
}

const SEED: &str = "STACKHAND_KILL_SEED";

/// A knob that is set and says no number would be as if it was not set, and its test as if it had passed.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
