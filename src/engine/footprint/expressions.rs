//! Expressions: what each may give.

use rhai::{Expr, FnPtr};

use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::engine::check::{Chain, Step};

impl Walk {
    /// Walks through an expression; gives what it may give.
    pub fn value(&mut self, frame: &mut Frame, expression: &Expr) -> Value {
        if let Some(chain) = Chain::of(expression) {
            return self.chain(frame, &chain, chain.steps.len());
        }
        if let Some(closure) = self.closure(frame, expression) {
            return closure;
        }
        let site = std::ptr::from_ref(expression) as usize;
        match expression {
            Expr::StringConstant(text, _) => Value::text(text),
            Expr::InterpolatedString(parts, _) => {
                let mut text = Value::text("");
                for part in parts {
                    let part = self.value(frame, part);
                    text = text.concatenated(&part);
                }
                text
            }
            Expr::Array(items, _) => {
                let mut all = if items.is_empty() { Value::plain() } else { Value::default() };
                for item in items {
                    let item = self.value(frame, item);
                    if item.has(&Atom::List) {
                        // Of lists in lists it is not known which of them a text lies in.
                        all.join(&Value::plain());
                    }
                    all.join(&item);
                }
                all.joined(&Value::of(Atom::List))
            }
            Expr::Map(map, _) => {
                let made = self.heap.map(frame.instance, site);
                for (name, value) in &map.0 {
                    let value = self.value(frame, value);
                    self.heap.set_field(made, &name.name, &value);
                }
                Value::of(Atom::Map(made))
            }
            Expr::Variable(variable, ..) => self.variable(frame, &variable.2, &variable.1),
            Expr::ThisPtr(_) => self.heap.read(self.instances[frame.instance].this),
            Expr::FnCall(call, position) | Expr::MethodCall(call, position) => self.call(frame, call, *position),
            Expr::And(sides, _) | Expr::Or(sides, _) => {
                for side in sides.iter() {
                    self.value(frame, side);
                }
                Value::plain()
            }
            Expr::Coalesce(sides, _) => {
                let mut all = Value::default();
                for choice in sides.iter() {
                    let choice = self.value(frame, choice);
                    all.join(&choice);
                }
                all
            }
            Expr::Stmt(block) => self.inner(frame, block),
            Expr::DynamicConstant(value, position) => match value.read_lock::<FnPtr>() {
                Some(pointer) => self.named(frame, &Value::text(pointer.fn_name()), site, *position),
                None => Value::plain(),
            },
            _ => Value::plain(),
        }
    }

    fn variable(&mut self, frame: &Frame, namespace: &rhai::Namespace, name: &str) -> Value {
        if !namespace.is_empty() {
            let path: Vec<&str> = namespace.path.iter().map(|part| part.name.as_str()).collect();
            return self.qualified_value(frame, &path, name);
        }
        match frame.lookup(name) {
            Some(variable) => self.heap.read(variable),
            // A constant of the language, or nothing that there is.
            None => Value::plain(),
        }
    }

    /// The first steps of a chain.
    pub fn chain(&mut self, frame: &mut Frame, chain: &Chain<'_>, count: usize) -> Value {
        let mut value = self.value(frame, chain.base);
        for (number, step) in chain.steps.iter().take(count).enumerate() {
            value = match step {
                Step::Field(name, _) => self.field(&value, name),
                Step::Index(index) => {
                    let index_value = self.value(frame, index);
                    self.index(&value, index, &index_value)
                }
                Step::Method(call, position) => self.method(frame, chain, number, &value, call, *position),
            };
        }
        value
    }

    /// A field of a value.
    pub fn field(&mut self, of: &Value, name: &str) -> Value {
        let mut all = Value::default();
        for atom in of.atoms() {
            let part = match atom {
                Atom::Map(map) => self.heap.field(*map, name),
                Atom::Object(kind) => {
                    let map = self.heap.map_of_kind(*kind);
                    self.heap.field(map, name).joined(&Value::plain())
                }
                Atom::Plain => self.heap.read(self.loose_things).joined(&Value::plain()),
                holder if holder.is_holder() => self.heap.read(self.held).joined(&Value::plain()),
                Atom::Unknown => Value::of(Atom::Unknown),
                // What its items have.
                Atom::List => Value::default(),
                Atom::Text(_) | Atom::Start(_) | Atom::Pointer(_) | Atom::Custom(_) => Value::plain(),
            };
            all.join(&part);
        }
        all
    }

    fn index(&mut self, of: &Value, index: &Expr, by: &Value) -> Value {
        match index {
            Expr::StringConstant(name, _) => self.field(of, name),
            Expr::IntegerConstant(..) => of.clone().without_list().joined(&self.loose_of(of)),
            _ => {
                let mut all = of.clone().joined(&self.loose_of(of));
                for name in by.texts() {
                    let field = self.field(of, name);
                    all.join(&field);
                }
                if by.is_vague() {
                    let fields = self.fields(of);
                    all.join(&fields);
                }
                all
            }
        }
    }

    fn loose_of(&self, of: &Value) -> Value {
        if of.has(&Atom::Plain) { self.heap.read(self.loose_things) } else { Value::default() }
    }

    /// All fields of a value.
    pub fn fields(&mut self, of: &Value) -> Value {
        let mut all = Value::default();
        for atom in of.atoms() {
            let part = match atom {
                Atom::Map(map) => self.heap.all_fields(*map),
                Atom::Object(kind) => {
                    let map = self.heap.map_of_kind(*kind);
                    self.heap.all_fields(map).joined(&Value::plain())
                }
                Atom::Plain => self.heap.read(self.loose_things).joined(&Value::plain()),
                holder if holder.is_holder() => self.heap.read(self.held).joined(&Value::plain()),
                Atom::Unknown => Value::of(Atom::Unknown),
                // What its items have.
                Atom::List => Value::default(),
                Atom::Text(_) | Atom::Start(_) | Atom::Pointer(_) | Atom::Custom(_) => Value::plain(),
            };
            all.join(&part);
        }
        all
    }
}
