//! A rule as text: how stores keep it.

use std::sync::Arc;
use std::time::Duration;

use super::rule::{DstGap, DstOverlap, Rule, When};
use crate::config::zone;

impl Rule {
    /// The rule as one line of text, which [`Rule::of_spec`] reads again.
    #[must_use]
    pub fn spec(&self) -> String {
        let when = match self.when() {
            When::At(expression) => expression.to_string(),
            When::Every(step) => format!("every {}s", step.as_secs()),
        };
        format!("{when} | {} | {} | {}", self.zone(), self.gap(), self.overlap())
    }

    /// The rule that a text says; `None` if it says none that is known today.
    #[must_use]
    pub fn of_spec(text: &str) -> Option<Self> {
        let mut parts = text.split(" | ");
        let (when, name, gap, overlap) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let when = match when.strip_prefix("every ").and_then(|step| step.strip_suffix('s')) {
            Some(seconds) => When::Every(Duration::from_secs(seconds.parse().ok()?)),
            None => When::At(Arc::new(when.parse().ok()?)),
        };
        let gap = DstGap::ALL.iter().find(|known| known.as_str() == gap)?;
        let overlap = DstOverlap::ALL.iter().find(|known| known.as_str() == overlap)?;
        Some(Self::new(when, zone(name).ok()?, *gap, *overlap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_survives_as_text() {
        for text in [
            "0 20 * * Mon-Fri | Europe/Berlin | after | first",
            "every 900s | UTC | skip | both",
            "@daily | UTC | after | last",
        ] {
            assert_eq!(Rule::of_spec(text).map(|rule| rule.spec()).as_deref(), Some(text));
        }
        assert!(Rule::of_spec("0 20 * * *").is_none());
    }
}
