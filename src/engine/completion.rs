//! What may be typed next in a session, from what it has declared and from what the language knows. Asks nobody.

use super::check::{Kind, PROBE, members as members_of, probe};
use super::interpreter::Declared;
use super::{Registry, builtins, services, stdlib};
use crate::catalog;

/// What a session has declared, as completion sees it.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// The variables, with what is known of their values.
    pub(super) variables: Vec<(String, Kind)>,
    /// The functions.
    pub(super) functions: Vec<Declared>,
    /// The imports: alias and path.
    pub(super) imports: Vec<(String, String)>,
}

/// Something that may be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is typed.
    pub name: String,
    /// What it is: a signature, a type.
    pub detail: String,
    /// Whether arguments follow.
    pub is_called: bool,
}

impl Candidate {
    fn new(name: impl Into<String>, detail: impl Into<String>, is_called: bool) -> Self {
        Self { name: name.into(), detail: detail.into(), is_called }
    }
}

impl Scene {
    /// The fields and methods of the value that stands before a dot: `before` ends with the dot, `typed` follows it,
    /// `closers` close what is open there. `None` if that is no script, as something before is wrong.
    #[must_use]
    pub fn members(&self, before: &str, typed: &str, closers: &str) -> Option<Vec<Candidate>> {
        let kind = self.probed(&format!("{before}{PROBE}{closers}"))?.kind;
        // Of a value that nothing is known of, anything could be a member: what was typed must say more.
        let members = kind.filter(|kind| *kind != Kind::Unknown || !typed.is_empty());
        let members = members.map(|kind| members_of(&kind)).unwrap_or_default();
        Some(members.into_iter().map(|member| Candidate::new(member.name, member.detail, member.is_method)).collect())
    }

    /// The keys of the map of options whose opening bracket, or the comma after an earlier key, `before` ends with.
    /// `None` as for [`Self::members`].
    #[must_use]
    pub fn options(&self, before: &str, closers: &str) -> Option<Vec<Candidate>> {
        let keys = self.probed(&format!("{before}{PROBE}: 0{closers}"))?.keys;
        Some(keys.into_iter().map(|key| Candidate::new(key, "", false)).collect())
    }

    /// The operations of the module that an alias stands for, in the text so far or from earlier inputs.
    #[must_use]
    pub fn operations(&self, alias: &str, text: &str) -> Vec<Candidate> {
        let Some(path) = path_in(text, alias)
            .or_else(|| self.imports.iter().find(|(known, _)| known == alias).map(|(_, path)| path.clone()))
        else {
            return Vec::new();
        };
        if let Some(service) = path.strip_prefix("stackit/").and_then(|path| services::service(path).ok()) {
            let operations = service.operations.iter();
            return operations
                .map(|operation| Candidate::new(operation.name, operation.effect.as_str(), true))
                .collect();
        }
        let functions = path.strip_prefix("stdlib/").and_then(stdlib::text).map(stdlib_functions).unwrap_or_default();
        functions.into_iter().map(|(name, detail)| Candidate::new(name, detail, true)).collect()
    }

    /// What a name may be: a variable, a function, a module.
    #[must_use]
    pub fn names(&self) -> Vec<Candidate> {
        let mut all: Vec<Candidate> =
            self.variables.iter().map(|(name, kind)| Candidate::new(name, kind.name(), false)).collect();
        all.extend(self.functions.iter().map(|function| {
            Candidate::new(&function.name, format!("{}({})", function.name, function.parameters.join(", ")), true)
        }));
        all.extend(self.imports.iter().map(|(alias, path)| Candidate::new(format!("{alias}::"), path, false)));
        for native in Registry::shared().iter() {
            let is_word = native.name.starts_with(|letter: char| letter.is_ascii_alphabetic());
            if is_word && native.receiver.is_none() && !all.iter().any(|known| known.name == native.name) {
                all.push(Candidate::new(native.name, native.signature(), true));
            }
        }
        all.extend(builtins::constants().into_iter().map(|(name, _)| Candidate::new(name, "constant", false)));
        all
    }

    /// The paths that an import may have, files apart.
    #[must_use]
    pub fn modules() -> Vec<Candidate> {
        let services = catalog::modules().map(|module| Candidate::new(format!("stackit/{module}"), "", false));
        let library = stdlib::names().map(|name| Candidate::new(format!("stdlib/{name}"), "", false));
        services.chain(library).collect()
    }

    /// How a function or method of this name is called; nothing if there is none.
    #[must_use]
    pub fn signature(&self, name: &str) -> Option<String> {
        if let Some(own) = self.functions.iter().find(|function| function.name == name) {
            return Some(format!("{name}({})", own.parameters.join(", ")));
        }
        Registry::shared().get(name).first().map(|native| native.signature())
    }

    fn probed(&self, text: &str) -> Option<super::check::Probed> {
        let imports = self.imports.iter().map(|(alias, path)| format!("import \"{path}\" as {alias}; "));
        probe(&format!("{}{text}", imports.collect::<String>()), &self.variables)
    }
}

/// The path that a text itself imports under an alias.
fn path_in(text: &str, alias: &str) -> Option<String> {
    text.match_indices("import").find_map(|(at, word)| {
        let rest = text[at + word.len()..].trim_start().strip_prefix('"')?;
        let (path, rest) = rest.split_once('"')?;
        let named = rest.trim_start().strip_prefix("as")?.trim_start();
        let end = named.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(named.len());
        (&named[..end] == alias).then(|| path.to_owned())
    })
}

/// The public functions of a module of the standard library, with their signatures.
fn stdlib_functions(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("fn "));
    lines
        .filter_map(|line| {
            let (name, rest) = line.split_once('(')?;
            let (parameters, _) = rest.split_once(')')?;
            Some((name.trim().to_owned(), format!("{}({parameters})", name.trim())))
        })
        .collect()
}
