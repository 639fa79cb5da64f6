//! Changes that are lost: to what a parallel closure captured, to the copy that a loop walks over, to a new list that
//! nothing takes.

use std::any::TypeId;

use rhai::{ASTNode, Expr, FnCallExpr, FnPtr, Position, Stmt};

use super::chain::{Chain, Step};
use super::closures::function_of;
use super::kinds::Kind;
use super::names::rhai_forms;
use super::walker::Walker;
use crate::engine::recipe::Severity;
use crate::engine::{NativeEffect, Registry, Type};

/// What runs its closure with captured values that are read-only.
const PARALLEL: [&str; 2] = ["parallel", "try_parallel"];

/// The methods that change what they are called on, whatever that is.
const CHANGING: [&str; 17] = [
    "push",
    "append",
    "insert",
    "pop",
    "shift",
    "chop",
    "clear",
    "reverse",
    "sort",
    "dedup",
    "drain",
    "retain",
    "splice",
    "fill_with",
    "mixin",
    "remove",
    "set",
];

impl<'t> Walker<'t> {
    /// What a closure captured stays as it was when it runs beside others.
    pub(super) fn change_in_parallel(&mut self, name: &str, call: &'t FnCallExpr) {
        if !PARALLEL.contains(&name) || self.functions.contains_key(name) {
            return;
        }
        for argument in &call.args {
            let Some((captured, position)) = self.captured_change(argument, None, 0) else { continue };
            let message = format!("`{captured}` comes from outside, and what `{name}` runs cannot change it");
            let finding = self.error("change_in_parallel", position, captured.chars().count(), message);
            finding.hint = Some(format!("give the value back instead: `let all = {name}(items, |item| …)`"));
        }
    }

    /// The first captured variable that a closure changes, and where; only `of` if that is given.
    fn captured_change(&self, expression: &Expr, of: Option<&str>, depth: usize) -> Option<(String, Position)> {
        let closure = function_of(expression).filter(|_| depth < 16)?;
        let body = &self.closures.get(closure.name())?.body;
        let captured = closure.captured().iter().map(|(name, _)| *name);
        captured.filter(|name| of.is_none_or(|of| of == *name)).find_map(|name| {
            let uses = Uses::of(name, body);
            if uses.is_declared {
                return None;
            }
            let called = uses.called.iter().find(|(method, _)| {
                let method = method.as_str();
                CHANGING.contains(&method) && !self.functions.contains_key(method) && !self.map_keys.contains(method)
            });
            let own = uses.assigned.first().map(|(position, _)| *position).or(called.map(|(_, position)| *position));
            let position = own.or_else(|| {
                let inner = uses.closures.iter().find_map(|inner| self.captured_change(inner, Some(name), depth + 1));
                inner.map(|(_, position)| position)
            })?;
            Some((name.to_owned(), position))
        })
    }

    /// A loop walks over copies: what is assigned to one and not used afterwards is lost.
    pub(super) fn lost_in_loop(&mut self, item: &str, kind: &Kind, body: &'t [Stmt]) {
        let uses = Uses::of(item, body);
        let Some((position, false)) = uses.assigned.first().copied() else { return };
        let is_lost = !uses.is_declared && uses.read.iter().all(|read| is_before(*read, position));
        if !is_lost || uses.is_replaced {
            return;
        }
        let message = format!("`{item}` is a copy, and what is assigned to it here is not used");
        let finding = self.error("lost_assignment", position, item.chars().count(), message);
        finding.severity = Severity::Warning;
        finding.hint = Some(match kind {
            Kind::Object(_) => format!("`{item}.update(#{{ … }})` sends a change to the API"),
            _ => format!("collect what is changed: `let changed = items.map(|{item}| {{ …; {item} }})`"),
        });
    }

    /// A method that gives a new list, as a statement of its own.
    pub(super) fn unused_result(&mut self, statement: &'t Stmt) {
        let Stmt::Expr(expression) = statement else { return };
        let Some(Step::Method(call, position)) = Chain::of(expression).and_then(|mut chain| chain.steps.pop()) else {
            return;
        };
        let name = call.name.as_str();
        // Rhai's own of the name matters only if it can be meant, and takes no closure.
        let is_rhais = rhai_forms(name).iter().any(|form| !form.contains(&TypeId::of::<FnPtr>()));
        let is_other = self.functions.contains_key(name) || self.map_keys.contains(name) || is_rhais;
        let natives = Registry::shared().get(name);
        let only_gives = natives.iter().all(|native| {
            native.effect == NativeEffect::Pure && !native.is_mutating && matches!(native.receiver, Some(Type::List))
        });
        if natives.is_empty() || !only_gives || is_other || call.args.iter().any(|one| function_of(one).is_some()) {
            return;
        }
        let message = format!("what `{name}` gives is not used, and it changes nothing");
        let finding = self.error("unused_result", position, name.chars().count(), message);
        finding.severity = Severity::Warning;
        finding.hint = Some(format!("take it: `let found = ….{name}(…)`"));
    }
}

/// Where a variable is used in some statements, in their order.
#[derive(Default)]
struct Uses {
    /// Places where something is assigned to a part of it, and whether that is within a further loop.
    assigned: Vec<(Position, bool)>,
    /// Whether it is itself assigned to.
    is_replaced: bool,
    /// Whether another variable of the name is declared.
    is_declared: bool,
    /// The methods called on it or on a part of it, and where it stands there.
    called: Vec<(String, Position)>,
    /// Where it is read for anything else than an assignment to itself.
    read: Vec<Position>,
    /// The closures among the statements.
    closures: Vec<Expr>,
}

impl Uses {
    fn of(name: &str, statements: &[Stmt]) -> Self {
        let mut uses = Self::default();
        for statement in statements {
            statement.walk(&mut Vec::new(), &mut |path| {
                uses.node(name, path);
                true
            });
        }
        uses
    }

    fn node(&mut self, name: &str, path: &[ASTNode<'_>]) {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => match &assignment.1.lhs {
                Expr::Variable(variable, _, position) if variable.1 == name => {
                    self.is_replaced = true;
                    self.assigned.push((*position, true));
                }
                target => {
                    if let Some(position) = root_of(target, name) {
                        let is_in_loop = path.iter().any(is_loop);
                        self.assigned.push((position, is_in_loop));
                    }
                }
            },
            Some(ASTNode::Stmt(Stmt::Var(declaration, ..))) => self.is_declared |= declaration.0.name == name,
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => {
                let counter = parts.1.as_ref().is_some_and(|counter| counter.name == name);
                self.is_declared |= parts.0.name == name || counter;
            }
            Some(ASTNode::Stmt(Stmt::TryCatch(control, _))) => {
                self.is_declared |= matches!(&control.expr, Expr::Variable(variable, ..) if variable.1 == name);
            }
            Some(ASTNode::Expr(expression)) => self.expression(name, expression, path),
            _ => {}
        }
    }

    fn expression(&mut self, name: &str, expression: &Expr, path: &[ASTNode<'_>]) {
        if let Expr::Variable(variable, _, position) = expression
            && variable.2.is_empty()
            && variable.1 == name
        {
            let is_own = path.iter().any(|node| {
                matches!(node, ASTNode::Stmt(Stmt::Assignment(assignment))
                    if root_of(&assignment.1.lhs, name).is_some())
            });
            if !is_own {
                self.read.push(*position);
            }
            return;
        }
        if function_of(expression).is_some() {
            self.closures.push(expression.clone());
        }
        // Only where a chain begins: its rest is a chain of its own in the tree.
        if let Some(root) = root_of(expression, name)
            && let Some(chain) = Chain::of(expression)
        {
            let first = chain.steps.iter().find_map(|step| match step {
                Step::Method(call, _) => Some((call.name.to_string(), root)),
                Step::Field(..) | Step::Index(_) => None,
            });
            self.called.extend(first);
        }
    }
}

/// Where a chain begins with a variable of this name, if it does.
fn root_of(expression: &Expr, name: &str) -> Option<Position> {
    match Chain::of(expression)?.base {
        Expr::Variable(variable, _, position) if variable.2.is_empty() && variable.1 == name => Some(*position),
        _ => None,
    }
}

fn is_loop(node: &ASTNode<'_>) -> bool {
    matches!(node, ASTNode::Stmt(Stmt::While(..) | Stmt::Do(..) | Stmt::For(..)))
}

fn is_before(one: Position, other: Position) -> bool {
    (one.line(), one.position()) < (other.line(), other.position())
}
