//! Calls: of the language's own words, of the recipe's functions, of natives.

use rhai::{Expr, FnCallExpr, Position};

use super::pointers::Given;
use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::engine::check::{Chain, is_keyword};
use crate::engine::tokens;

/// Methods that put their arguments into what they are called on.
const ADDING: [&str; 11] =
    ["push", "insert", "append", "set", "mixin", "fill_with", "splice", "pad", "+=", "extend", "put"];

/// Whether an expression gives a text for certain, as it is written.
pub(super) fn is_text(expression: &Expr) -> bool {
    match expression {
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => true,
        Expr::FnCall(call, _) => call.name == "+" && call.args.len() == 2 && call.args.iter().any(is_text),
        _ => false,
    }
}

impl Walk {
    /// A call that is no method's.
    pub fn call(&mut self, frame: &mut Frame, call: &FnCallExpr, position: Position) -> Value {
        let name = tokens::name_for_scripts(&call.name);
        let mut arguments = Vec::with_capacity(call.args.len());
        let outside = self.is_in_parameters;
        self.is_in_parameters |= name == "params";
        for argument in &call.args {
            arguments.push(self.value(frame, argument));
        }
        self.is_in_parameters = outside;
        let site = std::ptr::from_ref(call) as usize;
        if call.is_qualified() {
            let path: Vec<&str> = call.namespace.path.iter().map(|part| part.name.as_str()).collect();
            return self.qualified_call(frame, &path, name, &arguments, site, position);
        }
        if let Some(value) = self.keyword(frame, name, &arguments, site, position) {
            return value;
        }
        if let [left, right] = &arguments[..]
            && name == "+"
        {
            return left.added(right, call.args.iter().any(is_text));
        }
        if let (Some(place), [_, added @ ..]) = (call.args.first(), &arguments[..])
            && ADDING.contains(&name)
        {
            self.add(frame, name, place, added);
        }
        let own = self.own_function(frame, name, arguments.len());
        if own.is_empty() {
            return self.native(frame, name, &arguments, site, &frame.spot(position, name));
        }
        let mut all = Value::default();
        for (script, function, is_certain) in own {
            let instance = self.instance(&script, &function, 0, site);
            if call.capture_parent_scope {
                self.instances[instance].outer.clone_from(&frame.scope);
            }
            let value = self.enter(instance, &arguments, None);
            all.join(&value);
            if !is_certain {
                let value = self.native(frame, name, &arguments, site, &frame.spot(position, name));
                all.join(&value);
            }
        }
        all
    }

    /// A method call: the step of this number of a chain, on what the steps before may give.
    pub fn method(
        &mut self,
        frame: &mut Frame,
        chain: &Chain<'_>,
        number: usize,
        receiver: &Value,
        call: &FnCallExpr,
        position: Position,
    ) -> Value {
        let name = tokens::name_for_scripts(&call.name);
        let site = std::ptr::from_ref(call) as usize;
        let mut arguments = vec![receiver.clone()];
        for argument in &call.args {
            arguments.push(self.value(frame, argument));
        }
        if let Some(value) = self.keyword(frame, name, &arguments, site, position) {
            // `x.call(f)` may change `x`.
            return value;
        }
        if ADDING.contains(&name) {
            let added = arguments[1..].iter().fold(Value::default(), Value::joined);
            self.assign_step(frame, chain, number, &added);
            self.store_field_of(receiver, &arguments[1..], name);
        }
        let mut all = Value::default();
        let own = self.own_function(frame, name, call.args.len());
        let is_own = own.iter().any(|(_, _, is_certain)| *is_certain);
        for (script, function, _) in own {
            let instance = self.instance(&script, &function, 0, site);
            if call.capture_parent_scope {
                self.instances[instance].outer.clone_from(&frame.scope);
            }
            let value = self.enter(instance, &arguments[1..], Some(receiver));
            all.join(&value);
            // What it does to `this` is done to what it was called on.
            let this = self.heap.read(self.instances[instance].this);
            self.assign_step(frame, chain, number, &this);
        }
        // A map's field may hold a closure.
        let held = self.field(receiver, name);
        if held.pointers().next().is_some() || (held.has(&Atom::Unknown) && !receiver.has(&Atom::Unknown)) {
            let given = Given { arguments: &arguments[1..], this: Some(receiver), site, position };
            let value = self.call_pointers(frame, &held, &given);
            all.join(&value);
        }
        if is_own {
            return all;
        }
        let value = self.native(frame, name, &arguments, site, &frame.spot(position, name));
        all.joined(&value)
    }

    /// What the language itself does with a name.
    fn keyword(
        &mut self,
        frame: &Frame,
        name: &str,
        arguments: &[Value],
        site: usize,
        position: Position,
    ) -> Option<Value> {
        if !is_keyword(name, arguments.len()) {
            return None;
        }
        let (first, rest) = arguments.split_first()?;
        match name {
            "Fn" => Some(self.named(frame, first, site, position)),
            "curry" => Some(self.curried(frame, first, rest, site)),
            "call" => {
                let given = Given { arguments: rest, this: None, site, position };
                let mut all = self.call_pointers(frame, first, &given);
                // `x.call(f, …)` calls `f` with `x` as `this`.
                if let Some((callee, rest)) = rest.split_first()
                    && (callee.pointers().next().is_some() || callee.has(&Atom::Unknown))
                    && first.pointers().next().is_none()
                {
                    let given = Given { arguments: rest, this: Some(first), site, position };
                    let value = self.call_pointers(frame, callee, &given);
                    all.join(&value);
                }
                Some(all)
            }
            _ => Some(Value::plain()),
        }
    }

    /// The recipe's own functions that a call may mean, and whether it can mean nothing else. A module's functions see
    /// those of the scripts that call them.
    fn own_function(
        &self,
        frame: &Frame,
        name: &str,
        count: usize,
    ) -> Vec<(std::rc::Rc<super::program::Script>, std::rc::Rc<crate::engine::check::Function>, bool)> {
        if let Some(function) = frame.script.function(name, count) {
            return vec![(frame.script.clone(), function, true)];
        }
        if frame.script.number == 0 {
            return Vec::new();
        }
        let others = self.program.scripts.iter().filter(|script| script.number != frame.script.number);
        others.filter_map(|script| Some((script.clone(), script.function(name, count)?, false))).collect()
    }

    /// `push(list, x)`.
    fn add(&mut self, frame: &mut Frame, name: &str, place: &Expr, added: &[Value]) {
        let all = added.iter().fold(Value::default(), Value::joined);
        let container = self.value(frame, place);
        self.store_field_of(&container, added, name);
        self.assign(frame, place, &all);
    }

    /// What is put into a map by a method: under the name that comes first, if it is spelled out.
    fn store_field_of(&mut self, container: &Value, added: &[Value], name: &str) {
        let value = added.iter().fold(Value::default(), Value::joined);
        let mut names = added.first().into_iter().flat_map(Value::texts);
        match (name, names.next(), names.next()) {
            // A list is what its items are.
            ("push" | "append" | "insert" | "pad" | "splice" | "extend", ..) => {}
            ("set", Some(field), None) if added.len() == 2 && !added[0].is_vague() => {
                self.store_field(container, Some(field), &added[1]);
            }
            _ => {
                // Merging takes over the other's fields.
                let fields = self.fields(&value);
                self.store_field(container, None, &value.joined(&fields));
            }
        }
    }
}
