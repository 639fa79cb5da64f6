//! A script's tree with the bodies of its functions, which Rhai shows to a walk only.

use rhai::{AST, ASTNode, FnAccess, Stmt};

/// A script's tree.
pub struct Tree {
    /// The script's own statements.
    pub statements: Vec<Stmt>,
    /// Its functions and closures.
    pub functions: Vec<Function>,
}

/// A function or closure of a script.
pub struct Function {
    /// Its name; that of a closure is made up.
    pub name: String,
    /// The names of its parameters, those of captured variables first.
    pub parameters: Vec<String>,
    /// Its statements.
    pub body: Vec<Stmt>,
    /// Whether those who import the script see it.
    pub is_public: bool,
}

impl Function {
    /// Whether it is a closure.
    pub fn is_closure(&self) -> bool {
        self.name.starts_with("anon$")
    }
}

impl Tree {
    /// The tree of a compiled script.
    pub fn of(ast: &AST) -> Self {
        let functions = ast.iter_fn_def().map(|function| {
            // Not `clone_functions_only_filtered`, which in this version does not filter.
            let mut alone = ast.clone_functions_only();
            alone
                .retain_functions(|_, _, name, count| name == function.name.as_str() && count == function.params.len());
            Function {
                name: function.name.to_string(),
                parameters: function.params.iter().map(ToString::to_string).collect(),
                body: outermost(&alone),
                is_public: function.access == FnAccess::Public,
            }
        });
        Self { functions: functions.collect(), statements: ast.statements().to_vec() }
    }
}

/// The statements that lie in no other.
fn outermost(ast: &AST) -> Vec<Stmt> {
    let mut statements = Vec::new();
    ast.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push(Stmt::clone(statement));
        }
        true
    });
    statements
}
