//! Scripts that come piece by piece: what one input declares, the next ones know.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Expr, Module, ModuleResolver, Position, Scope, Shared, Stmt};

use super::address_space::stack_that_fits;
use super::check::Kind;
use super::compile::compile;
use super::completion::Scene;
use super::context::{RunContext, Verdict};
use super::failure::Failure;
use super::fault::Fault;
use super::limits::STACK_BYTES;
use super::recipe::secret_parameters;
use super::resolver::Resolver;
use super::run::on_script_thread;
use super::shown::{Shown, type_of};
use super::sources::{Source, Sources};
use super::values::{Object, display};
use super::{builder, constants};
use crate::meter::Meter;

/// How many results stay in reach as `out1`, `out2`, …
const KEPT_RESULTS: usize = 50;

/// The name of the latest result.
const LAST: &str = "last";

/// What earlier inputs leave to later ones: variables, functions, imports, results.
pub struct Interpreter {
    /// Our constants first, then what was declared.
    scope: Scope<'static>,
    /// The functions of each input that has some, the latest last; each knows where it was written.
    functions: Vec<(Shared<Module>, Vec<Declared>)>,
    imports: Vec<Imported>,
    resolver: Resolver,
    sources: Sources,
    meter: Arc<Meter>,
    /// The numbers of the results that are kept.
    results: VecDeque<usize>,
    /// Where typed inputs lie, from which their imports are followed.
    folder: PathBuf,
    /// The folder that their imports must not leave.
    root: Option<PathBuf>,
}

/// A module that an input imported.
struct Imported {
    alias: String,
    path: String,
    module: Shared<Module>,
}

/// What became of an input.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// Its value.
    pub shown: Shown,
    /// The error that nothing caught.
    pub failure: Option<Failure>,
    /// What it said itself of its end: `exit(n)`, `skip(…)`, `partly(…)`.
    pub verdict: Option<Verdict>,
}

/// A variable that an input declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, as `type_of` says it; of a list, with the type of its items if they share one: `list of Server`.
    pub kind: String,
    /// Whether it cannot be changed.
    pub is_constant: bool,
    /// The beginning of its value.
    pub preview: String,
}

/// A function that an input declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// The names of its parameters.
    pub parameters: Vec<String>,
}

impl Interpreter {
    /// A session that knows nothing yet. Typed inputs import files from this folder, and none from outside of `root`, or
    /// else of the folder itself.
    #[must_use]
    pub fn new(folder: PathBuf, root: Option<PathBuf>) -> Self {
        let (scope, sources) = (constants::bare(), Sources::default());
        Self {
            resolver: Resolver::new(sources.clone(), scope.clone()),
            scope,
            functions: Vec::new(),
            imports: Vec::new(),
            sources,
            meter: Arc::new(Meter::default()),
            results: VecDeque::new(),
            folder,
            root,
        }
    }

    /// The source of an input that was typed.
    #[must_use]
    pub fn typed(&self, number: usize, text: &str) -> Source {
        let source = Source::inline(format!("input {number}"), text);
        Source { folder: Some(self.folder.clone()), root: self.root.clone(), ..source }
    }

    /// Evaluates an input on a thread of its own and blocks until it has ended. Its value, if it has one and a number, is
    /// called `last` and by its number from then on. What it declared before an error stays. Not to be called on a thread of
    /// the runtime.
    pub fn evaluate(&mut self, source: &Source, number: Option<usize>, context: RunContext) -> Evaluated {
        let run = Arc::new(context.continuing(self.meter.clone(), self.sources.clone()));
        let result = on_script_thread(&run, || self.evaluate_here(source, number, &run));
        let (shown, failure) = match result {
            Ok(shown) => (shown, None),
            Err(failure) => (Shown::default(), Some(*failure)),
        };
        Evaluated { shown, failure, verdict: run.verdict() }
    }

    fn evaluate_here(
        &mut self,
        source: &Source,
        number: Option<usize>,
        run: &Arc<RunContext>,
    ) -> Result<Shown, Box<Failure>> {
        self.sources.add(&source.name, &source.text);
        self.resolver.record_in(run.ledger.clone());
        self.resolver.add(source);
        self.scope = constants::renewed(&self.scope, run);
        let engine = self.engine(run);
        let failed = |fault: &Fault| Failure::of(&source.name, fault, run.sources());
        let ast = compile(&engine, &self.scope, &source.name, &source.text).map_err(|fault| failed(&fault))?;
        run.set_secret_parameters(&source.name, secret_parameters(&ast));
        let result = engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, &ast);
        if ast.has_functions() {
            self.functions.push((ast.shared_lib().clone(), declared(&ast)));
        }
        if result.is_ok() {
            self.keep_imports(&engine, &source.name, &ast);
        }
        self.forget_shadowed();
        match result {
            Ok(value) => {
                let shown = Shown::of(&value, run).map_err(|error| failed(&Fault::from(error)))?;
                if let Some(number) = number {
                    self.keep_result(number, &value);
                }
                Ok(shown)
            }
            Err(fault) if matches!(fault.unwrap_inner(), EvalAltResult::Exit(..)) => Ok(Shown::default()),
            Err(fault) => Err(failed(&fault)),
        }
    }

    /// An engine that knows what earlier inputs imported and the functions that they declared.
    fn engine(&self, run: &Arc<RunContext>) -> Engine {
        let mut engine = builder::engine_for(run);
        engine.set_module_resolver(self.resolver.clone());
        for import in &self.imports {
            engine.register_static_module(&import.alias, import.module.clone());
        }
        for (functions, _) in &self.functions {
            // Each comes before those that were registered earlier.
            engine.register_global_module(functions.clone());
        }
        engine
    }

    /// Keeps what was imported at the outermost level: rhai forgets it with the input.
    fn keep_imports(&mut self, engine: &Engine, source: &str, ast: &AST) {
        for statement in ast.statements() {
            let Stmt::Import(import, _) = statement else { continue };
            let (Expr::StringConstant(path, _), alias) = (&import.0, import.1.name.to_string()) else { continue };
            let Ok(module) = self.resolver.resolve(engine, Some(source), path, Position::NONE) else { continue };
            self.imports.retain(|known| known.alias != alias);
            self.imports.push(Imported { alias, path: path.to_string(), module });
        }
    }

    fn keep_result(&mut self, number: usize, value: &Dynamic) {
        if value.is_unit() {
            return;
        }
        while self.results.len() >= KEPT_RESULTS {
            if let Some(oldest) = self.results.pop_front() {
                let _ = self.scope.remove::<Dynamic>(&name_of_result(oldest));
            }
        }
        self.results.push_back(number);
        for name in [name_of_result(number), LAST.to_owned()] {
            let _ = self.scope.remove::<Dynamic>(&name);
            self.scope.push_dynamic(name, value.clone());
        }
    }

    /// Lets go of variables that a later one of the same name hides: each input may declare the same again.
    fn forget_shadowed(&mut self) {
        let mut names = HashSet::new();
        if self.scope.iter_raw().all(|(name, ..)| names.insert(name)) {
            return;
        }
        let visible = self.scope.clone_visible();
        if visible.len() < self.scope.len() {
            let mut all: Vec<_> = visible
                .iter_raw()
                .map(|(name, is_constant, value)| (name.to_owned(), is_constant, value.clone()))
                .collect();
            all.sort_by_key(|(name, ..)| self.scope.iter_raw().position(|(other, ..)| other == name));
            self.scope.clear();
            for (name, is_constant, value) in all {
                if is_constant {
                    self.scope.push_constant_dynamic(name, value);
                } else {
                    self.scope.push_dynamic(name, value);
                }
            }
        }
    }

    /// The variables that inputs declared, the results among them, in the order of their names.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        let ours = constants::bare();
        let mut all: Vec<_> = self
            .scope
            .iter_raw()
            .filter(|(name, is_constant, _)| !(*is_constant && ours.contains(name)))
            .map(|(name, is_constant, value)| Variable {
                name: name.to_owned(),
                kind: type_of(value),
                is_constant,
                preview: preview(value),
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// The functions that inputs declared, in the order of their names.
    #[must_use]
    pub fn functions(&self) -> Vec<Declared> {
        let mut all: Vec<Declared> = Vec::new();
        for function in self.functions.iter().rev().flat_map(|(_, declared)| declared) {
            let is_same =
                |known: &Declared| known.name == function.name && known.parameters.len() == function.parameters.len();
            if !all.iter().any(is_same) {
                all.push(function.clone());
            }
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// What completion needs to know of the session.
    #[must_use]
    pub fn scene(&self) -> Scene {
        let ours = constants::bare();
        let variables = self.scope.iter_raw().filter(|(name, is_constant, _)| !(*is_constant && ours.contains(name)));
        Scene {
            variables: variables.map(|(name, _, value)| (name.to_owned(), Kind::of_value(value))).collect(),
            functions: self.functions(),
            imports: self.imports(),
        }
    }

    /// The modules that inputs imported: each alias with the path that it stands for.
    #[must_use]
    pub fn imports(&self) -> Vec<(String, String)> {
        self.imports.iter().map(|import| (import.alias.clone(), import.path.clone())).collect()
    }

    /// Forgets variables, functions, imports and results.
    pub fn clear(&mut self) {
        let fresh = Self::new(std::mem::take(&mut self.folder), self.root.take());
        drop(std::mem::replace(self, fresh));
    }

    /// Forgets one variable, or the functions of a name; whether there was one.
    pub fn forget(&mut self, name: &str) -> bool {
        let is_ours = self.scope.is_constant(name) == Some(true) && constants::bare().contains(name);
        let value = if is_ours { None } else { self.scope.remove::<Dynamic>(name) };
        let was_there = value.is_some();
        drop_deep(value);
        was_there
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        drop_deep(std::mem::take(&mut self.scope));
    }
}

/// Drops values where the stack reaches: rhai drops what lies in each other by recursion.
fn drop_deep(values: impl Send) {
    let limits = super::limits::Limits::default();
    let stack_bytes = stack_that_fits(limits.stack_bytes(), STACK_BYTES, 0);
    let mut values = Some(values);
    let slot = &mut values;
    std::thread::scope(|scope| {
        let _ = std::thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, move || drop(slot.take()));
    });
    // If the system gives no thread for it, it is better kept than dropped here.
    std::mem::forget(values);
}

/// The functions of a script, closures left out.
fn declared(ast: &AST) -> Vec<Declared> {
    let functions = ast.iter_fn_def().filter(|function| !function.name.starts_with("anon$"));
    let declared = functions.map(|function| Declared {
        name: function.name.to_string(),
        parameters: function.params.iter().map(ToString::to_string).collect(),
    });
    declared.collect()
}

fn name_of_result(number: usize) -> String {
    format!("out{number}")
}

/// The beginning of a value: of an object what it is called, and its state.
fn preview(value: &Dynamic) -> String {
    const LETTERS: usize = 200;
    const NAMED: usize = 5;
    if let Some(name) = name_of_object(value) {
        return name;
    }
    if let Some(list) = value.read_lock::<rhai::Array>() {
        if list.len() > NAMED {
            return format!("{} items", list.len());
        }
        let names: Option<Vec<String>> = list.iter().map(name_of_object).collect();
        if let Some(names) = names.filter(|names| !names.is_empty()) {
            return names.join(", ");
        }
    }
    let text = display(value, 1 << 20).unwrap_or_else(|_| "…".to_owned());
    let line = text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LETTERS { line } else { line.chars().take(LETTERS - 1).chain(['…']).collect() }
}

/// `web-1 ACTIVE`; nothing if it is no object of a kind of the API.
fn name_of_object(value: &Dynamic) -> Option<String> {
    let object = value.read_lock::<Object>().filter(|object| !object.kind().is_empty())?;
    let name = ["name", "displayName", "ip", "id"].into_iter().find_map(|field| object.text(field))?;
    let status = object.text("status").map(|status| format!(" {status}"));
    Some(format!("{name}{}", status.unwrap_or_default()))
}
