//! The recipe's own functions: called from each place apart, so that one helper serves several kinds.

use std::rc::Rc;

use super::program::Script;
use super::value::Value;
use super::walk::{Frame, Instance, Walk};
use crate::engine::check::Function;

/// Beyond so many, calls from all places share one instance.
const MOST_INSTANCES: usize = 4096;

/// Calls lie so deep in each other before they wait for their turn.
const MOST_DEPTH: usize = 48;

impl Walk {
    /// The instance of a function for calls from one site; `pointer` tells closures apart by what they capture.
    pub fn instance(&mut self, script: &Rc<Script>, function: &Rc<Function>, pointer: usize, site: usize) -> usize {
        let identity = Rc::as_ptr(function) as usize;
        let site = if self.instances.len() < MOST_INSTANCES { site } else { 0 };
        if let Some(known) = self.by_call.get(&(identity, pointer, site)) {
            return *known;
        }
        let parameters = function.parameters.iter().map(|_| self.heap.fresh_variable()).collect();
        let (result, this) = (self.heap.fresh_variable(), self.heap.fresh_variable());
        self.instances.push(Instance {
            script: script.clone(),
            function: function.clone(),
            parameters,
            result,
            this,
            outer: Vec::new(),
        });
        let number = self.instances.len() - 1;
        self.by_call.insert((identity, pointer, site), number);
        self.heap.has_grown = true;
        number
    }

    /// Hands arguments to an instance, walks through it, and gives what it gives.
    pub fn enter(&mut self, instance: usize, arguments: &[Value], this: Option<&Value>) -> Value {
        let parameters = self.instances[instance].parameters.clone();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            self.heap.store(*parameter, argument);
        }
        if let Some(this) = this {
            self.heap.store(self.instances[instance].this, this);
        }
        self.visit(instance);
        self.heap.read(self.instances[instance].result)
    }

    /// Walks through an instance, once a round.
    pub fn visit(&mut self, instance: usize) {
        if self.visited.contains(&instance) {
            return;
        }
        if self.depth >= MOST_DEPTH {
            self.waiting.push(instance);
            return;
        }
        self.visited.insert(instance);
        let Instance { script, function, parameters, result, outer, .. } = &self.instances[instance];
        let (script, function, result) = (script.clone(), function.clone(), *result);
        let own = function.parameters.iter().cloned().zip(parameters.iter().copied());
        let scope = outer.iter().cloned().chain(own).collect();
        let mut frame = Frame { instance, script, scope, left_with: Value::default(), result: Value::default() };
        self.depth += 1;
        let last = self.block(&mut frame, &function.body);
        self.depth -= 1;
        self.heap.store(result, &last);
        self.heap.store(result, &frame.result);
    }
}
