//! Imports: services of the API, the standard library, and files; and the calls into them.

use std::rc::Rc;

use rhai::{Expr, FnCallExpr, Namespace, Position};

use super::exports::Exports;
use super::kinds::Kind;
use super::report::{compiled, engine};
use super::walker::Walker;
use crate::catalog::{self, FilledFrom, Operation, Place, Service};
use crate::engine::Source;
use crate::engine::services::{self, snake_case};
use crate::engine::stdlib;
use crate::error::nearest;

/// What an alias stands for.
#[derive(Clone)]
pub enum Import {
    /// A service of the API.
    Service(&'static Service),
    /// A script.
    Script(Rc<Exports>),
    /// Something that cannot be told, or that was complained of already.
    Unknown,
}

impl<'t> Walker<'t> {
    /// What an import brings; complains where there is nothing to bring.
    pub(super) fn import(&mut self, path: &Expr, position: Position) -> Import {
        let Expr::StringConstant(path, position) = path else {
            let finding =
                self.error("dynamic_import", position, 6, "the path of an import must be a literal".to_owned());
            finding.severity = crate::engine::recipe::Severity::Warning;
            return Import::Unknown;
        };
        let length = path.chars().count() + 2;
        let found = if let Some(service) = path.strip_prefix("stackit/") {
            services::service(service).map(Import::Service)
        } else if let Some(name) = path.strip_prefix("stdlib/") {
            stdlib::text(name).ok_or_else(|| stdlib::unknown(name)).map(|text| library(path, text))
        } else {
            let exports = self.modules.import(self.source, path);
            exports.map(|exports| exports.map_or(Import::Unknown, Import::Script))
        };
        found.unwrap_or_else(|error| {
            self.error(error.code, *position, length, error.message).hint = error.hint;
            Import::Unknown
        })
    }

    /// A call of a module's function.
    pub(super) fn qualified(&mut self, call: &'t FnCallExpr, position: Position) -> Kind {
        let kinds: Vec<Kind> = call.args.iter().map(|argument| self.value(argument)).collect();
        let name = call.name.as_str();
        let length = name.chars().count();
        let Some((alias, import)) = self.imported(&call.namespace, name, position) else { return Kind::Unknown };
        match import {
            Import::Unknown => Kind::Unknown,
            Import::Script(exports) => {
                if let Some(lacking) = exports.lacks_function(&alias, name, kinds.len()) {
                    self.error("unknown_function", position, length, lacking.message).hint = lacking.hint;
                }
                for (index, argument) in call.args.iter().enumerate() {
                    let keys: Option<Vec<&str>> =
                        exports.keys(name, index).map(|keys| keys.iter().map(String::as_str).collect());
                    if let (Some(keys), Expr::Map(map, _)) = (keys, argument) {
                        self.keys(&format!("{alias}::{name}"), map.0.iter().map(|(key, _)| key), &keys);
                    }
                }
                Kind::Unknown
            }
            Import::Service(service) => {
                if service.operation(name).is_some() {
                    return self.operation(service, &alias, call, &kinds, position);
                }
                let near = catalog::nearest_operation(service.module, name);
                let message = format!("`stackit/{}` has no operation `{name}`", service.module);
                self.error("unknown_operation", position, length, message).hint =
                    near.map(|near| format!("did you mean `{alias}::{near}`?"));
                Kind::Unknown
            }
        }
    }

    /// A module's constant.
    pub(super) fn constant(&mut self, namespace: &Namespace, name: &str, position: Position) {
        // `global::X` is a constant of the script itself, which its functions see under that name only.
        if namespace.path.first().is_some_and(|part| part.name == "global") {
            return;
        }
        let Some((alias, import)) = self.imported(namespace, name, position) else { return };
        let lacking = match import {
            Import::Unknown => return,
            Import::Script(exports) => exports.lacks_value(&alias, name),
            // A service has functions only.
            Import::Service(_) => Exports::default().lacks_value(&alias, name),
        };
        if let Some(lacking) = lacking {
            self.error("unknown_constant", position, name.chars().count(), lacking.message).hint = lacking.hint;
        }
    }

    /// What `alias` of `alias::name` stands for; complains if it stands for nothing.
    fn imported(&mut self, namespace: &Namespace, name: &str, position: Position) -> Option<(String, Import)> {
        let [alias] = &namespace.path[..] else { return None };
        let alias = alias.name.to_string();
        if let Some(import) = self.imports.get(&alias) {
            return Some((alias, import.clone()));
        }
        let near = nearest(&alias, self.imports.keys().map(String::as_str)).map(str::to_owned);
        let length = name.chars().count();
        let finding = self.error("unknown_module", position, length, format!("nothing is imported as `{alias}`"));
        finding.hint = Some(match near {
            Some(near) => format!("did you mean `{near}::{name}`?"),
            None => format!("import it before: `import \"stackit/…\" as {alias};`"),
        });
        None
    }

    fn operation(
        &mut self,
        service: &'static Service,
        alias: &str,
        call: &'t FnCallExpr,
        kinds: &[Kind],
        position: Position,
    ) -> Kind {
        let Some(operation) = catalog::operation(service.module, &call.name) else { return Kind::Unknown };
        let wanted: Vec<&str> = identifiers(operation).collect();
        let has_map = matches!(kinds.last(), Some(Kind::Map(_)));
        let given = kinds.len() - usize::from(has_map);
        let usage = || {
            let options = if has_options(operation) {
                ["options: map".to_owned()].into_iter()
            } else {
                [String::new()].into_iter()
            };
            let all: Vec<String> =
                wanted.iter().map(|name| snake_case(name)).chain(options.filter(|text| !text.is_empty())).collect();
            format!("it is called as `{alias}::{}({})`", operation.name, all.join(", "))
        };
        let map = call.args.last().and_then(|last| if let Expr::Map(map, _) = last { Some(map) } else { None });
        let is_in_map = |name: &str| {
            map.is_none_or(|map| map.0.iter().any(|(key, _)| key.name == name || key.name == snake_case(name)))
        };
        let length = call.name.chars().count();
        if given > wanted.len() {
            let message = format!("`{}` takes {} identifier(s), not {given}", operation.name, wanted.len());
            // An unknown last value may be the map.
            if given > wanted.len() + usize::from(kinds.last() == Some(&Kind::Unknown)) {
                self.error("wrong_argument_count", position, length, message).hint = Some(usage());
            }
        } else if let Some(missing) = wanted.iter().skip(given).find(|name| !has_map || !is_in_map(name)) {
            let message = format!("`{}` needs `{}`", operation.name, snake_case(missing));
            self.error("missing_argument", position, length, message).hint = Some(usage());
        }
        if let Some(map) = map {
            for (key, _) in &map.0 {
                self.operation_key(operation, &key.name, key.pos);
            }
        }
        let shape = operation
            .item_shape()
            .map(|item| (item, true))
            .or_else(|| operation.answer_shape().map(|shape| (shape, false)));
        match shape {
            Some((item, true)) => Kind::List(Box::new(Kind::of_shape(&format!("{}[]", operation.name), service, item))),
            Some((shape, false)) => Kind::of_shape(operation.name, service, shape),
            None => Kind::Unknown,
        }
    }

    fn operation_key(&mut self, operation: &'static Operation, key: &str, position: Position) {
        let mut names: Vec<String> = operation
            .parameters
            .iter()
            .flat_map(|parameter| [parameter.name.to_owned(), snake_case(parameter.name)])
            .collect();
        if let Some(body) = &operation.body {
            let fields = operation.service().shapes().fields(body.shape);
            if fields.is_empty() {
                return;
            }
            names.push("body".to_owned());
            names.extend(fields.iter().map(|field| field.name.to_owned()));
        }
        if operation.parameters.iter().any(|one| one.filled_from() == Some(FilledFrom::Region))
            || operation.base_url.contains("{region}")
        {
            names.extend(["region", "region_id", "regionId"].map(str::to_owned));
        }
        if operation.parameters.iter().any(|one| one.filled_from() == Some(FilledFrom::Project)) {
            names.extend(["project_id", "projectId"].map(str::to_owned));
        }
        if names.iter().any(|name| name == key) {
            return;
        }
        let hint = nearest(key, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let message = format!("`{}` has no parameter or field `{key}`", operation.name);
        self.error("unknown_option", position, key.chars().count(), message).hint = hint;
    }
}

/// The parameters that are given by position.
fn identifiers(operation: &'static Operation) -> impl Iterator<Item = &'static str> {
    operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Path && parameter.filled_from().is_none())
        .map(|parameter| parameter.name)
}

fn has_options(operation: &Operation) -> bool {
    operation.body.is_some() || operation.parameters.iter().any(|parameter| parameter.place != Place::Path)
}

/// A module of the standard library.
fn library(path: &str, text: &str) -> Import {
    match compiled(&engine(), &Source::inline(path, text)) {
        Ok(ast) => Import::Script(Rc::new(Exports::of(&ast))),
        // A test keeps the library right.
        Err(_) => Import::Unknown,
    }
}
