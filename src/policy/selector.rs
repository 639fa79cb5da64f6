//! Label selectors: `team=web,env in (prod, staging),!legacy`.
//!
//! The API documents no grammar beyond `key=value` (users see `--label-selector ARM64,dev` in the official CLI), so a
//! selector is understood here, in Kubernetes' syntax, and every object that comes back is matched against it again.
//! What is sent only narrows the list: see [`Selector::sent`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::error::nearest;

/// The labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A label selector: an object matches when it fulfils every requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    text: String,
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    Equals(String, String),
    Differs(String, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// Nothing but white space; it would mean "everything".
    #[error("the selector is empty")]
    Empty,
    /// The text breaks the grammar.
    #[error("the selector `{text}` is not understood at character {at}: {why}")]
    Syntax {
        /// The selector.
        text: String,
        /// Where, counted from 1.
        at: usize,
        /// What was expected.
        why: &'static str,
    },
}

/// A key or value of a selector that no object carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The key, or `key=value`.
    pub wanted: String,
    /// What the objects carry that is most like it.
    pub nearest: Option<String>,
    /// What they carry in its place: keys, or the key with its values.
    pub carried: Vec<String>,
}

/// So many keys or values are named where none is near.
const MOST_SHOWN: usize = 6;

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// When it is empty or breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.trim().is_empty() {
            return Err(SelectorError::Empty);
        }
        let requirements = Parser { text, rest: text }.requirements()?;
        Ok(Self { text: text.trim().to_owned(), requirements })
    }

    /// Whether an object with these labels is meant. As in Kubernetes, `!=` and `notin` also match objects without
    /// the key.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// The part that the API is asked to narrow its list by: one `key=value`, the only form that is documented. The
    /// API's answer is thus never smaller than what is meant. `None` if there is no such requirement.
    ///
    /// Source: how-to pages on public IPs and network interfaces (`key=value`).
    #[must_use]
    pub fn sent(&self) -> Option<String> {
        self.requirements.iter().find_map(|requirement| match requirement {
            Requirement::Equals(key, value) => Some(format!("{key}={value}")),
            Requirement::In(key, values) if values.len() == 1 => Some(format!("{key}={}", values[0])),
            _ => None,
        })
    }

    /// Whether every object that it matches carries a label.
    #[must_use]
    pub fn demands(&self, key: &str, value: &str) -> bool {
        self.requirements.iter().any(|requirement| match requirement {
            Requirement::Equals(k, v) => (k.as_str(), v.as_str()) == (key, value),
            Requirement::In(k, values) => k == key && !values.is_empty() && values.iter().all(|one| one == value),
            _ => false,
        })
    }

    /// Whether no object that it matches carries a label.
    #[must_use]
    pub fn excludes(&self, key: &str, value: &str) -> bool {
        self.requirements.iter().any(|requirement| match requirement {
            Requirement::Equals(k, v) => k == key && v != value,
            Requirement::In(k, values) => k == key && !values.iter().any(|one| one == value),
            Requirement::Differs(k, v) => (k.as_str(), v.as_str()) == (key, value),
            Requirement::NotIn(k, values) => k == key && values.iter().any(|one| one == value),
            Requirement::Missing(k) => k == key,
            Requirement::Exists(_) => false,
        })
    }

    /// The keys and values asked for that none of these objects carries, with what they carry that is most like it.
    /// That nothing carries what is asked *against* is as it should be, unless it looks like a slip of the pen.
    #[must_use]
    pub fn unmatched<'l>(&self, objects: impl IntoIterator<Item = &'l Labels>) -> Vec<Unmatched> {
        let mut carried: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, value) in objects.into_iter().flatten() {
            carried.entry(key).or_default().insert(value);
        }
        let mut missing = Vec::new();
        for requirement in &self.requirements {
            let mut note = |wanted: String, nearest: Option<String>, carried: Vec<String>| {
                if nearest.is_some() || !requirement.is_negative() {
                    missing.push(Unmatched { wanted, nearest, carried });
                }
            };
            let (key, values): (&str, &[String]) = match requirement {
                Requirement::Equals(key, value) | Requirement::Differs(key, value) => {
                    (key, std::slice::from_ref(value))
                }
                Requirement::In(key, values) | Requirement::NotIn(key, values) => (key, values),
                Requirement::Exists(key) | Requirement::Missing(key) => (key, &[]),
            };
            let Some(known) = carried.get(key) else {
                let nearest = nearest(key, carried.keys().copied()).map(str::to_owned);
                note(key.to_owned(), nearest, carried.keys().map(|&key| key.to_owned()).collect());
                continue;
            };
            for value in values.iter().filter(|value| !known.contains(value.as_str())) {
                let nearest = nearest(value, known.iter().copied()).map(|value| format!("{key}={value}"));
                note(format!("{key}={value}"), nearest, known.iter().map(|value| format!("{key}={value}")).collect());
            }
        }
        missing
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing carries the label `{}`", self.wanted)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None if self.carried.is_empty() => Ok(()),
            None => {
                let shown: Vec<_> = self.carried.iter().take(MOST_SHOWN).map(|one| format!("`{one}`")).collect();
                let more = if self.carried.len() > MOST_SHOWN { ", …" } else { "" };
                write!(f, "; there are {}{more}", shown.join(", "))
            }
        }
    }
}

impl Requirement {
    fn is_negative(&self) -> bool {
        matches!(self, Self::Differs(..) | Self::NotIn(..) | Self::Missing(_))
    }

    fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Equals(key, value) => labels.get(key) == Some(value),
            Self::Differs(key, value) => labels.get(key) != Some(value),
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn requirements(mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut requirements = vec![self.requirement()?];
        while !self.is_at_end() {
            if !self.take(",") {
                return Err(self.error("a comma or the end"));
            }
            requirements.push(self.requirement()?);
        }
        Ok(requirements)
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        if self.take("!") {
            return Ok(Requirement::Missing(self.key()?));
        }
        let key = self.key()?;
        if self.take("!=") {
            return Ok(Requirement::Differs(key, self.value()));
        }
        if self.take("==") || self.take("=") {
            return Ok(Requirement::Equals(key, self.value()));
        }
        if self.take_word("notin") {
            return Ok(Requirement::NotIn(key, self.values()?));
        }
        if self.take_word("in") {
            return Ok(Requirement::In(key, self.values()?));
        }
        Ok(Requirement::Exists(key))
    }

    fn values(&mut self) -> Result<Vec<String>, SelectorError> {
        if !self.take("(") {
            return Err(self.error("`(` before the values"));
        }
        let mut values = vec![self.value()];
        loop {
            if self.take(")") {
                break;
            }
            if !self.take(",") {
                return Err(self.error("a comma or `)`"));
            }
            values.push(self.value());
        }
        if values.iter().all(String::is_empty) {
            return Err(self.error("a value in the brackets"));
        }
        Ok(values)
    }

    /// Keys may hold `/` (a domain before it), which newer documents allow and SKE's labels have.
    fn key(&mut self) -> Result<String, SelectorError> {
        let key = self.word("/");
        if key.is_empty() { Err(self.error("a label's key")) } else { Ok(key.to_owned()) }
    }

    /// A label's value; it may be empty.
    fn value(&mut self) -> String {
        self.word("").to_owned()
    }

    fn word(&mut self, also: &str) -> &'t str {
        self.rest = self.rest.trim_start();
        let is_part = |c: char| c.is_alphanumeric() || "-_.".contains(c) || also.contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(token);
        if let Some(rest) = found {
            self.rest = rest;
        }
        found.is_some()
    }

    /// Takes a word operator; `a in (b)`, but not the beginning of another word.
    fn take_word(&mut self, operator: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(operator);
        match found {
            Some(rest) if rest.trim_start().starts_with('(') => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn is_at_end(&self) -> bool {
        self.rest.trim().is_empty()
    }

    fn error(&self, why: &'static str) -> SelectorError {
        let taken = self.text.len() - self.rest.trim_start().len();
        let at = self.text[..taken].chars().count() + 1;
        SelectorError::Syntax { text: self.text.to_owned(), at, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn matches(selector: &str, pairs: &[(&str, &str)]) -> bool {
        Selector::parse(selector).expect(selector).matches(&labels(pairs))
    }

    #[test]
    fn each_operator_means_what_kubernetes_means() {
        let web = &[("team", "web"), ("env", "prod")];
        for selector in [
            "team=web",
            "team == web",
            "team!=db",
            "nothing!=x",
            "env in (prod, staging)",
            "env notin (test)",
            "nothing notin (test)",
            "team",
            "!legacy",
            " team = web , env=prod,!legacy ",
        ] {
            assert!(matches(selector, web), "{selector}");
        }
        for selector in
            ["team=db", "team!=web", "env in (test)", "nothing in (x)", "env notin (prod)", "legacy", "!team"]
        {
            assert!(!matches(selector, web), "{selector}");
        }
    }

    #[test]
    fn keys_may_look_like_operators_and_carry_a_domain() {
        assert!(matches("in in (notin)", &[("in", "notin")]));
        assert!(matches("mcm.gardener.cloud/role=node", &[("mcm.gardener.cloud/role", "node")]));
        assert!(matches("team=", &[("team", "")]));
    }

    #[test]
    fn an_empty_selector_is_an_error_and_not_everything() {
        assert_eq!(Selector::parse(""), Err(SelectorError::Empty));
        assert_eq!(Selector::parse("  "), Err(SelectorError::Empty));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused_with_its_place() {
        for (text, at) in [
            (",", 1),
            ("team=web,", 10),
            ("=web", 1),
            ("team=web env=prod", 10),
            ("env in ()", 10),
            ("env in (a", 10),
            ("team:web", 5),
            ("!", 2),
        ] {
            match Selector::parse(text) {
                Err(SelectorError::Syntax { at: found, .. }) => assert_eq!(found, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn only_the_documented_form_is_sent() {
        let sent = |text| Selector::parse(text).expect(text).sent();
        assert_eq!(sent("env in (a,b), team==web, tier=1"), Some("team=web".to_owned()));
        assert_eq!(sent("env in (a)"), Some("env=a".to_owned()));
        assert_eq!(sent("env!=a,!b"), None);
    }

    #[test]
    fn what_nothing_carries_is_named_with_the_nearest() {
        let objects = [labels(&[("schedule", "office-hours")]), labels(&[("team", "web")])];
        let unmatched = |text| Selector::parse(text).expect(text).unmatched(&objects);
        assert_eq!(unmatched("schedule=office-hours"), []);
        assert_eq!(
            unmatched("shedule=office-hours")[0].to_string(),
            "nothing carries the label `shedule`; did you mean `schedule`?"
        );
        assert_eq!(
            unmatched("schedule=officehours")[0].to_string(),
            "nothing carries the label `schedule=officehours`; did you mean `schedule=office-hours`?"
        );
        assert_eq!(
            unmatched("zone=x")[0].to_string(),
            "nothing carries the label `zone`; there are `schedule`, `team`"
        );
        assert_eq!(
            unmatched("team=database")[0].to_string(),
            "nothing carries the label `team=database`; there are `team=web`"
        );
        assert_eq!(unmatched("!zone, team!=nobody"), []);
        assert_eq!(unmatched("!scheduel")[0].nearest.as_deref(), Some("schedule"));
    }
}
