//! What `import` finds: the services of the API, the standard library in the binary, and files below one folder.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::compile::compile;
use super::context::RunContext;
use super::fault::Fault;
use super::located::{Located, circle, read_module};
use super::services;
use super::sources::Source;
use super::stdlib;
use crate::error::Error;

thread_local! {
    /// The modules that this thread is loading, outermost first: what tells them apart, and what errors call them.
    static LOADING: RefCell<Vec<(PathBuf, String)>> = const { RefCell::new(Vec::new()) };
}

/// The resolver of one run; each module is loaded once.
pub(super) struct Resolver {
    run: Arc<RunContext>,
    scope: Scope<'static>,
    /// The folder that file imports must not leave, as it really lies.
    root: Option<PathBuf>,
    /// The folder of each script that lies in a file, by the name that errors use.
    folders: RwLock<HashMap<String, PathBuf>>,
    /// By the file that a module really is, whatever way leads there.
    loaded: RwLock<HashMap<PathBuf, Shared<Module>>>,
}

impl Resolver {
    pub(super) fn new(run: Arc<RunContext>, scope: Scope<'static>, main: &Source) -> Self {
        let root = main.root.as_ref().or(main.folder.as_ref()).and_then(|root| root.canonicalize().ok());
        let folders = main.folder.iter().map(|folder| (main.name.clone(), folder.clone())).collect();
        Self { run, scope, root, folders: RwLock::new(folders), loaded: RwLock::default() }
    }

    fn find(&self, engine: &Engine, importer: Option<&str>, path: &str) -> Result<Shared<Module>, Fault> {
        if let Some(service) = path.strip_prefix("stackit/") {
            return Ok(services::module(service)?);
        }
        if let Some(name) = path.strip_prefix("stdlib/") {
            let text = stdlib::text(name).ok_or_else(|| stdlib::unknown(name))?;
            return self.load(engine, &path.into(), path, || Ok(text.to_owned()));
        }
        let folder = importer.and_then(|importer| {
            let folders = self.folders.read().unwrap_or_else(PoisonError::into_inner);
            folders.get(importer).cloned()
        });
        let Located { name, file } = Located::find(folder.as_deref(), self.root.as_deref(), path)?;
        self.load(engine, &file, &name, || {
            if let Some(folder) = Path::new(&name).parent() {
                self.folders.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), folder.to_owned());
            }
            read_module(&name, &file)
        })
    }

    fn load(
        &self,
        engine: &Engine,
        file: &PathBuf,
        name: &str,
        read: impl FnOnce() -> Result<String, Error>,
    ) -> Result<Shared<Module>, Fault> {
        if let Some(module) = self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(file) {
            return Ok(module.clone());
        }
        let _loading = Loading::of(file, name)?;
        let text = read()?;
        self.run.sources().add(name, &text);
        // What comes with the program is told by its version.
        if let Some(ledger) = &self.run.ledger
            && !name.starts_with("stdlib/")
        {
            ledger.module(name, &text);
        }
        let within = |fault: Fault| Fault::from(EvalAltResult::ErrorInModule(name.to_owned(), fault, Position::NONE));
        let ast = compile(engine, &self.scope, name, &text).map_err(within)?;
        let mut module = Module::eval_ast_as_new(self.scope.clone(), &ast, engine).map_err(within)?;
        module.set_id(name);
        module.build_index();
        let module = Shared::new(module);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(loaded.entry(file.clone()).or_insert(module).clone())
    }
}

/// Marks a module as being loaded by this thread, until dropped.
struct Loading;

impl Loading {
    fn of(file: &Path, name: &str) -> Result<Self, Error> {
        LOADING.with_borrow_mut(|loading| {
            if let Some(first) = loading.iter().position(|(other, _)| other == file) {
                return Err(circle(loading[first..].iter().map(|(_, name)| name.as_str()).chain([name])));
            }
            loading.push((file.to_owned(), name.to_owned()));
            Ok(Self)
        })
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        LOADING.with_borrow_mut(Vec::pop);
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Fault> {
        self.find(engine, source, path).map_err(|mut fault| {
            if fault.position().is_none() {
                fault.set_position(position);
            }
            fault
        })
    }
}
