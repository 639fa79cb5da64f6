//! From text to a syntax tree, the same way for recipes, modules, lines of the REPL and `check`.

use rhai::{AST, Engine, Scope};

use super::fault::Fault;
use super::{rewriting, tokens};
use crate::stack;

/// Compiles a script that errors call `name`.
///
/// # Errors
/// What the parser says, with its place.
pub(super) fn compile(engine: &Engine, scope: &Scope<'_>, name: &str, text: &str) -> Result<AST, Fault> {
    let parsed = parse(engine, scope, name, text)?;
    rewriting::rewrite(engine, scope, parsed)
}

/// Compiles a script to be looked at rather than run.
///
/// # Errors
/// What the parser says, with its place.
pub(super) fn parse(engine: &Engine, scope: &Scope<'_>, name: &str, text: &str) -> Result<AST, Fault> {
    tokens::start();
    // The parser may recurse deep; it has limits of its own.
    stack::unmark();
    // A line for the shell becomes as many spaces, so that all places stay right.
    let shebang = if text.starts_with("#!") { text.find('\n').unwrap_or(text.len()) } else { 0 };
    let result = if shebang == 0 {
        engine.compile_with_scope(scope, text)
    } else {
        engine.compile_with_scope(scope, format!("{}{}", " ".repeat(shebang), &text[shebang..]))
    };
    let mut ast = result.map_err(Fault::from)?;
    ast.set_source(name);
    Ok(ast)
}
