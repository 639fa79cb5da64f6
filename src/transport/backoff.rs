//! How long to wait before a repeat: exponential backoff with full jitter, from a seeded source.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The waits before repeats; the same seed gives the same waits.
#[derive(Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    random: Mutex<StdRng>,
}

impl Backoff {
    /// Waits below `base` before the first repeat, below twice that before the second, and so on up to `cap`.
    #[must_use]
    pub fn new(base: Duration, cap: Duration, seed: u64) -> Self {
        Self { base, cap, random: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// The longest wait before repeat number `repeat`, counted from 0.
    #[must_use]
    pub fn ceiling(&self, repeat: u32) -> Duration {
        let factor = 1_u32.checked_shl(repeat).unwrap_or(u32::MAX).max(1);
        self.base.checked_mul(factor).map_or(self.cap, |wait| wait.min(self.cap))
    }

    /// A wait before repeat number `repeat`: anything up to its ceiling, so that many clients spread out.
    #[must_use]
    pub fn wait(&self, repeat: u32) -> Duration {
        self.up_to(self.ceiling(repeat))
    }

    /// A random share of a span.
    #[must_use]
    pub fn up_to(&self, span: Duration) -> Duration {
        span.mul_f64(self.random.lock().unwrap_or_else(PoisonError::into_inner).random::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_are_bounded_and_their_ceilings_grow(
            seed: u64, base in 1_u64..5_000, cap in 1_u64..60_000, repeat in 0_u32..200,
        ) {
            let backoff = Backoff::new(Duration::from_millis(base), Duration::from_millis(cap), seed);
            prop_assert!(backoff.wait(repeat) <= backoff.ceiling(repeat));
            prop_assert!(backoff.ceiling(repeat) <= Duration::from_millis(cap));
            prop_assert!(backoff.ceiling(repeat) <= backoff.ceiling(repeat + 1));
            if backoff.ceiling(repeat + 1) < Duration::from_millis(cap) {
                prop_assert_eq!(backoff.ceiling(repeat + 1), backoff.ceiling(repeat) * 2);
            }
        }

        #[test]
        fn the_same_seed_gives_the_same_waits(seed: u64) {
            let waits = || {
                let backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10), seed);
                (0..8).map(|repeat| backoff.wait(repeat)).collect::<Vec<_>>()
            };
            prop_assert_eq!(waits(), waits());
        }
    }
}
