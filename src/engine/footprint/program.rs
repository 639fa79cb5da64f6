//! The scripts of a recipe: its own, and those that it imports, each read once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::engine::check::{Function, Tree, compiled, plain_engine};
use crate::engine::located::{Located, read_module};
use crate::engine::{Source, stdlib};

/// A script.
pub(super) struct Script {
    /// Its place among the scripts; the recipe itself is 0.
    pub number: usize,
    /// What places call it; `None` for the recipe itself.
    pub name: Option<String>,
    folder: Option<PathBuf>,
    /// Its top level, as a function without parameters.
    pub body: Rc<Function>,
    functions: BTreeMap<(String, usize), Rc<Function>>,
    closures: HashMap<String, Rc<Function>>,
}

impl Script {
    fn of(number: usize, name: Option<String>, source: &Source) -> Option<Self> {
        let ast = compiled(&plain_engine(), source).ok()?;
        let Tree { statements, functions } = Tree::of(&ast);
        let body = Function { name: String::new(), parameters: Vec::new(), body: statements, is_public: true };
        let mut script = Self {
            number,
            name,
            folder: source.folder.clone(),
            body: Rc::new(body),
            functions: BTreeMap::new(),
            closures: HashMap::new(),
        };
        for function in functions {
            let (name, count, is_closure) = (function.name.clone(), function.parameters.len(), function.is_closure());
            if is_closure {
                script.closures.insert(name, Rc::new(function));
            } else {
                script.functions.insert((name, count), Rc::new(function));
            }
        }
        Some(script)
    }

    /// Its function of this name with so many parameters.
    pub fn function(&self, name: &str, count: usize) -> Option<Rc<Function>> {
        self.functions.get(&(name.to_owned(), count)).cloned()
    }

    /// Its functions of this name.
    pub fn functions_named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Rc<Function>> + 's {
        self.functions.iter().filter(move |((known, _), _)| known == name).map(|(_, function)| function.clone())
    }

    pub fn closure(&self, name: &str) -> Option<Rc<Function>> {
        self.closures.get(name).cloned()
    }
}

/// All scripts that were met so far.
pub(super) struct Program {
    pub scripts: Vec<Rc<Script>>,
    root: Option<PathBuf>,
    by_file: HashMap<PathBuf, Option<usize>>,
}

impl Program {
    /// A recipe; `None` if it does not parse.
    pub fn of(source: &Source) -> Option<Self> {
        let root = source.root.as_ref().or(source.folder.as_ref()).and_then(|root| root.canonicalize().ok());
        let main = Script::of(0, None, source)?;
        Some(Self { scripts: vec![Rc::new(main)], root, by_file: HashMap::new() })
    }

    /// The script that an import means; `None` if there is none, or it does not parse: then a run ends there.
    pub fn import(&mut self, importer: &Script, path: &str) -> Option<usize> {
        let (file, name, text) = if let Some(name) = path.strip_prefix("stdlib/") {
            let name = name.strip_suffix(".rhai").unwrap_or(name);
            (PathBuf::from(format!("stdlib/{name}")), path.to_owned(), stdlib::text(name)?.to_owned())
        } else {
            let found = Located::find(importer.folder.as_deref(), self.root.as_deref(), path).ok()?;
            if let Some(known) = self.by_file.get(&found.file) {
                return *known;
            }
            let text = read_module(&found.name, &found.file).ok()?;
            (found.file, found.name, text)
        };
        if let Some(known) = self.by_file.get(&file) {
            return *known;
        }
        let folder = (!path.starts_with("stdlib/")).then(|| Path::new(&name).parent().map(Path::to_owned)).flatten();
        let source = Source { folder, ..Source::inline(name.clone(), text) };
        let number = self.scripts.len();
        let script = Script::of(number, Some(name), &source);
        let number = script.is_some().then_some(number);
        self.scripts.extend(script.map(Rc::new));
        self.by_file.insert(file, number);
        number
    }
}
