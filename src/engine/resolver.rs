//! What `import` finds: the services of the API, the standard library in the binary, and files below one folder.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::compile::compile;
use super::context::RunContext;
use super::fault::Fault;
use super::services;
use super::sources::{Source, read_script};
use super::stdlib;
use crate::error::{Error, Kind};

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
        let (name, file) = self.locate(importer, path)?;
        self.load(engine, &file, &name, || {
            if let Some(folder) = Path::new(&name).parent() {
                self.folders.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), folder.to_owned());
            }
            read_script(&file).map_err(|why| {
                Error::new(Kind::Script, "unreadable_module", format!("module `{name}` cannot be read: {why}"))
            })
        })
    }

    /// The file that a path means, and the name that errors use for it.
    fn locate(&self, importer: Option<&str>, path: &str) -> Result<(String, PathBuf), Error> {
        let refuse = |why: &str| {
            let message = format!("the import `{path}` {why}");
            Err(Error::new(Kind::Script, "wrong_import", message))
        };
        if path.is_empty() || path.contains(['\0', '\\']) {
            return refuse("is not a module's path");
        }
        let relative = Path::new(path);
        // A drive such as `c:` is a plain name here, and harmless; elsewhere it is a prefix.
        let is_absolute = relative.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_)));
        if is_absolute || path.as_bytes().get(1) == Some(&b':') {
            return refuse("is absolute; modules are imported relative to the script that imports them");
        }
        let folders = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        let folder = importer.and_then(|importer| folders.get(importer)).cloned();
        drop(folders);
        let (Some(folder), Some(root)) = (folder, &self.root) else {
            return refuse(
                "is a file's, and this script lies in no folder; `stackit/…` and `stdlib/…` can be imported",
            );
        };
        let written = folder.join(relative);
        let candidates = [written.clone(), with_extension(&written)];
        let Some(found) = candidates.iter().find(|candidate| candidate.is_file()) else {
            // Whether something lies outside is nobody's business: the answer is the same as for a wrong way out.
            if leaves(&folder, relative, root) {
                return refuse("leads out of the recipe's folder");
            }
            let message = format!("there is no module `{path}`");
            return Err(Error::new(Kind::Script, "unknown_module", message)
                .with_hint(format!("`{}` does not exist", with_extension(&written).display())));
        };
        let Some(file) = found.canonicalize().ok().filter(|file| file.starts_with(root)) else {
            return refuse("leads out of the recipe's folder");
        };
        let name = found.components().fold(PathBuf::new(), step).display().to_string();
        Ok((name, file))
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

/// A step of a path, `..` taken back where it can be.
fn step(mut path: PathBuf, part: Component<'_>) -> PathBuf {
    match part {
        Component::CurDir => {}
        Component::ParentDir if path.file_name().is_some() => {
            path.pop();
        }
        _ => path.push(part),
    }
    path
}

fn with_extension(path: &Path) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(".rhai");
    text.into()
}

/// Whether a path, taken as it is written, leaves the root.
fn leaves(folder: &Path, relative: &Path, root: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return true };
    !folder.join(relative).components().fold(PathBuf::new(), step).starts_with(root)
}

/// Marks a module as being loaded by this thread, until dropped.
struct Loading;

impl Loading {
    fn of(file: &Path, name: &str) -> Result<Self, Error> {
        LOADING.with_borrow_mut(|loading| {
            if let Some(first) = loading.iter().position(|(other, _)| other == file) {
                let mut circle: Vec<_> = loading[first..].iter().map(|(_, name)| name.as_str()).collect();
                circle.push(name);
                let message = format!("modules import each other in a circle: {}", circle.join(" → "));
                return Err(Error::new(Kind::Script, "import_cycle", message)
                    .with_hint("move what both need into a module of its own"));
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
