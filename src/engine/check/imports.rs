//! Imports: services of the API, the standard library, and files; and the calls into them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rhai::{AST, Expr, FnCallExpr, Position, Stmt};

use super::kinds::Kind;
use super::report::{compiled, engine};
use super::tree::Tree;
use super::walker::Walker;
use crate::catalog::{self, FilledFrom, Operation, Place, Service};
use crate::engine::Source;
use crate::engine::services::snake_case;
use crate::engine::stdlib;
use crate::error::nearest;

/// What an alias stands for.
pub enum Import {
    /// A service of the API.
    Service(&'static Service),
    /// A script: its functions by the counts of their parameters.
    Script(BTreeMap<String, BTreeSet<usize>>),
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
        if let Some(module) = path.strip_prefix("stackit/") {
            if let Some(service) = catalog::service(module) {
                return Import::Service(service);
            }
            let hint = catalog::nearest_module(module).map(|near| format!("did you mean `stackit/{near}`?"));
            self.error("unknown_module", *position, length, format!("there is no module `{path}`")).hint = hint;
            return Import::Unknown;
        }
        if let Some(name) = path.strip_prefix("stdlib/") {
            if let Some(text) = stdlib::text(name) {
                return self.script(&Source::inline(path.as_str(), text), *position, length);
            }
            let error = stdlib::unknown(name);
            self.error("unknown_module", *position, length, error.message).hint = error.hint;
            return Import::Unknown;
        }
        self.file(path, *position, length)
    }

    fn file(&mut self, path: &str, position: Position, length: usize) -> Import {
        let Some(folder) = &self.source.folder else {
            let message = format!("the import `{path}` is a file's, and this script lies in no folder");
            self.error("wrong_import", position, length, message);
            return Import::Unknown;
        };
        let leaves = Path::new(path).is_absolute() || path.contains('\\');
        let file = folder.join(path);
        let with_extension = folder.join(format!("{path}.rhai"));
        let found = [file, with_extension].into_iter().find(|file| file.is_file());
        match found.map(|file| Source::read(&file)) {
            _ if leaves => {
                self.error(
                    "wrong_import",
                    position,
                    length,
                    format!("the import `{path}` leads out of the recipe's folder"),
                );
            }
            Some(Ok(source)) => return self.script(&source, position, length),
            Some(Err(error)) => {
                self.error("unreadable_module", position, length, error.message).hint = error.hint;
            }
            None => {
                let hint = format!("`{}` does not exist", folder.join(format!("{path}.rhai")).display());
                self.error("unknown_module", position, length, format!("there is no module `{path}`")).hint =
                    Some(hint);
            }
        }
        Import::Unknown
    }

    fn script(&mut self, source: &Source, position: Position, length: usize) -> Import {
        match compiled(&engine(), source) {
            Ok(ast) => Import::Script(functions_of(&ast)),
            Err(problem) => {
                let message =
                    format!("the module `{}` is wrong in line {}: {}", source.name, problem.line, problem.message);
                self.error("broken_module", position, length, message).hint = problem.hint;
                Import::Unknown
            }
        }
    }

    /// A call of a module's function.
    pub(super) fn qualified(&mut self, call: &'t FnCallExpr, position: Position) -> Kind {
        let kinds: Vec<Kind> = call.args.iter().map(|argument| self.value(argument)).collect();
        let alias = call.namespace.path.first().map(|part| (part.name.to_string(), part.pos));
        let Some((alias, _)) = alias.filter(|_| call.namespace.path.len() == 1) else { return Kind::Unknown };
        let name = call.name.as_str();
        let length = name.chars().count();
        let Some(import) = self.imports.get(&alias) else {
            let near = nearest(&alias, self.imports.keys().map(String::as_str)).map(str::to_owned);
            let finding = self.error("unknown_module", position, length, format!("nothing is imported as `{alias}`"));
            finding.hint = Some(match near {
                Some(near) => format!("did you mean `{near}::{name}`?"),
                None => format!("import it before: `import \"stackit/…\" as {alias};`"),
            });
            return Kind::Unknown;
        };
        match import {
            Import::Unknown => Kind::Unknown,
            Import::Script(functions) => {
                let hint = match functions.get(name) {
                    Some(counts) if counts.contains(&kinds.len()) => return Kind::Unknown,
                    Some(counts) => {
                        let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
                        Some(format!("it takes {}", counts.join(" or ")))
                    }
                    None => nearest(name, functions.keys().map(String::as_str))
                        .map(|near| format!("did you mean `{alias}::{near}`?")),
                };
                let given = kinds.len();
                let message = if functions.contains_key(name) {
                    format!("`{alias}::{name}` does not take {given} arguments")
                } else {
                    format!("`{alias}` has no function `{name}`")
                };
                self.error("unknown_function", position, length, message).hint = hint;
                Kind::Unknown
            }
            Import::Service(service) => {
                let service = *service;
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

fn functions_of(ast: &AST) -> BTreeMap<String, BTreeSet<usize>> {
    let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for function in Tree::of(ast).functions.iter().filter(|function| function.is_public && !function.is_closure()) {
        functions.entry(function.name.clone()).or_default().insert(function.parameters.len());
    }
    // An exported closure is called like a function, too; what it takes cannot be told.
    for statement in ast.statements() {
        if let Stmt::Export(names, _) = statement {
            functions.entry(names.0.name.to_string()).or_default().extend(0..=16);
        }
    }
    functions
}
