//! The walk through a script's tree: what names mean where, and what was found on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::imports::Import;
use super::kinds::Kind;
use super::modules::Modules;
use super::probe::Probed;
use super::tree::{Function, Tree};
use crate::engine::native::type_name_of;
use crate::engine::recipe::{Finding, Parameters};
use crate::engine::{Source, builtins};

/// The walk through one script.
pub struct Walker<'t> {
    pub(super) source: &'t Source,
    ast: &'t AST,
    tree: &'t Tree,
    /// What it imports from its own folder.
    pub(super) modules: &'t Modules,
    /// The script's own functions: how many parameters each takes.
    pub(super) functions: BTreeMap<&'t str, BTreeSet<usize>>,
    pub(super) closures: HashMap<&'t str, &'t Function>,
    /// What `params` gives.
    pub(super) args: Kind,
    /// Names that are assigned to somewhere: their kind may change.
    assigned: BTreeSet<String>,
    /// Keys of the script's maps, which may hold closures.
    pub(super) map_keys: BTreeSet<String>,
    pub(super) imports: BTreeMap<String, Import>,
    scope: Vec<(String, Kind)>,
    /// How many conditions around ask whether something is there.
    pub(super) guards: usize,
    /// How deep closures lie in each other.
    pub(super) depth: usize,
    pub(super) findings: Vec<Finding>,
    /// What the probe found, in a script that has one.
    pub(super) probed: Probed,
}

impl<'t> Walker<'t> {
    /// A walk that has not begun.
    pub fn new(
        source: &'t Source,
        ast: &'t AST,
        tree: &'t Tree,
        parameters: &Parameters,
        modules: &'t Modules,
    ) -> Self {
        let mut walker = Self {
            source,
            ast,
            tree,
            modules,
            functions: BTreeMap::new(),
            closures: HashMap::new(),
            args: Kind::args(parameters),
            assigned: BTreeSet::new(),
            map_keys: BTreeSet::new(),
            imports: BTreeMap::new(),
            scope: Vec::new(),
            guards: 0,
            depth: 0,
            findings: Vec::new(),
            probed: Probed::default(),
        };
        for function in &tree.functions {
            if function.is_closure() {
                walker.closures.insert(function.name.as_str(), function);
            } else {
                walker.functions.entry(function.name.as_str()).or_default().insert(function.parameters.len());
            }
        }
        walker
    }

    /// Walks through everything and gives what was found.
    pub fn run(mut self) -> Vec<Finding> {
        self.walk(&[]);
        self.findings
    }

    /// Walks through everything, with these names known from before, and gives what the probe found.
    pub(super) fn probed_with(mut self, known: &[(String, Kind)]) -> Probed {
        self.walk(known);
        self.probed
    }

    fn walk(&mut self, known: &[(String, Kind)]) {
        self.collect();
        for (name, value) in builtins::constants() {
            // The names of our types are literals of the program; leaking the few of one check would serve nobody.
            let name_of_type = match type_name_of(&value).as_ref() {
                "Log" => "Log",
                "State" => "State",
                "CurrentRun" | "Run" => "Run",
                _ => "constant",
            };
            self.declare(name, Kind::Custom(name_of_type, value.type_id()));
        }
        let constants = self.scope.len();
        for (name, kind) in known {
            self.declare(name, kind.clone());
        }
        self.block(&self.tree.statements);
        for function in &self.tree.functions {
            if function.is_closure() {
                continue;
            }
            self.scope.truncate(constants);
            for parameter in &function.parameters {
                self.declare(parameter, Kind::Unknown);
            }
            self.body(function);
        }
    }

    /// What must be known before the walk, since functions are called before they are written.
    fn collect(&mut self) {
        let mut imports = Vec::new();
        self.ast.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Stmt(Stmt::Import(import, position))) => {
                    imports.push((import.0.clone(), import.1.name.to_string(), *position));
                }
                Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => match &assignment.1.lhs {
                    Expr::Variable(variable, ..) => {
                        self.assigned.insert(variable.1.to_string());
                    }
                    Expr::Dot(pair, ..) => {
                        if let Expr::Property(property, _) = &pair.rhs {
                            self.map_keys.insert(property.2.to_string());
                        }
                    }
                    _ => {}
                },
                Some(ASTNode::Expr(Expr::Map(map, _))) => {
                    self.map_keys.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
                }
                _ => {}
            }
            true
        });
        for (path, alias, position) in imports {
            let import = self.import(&path, position);
            self.imports.insert(alias, import);
        }
    }

    /// Makes a name known from here on.
    pub(super) fn declare(&mut self, name: &str, kind: Kind) {
        let kind = if self.assigned.contains(name) { Kind::Unknown } else { kind };
        self.scope.push((name.to_owned(), kind));
    }

    /// What a name means here.
    pub(super) fn meaning(&self, name: &str) -> Option<&Kind> {
        self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, kind)| kind)
    }

    /// All names that mean something here.
    pub(super) fn visible(&self) -> impl Iterator<Item = &str> {
        self.scope.iter().map(|(name, _)| name.as_str())
    }

    /// Walks with names of its own, forgotten afterwards.
    pub(super) fn within<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.scope.len();
        let result = walk(self);
        self.scope.truncate(length);
        result
    }

    /// Walks with nothing but the constants and these names in sight, as functions and closures do.
    pub(super) fn within_only<T>(&mut self, names: Vec<(String, Kind)>, walk: impl FnOnce(&mut Self) -> T) -> T {
        let constants = builtins::constants().len();
        let outer = self.scope.split_off(constants.min(self.scope.len()));
        for (name, kind) in names {
            self.declare(&name, kind);
        }
        let guards = std::mem::take(&mut self.guards);
        let result = walk(self);
        self.guards = guards;
        self.scope.truncate(constants);
        self.scope.extend(outer);
        result
    }

    /// Walks through a function's body; gives what it gives, if that can be told.
    pub(super) fn body(&mut self, function: &'t Function) -> Kind {
        let kind = self.within(|walker| walker.block(&function.body));
        if returns_early(&function.body) { Kind::Unknown } else { kind }
    }

    /// Notes a finding at a place.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        position: Position,
        length: usize,
        message: String,
    ) -> &mut Finding {
        let (line, column) = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        self.findings.push(Finding::error(code, line, column, message).spanning(length));
        self.findings.last_mut().expect("one was just pushed")
    }
}

fn returns_early(statements: &[Stmt]) -> bool {
    let mut found = false;
    for statement in statements {
        statement.walk(&mut Vec::new(), &mut |path| {
            found |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::Return(..))));
            !found
        });
    }
    found
}
