//! Texts that come again and again in one answer, each held once.

use std::hash::Hasher as _;

use rhai::ImmutableString;
use rustc_hash::FxHasher;

/// Remembers texts: labels' keys and values, states, zones, identifiers of networks and groups. Ten thousand servers
/// have some hundreds of them. What comes once is only counted: most texts do, and keeping them would cost more than
/// it saves.
pub(super) struct Texts {
    /// Which text was met at a place, by its hash.
    met: Vec<u64>,
    /// Texts that were met twice, with their hashes.
    kept: Vec<Option<(u64, ImmutableString)>>,
}

impl Texts {
    const PLACES: usize = 1 << 10;
    /// Longer ones, such as descriptions, rarely come twice.
    const LONGEST: usize = 64;

    pub(super) fn new() -> Self {
        Self { met: vec![0; Self::PLACES], kept: vec![None; Self::PLACES] }
    }

    /// The text, shared with an earlier one if it was met often enough. Texts that fall on one place only lose the
    /// sharing.
    pub(super) fn shared(&mut self, text: &str) -> ImmutableString {
        if text.len() > Self::LONGEST {
            return text.into();
        }
        let hash = hash_of(text);
        #[expect(clippy::cast_possible_truncation, reason = "only the last bits count")]
        let place = hash as usize % Self::PLACES;
        if let Some((kept_hash, kept)) = &self.kept[place]
            && *kept_hash == hash
            && kept == text
        {
            return kept.clone();
        }
        let is_second = std::mem::replace(&mut self.met[place], hash) == hash;
        let text = ImmutableString::from(text);
        if is_second {
            self.kept[place] = Some((hash, text.clone()));
        }
        text
    }
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shared_from_its_second_time_on() {
        let mut texts = Texts::new();
        let times: Vec<_> = (0..4).map(|_| texts.shared("office-hours")).collect();
        assert!(times.iter().all(|text| text == "office-hours"));
        assert!(!times[0].ptr_eq(&times[1]) && times[1].ptr_eq(&times[2]) && times[2].ptr_eq(&times[3]));
    }

    #[test]
    fn however_many_texts_there_are_each_stays_itself() {
        let mut texts = Texts::new();
        for number in (0..5_000).chain(0..5_000) {
            for text in [format!("node-{number:05}"), "ACTIVE".to_owned(), String::new(), "ä".repeat(number % 40)] {
                assert_eq!(texts.shared(&text), text.as_str());
            }
        }
    }
}
