//! What a script gives to those who import it.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, Expr, Stmt};

use super::tree::Tree;
use crate::error::nearest;

/// What a script gives to those who import it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exports {
    /// Its public functions, by the counts of their parameters.
    functions: BTreeMap<String, BTreeSet<usize>>,
    /// The names of what it exports.
    values: BTreeSet<String>,
    /// What it declares and keeps to itself.
    kept: BTreeSet<String>,
    /// The keys that the maps of its functions may have, by function and position.
    keys: BTreeMap<(String, usize), Vec<String>>,
}

/// Why a module has not what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// What is wrong.
    pub message: String,
    /// What may be meant.
    pub hint: Option<String>,
}

impl Exports {
    /// What a compiled script exports.
    pub fn of(ast: &AST) -> Self {
        let mut exports = Self::default();
        let tree = Tree::of(ast);
        for function in tree.functions.iter().filter(|function| !function.is_closure()) {
            if function.is_public {
                for (index, parameter) in function.parameters.iter().enumerate() {
                    if let Some(keys) = known_keys(&tree, parameter) {
                        exports.keys.insert((function.name.clone(), index), keys);
                    }
                }
                exports.functions.entry(function.name.clone()).or_default().insert(function.parameters.len());
            } else {
                exports.kept.insert(function.name.clone());
            }
        }
        for statement in ast.statements() {
            match statement {
                Stmt::Export(names, _) => {
                    let (name, alias) = (&names.0.name, &names.1.name);
                    exports.values.insert(if alias.is_empty() { name } else { alias }.to_string());
                }
                Stmt::Var(declaration, flags, _) if flags.intersects(ASTFlags::EXPORTED) => {
                    exports.values.insert(declaration.0.name.to_string());
                }
                Stmt::Var(declaration, ..) => {
                    exports.kept.insert(declaration.0.name.to_string());
                }
                _ => {}
            }
        }
        exports
    }

    /// The keys that a map may have which a function is given, if the module says.
    ///
    /// It does by a function without parameters that gives a literal map: `known_rules()` tells what a parameter
    /// `rules` may hold.
    pub fn keys(&self, function: &str, index: usize) -> Option<&[String]> {
        self.keys.get(&(function.to_owned(), index)).map(Vec::as_slice)
    }

    /// Why `alias::name(…)` cannot be called with so many arguments, if it cannot.
    pub fn lacks_function(&self, alias: &str, name: &str, given: usize) -> Option<Lacking> {
        // An exported closure is called like a function, too; what it takes cannot be told.
        if self.values.contains(name) {
            return None;
        }
        if let Some(counts) = self.functions.get(name) {
            let takes: Vec<String> = counts.iter().map(usize::to_string).collect();
            return (!counts.contains(&given)).then(|| Lacking {
                message: format!("`{alias}::{name}` does not take {given} arguments"),
                hint: Some(format!("it takes {}", takes.join(" or "))),
            });
        }
        let message = format!("`{alias}` has no function `{name}`");
        if self.kept.contains(name) {
            return Some(Lacking { message, hint: Some(format!("the module keeps `{name}` to itself")) });
        }
        let known = self.functions.keys().chain(&self.values).map(String::as_str);
        let hint = nearest(name, known).map(|near| format!("did you mean `{alias}::{near}`?"));
        Some(Lacking { message, hint })
    }

    /// Why there is no `alias::name`, if there is none.
    pub fn lacks_value(&self, alias: &str, name: &str) -> Option<Lacking> {
        if self.values.contains(name) {
            return None;
        }
        let message = format!("`{alias}` has no constant `{name}`");
        let hint = if self.functions.contains_key(name) {
            Some(format!("as a function it is called: `{alias}::{name}(…)`"))
        } else if self.kept.contains(name) {
            Some(format!("the module keeps it to itself: write `export const {name} = …` there"))
        } else {
            nearest(name, self.values.iter().map(String::as_str)).map(|near| format!("did you mean `{alias}::{near}`?"))
        };
        Some(Lacking { message, hint })
    }
}

/// The keys of the literal map that `known_<parameter>()` ends with.
fn known_keys(tree: &Tree, parameter: &str) -> Option<Vec<String>> {
    let name = format!("known_{parameter}");
    let function = tree.functions.iter().find(|function| function.name == name && function.parameters.is_empty())?;
    let Some(Stmt::Expr(last)) = function.body.last() else { return None };
    let Expr::Map(map, _) = &**last else { return None };
    Some(map.0.iter().map(|(key, _)| key.name.to_string()).collect())
}
