//! What may be meant by a module's function or constant that a run did not find.

use std::path::{Path, PathBuf};

use rhai::{AST, ASTNode, Expr, Stmt};

use super::exports::Exports;
use super::modules::Modules;
use super::report::{compiled, engine};
use crate::catalog;
use crate::engine::services::{self, usage};
use crate::engine::{Source, stdlib};

/// How a module's member was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// As a function, with so many arguments.
    Called(usize),
    /// As a constant.
    Read,
}

/// What to say of `alias::name` in a script of this name and text.
pub fn hint(script: &str, text: &str, alias: &str, name: &str, used: Used) -> Option<String> {
    let source = source_of(script, text);
    let path = path_of(&compiled(&engine(), &source).ok()?, alias)?;
    if let Some(service) = path.strip_prefix("stackit/") {
        let service = services::service(service).ok()?;
        return match service.operation(name) {
            Some(operation) => Some(usage(operation)),
            None => {
                catalog::nearest_operation(service.module, name).map(|near| format!("did you mean `{alias}::{near}`?"))
            }
        };
    }
    let exports = match path.strip_prefix("stdlib/") {
        Some(module) => Exports::of(&compiled(&engine(), &Source::inline(&*path, stdlib::text(module)?)).ok()?).into(),
        None => Modules::of(&source).import(&source, &path).ok()??,
    };
    match used {
        Used::Called(given) => exports.lacks_function(alias, name, given)?.hint,
        Used::Read => exports.lacks_value(alias, name)?.hint,
    }
}

/// The script as it was read, if it was read from a file.
fn source_of(script: &str, text: &str) -> Source {
    let file = Path::new(script);
    let folder = file.parent().filter(|_| file.is_file());
    let folder =
        folder.map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() });
    Source { folder, ..Source::inline(script, text) }
}

/// What is imported under this name.
fn path_of(ast: &AST, alias: &str) -> Option<String> {
    let mut found = None;
    ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last()
            && let Expr::StringConstant(path, _) = &import.0
            && import.1.name == alias
        {
            found = Some(path.to_string());
        }
        true
    });
    found
}
