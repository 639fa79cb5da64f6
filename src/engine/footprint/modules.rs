//! Imports, and what is called of what they bring.

use rhai::Position;

use super::need::{Choice, Spot};
use super::pointers::Given;
use super::value::{Atom, Value};
use super::walk::{Frame, Walk};
use crate::catalog::{self, Operation, Service};
use crate::engine::services;

/// What an alias may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A service of the API, by its module.
    Service(&'static str),
    /// A script, by its number.
    Script(usize),
    /// Whatever a computed path names.
    Computed,
}

const COMPUTED_PATH: &str = "the path of the import is computed";

impl Walk {
    /// An import: what it brings is known from here on, and what stands in it is run.
    pub fn import(&mut self, frame: &Frame, path: &Value, alias: &str, position: Position) {
        let mut targets = Vec::new();
        for path in path.texts() {
            if let Some(service) = path.strip_prefix("stackit/") {
                targets.extend(services::service(service).ok().map(|service| Target::Service(service.module)));
            } else if let Some(number) = self.program.import(&frame.script, path) {
                targets.push(Target::Script(number));
                let script = self.program.scripts[number].clone();
                let body = script.body.clone();
                let instance = self.instance(&script, &body, 0, 0);
                self.visit(instance);
            }
        }
        if path.is_vague() && !path.is_empty() {
            self.loose(frame.spot(position, "import"), COMPUTED_PATH);
            targets.push(Target::Computed);
        }
        let known = self.imports.entry((frame.script.number, alias.to_owned())).or_default();
        for target in targets {
            self.heap.has_grown |= known.insert(target);
        }
    }

    /// What `a::b` may stand for in a script: what is imported into a module can be reached through it.
    fn targets(&self, script: usize, path: &[&str]) -> Vec<Target> {
        let Some((alias, rest)) = path.split_first() else { return Vec::new() };
        let found = self.imports.get(&(script, (*alias).to_owned())).into_iter().flatten();
        found
            .flat_map(|target| match (target, rest) {
                (target, []) => vec![*target],
                (Target::Script(number), rest) => self.targets(*number, rest),
                (Target::Computed, _) => vec![Target::Computed],
                (Target::Service(_), _) => Vec::new(),
            })
            .collect()
    }

    /// `alias::name`.
    pub fn qualified_value(&mut self, frame: &Frame, path: &[&str], name: &str) -> Value {
        if path == ["global"] {
            return self.global(frame.script.number, name);
        }
        let mut all = Value::default();
        for target in self.targets(frame.script.number, path) {
            match target {
                Target::Script(number) => {
                    let value = self.global(number, name);
                    all.join(&value);
                }
                Target::Service(_) => {}
                Target::Computed => drop(all.join(&Value::of(Atom::Unknown))),
            }
        }
        all.joined(&Value::plain())
    }

    fn global(&self, script: usize, name: &str) -> Value {
        let variable = self.globals.get(&(script, name.to_owned()));
        variable.map_or_else(Value::plain, |variable| self.heap.read(*variable))
    }

    /// `alias::name(…)`.
    pub fn qualified_call(
        &mut self,
        frame: &Frame,
        path: &[&str],
        name: &str,
        arguments: &[Value],
        site: usize,
        position: Position,
    ) -> Value {
        let place = frame.spot(position, name);
        let mut all = Value::default();
        for target in self.targets(frame.script.number, path) {
            let value = match target {
                Target::Service(module) => {
                    if let Some(operation) = catalog::operation(module, name) {
                        self.need(operation, place.clone(), true);
                        self.taken_along(operation, arguments.first(), arguments.get(1..).unwrap_or_default(), &place);
                    }
                    Value::plain()
                }
                Target::Script(number) => self.call_of_script(frame, number, name, arguments, site, position),
                Target::Computed => {
                    self.any_service(name, &place);
                    Value::of(Atom::Unknown)
                }
            };
            all.join(&value);
        }
        all
    }

    fn call_of_script(
        &mut self,
        frame: &Frame,
        number: usize,
        name: &str,
        arguments: &[Value],
        site: usize,
        position: Position,
    ) -> Value {
        let script = self.program.scripts[number].clone();
        if let Some(function) = script.function(name, arguments.len()).filter(|function| function.is_public) {
            let instance = self.instance(&script, &function, 0, site);
            return self.enter(instance, arguments, None);
        }
        // An exported closure is called like a function.
        let held = self.global(number, name);
        self.call_pointers(frame, &held, &Given { arguments, this: None, site, position })
    }

    /// An operation of whatever service has one of this name.
    fn any_service(&mut self, name: &str, place: &Spot) {
        let operations: Vec<&'static Operation> = catalog::services()
            .filter_map(|service: &'static Service| catalog::operation(service.module, name))
            .collect();
        if !operations.is_empty() {
            self.choose(Choice { name: name.to_owned(), place: place.clone(), operations, is_known: false });
        }
    }
}
