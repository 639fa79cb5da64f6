//! Statements.

use rhai::{ASTFlags, Expr, Stmt, StmtBlock};

use super::calls::is_text;
use super::value::{Atom, Value};
use super::walk::{Frame, Walk};

impl Walk {
    /// Walks through statements; gives what the last one gives.
    pub fn block(&mut self, frame: &mut Frame, statements: &[Stmt]) -> Value {
        let mut last = Value::plain();
        for statement in statements {
            last = self.statement(frame, statement);
        }
        last
    }

    pub fn inner(&mut self, frame: &mut Frame, block: &StmtBlock) -> Value {
        let length = frame.scope.len();
        let value = self.block(frame, block.statements());
        frame.scope.truncate(length);
        value
    }

    fn declare(&mut self, frame: &mut Frame, name: &str, site: usize, index: usize, value: &Value) -> usize {
        let variable = self.heap.variable(frame.instance, site, index);
        self.heap.store(variable, value);
        frame.scope.push((name.to_owned(), variable));
        variable
    }

    #[expect(clippy::too_many_lines, reason = "one short arm for each kind of statement")]
    fn statement(&mut self, frame: &mut Frame, statement: &Stmt) -> Value {
        let site = std::ptr::from_ref(statement) as usize;
        match statement {
            Stmt::Expr(expression) => self.value(frame, expression),
            Stmt::FnCall(call, position) => self.call(frame, call, *position),
            Stmt::Block(block) => self.inner(frame, block),
            Stmt::Var(declaration, ..) => {
                let value = self.value(frame, &declaration.1);
                let variable = self.declare(frame, &declaration.0.name, site, 0, &value);
                self.globals.insert((frame.script.number, declaration.0.name.to_string()), variable);
                Value::plain()
            }
            Stmt::If(control, _) => {
                self.value(frame, &control.expr);
                let one = self.inner(frame, &control.body);
                let other = self.inner(frame, &control.branch);
                one.joined(&other)
            }
            Stmt::Switch(switch, _) => {
                self.value(frame, &switch.0);
                let mut all = Value::plain();
                for case in &switch.1.expressions {
                    self.value(frame, &case.lhs);
                    let value = self.value(frame, &case.rhs);
                    all.join(&value);
                }
                all
            }
            Stmt::While(control, _) | Stmt::Do(control, ..) => {
                self.value(frame, &control.expr);
                self.inner(frame, &control.body);
                frame.left_with.clone().joined(&Value::plain())
            }
            Stmt::For(parts, _) => {
                let (item, counter, control) = &**parts;
                let list = self.value(frame, &control.expr);
                let length = frame.scope.len();
                // A list is what its items are; a text gives its letters.
                let items = if list.is_empty() { Value::plain() } else { list.without_list() };
                self.declare(frame, &item.name, site, 0, &items);
                if let Some(counter) = counter {
                    self.declare(frame, &counter.name, site, 1, &Value::plain());
                }
                self.inner(frame, &control.body);
                frame.scope.truncate(length);
                frame.left_with.clone().joined(&Value::plain())
            }
            Stmt::Assignment(assignment) => {
                let (operator, sides) = &**assignment;
                let mut value = self.value(frame, &sides.rhs);
                if let Some((_, _, _, name, ..)) = operator.get_op_assignment_info() {
                    let old = self.value(frame, &sides.lhs);
                    value = match name {
                        "+=" => old.grown(&value, is_text(&sides.rhs)),
                        _ => old.joined(&value).without_texts(),
                    };
                }
                self.assign(frame, &sides.lhs, &value);
                Value::plain()
            }
            Stmt::TryCatch(control, _) => {
                let value = self.inner(frame, &control.body);
                let length = frame.scope.len();
                if let Expr::Variable(variable, ..) = &control.expr {
                    let caught = self.caught();
                    self.declare(frame, &variable.1, site, 0, &caught);
                }
                let other = self.inner(frame, &control.branch);
                frame.scope.truncate(length);
                value.joined(&other).joined(&Value::plain())
            }
            Stmt::BreakLoop(Some(value), ..) => {
                let value = self.value(frame, value);
                frame.left_with.join(&value);
                Value::plain()
            }
            Stmt::Return(Some(value), flags, _) => {
                let value = self.value(frame, value);
                if flags.intersects(ASTFlags::BREAK) {
                    self.heap.store(self.thrown, &value);
                } else {
                    frame.result.join(&value);
                }
                Value::plain()
            }
            Stmt::Import(import, position) => {
                let path = self.value(frame, &import.0);
                self.import(frame, &path, &import.1.name, *position);
                Value::plain()
            }
            Stmt::Export(names, _) => {
                let (name, alias) = (&names.0.name, &names.1.name);
                if let Some(variable) = frame.lookup(name) {
                    let known = if alias.is_empty() { name } else { alias };
                    self.globals.insert((frame.script.number, known.to_string()), variable);
                }
                Value::plain()
            }
            // What is left has no value inside.
            _ => Value::plain(),
        }
    }

    /// What a caught error may be: ours, which holds the results of failed lists, or what the recipe threw.
    pub fn caught(&mut self) -> Value {
        let thrown = self.heap.read(self.thrown);
        self.heap.set_some_field(self.error, &thrown);
        thrown.joined(&Value::of(Atom::Map(self.error))).joined(&Value::plain())
    }
}
