//! What is known of a place in a script that somebody is typing: the kind of the value before a dot, the keys of a map
//! of options.

use rhai::Dynamic;

use super::kinds::Kind;
use super::modules::Modules;
use super::names::{rhai_forms, rhai_names};
use super::report::{compiled, engine};
use super::tree::Tree;
use super::walker::Walker;
use crate::engine::native::{Native, Type};
use crate::engine::recipe::Parameters;
use crate::engine::{Registry, Source};

/// The field that stands where nothing is typed yet; nobody has one of this name.
pub const PROBE: &str = "stackhand_probe";

/// What a probe found.
#[derive(Debug, Default)]
pub struct Probed {
    /// The kind of the value that the probe is a field of.
    pub kind: Option<Kind>,
    /// The keys of the map of options that the probe is a key of.
    pub keys: Vec<String>,
}

/// Walks through a script that has the probe somewhere, with these names known from before.
#[must_use]
pub fn probe(text: &str, known: &[(String, Kind)]) -> Option<Probed> {
    let source = Source::inline("probe", text);
    let ast = compiled(&engine(), &source).ok()?;
    let (parameters, _) = Parameters::read(&source.text, &ast, &[]);
    let (tree, modules) = (Tree::of(&ast), Modules::of(&source));
    Some(Walker::new(&source, &ast, &tree, &parameters, &modules).probed_with(known))
}

/// A member of a value: a field, or a method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The kind of the field, or how the method is called.
    pub detail: String,
    /// Whether it is called.
    pub is_method: bool,
}

/// The fields of a value of a kind, then its own methods, then those that it shares with others.
#[must_use]
pub fn members(kind: &Kind) -> Vec<Member> {
    let mut members = kind.field_kinds();
    let registry = Registry::shared();
    let mut methods: Vec<Member> = Vec::new();
    let mut own: Vec<&str> = Vec::new();
    for native in registry.iter().filter(|native| is_method_of(native, kind)) {
        let is_own = matches!(&native.receiver, Some(Type::Object(name)) if !name.is_empty());
        if is_own || native.receives_items.is_some() {
            own.push(native.name);
        }
        let is_word = native.name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        if is_word && !methods.iter().any(|known| known.name == native.name) {
            methods.push(Member {
                name: native.name.to_owned(),
                detail: native.signature(),
                is_method: !native.is_property,
            });
        }
    }
    if *kind != Kind::Unknown {
        for name in rhai_names() {
            let is_one = rhai_forms(name).iter().any(|form| {
                form.first().is_some_and(|first| *first != std::any::TypeId::of::<Dynamic>() && kind.fits_rhai(*first))
            });
            if is_one && !methods.iter().any(|known| known.name == name) {
                methods.push(Member { name: name.to_owned(), detail: String::new(), is_method: true });
            }
        }
    }
    methods.sort_by_key(|method| (!own.contains(&method.name.as_str()), method.name.clone()));
    members.extend(methods);
    members
}

fn is_method_of(native: &Native, kind: &Kind) -> bool {
    let takes_items = match (&native.receives_items, kind) {
        (Some(items), Kind::List(item)) => item.fits(items),
        _ => true,
    };
    takes_items && native.receiver.as_ref().is_some_and(|receiver| kind.fits(receiver))
}
