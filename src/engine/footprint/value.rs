//! What a value may be, as far as permissions are concerned.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::resources::Kind;

/// One thing that a value may be. A list is what its items are: whatever can be done to a list is done to its items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// Data of no further interest: numbers, texts, maps that nobody spelled out.
    Plain,
    /// Anything at all.
    Unknown,
    /// This text.
    Text(Rc<str>),
    /// An object of the platform.
    Object(Kind),
    /// A type of ours, by its name.
    Custom(&'static str),
    /// A map of the recipe's own, by where it is made.
    Map(usize),
    /// A function pointer.
    Pointer(usize),
}

impl Atom {
    /// Whether it keeps what it was made of, and may give it back: a table, a report.
    pub fn is_holder(&self) -> bool {
        matches!(self, Self::Custom("Table" | "Report"))
    }
}

/// So many texts are told apart; a value that may be more is just some text.
const MOST_TEXTS: usize = 8;

/// Texts longer than this are of no interest.
const LONGEST_TEXT: usize = 200;

/// All that a value may be; nothing if the place is never reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Value {
    atoms: BTreeSet<Atom>,
    /// Whether texts were given up, since there are too many. Those to come are no news then: sets grow, and end.
    has_lost_texts: bool,
}

impl Value {
    pub fn plain() -> Self {
        Self::of(Atom::Plain)
    }

    pub fn of(atom: Atom) -> Self {
        Self { atoms: BTreeSet::from([atom]), has_lost_texts: false }
    }

    pub fn text(text: &str) -> Self {
        if text.len() > LONGEST_TEXT { Self::plain() } else { Self::of(Atom::Text(text.into())) }
    }

    pub fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.atoms.iter()
    }

    pub fn has(&self, atom: &Atom) -> bool {
        self.atoms.contains(atom)
    }

    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// Takes in what another may be; whether that was anything new.
    pub fn join(&mut self, other: &Self) -> bool {
        let mut has_grown = other.has_lost_texts && self.lose_texts();
        for atom in &other.atoms {
            let is_lost = self.has_lost_texts && matches!(atom, Atom::Text(_));
            if !is_lost && !self.atoms.contains(atom) {
                self.atoms.insert(atom.clone());
                has_grown = true;
            }
        }
        (self.texts().count() > MOST_TEXTS && self.lose_texts()) || has_grown
    }

    fn lose_texts(&mut self) -> bool {
        if self.has_lost_texts {
            return false;
        }
        self.atoms.retain(|atom| !matches!(atom, Atom::Text(_)));
        self.atoms.insert(Atom::Plain);
        self.has_lost_texts = true;
        true
    }

    pub fn joined(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// The texts that it may be.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// Whether it may be a text that is not known, or something else that is not known better.
    pub fn is_vague(&self) -> bool {
        self.atoms.is_empty() || self.has(&Atom::Plain) || self.has(&Atom::Unknown)
    }

    /// The kinds of objects that it may be.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Object(kind) => Some(*kind),
            _ => None,
        })
    }

    pub fn pointers(&self) -> impl Iterator<Item = usize> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Pointer(pointer) => Some(*pointer),
            _ => None,
        })
    }

    /// The same, of texts only that they are some.
    pub fn without_texts(&self) -> Self {
        if self.texts().next().is_none() {
            return self.clone();
        }
        let left = self.atoms.iter().filter(|atom| !matches!(atom, Atom::Text(_))).cloned();
        Self { atoms: left.chain([Atom::Plain]).collect(), has_lost_texts: false }
    }

    /// Only what is more than data.
    pub fn without_data(&self) -> Self {
        let is_more = |atom: &&Atom| !matches!(atom, Atom::Plain | Atom::Text(_));
        Self { atoms: self.atoms.iter().filter(is_more).cloned().collect(), has_lost_texts: false }
    }

    /// The texts that come of joining two.
    pub fn concatenated(&self, other: &Self) -> Self {
        let mut all = Self::default();
        for left in self.texts() {
            for right in other.texts() {
                all.join(&Self::text(&format!("{left}{right}")));
            }
        }
        if self.is_vague() || other.is_vague() {
            all.join(&Self::plain());
        }
        all
    }
}

impl FromIterator<Atom> for Value {
    fn from_iter<I: IntoIterator<Item = Atom>>(atoms: I) -> Self {
        let mut all = Self::default();
        for atom in atoms {
            all.join(&Self::of(atom));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_grows_and_too_many_texts_are_just_text() {
        let mut value = Value::text("a");
        assert!(value.join(&Value::of(Atom::Object(Kind::Server))));
        assert!(!value.join(&Value::text("a")));
        for number in 0..20 {
            value.join(&Value::text(&number.to_string()));
        }
        assert!(value.texts().next().is_none() && value.has(&Atom::Plain));
        assert!(!value.join(&Value::text("another")), "it grows no more");
        assert!(value.has(&Atom::Object(Kind::Server)));
    }

    #[test]
    fn joined_texts_are_known_where_both_are() {
        assert_eq!(Value::text("de").concatenated(&Value::text("lete")), Value::text("delete"));
        assert!(Value::text("de").concatenated(&Value::plain()).is_vague());
    }
}
