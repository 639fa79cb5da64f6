//! What `import` finds: the services of the API, the standard library in the binary, and files below one folder.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::compile::compile;
use super::fault::Fault;
use super::ledger::Ledger;
use super::located::{Located, circle, read_module};
use super::services;
use super::sources::{Source, Sources};
use super::stdlib;
use crate::error::Error;

thread_local! {
    /// The modules that this thread is loading, outermost first: what tells them apart, and what errors call them.
    static LOADING: RefCell<Vec<(PathBuf, String)>> = const { RefCell::new(Vec::new()) };
}

/// The resolver of one run; each module is loaded once. Cheap to clone; clones share the modules.
#[derive(Clone)]
pub(super) struct Resolver(Arc<State>);

struct State {
    sources: Sources,
    /// Where it is put on record what was imported.
    ledger: RwLock<Option<Arc<dyn Ledger>>>,
    scope: Scope<'static>,
    /// Where each script lies that lies in a file, by the name that errors use.
    places: RwLock<HashMap<String, Place>>,
    /// By the file that a module really is, whatever way leads there.
    loaded: RwLock<HashMap<PathBuf, Shared<Module>>>,
}

/// Where a script lies.
#[derive(Clone)]
struct Place {
    folder: PathBuf,
    /// The folder that its imports must not leave, as it really lies.
    root: Option<PathBuf>,
}

impl Resolver {
    /// A resolver of scripts that see this scope; what it reads is added to the sources.
    pub(super) fn new(sources: Sources, scope: Scope<'static>) -> Self {
        Self(Arc::new(State {
            sources,
            ledger: RwLock::default(),
            scope,
            places: RwLock::default(),
            loaded: RwLock::default(),
        }))
    }

    /// Puts on record what is imported from now on.
    pub(super) fn record_in(&self, ledger: Option<Arc<dyn Ledger>>) {
        *self.0.ledger.write().unwrap_or_else(PoisonError::into_inner) = ledger;
    }

    /// Makes known where a script lies, from which its imports are followed.
    pub(super) fn add(&self, main: &Source) {
        let Some(folder) = &main.folder else { return };
        let root = main.root.as_ref().unwrap_or(folder).canonicalize().ok();
        self.place(&main.name, Place { folder: folder.clone(), root });
    }

    fn place(&self, name: &str, place: Place) {
        self.0.places.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), place);
    }

    fn find(&self, engine: &Engine, importer: Option<&str>, path: &str) -> Result<Shared<Module>, Fault> {
        if let Some(service) = path.strip_prefix("stackit/") {
            return Ok(services::module(service)?);
        }
        if let Some(name) = path.strip_prefix("stdlib/") {
            let text = stdlib::text(name).ok_or_else(|| stdlib::unknown(name))?;
            return self.load(engine, &path.into(), path, || Ok(text.to_owned()));
        }
        let importing = importer.and_then(|importer| {
            let places = self.0.places.read().unwrap_or_else(PoisonError::into_inner);
            places.get(importer).cloned()
        });
        let (folder, root) = importing.map_or((None, None), |place| (Some(place.folder), place.root));
        let Located { name, file } = Located::find(folder.as_deref(), root.as_deref(), path)?;
        self.load(engine, &file, &name, || {
            if let Some(folder) = Path::new(&name).parent() {
                self.place(&name, Place { folder: folder.to_owned(), root });
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
        if let Some(module) = self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).get(file) {
            return Ok(module.clone());
        }
        let _loading = Loading::of(file, name)?;
        let text = read()?;
        self.0.sources.add(name, &text);
        // What comes with the program is told by its version.
        if let Some(ledger) = &*self.0.ledger.read().unwrap_or_else(PoisonError::into_inner)
            && !name.starts_with("stdlib/")
        {
            ledger.module(name, &text);
        }
        let within = |fault: Fault| Fault::from(EvalAltResult::ErrorInModule(name.to_owned(), fault, Position::NONE));
        let ast = compile(engine, &self.0.scope, name, &text).map_err(within)?;
        let mut module = Module::eval_ast_as_new(self.0.scope.clone(), &ast, engine).map_err(within)?;
        module.set_id(name);
        module.build_index();
        let module = Shared::new(module);
        let mut loaded = self.0.loaded.write().unwrap_or_else(PoisonError::into_inner);
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
