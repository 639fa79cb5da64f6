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
    /// Some text that begins so.
    Start(Rc<str>),
    /// A list, beside what its items are.
    List,
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

    /// Whether it is a text that is known, at least in part.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Start(_))
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

    fn start(text: &str) -> Self {
        if text.is_empty() || text.len() > LONGEST_TEXT { Self::plain() } else { Self::of(Atom::Start(text.into())) }
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
            let is_lost = self.has_lost_texts && atom.is_text();
            if !is_lost && !self.atoms.contains(atom) {
                self.atoms.insert(atom.clone());
                has_grown = true;
            }
        }
        (self.atoms.iter().filter(|atom| atom.is_text()).count() > MOST_TEXTS && self.lose_texts()) || has_grown
    }

    fn lose_texts(&mut self) -> bool {
        if self.has_lost_texts {
            return false;
        }
        self.atoms.retain(|atom| !atom.is_text());
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

    /// The beginnings of texts that it may be and that are not known further.
    pub fn starts(&self) -> impl Iterator<Item = &str> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Start(start) => Some(&**start),
            _ => None,
        })
    }

    /// Whether it may be a text that is not known, or something else that is not known better.
    pub fn is_vague(&self) -> bool {
        self.is_dark() || self.starts().next().is_some()
    }

    /// Whether it may be a text of which not even the beginning is known, or something else that is not known better.
    pub fn is_dark(&self) -> bool {
        self.atoms.is_empty() || self.has(&Atom::Plain) || self.has(&Atom::Unknown)
    }

    /// Whether it is text for certain, and known at least in part.
    pub fn is_text(&self) -> bool {
        !self.atoms.is_empty() && self.atoms.iter().all(Atom::is_text)
    }

    /// What the items of a list may be.
    pub fn without_list(mut self) -> Self {
        self.atoms.remove(&Atom::List);
        self
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

    /// What a parameter may be whose default this is.
    pub fn as_parameter(&self) -> Self {
        let is_default = |atom: &&Atom| !matches!(atom, Atom::Custom(name) if *name != "Secret");
        let atoms = self.atoms.iter().filter(is_default).cloned().chain([Atom::Plain]).collect();
        Self { atoms, has_lost_texts: self.has_lost_texts }
    }

    /// The same, of texts only that they are some.
    pub fn without_texts(&self) -> Self {
        if !self.atoms.iter().any(Atom::is_text) {
            return self.clone();
        }
        let left = self.atoms.iter().filter(|atom| !atom.is_text()).cloned();
        Self { atoms: left.chain([Atom::Plain]).collect(), has_lost_texts: false }
    }

    /// Only what is more than data.
    pub fn without_data(&self) -> Self {
        let is_more = |atom: &&Atom| !matches!(atom, Atom::Plain | Atom::List) && !atom.is_text();
        Self { atoms: self.atoms.iter().filter(is_more).cloned().collect(), has_lost_texts: false }
    }

    /// The texts that come of joining two.
    pub fn concatenated(&self, other: &Self) -> Self {
        let is_open = other.atoms.is_empty() || other.atoms.iter().any(|atom| !atom.is_text());
        let mut all = Self::default();
        for left in self.texts() {
            for right in other.texts() {
                all.join(&Self::text(&format!("{left}{right}")));
            }
            for right in other.starts() {
                all.join(&Self::start(&format!("{left}{right}")));
            }
            if is_open {
                all.join(&Self::start(left));
            }
        }
        for left in self.starts() {
            all.join(&Self::start(left));
        }
        if self.atoms.is_empty() || self.atoms.iter().any(|atom| !atom.is_text()) {
            all.join(&Self::plain());
        }
        all
    }

    /// What `+` gives. Lists may be joined to one, unless a side is a text; `for_certain` if one is by how it is written.
    pub fn added(&self, other: &Self, for_certain: bool) -> Self {
        let texts = self.concatenated(other);
        // What is joined with a text is one.
        if for_certain || self.is_text() || other.is_text() {
            // A secret joined with text stays one.
            let secret = Atom::Custom("Secret");
            let is_secret = self.has(&secret) || other.has(&secret);
            return texts.joined(&if is_secret { Self::of(secret) } else { Self::default() });
        }
        self.clone().joined(other).joined(&texts)
    }

    /// What `+=` gives. It may do so again and again: of what has grown already, the beginning is known.
    pub fn grown(&self, other: &Self, for_certain: bool) -> Self {
        if !(for_certain || self.is_text() || other.is_text()) {
            return self.added(other, false);
        }
        let has_grown = |text: &str| self.texts().any(|start| start.len() < text.len() && text.starts_with(start));
        let widened = |atom: &Atom| match atom {
            Atom::Text(text) if has_grown(text) => Atom::Start(text.clone()),
            other => other.clone(),
        };
        let old = Self { atoms: self.atoms.iter().map(widened).collect(), has_lost_texts: self.has_lost_texts };
        old.added(other, true)
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
        let address = Value::text("https://a/").added(&Value::plain(), true);
        assert_eq!((address.starts().collect::<Vec<_>>(), address.is_dark()), (vec!["https://a/"], false));
        assert!(address.added(&Value::text("/more"), false).starts().eq(["https://a/"]));
        assert!(Value::plain().added(&Value::text("/more"), true).is_dark());
    }

    #[test]
    fn lists_are_joined_and_texts_of_lists_are_not() {
        let list = |text: &str| Value::text(text).joined(&Value::of(Atom::List));
        assert!(list("a").added(&list("b"), false).texts().any(|text| text == "b"));
        assert!(Value::text("a").added(&Value::text("b"), false).texts().eq(["ab"]));
    }

    #[test]
    fn texts_that_grow_at_their_front_come_to_an_end() {
        let mut value = Value::text("a").added(&Value::plain(), true);
        for _ in 0..20 {
            let longer = Value::text("b").added(&value, true);
            value.join(&longer);
        }
        assert!(value.is_dark() && value.starts().next().is_none());
    }
}
