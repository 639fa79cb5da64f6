//! Function pointers: closures, `Fn("name")`, and what `curry` makes of them.

use std::rc::Rc;

use rhai::{Expr, Position};

use super::program::Script;
use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::engine::check::{Function, function_of};

/// What a function pointer leads to.
#[derive(Clone)]
pub(super) enum Pointer {
    /// A closure, with the variables that it captures.
    Closure { script: Rc<Script>, function: Rc<Function>, captured: Vec<usize> },
    /// Whatever has this name where it is called.
    Named { script: Rc<Script>, name: String },
    /// Another one with its first arguments given.
    Curried { base: usize, given: Vec<usize> },
}

/// Pointers made of pointers are followed so far.
const MOST_CURRIED: usize = 16;

pub(super) const COMPUTED_NAME: &str = "the name of the function is computed";

/// What a function pointer is called with.
pub(super) struct Given<'a> {
    pub arguments: &'a [Value],
    pub this: Option<&'a Value>,
    pub site: usize,
    pub position: Position,
}

impl Walk {
    /// The closure that an expression is, if it is one.
    pub fn closure(&mut self, frame: &Frame, expression: &Expr) -> Option<Value> {
        let closure = function_of(expression)?;
        let function = frame.script.closure(closure.name())?;
        let captured: Vec<usize> = closure
            .captured()
            .iter()
            .map(|(name, _)| frame.lookup(name).unwrap_or_else(|| self.heap.fresh_variable()))
            .collect();
        let site = std::ptr::from_ref(expression) as usize;
        let script = frame.script.clone();
        let pointer = self.heap.pointer(frame.instance, site, |_| Pointer::Closure { script, function, captured });
        Some(Value::of(Atom::Pointer(pointer)))
    }

    /// `Fn(name)`.
    pub fn named(&mut self, frame: &Frame, name: &Value, site: usize, position: Position) -> Value {
        let mut all = Value::default();
        for text in name.texts() {
            all.join(&self.pointer_to(frame, text, site));
        }
        if name.is_vague() && !name.is_empty() {
            self.loose(frame.spot(position, "Fn"), COMPUTED_NAME);
            all.join(&Value::of(Atom::Unknown));
        }
        all
    }

    /// A pointer to whatever has a name.
    pub fn pointer_to(&mut self, frame: &Frame, name: &str, site: usize) -> Value {
        // One site may make pointers to several names.
        let mut known = site;
        for byte in name.bytes() {
            known = known.wrapping_mul(31).wrapping_add(usize::from(byte)) | 1;
        }
        let (script, name) = (frame.script.clone(), name.to_owned());
        let pointer = self.heap.pointer(frame.instance, known, |_| Pointer::Named { script, name });
        Value::of(Atom::Pointer(pointer))
    }

    /// `pointer.curry(…)`.
    pub fn curried(&mut self, frame: &Frame, base: &Value, given: &[Value], site: usize) -> Value {
        let pointer = self.heap.pointer(frame.instance, site, |heap| Pointer::Curried {
            base: heap.fresh_variable(),
            given: given.iter().map(|_| heap.fresh_variable()).collect(),
        });
        if let Pointer::Curried { base: inner, given: places } = self.heap.pointers[pointer].clone() {
            self.heap.store(inner, base);
            for (place, value) in places.iter().zip(given) {
                self.heap.store(*place, value);
            }
        }
        Value::of(Atom::Pointer(pointer))
    }

    /// Calls all that a value may point to.
    pub fn call_pointers(&mut self, frame: &Frame, callee: &Value, given: &Given<'_>) -> Value {
        self.follow(frame, callee, given, 0)
    }

    fn follow(&mut self, frame: &Frame, callee: &Value, given: &Given<'_>, depth: usize) -> Value {
        let mut all = Value::default();
        if callee.has(&Atom::Unknown) {
            self.loose(frame.spot(given.position, ""), COMPUTED_NAME);
            all.join(&Value::of(Atom::Unknown));
        }
        if depth > MOST_CURRIED {
            return all;
        }
        for pointer in callee.pointers() {
            // A native may be handed the very pointer that leads to it.
            if !self.following.insert((pointer, given.site)) {
                continue;
            }
            let result = match self.heap.pointers[pointer].clone() {
                Pointer::Closure { script, function, captured } => {
                    let instance = self.instance(&script, &function, pointer + 1, given.site);
                    self.share(instance, &captured);
                    let mut arguments: Vec<Value> = captured.iter().map(|one| self.heap.read(*one)).collect();
                    arguments.extend_from_slice(given.arguments);
                    let result = self.enter(instance, &arguments, given.this);
                    self.share(instance, &captured);
                    result
                }
                Pointer::Named { script, name } => self.call_by_name(frame, &script, &name, given),
                Pointer::Curried { base, given: places } => {
                    let base = self.heap.read(base);
                    let mut arguments: Vec<Value> = places.iter().map(|one| self.heap.read(*one)).collect();
                    arguments.extend_from_slice(given.arguments);
                    let given = Given { arguments: &arguments, ..*given };
                    self.follow(frame, &base, &given, depth + 1)
                }
            };
            self.following.remove(&(pointer, given.site));
            all.join(&result);
        }
        all
    }

    /// A captured variable is the closure's and its maker's at once.
    fn share(&mut self, instance: usize, captured: &[usize]) {
        let parameters = self.instances[instance].parameters.clone();
        for (inner, outer) in parameters.iter().zip(captured) {
            let (inside, outside) = (self.heap.read(*inner), self.heap.read(*outer));
            self.heap.store(*outer, &inside);
            self.heap.store(*inner, &outside);
        }
    }

    /// Calls whatever has a name, as a function and as a method.
    fn call_by_name(&mut self, frame: &Frame, maker: &Rc<Script>, name: &str, given: &Given<'_>) -> Value {
        let mut all = Value::default();
        for script in [maker.clone(), frame.script.clone()] {
            // More arguments may be on offer than it takes.
            for function in script.functions_named(name) {
                let instance = self.instance(&script, &function, 0, given.site);
                let result = self.enter(instance, given.arguments, given.this);
                all.join(&result);
            }
        }
        let place = frame.spot(given.position, name);
        let lists = (0..=given.arguments.len()).map(|count| given.arguments[..count].to_vec());
        let mut lists: Vec<Vec<Value>> = lists.collect();
        if let Some(this) = given.this {
            let with_this: Vec<_> = lists.iter().map(|list| [vec![this.clone()], list.clone()].concat()).collect();
            lists.extend(with_this);
        }
        for arguments in lists {
            let result = self.native(frame, name, &arguments, given.site, &place);
            all.join(&result);
        }
        all
    }
}
