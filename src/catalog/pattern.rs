//! The documents' regular expressions, compiled once each.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;

/// By where the pattern lies in memory: the texts are long, and each lies in one place.
type Compiled = BTreeMap<(usize, usize), Option<Arc<Regex>>>;

static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

/// Whether a text has a match of a pattern. A pattern that is no expression forbids nothing; a test knows them all.
pub(super) fn is_match(pattern: &'static str, text: &str) -> bool {
    compiled(pattern).is_none_or(|regex| regex.is_match(text))
}

fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled
        .entry((pattern.as_ptr() as usize, pattern.len()))
        .or_insert_with(|| Regex::new(pattern).ok().map(Arc::new))
        .clone()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::{self, Shape};

    #[test]
    fn every_pattern_compiles() {
        let patterns: BTreeSet<&str> = catalog::services()
            .flat_map(|service| &service.shapes().all)
            .filter_map(|shape| match shape {
                Shape::Text { pattern, .. } => *pattern,
                _ => None,
            })
            .collect();
        assert!(patterns.len() > 60, "{}", patterns.len());
        for pattern in patterns {
            if let Err(error) = Regex::new(pattern) {
                panic!("{pattern}: {error}");
            }
        }
    }
}
