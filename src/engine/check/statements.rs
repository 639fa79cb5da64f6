//! Statements: what they declare, and what the last of a block gives.

use rhai::{Expr, Stmt, StmtBlock};

use super::kinds::Kind;
use super::walker::Walker;

impl<'t> Walker<'t> {
    /// Walks through statements; gives the kind of the last one's value.
    pub(super) fn block(&mut self, statements: &'t [Stmt]) -> Kind {
        let mut last = Kind::Nothing;
        for (index, statement) in statements.iter().enumerate() {
            last = self.statement(statement);
            if index + 1 < statements.len() {
                self.unused_result(statement);
            }
        }
        last
    }

    /// A block whose last value nobody takes.
    fn repeated(&mut self, block: &'t StmtBlock) {
        self.inner(block);
        if let Some(last) = block.statements().last() {
            self.unused_result(last);
        }
    }

    fn inner(&mut self, block: &'t StmtBlock) -> Kind {
        self.within(|walker| walker.block(block.statements()))
    }

    #[expect(clippy::too_many_lines, reason = "one short arm for each kind of statement")]
    fn statement(&mut self, statement: &'t Stmt) -> Kind {
        match statement {
            Stmt::Expr(expression) => return self.value(expression),
            Stmt::FnCall(call, position) => return self.call(call, *position),
            Stmt::Block(block) => return self.inner(block),
            Stmt::Var(declaration, ..) => {
                let kind = self.value(&declaration.1);
                self.declare(&declaration.0.name, kind);
            }
            Stmt::If(control, _) => {
                let is_guard = asks_for_presence(&control.expr);
                self.value(&control.expr);
                self.guards += usize::from(is_guard);
                let one = self.inner(&control.body);
                let other = self.inner(&control.branch);
                self.guards -= usize::from(is_guard);
                return if one == other { one } else { Kind::Unknown };
            }
            Stmt::Switch(switch, _) => {
                self.value(&switch.0);
                for case in &switch.1.expressions {
                    self.value(&case.lhs);
                    self.value(&case.rhs);
                }
                return Kind::Unknown;
            }
            Stmt::While(control, _) | Stmt::Do(control, ..) => {
                self.value(&control.expr);
                self.repeated(&control.body);
                return Kind::Unknown;
            }
            Stmt::For(parts, _) => {
                let (item, counter, control) = &**parts;
                let list = self.value(&control.expr);
                self.within(|walker| {
                    walker.declare(&item.name, list.item());
                    if let Some(counter) = counter {
                        walker.declare(&counter.name, Kind::Integer);
                    }
                    walker.repeated(&control.body);
                });
                self.lost_in_loop(&item.name, &list.item(), control.body.statements());
                return Kind::Unknown;
            }
            Stmt::Assignment(assignment) => {
                self.value(&assignment.1.lhs);
                self.value(&assignment.1.rhs);
            }
            Stmt::TryCatch(control, _) => {
                self.inner(&control.body);
                self.within(|walker| {
                    if let Expr::Variable(variable, ..) = &control.expr {
                        walker.declare(&variable.1, Kind::Unknown);
                    }
                    walker.inner(&control.branch);
                });
                return Kind::Unknown;
            }
            Stmt::BreakLoop(Some(value), ..) | Stmt::Return(Some(value), ..) => {
                self.value(value);
                return Kind::Unknown;
            }
            // Imports were looked at before; what has no value inside has nothing to look at.
            _ => {}
        }
        Kind::Nothing
    }
}

/// Whether a condition asks if a field or a key is there: `"a" in x`, `x.contains("a")`, `x.a != ()`.
pub(super) fn asks_for_presence(condition: &Expr) -> bool {
    let mut found = false;
    condition.walk(&mut Vec::new(), &mut |path| {
        if let Some(rhai::ASTNode::Expr(expression)) = path.last() {
            found |= match expression {
                Expr::FnCall(call, _) | Expr::MethodCall(call, _) => {
                    call.name == "contains"
                        || (matches!(call.name.as_str(), "==" | "!=")
                            && call.args.iter().any(|side| matches!(side, Expr::Unit(_))))
                }
                _ => false,
            };
        }
        !found
    });
    found
}
