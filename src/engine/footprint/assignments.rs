//! What is stored where.

use rhai::Expr;

use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::engine::check::{Chain, Step};

impl Walk {
    /// Stores a value where an expression points.
    pub fn assign(&mut self, frame: &mut Frame, place: &Expr, value: &Value) {
        match Chain::of(place) {
            Some(chain) => self.assign_step(frame, &chain, chain.steps.len(), value),
            None => self.assign_base(frame, place, value),
        }
    }

    fn assign_base(&mut self, frame: &Frame, place: &Expr, value: &Value) {
        match place {
            Expr::Variable(variable, ..) => {
                if let Some(variable) = frame.lookup(&variable.1) {
                    self.heap.store(variable, value);
                }
            }
            Expr::ThisPtr(_) => self.heap.store(self.instances[frame.instance].this, value),
            _ => {}
        }
    }

    /// Stores a value where the first `count` steps of a chain lead.
    pub fn assign_step(&mut self, frame: &mut Frame, chain: &Chain<'_>, count: usize, value: &Value) {
        let Some(last) = count.checked_sub(1).and_then(|last| chain.steps.get(last)) else {
            return self.assign_base(frame, chain.base, value);
        };
        match last {
            Step::Field(name, _) => {
                let container = self.chain(frame, chain, count - 1);
                self.store_field(&container, Some(name), value);
            }
            Step::Index(index) => {
                let container = self.chain(frame, chain, count - 1);
                if let Expr::StringConstant(name, _) = index {
                    return self.store_field(&container, Some(name), value);
                }
                if !matches!(index, Expr::IntegerConstant(..)) {
                    self.store_field(&container, None, value);
                }
                // An item of a list is the list.
                self.assign_step(frame, chain, count - 1, value);
            }
            // What a method gives lies nowhere else, but for maps, which are known by where they are made.
            Step::Method(..) => {
                let container = self.chain(frame, chain, count);
                self.store_field(&container, None, value);
            }
        }
    }

    /// Stores into what a container may be; under some name, if it is not spelled out.
    pub fn store_field(&mut self, container: &Value, name: Option<&str>, value: &Value) {
        for atom in container.atoms() {
            let map = match atom {
                Atom::Map(map) => *map,
                Atom::Object(kind) => self.heap.map_of_kind(*kind),
                Atom::Plain | Atom::Unknown | Atom::Custom(_) => {
                    let things = value.without_data();
                    let held = if atom.is_holder() { self.held } else { self.loose_things };
                    self.heap.store(held, &things);
                    continue;
                }
                Atom::Text(_) | Atom::Start(_) | Atom::List | Atom::Pointer(_) => continue,
            };
            match name {
                Some(name) => self.heap.set_field(map, name, value),
                None => self.heap.set_some_field(map, value),
            }
        }
    }
}
