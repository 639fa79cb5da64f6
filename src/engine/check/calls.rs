//! Calls of functions and methods: whether there is one, whether it takes so many arguments of these types.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rhai::{Expr, FnCallExpr, Ident, Position};

use super::closures::function_of;
use super::kinds::Kind;
use super::names::{is_keyword, rhai_forms, rhai_names};
use super::probe::PROBE;
use super::walker::Walker;
use crate::catalog;
use crate::engine::native::{Native, Type};
use crate::engine::{Registry, tokens};
use crate::error::nearest;
use crate::resources;

impl<'t> Walker<'t> {
    /// A call that is no method's.
    pub(super) fn call(&mut self, call: &'t FnCallExpr, position: Position) -> Kind {
        if call.is_qualified() {
            return self.qualified(call, position);
        }
        if call.is_operator_call() {
            return self.operator(call, position);
        }
        let name = tokens::name_for_scripts(&call.name);
        self.change_in_parallel(name, call);
        // `in` stands in the tree as a call, at the place of the word.
        let kinds = self.arguments(None, call);
        if name == "params" {
            return self.args.clone();
        }
        if self.functions.get(name).is_some_and(|counts| counts.contains(&kinds.len())) || is_keyword(name, kinds.len())
        {
            return Kind::Unknown;
        }
        self.resolve(name, &kinds, call, position, 0)
    }

    /// A method call on a value of a kind.
    pub(super) fn method(&mut self, receiver: &Kind, call: &'t FnCallExpr, position: Position) -> Kind {
        let name = tokens::name_for_scripts(&call.name);
        self.change_in_parallel(name, call);
        let mut kinds = vec![receiver.clone()];
        kinds.extend(self.arguments(Some(receiver), call));
        let is_script = self.functions.get(name).is_some_and(|counts| counts.contains(&call.args.len()));
        // A map's field may hold a closure.
        let may_be_field =
            matches!(receiver, Kind::Map(_)) || (*receiver == Kind::Unknown && self.map_keys.contains(name));
        if is_script || may_be_field || is_keyword(name, kinds.len()) {
            return Kind::Unknown;
        }
        self.resolve(name, &kinds, call, position, 1)
    }

    /// The kinds of the arguments; closures are told the items of the list that they are given with.
    fn arguments(&mut self, receiver: Option<&Kind>, call: &'t FnCallExpr) -> Vec<Kind> {
        let mut list = receiver.filter(|kind| matches!(kind, Kind::List(_))).cloned();
        let mut kinds = Vec::with_capacity(call.args.len());
        for argument in &call.args {
            let kind = if function_of(argument).is_some() {
                self.assigning_condition(argument, call);
                let item = list.as_ref().map_or(Kind::Unknown, Kind::item);
                let parameters = match call.name.as_str() {
                    "reduce" | "reduce_rev" => vec![Kind::Unknown, item],
                    "sort" => vec![item.clone(), item],
                    _ => vec![item, Kind::Integer],
                };
                self.closure(argument, &parameters)
            } else {
                self.value(argument)
            };
            if list.is_none() && matches!(kind, Kind::List(_)) {
                list = Some(kind.clone());
            }
            kinds.push(kind);
        }
        kinds
    }

    /// Finds what a call means among natives and Rhai's own functions. `receivers` is 1 for a method call.
    fn resolve(
        &mut self,
        name: &str,
        kinds: &[Kind],
        call: &'t FnCallExpr,
        position: Position,
        receivers: usize,
    ) -> Kind {
        let natives = Registry::shared().get(name);
        let natives: Vec<&Arc<Native>> = natives.iter().filter(|native| !native.is_property).collect();
        let forms = rhai_forms(name);
        if natives.is_empty() && forms.is_empty() {
            self.unknown(name, kinds, position, receivers);
            return Kind::Unknown;
        }
        let by_count: Vec<&Arc<Native>> = natives.iter().copied().filter(|native| takes(native, kinds.len())).collect();
        let of_count = forms.iter().filter(|form| form.len() == kinds.len());
        let mut of_count = of_count.peekable();
        let has_count = of_count.peek().is_some();
        let is_rhais = of_count.any(|form| form.iter().zip(kinds).all(|(wanted, kind)| kind.fits_rhai(*wanted)));
        let fitting: Vec<&Arc<Native>> = by_count.iter().copied().filter(|native| fits(native, kinds)).collect();
        if let Some(native) = fitting.first() {
            let kind = result(native, kinds);
            // `x.filter(…)` of nobody knows what: a list's, or an object's?
            let is_open = kinds.contains(&Kind::Unknown)
                && (is_rhais && rhai_result(name, kinds) != kind
                    || fitting.iter().any(|other| result(other, kinds) != kind));
            if !is_open {
                self.options(native, kinds, call, receivers);
                self.selector(native, call);
                self.named_fields(native, kinds, call);
            }
            return if is_open { Kind::Unknown } else { kind };
        }
        if is_rhais {
            return rhai_result(name, kinds);
        }
        self.misfit(name, kinds, &natives, by_count.is_empty() && !has_count, position, receivers);
        Kind::Unknown
    }

    fn unknown(&mut self, name: &str, kinds: &[Kind], position: Position, receivers: usize) {
        let length = name.chars().count();
        if receivers == 0 && self.meaning(name).is_some() {
            let message = format!("`{name}` is a variable, not a function");
            self.error("unknown_function", position, length, message).hint =
                Some(format!("a closure is called as `{name}.call(…)`"));
            return;
        }
        let own: Vec<&str> = self.functions.keys().copied().collect();
        let registry = Registry::shared();
        let words =
            registry.iter().filter(|native| !native.is_property).map(|native| native.name).filter(|name| is_word(name));
        let of_kind = match kinds.first().filter(|_| receivers == 1) {
            Some(kind @ (Kind::Object(_) | Kind::Custom(..))) => nearest(name, methods_of(kind)),
            _ => None,
        };
        let mut names = own;
        for word in words.chain(rhai_names()) {
            names.push(word);
        }
        let near = of_kind.map(str::to_owned).or_else(|| nearest(name, names).map(str::to_owned));
        let hint = match near {
            Some(near) => {
                let signature =
                    registry.get(&near).first().map_or_else(|| format!("{near}(…)"), |native| native.signature());
                format!("did you mean `{signature}`?")
            }
            None => "`stackhand doc` lists the functions".to_owned(),
        };
        let what = if receivers == 1 { "method" } else { "function" };
        let of = match kinds.first().filter(|_| receivers == 1) {
            Some(Kind::Unknown) | None => String::new(),
            Some(kind) => format!(" of {}", kind.name()),
        };
        let message = format!("there is no {what} `{name}`{of}");
        self.error("unknown_function", position, length, message).hint = Some(hint);
    }

    /// There is something of this name, but it takes other arguments.
    fn misfit(
        &mut self,
        name: &str,
        kinds: &[Kind],
        natives: &[&Arc<Native>],
        is_count: bool,
        position: Position,
        receivers: usize,
    ) {
        // Rhai's own functions, whose forms are too many to show, are only wrong for certain when the count is.
        if natives.is_empty() && !is_count {
            return;
        }
        let forms: Vec<String> = natives.iter().map(|native| format!("`{}`", native.signature())).collect();
        let given = kinds.len() - receivers;
        let (code, message) = match kinds.first().filter(|_| receivers == 1) {
            Some(kind @ (Kind::Object(_) | Kind::Custom(..) | Kind::Args(_)))
                if !natives.iter().any(|native| first_type(native).is_some_and(|first| kind.fits(first))) =>
            {
                ("unknown_function", format!("there is no method `{name}` of {}", kind.name()))
            }
            _ if is_count => {
                let plural = if given == 1 { "" } else { "s" };
                ("wrong_argument_count", format!("`{name}` does not take {given} argument{plural}"))
            }
            _ => {
                let names: Vec<String> = kinds[receivers..].iter().map(Kind::name).collect();
                ("wrong_arguments", format!("`{name}` does not take ({})", names.join(", ")))
            }
        };
        let finding = self.error(code, position, name.chars().count(), message);
        finding.hint = (!forms.is_empty()).then(|| format!("it is called as {}", forms.join(", ")));
    }

    /// The keys of a literal map of options.
    fn options(&mut self, native: &Native, kinds: &[Kind], call: &'t FnCallExpr, receivers: usize) {
        let offset = usize::from(native.receiver.is_some());
        for (index, argument) in call.args.iter().enumerate() {
            let Expr::Map(map, _) = argument else { continue };
            let Some(parameter) = (index + receivers).checked_sub(offset).and_then(|at| native.parameters.get(at))
            else {
                continue;
            };
            let keys = if native.options.is_empty() {
                keys_of_operations(native, parameter.name, &result(native, kinds))
            } else {
                native.options.to_vec()
            };
            if keys.is_empty() {
                continue;
            }
            self.keys(native.name, map.0.iter().map(|(key, _)| key), &keys);
        }
    }

    /// The keys of a literal map that a function takes, held against those that it knows.
    pub(super) fn keys<'k>(&mut self, function: &str, given: impl Iterator<Item = &'k Ident>, known: &[&str]) {
        for name in given.filter(|name| !known.contains(&name.name.as_str())) {
            if name.name == PROBE {
                self.probed.keys = known.iter().map(|key| (*key).to_owned()).collect();
            }
            let hint = match nearest(&name.name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes {}", known.join(", ")),
            };
            let message = format!("`{function}` has no option `{}`", name.name);
            let finding = self.error("unknown_option", name.pos, name.name.chars().count(), message);
            finding.hint = Some(hint);
        }
    }

    /// A method whose closure captures the variable that the method is called on fails when it runs.
    pub(super) fn captured_receiver(&mut self, root: Option<&str>, call: &'t FnCallExpr) {
        let Some(root) = root else { return };
        let captures = |argument: &Expr| function_of(argument).is_some_and(|closure| closure.captures(root));
        let Some(argument) = call.args.iter().find(|argument| captures(argument)) else { return };
        let message = format!("the closure uses `{root}`, the very value whose method it is given to");
        let finding = self.error("captured_receiver", argument.start_position(), 0, message);
        finding.hint = Some(format!(
            "copy it first, `let all = {root}`, and use `all` in the closure; or write `{}({root}, |x| …)`",
            call.name
        ));
    }
}

pub(super) fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The names of the methods that natives declare for values of a kind.
fn methods_of(kind: &Kind) -> impl Iterator<Item = &'static str> {
    Registry::shared()
        .iter()
        .filter(|native| !native.is_property && is_word(native.name))
        .filter(move |native| native.receiver.as_ref().is_some_and(|receiver| kind.fits(receiver)))
        .map(|native| native.name)
}

fn takes(native: &Native, count: usize) -> bool {
    let receiver = usize::from(native.receiver.is_some());
    count >= receiver && native.arity().contains(&(count - receiver))
}

fn fits(native: &Native, kinds: &[Kind]) -> bool {
    let types = native.receiver.iter().chain(native.parameters.iter().map(|parameter| &parameter.kind));
    types.zip(kinds).all(|(wanted, kind)| kind.fits(wanted))
}

fn first_type(native: &Native) -> Option<&Type> {
    native.receiver.as_ref().or_else(|| native.parameters.first().map(|parameter| &parameter.kind))
}

/// What a native gives for arguments of these kinds.
fn result(native: &Native, kinds: &[Kind]) -> Kind {
    let list = kinds.iter().find(|kind| matches!(kind, Kind::List(_)));
    let closure = kinds.iter().find_map(|kind| match kind {
        Kind::Function(result) => Some(Kind::clone(result)),
        _ => None,
    });
    match native.name {
        "parallel" => return Kind::List(Box::new(closure.unwrap_or(Kind::Unknown))),
        "try_parallel" | "attempt" => {
            let item = list.map_or(Kind::Unknown, Kind::item);
            let value = closure.unwrap_or(Kind::Unknown);
            let row = BTreeMap::from([
                ("ok".to_owned(), Kind::Boolean),
                ("item".to_owned(), item),
                ("value".to_owned(), value),
            ]);
            let row = Kind::Map(Rc::new(row));
            return if native.name == "attempt" { row } else { Kind::List(Box::new(row)) };
        }
        "first" | "last" => return list.map_or(Kind::Unknown, Kind::item),
        _ => {}
    }
    if !matches!(native.result, Type::List) {
        return Kind::of(&native.result);
    }
    if let Some(items) = &native.gives_items {
        return match (Kind::of(items), list) {
            // A verb of any list gives objects as it got them.
            (Kind::Unknown, Some(list)) => list.clone(),
            (item, _) => Kind::List(Box::new(item)),
        };
    }
    if native.name == "pluck" {
        return Kind::List(Box::new(Kind::Unknown));
    }
    list.cloned().unwrap_or_else(|| Kind::List(Box::new(Kind::Unknown)))
}

/// What one of Rhai's own functions gives.
fn rhai_result(name: &str, kinds: &[Kind]) -> Kind {
    let list = kinds.first().filter(|kind| matches!(kind, Kind::List(_)));
    match (name, list) {
        ("filter" | "drain" | "retain" | "extract" | "sort_desc", Some(list)) => list.clone(),
        ("find" | "pop" | "shift" | "remove", Some(list)) => list.item(),
        ("map", Some(_)) => match kinds.get(1) {
            Some(Kind::Function(result)) => Kind::List(result.clone()),
            _ => Kind::List(Box::new(Kind::Unknown)),
        },
        ("len" | "index_of", _) => Kind::Integer,
        ("contains" | "some" | "all" | "is_empty" | "starts_with" | "ends_with", _) => Kind::Boolean,
        ("to_string" | "to_debug", _) => Kind::Text,
        _ => Kind::Unknown,
    }
}

/// The keys that a native's map may have, as its operations say: options are parameters, anything else is a body.
fn keys_of_operations(native: &Native, parameter: &str, result: &Kind) -> Vec<&'static str> {
    let operations = native.operations.iter().filter_map(|name| {
        let (module, name) = name.rsplit_once('.')?;
        catalog::operation(module, name)
    });
    let mut keys: Vec<&'static str> = Vec::new();
    let kind = match result {
        Kind::List(item) => Kind::clone(item),
        kind => kind.clone(),
    };
    if parameter.contains("options")
        && let Kind::Object(object) = kind
        && let Some(kind) = resources::Kind::ALL.iter().find(|kind| kind.row().type_name == object.type_name)
    {
        let row = kind.row();
        keys.extend(row.list_options.iter().chain(row.get_options).chain(row.delete_options));
    }
    for operation in operations {
        let is_option = |one: &&catalog::Parameter| one.place != catalog::Place::Path;
        keys.extend(operation.parameters.iter().filter(is_option).map(|one| one.name));
        if let Some(body) = &operation.body {
            keys.extend(operation.service().shapes().fields(body.shape).iter().map(|field| field.name));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}
