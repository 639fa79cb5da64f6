//! Closures: which function of the tree they are, what they capture, what their parameters are.

use rhai::{Dynamic, Expr, FnCallExpr, FnPtr, Position, Stmt};

use super::kinds::Kind;
use super::walker::Walker;

/// A closure as it stands in the tree.
pub struct Closure<'t> {
    name: String,
    /// The variables that it captures, in the order of its first parameters.
    captured: Vec<(&'t str, Position)>,
}

impl<'t> Closure<'t> {
    /// The name of its function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The variables that it captures, in the order of its first parameters.
    pub fn captured(&self) -> &[(&'t str, Position)] {
        &self.captured
    }

    /// Whether it captures a variable.
    pub fn captures(&self, name: &str) -> bool {
        self.captured.iter().any(|(captured, _)| *captured == name)
    }
}

/// The closure that an expression is, if it is one.
pub fn function_of(expression: &Expr) -> Option<Closure<'_>> {
    match expression {
        Expr::DynamicConstant(value, _) => Some(Closure { name: anonymous(value)?, captured: Vec::new() }),
        // What captures is a block: share the variables, then bind them.
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Share(_), Stmt::Expr(bound)] => bound_function(bound),
            _ => None,
        },
        other => bound_function(other),
    }
}

fn bound_function(expression: &Expr) -> Option<Closure<'_>> {
    let Expr::FnCall(call, _) = expression else { return None };
    let (first, rest) = call.args.split_first().filter(|_| call.name == "curry")?;
    let Expr::DynamicConstant(value, _) = first else { return None };
    let captured = rest
        .iter()
        .map(|variable| match variable {
            Expr::Variable(variable, _, position) => (variable.1.as_str(), *position),
            _ => ("", Position::NONE),
        })
        .collect();
    Some(Closure { name: anonymous(value)?, captured })
}

fn anonymous(value: &Dynamic) -> Option<String> {
    let pointer = value.read_lock::<FnPtr>()?;
    pointer.is_anonymous().then(|| pointer.fn_name().to_owned())
}

/// Methods that ask their closure for true or false.
const ASKING: [&str; 7] = ["filter", "find", "some", "all", "index_of", "retain", "drain"];

impl<'t> Walker<'t> {
    /// `filter(|s| s.status = "ACTIVE")` runs, and finds nothing: an assignment is neither true nor false.
    pub(super) fn assigning_condition(&mut self, expression: &'t Expr, call: &'t FnCallExpr) {
        let function = function_of(expression).and_then(|closure| self.closures.get(closure.name.as_str()).copied());
        let Some(Stmt::Assignment(assignment)) = function.and_then(|function| function.body.last()) else { return };
        if !ASKING.contains(&call.name.as_str()) || assignment.0.is_op_assignment() {
            return;
        }
        let message = format!("the closure of `{}` assigns, and so is never true", call.name);
        let position = assignment.0.position();
        self.error("assignment_as_condition", position, 1, message).hint = Some("`==` compares".to_owned());
    }

    /// Walks through a closure's body with parameters of these kinds; gives a function of what it gives.
    pub(super) fn closure(&mut self, expression: &'t Expr, parameters: &[Kind]) -> Kind {
        let unknown = Kind::Function(Box::new(Kind::Unknown));
        let Some(closure) = function_of(expression) else { return unknown };
        let Some(function) = self.closures.get(closure.name.as_str()).copied() else { return unknown };
        // Closures of closures of closures: the tree ends, but equal ones share their function.
        if self.depth > 32 {
            return unknown;
        }
        let mut names = Vec::new();
        for (name, position) in &closure.captured {
            names.push(((*name).to_owned(), self.variable(name, *position)));
        }
        let given = function.parameters.iter().skip(closure.captured.len()).enumerate();
        let given = given.map(|(index, name)| (name.clone(), parameters.get(index).cloned().unwrap_or(Kind::Unknown)));
        names.extend(given);
        self.depth += 1;
        let result = self.within_only(names, |walker| walker.body(function));
        self.depth -= 1;
        Kind::Function(Box::new(result))
    }
}
