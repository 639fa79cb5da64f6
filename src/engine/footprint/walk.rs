//! The state of a walk: what is held so far, and what was found.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use rhai::Position;

use super::heap::Heap;
use super::modules::Target;
use super::need::{Choice, Loose, OutsideKind, Spot};
use super::program::{Program, Script};
use super::value::Value;
use crate::catalog::Operation;
use crate::engine::check::Function;
use crate::policy::LocalGrant;

/// A walk through a program, over and over.
pub(super) struct Walk {
    pub program: Program,
    pub heap: Heap,
    pub instances: Vec<Instance>,
    pub by_call: HashMap<(usize, usize, usize), usize>,
    /// Those that were walked through in this round.
    pub visited: HashSet<usize>,
    /// Those that wait for their turn, as calls lie too deep in each other.
    pub waiting: Vec<usize>,
    pub depth: usize,
    /// The pointers that are being called, with the sites of the calls.
    pub following: HashSet<(usize, usize)>,
    /// What each script imports, by alias.
    pub imports: HashMap<(usize, String), BTreeSet<Target>>,
    /// The variables at the top level of scripts.
    pub globals: HashMap<(usize, String), usize>,
    /// What is thrown.
    pub thrown: usize,
    /// What lies in containers of which nothing is known.
    pub loose_things: usize,
    /// What lies in values of our own types: tables, reports.
    pub held: usize,
    /// The map that a caught error is.
    pub error: usize,
    pub found: Found,
    /// Whether the walk is in the literal that `params` takes.
    pub is_in_parameters: bool,
}

/// A function as it is called from one place.
pub(super) struct Instance {
    pub script: Rc<Script>,
    pub function: Rc<Function>,
    /// The variables of its parameters.
    pub parameters: Vec<usize>,
    /// What it gives.
    pub result: usize,
    /// What it is a method of.
    pub this: usize,
    /// The caller's variables, if it was called as `name!(…)`.
    pub outer: Vec<(String, usize)>,
}

/// Operations by module and name, each with its places.
pub(super) type ByName<P> = BTreeMap<(&'static str, &'static str), (&'static Operation, P)>;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// `true` for what is certain.
    pub operations: ByName<BTreeMap<Spot, bool>>,
    /// Operations that help where they are granted.
    pub helps: ByName<BTreeSet<Spot>>,
    /// `true` for what is certain and no parameter decides.
    pub local: BTreeMap<LocalGrant, BTreeMap<Spot, bool>>,
    /// Where something outside the API is used of which only the run knows what.
    pub unknown: BTreeMap<OutsideKind, BTreeSet<Spot>>,
    pub choices: Vec<Choice>,
    pub loose: BTreeSet<Loose>,
}

/// Where in an instance the walk is.
pub(super) struct Frame {
    pub instance: usize,
    pub script: Rc<Script>,
    pub scope: Vec<(String, usize)>,
    /// What loops are left with.
    pub left_with: Value,
    pub result: Value,
}

impl Frame {
    pub fn lookup(&self, name: &str) -> Option<usize> {
        self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, variable)| *variable)
    }

    pub fn spot(&self, position: Position, name: &str) -> Spot {
        Spot {
            module: self.script.name.clone(),
            line: position.line().unwrap_or(0),
            column: position.position().unwrap_or(0),
            length: name.chars().count(),
        }
    }
}

/// More rounds than a program of any use needs.
const MOST_ROUNDS: usize = 100;

impl Walk {
    pub fn new(program: Program) -> Self {
        let mut heap = Heap::default();
        let (thrown, loose_things, held) = (heap.fresh_variable(), heap.fresh_variable(), heap.fresh_variable());
        let error = heap.map(usize::MAX, 0);
        Self {
            program,
            heap,
            instances: Vec::new(),
            by_call: HashMap::new(),
            visited: HashSet::new(),
            waiting: Vec::new(),
            depth: 0,
            following: HashSet::new(),
            imports: HashMap::new(),
            globals: HashMap::new(),
            thrown,
            loose_things,
            held,
            error,
            found: Found::default(),
            is_in_parameters: false,
        }
    }

    /// Walks until nothing grows any more. `false` if that takes too long.
    pub fn run(&mut self) -> bool {
        let script = self.program.scripts[0].clone();
        let body = script.body.clone();
        for _ in 0..MOST_ROUNDS {
            self.heap.has_grown = false;
            self.visited.clear();
            // Sets only grow: what the last round finds is all.
            self.found = Found::default();
            let main = self.instance(&script, &body, 0, 0);
            self.visit(main);
            while let Some(next) = self.waiting.pop() {
                self.visit(next);
            }
            if !self.heap.has_grown {
                return true;
            }
        }
        false
    }

    pub fn need(&mut self, operation: &'static Operation, place: Spot, is_certain: bool) {
        let entry = self.found.operations.entry((operation.module, operation.name));
        let places = &mut entry.or_insert_with(|| (operation, BTreeMap::new())).1;
        *places.entry(place).or_default() |= is_certain;
    }

    pub fn help(&mut self, operation: &'static Operation, place: Spot) {
        let entry = self.found.helps.entry((operation.module, operation.name));
        entry.or_insert_with(|| (operation, BTreeSet::new())).1.insert(place);
    }

    pub fn choose(&mut self, choice: Choice) {
        if !self.found.choices.contains(&choice) {
            self.found.choices.push(choice);
        }
    }

    pub fn loose(&mut self, place: Spot, why: &'static str) {
        self.found.loose.insert(Loose { place, why });
    }
}
