//! Passes over the text where no needle can begin, several bytes at a time (after Wu and Manber): hardly any line holds
//! a secret, and every line is looked through.

use super::forms::SHORTEST;

/// So many bytes are looked at together.
const BLOCK: usize = 3;
/// Blocks are told apart by so many bits.
const BITS: u32 = 14;

/// Needles, sorted, and how far one may go on from where none of them begins.
pub(super) struct Skim {
    needles: Vec<Vec<u8>>,
    /// By the last block of the window of [`SHORTEST`] bytes that one looks at: how many bytes further a needle may
    /// begin at the earliest.
    steps: Box<[u8]>,
}

impl Skim {
    /// Needles of at least [`SHORTEST`] bytes each.
    pub fn of(mut needles: Vec<Vec<u8>>) -> Self {
        needles.retain(|needle| needle.len() >= SHORTEST);
        needles.sort_unstable();
        let furthest = u8::try_from(SHORTEST - BLOCK + 1).unwrap_or(1);
        let mut steps = vec![furthest; 1 << BITS].into_boxed_slice();
        for needle in &needles {
            for (least, block) in (0..).zip(needle[..SHORTEST].windows(BLOCK).rev()) {
                let step = &mut steps[slot(block)];
                *step = least.min(*step);
            }
        }
        Self { needles, steps }
    }

    /// Whether the text holds a needle.
    pub fn finds(&self, text: &[u8]) -> bool {
        if self.needles.is_empty() {
            return false;
        }
        let mut place = 0;
        while let Some(window) = text.get(place..place + SHORTEST) {
            let step = usize::from(self.steps[slot(&window[SHORTEST - BLOCK..])]);
            if step == 0 && self.begins(&text[place..]) {
                return true;
            }
            place += step.max(1);
        }
        false
    }

    /// Whether the text begins with a needle.
    fn begins(&self, text: &[u8]) -> bool {
        let first = self.needles.partition_point(|needle| needle[..SHORTEST] < text[..SHORTEST]);
        let alike = self.needles[first..].iter().take_while(|needle| needle[..SHORTEST] == text[..SHORTEST]);
        alike.into_iter().any(|needle| text.starts_with(needle))
    }
}

/// Where the table has a block of three bytes.
fn slot(block: &[u8]) -> usize {
    let number = block.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    (number.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_needle_is_found_wherever_it_stands() {
        let skim = Skim::of(vec![b"secret".to_vec(), b"secretary".to_vec(), b"a longer one".to_vec()]);
        for text in ["secret", "xsecret", "my secretary", "secresecret", "not a longer one!"] {
            assert!(skim.finds(text.as_bytes()), "{text}");
        }
        for text in ["", "secre", "secre t", "a longer on"] {
            assert!(!skim.finds(text.as_bytes()), "{text}");
        }
        assert!(!Skim::of(Vec::new()).finds(b"secret"));
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            needles in prop::collection::vec("[ab]{6,9}", 0..6),
            text in "[abc]{0,40}",
        ) {
            let plain = needles.iter().any(|needle| text.contains(needle));
            let skim = Skim::of(needles.into_iter().map(String::into_bytes).collect());
            prop_assert_eq!(skim.finds(text.as_bytes()), plain);
        }
    }
}
