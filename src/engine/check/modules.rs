//! The modules that a recipe imports from its own folder: what each brings, and what is wrong in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::exports::Exports;
use super::report::{compiled, engine};
use super::tree::Tree;
use super::walker::Walker;
use crate::engine::Source;
use crate::engine::located::{Located, circle, read_module};
use crate::engine::recipe::{Finding, Parameters};
use crate::error::Error;

/// A module, and what is wrong in it.
#[derive(Debug, Clone)]
pub struct ModuleReport {
    /// Its text, by the name that errors call it.
    pub source: Source,
    /// What is wrong, by place.
    pub findings: Vec<Finding>,
}

/// The modules of one check. Each is looked at once, when it is first imported.
pub struct Modules(RefCell<State>);

struct State {
    /// The folder that imports must not leave, as it really lies.
    root: Option<PathBuf>,
    /// The scripts that are being looked at, outermost first: the file, and what errors call it.
    loading: Vec<(PathBuf, String)>,
    known: BTreeMap<PathBuf, Option<Rc<Exports>>>,
    reports: Vec<ModuleReport>,
}

impl Modules {
    /// Those that a recipe may import.
    pub fn of(recipe: &Source) -> Self {
        let root = recipe.root.as_ref().or(recipe.folder.as_ref()).and_then(|root| root.canonicalize().ok());
        let file = recipe.folder.as_ref().and_then(|_| PathBuf::from(&recipe.name).canonicalize().ok());
        let loading = file.into_iter().map(|file| (file, recipe.name.clone())).collect();
        Self(RefCell::new(State { root, loading, known: BTreeMap::new(), reports: Vec::new() }))
    }

    /// What the module brings that a script imports by this path; `None` if that cannot be told, since it does not
    /// parse.
    ///
    /// # Errors
    /// If there is no such module, it may not be imported from there, or imports lead back to it.
    pub fn import(&self, importer: &Source, path: &str) -> Result<Option<Rc<Exports>>, Error> {
        let root = self.0.borrow().root.clone();
        let Located { name, file } = Located::find(importer.folder.as_deref(), root.as_deref(), path)?;
        {
            let state = self.0.borrow();
            if let Some(first) = state.loading.iter().position(|(other, _)| *other == file) {
                let names = state.loading[first..].iter().map(|(_, name)| name.as_str());
                return Err(circle(names.chain([name.as_str()])));
            }
            if let Some(known) = state.known.get(&file) {
                return Ok(known.clone());
            }
        }
        let text = read_module(&name, &file)?;
        let folder = Path::new(&name).parent().map(Path::to_owned);
        let source = Source { folder, ..Source::inline(name, text) };
        self.0.borrow_mut().loading.push((file.clone(), source.name.clone()));
        let (exports, mut findings) = self.look_over(&source);
        findings.sort_by_key(|finding| (finding.line, finding.column, finding.severity));
        findings.dedup();
        let mut state = self.0.borrow_mut();
        state.loading.pop();
        state.known.insert(file, exports.clone());
        state.reports.push(ModuleReport { source, findings });
        Ok(exports)
    }

    fn look_over(&self, source: &Source) -> (Option<Rc<Exports>>, Vec<Finding>) {
        match compiled(&engine(), source) {
            Ok(ast) => {
                // A recipe may be imported too. What is wrong with its parameters matters when it is run itself.
                let (parameters, _) = Parameters::read(&source.text, &ast, &[]);
                let findings = Walker::new(source, &ast, &Tree::of(&ast), &parameters, self).run();
                (Some(Rc::new(Exports::of(&ast))), findings)
            }
            Err(finding) => (None, vec![finding]),
        }
    }

    /// All that were looked at, those first that others import.
    pub fn into_reports(self) -> Vec<ModuleReport> {
        self.0.into_inner().reports
    }
}
