//! The parameters of a recipe, read off its one `params(#{…})`.

use rhai::{AST, ASTNode, Expr, FnCallExpr, Ident, Position, Stmt};
use serde_json::Value;

use super::comments::{Comment, CommentKind, comments};
use super::finding::Finding;
use super::kind::ParameterKind;
use super::literal::{Declared, declared};

/// A parameter of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// As the recipe knows it: `grace_time`.
    pub name: String,
    /// As the command line knows it, without the dashes: `grace-time`.
    pub option: String,
    /// Its type.
    pub kind: ParameterKind,
    /// What it is if it is not given; `None` if it must be.
    pub default: Option<Value>,
    /// What its comment says, or nothing.
    pub help: String,
    /// Its line in the recipe.
    pub line: usize,
}

/// All parameters of a recipe, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// The parameters.
    pub all: Vec<Parameter>,
    /// Whether the recipe calls `params` at all.
    pub is_declared: bool,
}

impl Parameters {
    /// Finds the parameters of a recipe without running it. `ast` must be compiled without optimisation, which would
    /// fold the literals; `reserved` are the global options' names, which no parameter may bear.
    #[must_use]
    pub fn read(source: &str, ast: &AST, reserved: &[String]) -> (Self, Vec<Finding>) {
        let calls = calls_of_params(ast);
        let mut findings = Vec::new();
        let Some((first, _)) = calls.first() else {
            return (Self::default(), findings);
        };
        for (_, position) in &calls[1..] {
            let (line, column) = place(*position);
            findings.push(
                Finding::error("second_params", line, column, "`params` is called a second time")
                    .spanning(6)
                    .with_hint("declare all parameters in one map"),
            );
        }
        let mut all = Vec::new();
        match &first.args[..] {
            [Expr::Map(map, position)] => {
                let comments = comments(source);
                for (index, (name, value)) in map.0.iter().enumerate() {
                    let next = map.0.get(index + 1).map(|(name, _)| place(name.pos));
                    let start = if index == 0 { place(*position).0 } else { place(map.0[index - 1].0.pos).0 };
                    match parameter(name, value, reserved) {
                        Ok(mut parameter) => {
                            parameter.help = help(source, &comments, start, place(name.pos), next);
                            all.push(parameter);
                        }
                        Err(finding) => findings.push(finding),
                    }
                }
            }
            arguments => {
                let (line, column) = place(arguments.first().map_or(calls[0].1, Expr::start_position));
                findings.push(
                    Finding::error("dynamic_params", line, column, "`params` takes one literal map").with_hint(
                        "write `params(#{ name: default, … })`, so that options are known without running it",
                    ),
                );
            }
        }
        (Self { all, is_declared: true }, findings)
    }

    /// The parameter of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Parameter> {
        self.all.iter().find(|parameter| parameter.name == name)
    }
}

fn calls_of_params(ast: &AST) -> Vec<(FnCallExpr, Position)> {
    let mut calls = Vec::new();
    ast.walk(&mut |path| {
        let call = match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position))) => {
                Some((call, *position))
            }
            _ => None,
        };
        if let Some((call, position)) = call
            && call.name == "params"
            && !call.is_qualified()
        {
            calls.push(((**call).clone(), position));
        }
        true
    });
    calls
}

fn parameter(name: &Ident, value: &Expr, reserved: &[String]) -> Result<Parameter, Finding> {
    let (line, column) = place(name.pos);
    let length = name.name.chars().count();
    let option = name.name.replace('_', "-");
    let is_snake_case = name.name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_snake_case {
        return Err(Finding::error("bad_parameter_name", line, column, format!("`{}` cannot be an option", name.name))
            .spanning(length)
            .with_hint("parameters are written in snake_case: small letters, digits and `_`"));
    }
    if reserved.contains(&option) {
        return Err(Finding::error(
            "reserved_parameter",
            line,
            column,
            format!("the parameter `{}` bears the name of the global option `--{option}`", name.name),
        )
        .spanning(length)
        .with_hint("give it another name"));
    }
    let Declared { kind, default } = declared(value).map_err(|error| {
        let (line, column) = place(error.position);
        Finding::error("dynamic_parameter", line, column, format!("`{}`: {}", name.name, error.message))
            .with_hint(error.hint)
    })?;
    Ok(Parameter { name: name.name.to_string(), option, kind, default, help: String::new(), line })
}

/// The comment that trails the entry, up to the next; else the ones that stand alone right above it.
fn help(
    source: &str,
    comments: &[Comment],
    after_line: usize,
    (line, column): (usize, usize),
    next: Option<(usize, usize)>,
) -> String {
    let until = next.unwrap_or_else(|| end_of_entry(source, comments, line));
    let trailing = comments
        .iter()
        .filter(|comment| comment.kind == CommentKind::Line && !comment.is_alone)
        .filter(|comment| (comment.line, comment.column) > (line, column))
        // Where two entries share a line, its comment is the last one's.
        .find(|comment| (comment.line, comment.column) < until);
    if let Some(trailing) = trailing {
        return trailing.text.trim().to_owned();
    }
    let mut above: Vec<&str> = Vec::new();
    let mut wanted = line;
    for comment in comments.iter().rev().filter(|comment| comment.line < line && comment.line > after_line) {
        if comment.kind != CommentKind::Line || !comment.is_alone || comment.line + 1 != wanted {
            break;
        }
        wanted = comment.line;
        above.push(comment.text.trim());
    }
    above.reverse();
    above.join(" ")
}

/// The last entry's comment stands on the line on which its value ends; what follows the map is not its own.
fn end_of_entry(source: &str, comments: &[Comment], line: usize) -> (usize, usize) {
    let mut depth = 0_i64;
    for (index, text) in source.lines().enumerate().skip(line - 1) {
        let number = index + 1;
        let comment = comments.iter().find(|comment| comment.line == number && comment.kind == CommentKind::Line);
        let code: String = match comment {
            Some(comment) => text.chars().take(comment.column - 1).collect(),
            None => text.to_owned(),
        };
        for bracket in code.chars() {
            match bracket {
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' => depth -= 1,
                _ => {}
            }
        }
        if depth <= 0 {
            return (number + 1, 1);
        }
    }
    (usize::MAX, 1)
}

/// The places of the `secret("name")` that stand in `params` for a name which an option can change. `ast` is as the
/// run compiles it.
#[must_use]
pub fn secret_parameters(ast: &AST) -> Vec<Position> {
    let calls = calls_of_params(ast);
    let Some([Expr::Map(map, _)]) = calls.first().map(|(call, _)| &call.args[..]) else { return Vec::new() };
    let place = |value: &Expr| match value {
        Expr::FnCall(call, position) if call.name == "secret" && !call.is_qualified() => Some(*position),
        _ => None,
    };
    map.0.iter().filter_map(|(_, value)| place(value)).collect()
}

/// Line and column of a position, 0 where unknown.
pub(super) fn place(position: Position) -> (usize, usize) {
    (position.line().unwrap_or(0), position.position().unwrap_or(0))
}

#[cfg(test)]
pub(super) mod tests {
    use rhai::{Engine, OptimizationLevel};
    use serde_json::json;

    use super::*;

    pub(crate) fn read(source: &str) -> (Parameters, Vec<Finding>) {
        let mut engine = Engine::new_raw();
        engine.set_optimization_level(OptimizationLevel::None);
        let ast = engine.compile(source).expect("the script compiles");
        Parameters::read(source, &ast, &["profile".to_owned(), "project-id".to_owned()])
    }

    #[test]
    fn defaults_types_and_help_are_read_off_the_source() {
        let source = r#"
let args = params(#{
    selector: "schedule=office-hours",   // which servers
    // how long a shutdown may take,
    // at most
    grace_time: minutes(10),
    keep: 7, ratio: -0.5, // the last of two
    dry: false,
    tiers: ["web", "db"], // in this order
    rules: #{             // what to keep
        daily: 7,         // not help of its own
    },
    ages: [hours(1), days(2)],
    since: instant("2026-11-22T08:00:00Z"),
    name: required("text"), // "quoted // help"
    token: secret("api_token"),
    mode: one_of(["edge", "enforce"]),
    ending: (),
    url: "https://x//y",
    most: -3 }); // not help either
let x = 1; // nor this
"#;
        let (parameters, findings) = read(source);
        assert_eq!(findings, []);
        assert!(parameters.is_declared);
        let shown: Vec<(String, String, Option<Value>, String)> =
            parameters.all.into_iter().map(|one| (one.option, one.kind.to_string(), one.default, one.help)).collect();
        let row = |option: &str, kind: &str, default: Value, help: &str| {
            (option.to_owned(), kind.to_owned(), Some(default), help.to_owned())
        };
        assert_eq!(
            shown,
            [
                row("selector", "text", json!("schedule=office-hours"), "which servers"),
                row("grace-time", "duration", json!("10m"), "how long a shutdown may take, at most"),
                row("keep", "int", json!(7), ""),
                row("ratio", "float", json!(-0.5), "the last of two"),
                row("dry", "bool", json!(false), ""),
                row("tiers", "list of text", json!(["web", "db"]), "in this order"),
                row("rules", "map", json!({ "daily": 7 }), "what to keep"),
                row("ages", "list of duration", json!(["1h", "2d"]), ""),
                row("since", "instant", json!("2026-11-22T08:00:00Z"), ""),
                ("name".to_owned(), "text".to_owned(), None, "\"quoted // help\"".to_owned()),
                row("token", "secret name", json!("api_token"), ""),
                row("mode", "edge|enforce", json!("edge"), ""),
                row("ending", "value", Value::Null, ""),
                row("url", "text", json!("https://x//y"), ""),
                row("most", "int", json!(-3), "not help either"),
            ]
        );
    }

    #[test]
    fn a_recipe_without_params_has_none() {
        assert_eq!(read("let a = 1; let params = 2;"), (Parameters::default(), vec![]));
    }

    #[test]
    fn every_wrong_parameter_is_found_with_its_place() {
        let source = "params(#{\n  profile: 1,\n  project_id: 2,\n  Big: 3,\n  when: now(),\n  sum: 1 + 2,\n  \
                      text: `a${1}`,\n  kind: required(\"colour\"),\n  span: duration(\"10\"),\n  fine: 1,\n});\nparams(#{});";
        let (parameters, findings) = read(source);
        let shown: Vec<(&str, usize, usize)> =
            findings.iter().map(|finding| (finding.code, finding.line, finding.column)).collect();
        assert_eq!(
            shown,
            [
                ("second_params", 12, 1),
                ("reserved_parameter", 2, 3),
                ("reserved_parameter", 3, 3),
                ("bad_parameter_name", 4, 3),
                ("dynamic_parameter", 5, 9),
                ("dynamic_parameter", 6, 10),
                ("dynamic_parameter", 7, 9),
                ("dynamic_parameter", 8, 9),
                ("dynamic_parameter", 9, 9),
            ]
        );
        assert_eq!(parameters.all.len(), 1);
    }

    #[test]
    fn a_map_that_is_no_literal_is_an_error() {
        for source in ["let m = #{}; params(m)", "params()", "params(1, 2)", "params(#{}, 1)"] {
            let (parameters, findings) = read(source);
            assert_eq!(findings.len(), 1, "{source}");
            assert_eq!(findings[0].code, "dynamic_params");
            assert!(parameters.all.is_empty());
        }
    }
}
