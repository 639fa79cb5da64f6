//! Interleaved rounds and what is read off them. The machines that this runs on are shared: single times say little,
//! ratios of neighbours in time say much.

use std::time::Duration;

/// The times of one contender, a value for each round, in the rounds' order.
pub struct Samples(Vec<f64>);

impl Samples {
    /// The time that a tenth of the rounds stayed below.
    pub fn p10(&self) -> Duration {
        Duration::from_secs_f64(quantile(&self.0, 0.1))
    }

    /// The time that half of the rounds stayed below.
    pub fn median(&self) -> Duration {
        Duration::from_secs_f64(quantile(&self.0, 0.5))
    }

    /// The median of the ratios to another contender, round by round.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        let ratios: Vec<f64> = self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect();
        quantile(&ratios, 0.5)
    }

    /// The ratio of what both need when least disturbed.
    pub fn p10_ratio_to(&self, other: &Self) -> f64 {
        quantile(&self.0, 0.1) / quantile(&other.0, 0.1)
    }
}

/// One who is timed: does its work once and tells how long it took.
pub type Contender<'c> = Box<dyn FnMut() -> Duration + 'c>;

/// Lets the contenders work in turn, each round beginning with another one, after rounds that do not count.
pub fn interleave<const N: usize>(rounds: usize, uncounted: usize, mut contenders: [Contender<'_>; N]) -> [Samples; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..uncounted + rounds {
        for turn in 0..N {
            let number = (round + turn) % N;
            let took = contenders[number]().as_secs_f64();
            if round >= uncounted {
                times[number].push(took);
            }
        }
    }
    times.map(Samples)
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "few values"
    )]
    let position = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
    sorted.get(position).copied().unwrap_or(f64::NAN)
}
