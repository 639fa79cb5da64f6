//! From the inputs that worked to a recipe.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::lexer::{Class, Piece, pieces};
use crate::engine::Source;
use crate::engine::footprint::{derive, header_line};

/// An input that worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worked {
    /// Its number.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// Whether it had a value, which later ones may call by its number.
    pub has_value: bool,
}

/// Whether literals become parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literals {
    /// They stay.
    Stay,
    /// They become parameters where a name for them can be told.
    BecomeParameters,
}

/// A recipe of these inputs: with help, what it may do, and results under the names that later inputs call them by.
/// `reserved` are the names that no parameter may bear.
#[must_use]
pub fn recipe(inputs: &[Worked], title: &str, literals: Literals, reserved: &[String]) -> String {
    let body = body(inputs);
    let (parameters, body) = match literals {
        Literals::Stay => (String::new(), body),
        Literals::BecomeParameters => with_parameters(&body, reserved),
    };
    let needs = derive(&Source::inline("recipe", format!("{parameters}{body}"))).permissions();
    let mut text = format!("//! {title}\n");
    let line = header_line(&needs);
    if !needs.is_empty() && !line.trim_end().ends_with("Permissions:") {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push('\n');
    text.push_str(&parameters);
    text.push_str(&body);
    text
}

/// A text without its `//!` lines: a file that was loaded has some, which speak of the file.
#[must_use]
pub fn without_header(text: &str) -> String {
    let mut kept = text.to_owned();
    for piece in pieces(text).iter().rev().filter(|piece| text[piece.span.clone()].starts_with("//!")) {
        let end = piece.span.end + usize::from(text[piece.span.end..].starts_with('\n'));
        kept.replace_range(piece.span.start..end, "");
    }
    kept.trim().to_owned()
}

/// The inputs one after the other.
fn body(inputs: &[Worked]) -> String {
    let all: Vec<Vec<Piece>> = inputs.iter().map(|input| pieces(&input.text)).collect();
    let mut text = String::new();
    for (index, input) in inputs.iter().enumerate() {
        let own = &all[index];
        let mut written = without_replaced_functions(input, index, inputs, &all);
        let later = || inputs.iter().zip(&all).skip(index + 1);
        let is_called = |name: &str| later().any(|(input, pieces)| names(&input.text, pieces).any(|used| used == name));
        // `last` is this input's until the next one that has a value.
        let next_value = inputs.iter().skip(index + 1).position(|input| input.has_value);
        let reach = next_value.map_or(inputs.len(), |after| index + 1 + after + 1);
        let is_last_called = inputs[index + 1..reach]
            .iter()
            .zip(&all[index + 1..reach])
            .any(|(input, pieces)| names(&input.text, pieces).any(|used| used == "last"));
        let numbered = format!("out{}", input.number);
        if input.has_value && written == input.text {
            let names: Vec<&str> = [(is_called(&numbered), numbered.as_str()), (is_last_called, "last")]
                .into_iter()
                .filter_map(|(is_used, name)| is_used.then_some(name))
                .collect();
            if let (Some(first), Some(start)) = (names.first(), last_expression(&input.text, own)) {
                let end =
                    own.iter().rev().find(|piece| piece.class != Class::Comment).map_or(start, |piece| piece.span.end);
                let expression = input.text[start..end].trim_end_matches(';').trim_end();
                written = format!("{}let {first} = {expression};{}", &input.text[..start], &input.text[end..]);
                if let Some(second) = names.get(1) {
                    let _ = write!(written, "\nlet {second} = {first};");
                }
            }
        }
        if written.trim().is_empty() {
            continue;
        }
        text.push_str(&ended(&written, index + 1 == inputs.len()));
        text.push('\n');
    }
    text
}

/// The names that a text reads, words after a dot left out.
fn names<'t>(text: &'t str, pieces: &'t [Piece]) -> impl Iterator<Item = &'t str> {
    pieces.iter().enumerate().filter_map(move |(index, piece)| {
        let is_member = index > 0 && matches!(&text[pieces[index - 1].span.clone()], "." | "?.");
        (piece.class == Class::Name && !is_member).then(|| &text[piece.span.clone()])
    })
}

/// A text that another statement can follow. The last one is the recipe's result, and keeps its value.
fn ended(text: &str, is_last: bool) -> String {
    let own = pieces(text);
    let Some(end) = own.iter().rev().find(|piece| piece.class != Class::Comment).map(|piece| piece.span.end) else {
        return text.to_owned();
    };
    let is_function = functions(text, &own).last().is_some_and(|function| function.span.end == end);
    if is_last || is_function || text[..end].ends_with(';') {
        return text.to_owned();
    }
    format!("{};{}", &text[..end], &text[end..])
}

/// Where the expression begins whose value the text has; nothing if it ends with a declaration.
fn last_expression(text: &str, own: &[Piece]) -> Option<usize> {
    let (mut depth, mut start) = (0_usize, None);
    let functions = functions(text, own);
    for piece in own {
        if functions.iter().any(|function| function.span.contains(&piece.span.start)) {
            continue;
        }
        match (piece.class, &text[piece.span.clone()]) {
            (Class::Comment, _) => continue,
            (Class::Open, _) => depth += 1,
            (Class::Close, _) => depth = depth.saturating_sub(1),
            (_, ";") if depth == 0 => {
                start = None;
                continue;
            }
            _ => {}
        }
        start.get_or_insert(piece.span.start);
    }
    let start = start?;
    let first = own.iter().find(|piece| piece.span.start == start)?;
    let is_declaration = ["let", "const", "import", "for", "while", "loop", "do", "try", "return", "throw"];
    (!is_declaration.contains(&&text[first.span.clone()])).then_some(start)
}

/// A function as it is written.
struct Written {
    name: String,
    parameters: usize,
    span: std::ops::Range<usize>,
}

fn functions(text: &str, own: &[Piece]) -> Vec<Written> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(piece) = own.get(index) {
        match piece.class {
            Class::Open => depth += 1,
            Class::Close => depth = depth.saturating_sub(1),
            Class::Keyword if depth == 0 && &text[piece.span.clone()] == "fn" => {
                if let Some((function, last)) = function(text, own, index) {
                    found.push(function);
                    index = last;
                }
            }
            _ => {}
        }
        index += 1;
    }
    found
}

/// The function that begins at this piece, and the index of its last one.
fn function(text: &str, own: &[Piece], first: usize) -> Option<(Written, usize)> {
    let name = own.get(first + 1)?;
    let mut depth = 0_usize;
    let (mut parameters, mut has_body) = (0, false);
    for (index, piece) in own.iter().enumerate().skip(first + 2) {
        match (piece.class, &text[piece.span.clone()]) {
            (Class::Open, bracket) => {
                depth += 1;
                has_body |= depth == 1 && bracket == "{";
            }
            (Class::Close, _) => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && has_body {
                    let span = own[first].span.start..piece.span.end;
                    return Some((Written { name: text[name.span.clone()].to_owned(), parameters, span }, index));
                }
            }
            (Class::Name, _) if depth == 1 && !has_body => parameters += 1,
            _ => {}
        }
    }
    None
}

/// The text of an input without the functions that a later one declares again: a recipe may declare each only once.
fn without_replaced_functions(input: &Worked, index: usize, inputs: &[Worked], all: &[Vec<Piece>]) -> String {
    let mut text = input.text.clone();
    for function in functions(&input.text, &all[index]).iter().rev() {
        let is_replaced = inputs.iter().zip(all).skip(index + 1).any(|(later, pieces)| {
            functions(&later.text, pieces)
                .iter()
                .any(|other| other.name == function.name && other.parameters == function.parameters)
        });
        if is_replaced {
            text.replace_range(function.span.clone(), "");
        }
    }
    text
}

/// Takes literals out where a name for them can be told: of the option that they are given to, or of the function that
/// looks something up by them.
fn with_parameters(body: &str, reserved: &[String]) -> (String, String) {
    let own = pieces(body);
    let functions = functions(body, &own);
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut text = String::new();
    let mut at = 0;
    for (index, piece) in own.iter().enumerate() {
        let literal = &body[piece.span.clone()];
        let is_plain = piece.class == Class::Number || (piece.class == Class::Text && literal.starts_with('"'));
        // A function sees no variables.
        if !is_plain || functions.iter().any(|function| function.span.contains(&piece.span.start)) {
            continue;
        }
        let before = |back: usize| index.checked_sub(back).map_or("", |before| &body[own[before].span.clone()]);
        let after = own.get(index + 1).map_or("", |after| &body[after.span.clone()]);
        let ends = [",", ")", "}"].contains(&after);
        let name = match (before(1), before(3)) {
            (":", _) if ends => before(2),
            ("(", keyword) if ends && keyword != "." && keyword != "::" => before(2),
            _ => continue,
        };
        // Paths of modules are no parameters, nor is what only shapes what is shown.
        if name.is_empty()
            || !name.starts_with(|first: char| first.is_ascii_lowercase())
            || ["import", "print"].contains(&name)
        {
            continue;
        }
        let name = free_name(&snake_case(name), literal, &parameters, reserved);
        text.push_str(&body[at..piece.span.start]);
        let _ = write!(text, "args.{name}");
        at = piece.span.end;
        if !parameters.iter().any(|(known, _)| *known == name) {
            parameters.push((name, literal.to_owned()));
        }
    }
    text.push_str(&body[at..]);
    if parameters.is_empty() {
        return (String::new(), text);
    }
    let mut declared = "let args = params(#{\n".to_owned();
    for (name, literal) in &parameters {
        let _ = writeln!(declared, "    {name}: {literal},");
    }
    declared.push_str("});\n");
    (declared, text)
}

/// A name that is not taken for another literal.
fn free_name(wanted: &str, literal: &str, taken: &[(String, String)], reserved: &[String]) -> String {
    let reserved: BTreeSet<String> = reserved.iter().map(|name| name.replace('-', "_")).collect();
    let wanted = if reserved.contains(wanted) { format!("the_{wanted}") } else { wanted.to_owned() };
    let is_free = |name: &str| taken.iter().all(|(known, value)| known != name || value == literal);
    std::iter::once(wanted.clone())
        .chain((2..10_000).map(|number| format!("{wanted}_{number}")))
        .find(|name| is_free(name))
        .unwrap_or(wanted)
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worked(texts: &[(&str, bool)]) -> Vec<Worked> {
        let inputs = texts.iter().enumerate().map(|(index, &(text, has_value))| Worked {
            number: index + 1,
            text: text.to_owned(),
            has_value,
        });
        inputs.collect()
    }

    fn body_of(texts: &[(&str, bool)]) -> String {
        body(&worked(texts))
    }

    #[test]
    fn lines_that_speak_of_a_loaded_file_are_left_out() {
        let text = "//! Help.\n//! Permissions: none\n\nlet a = \"//! no\"; // one\n//! more\na\n";
        assert_eq!(without_header(text), "let a = \"//! no\"; // one\na");
        assert_eq!(without_header("1"), "1");
    }

    #[test]
    fn statements_are_told_apart() {
        assert_eq!(
            body_of(&[("print(1) // one", false), ("let a = 2", false), ("a", true)]),
            "print(1); // one\nlet a = 2;\na\n"
        );
        assert_eq!(
            body_of(&[("fn f() { 1 }", false), ("f();", false), ("#{ a: f() }", true)]),
            "fn f() { 1 }\nf();\n#{ a: f() }\n"
        );
    }

    #[test]
    fn results_get_the_names_that_later_inputs_call_them_by() {
        assert_eq!(
            body_of(&[("servers()", true), ("last.len()", true), ("out1.len() + last", true)]),
            "let out1 = servers();\nlet last = out1;\nlet last = last.len();\nout1.len() + last\n"
        );
        assert_eq!(
            body_of(&[("let a = 1; a + 1;", true), ("#{ last: 1 }.last", true), ("last", true)]),
            "let a = 1; a + 1;\nlet last = #{ last: 1 }.last;\nlast\n"
        );
    }

    #[test]
    fn a_function_that_was_written_again_counts_once() {
        assert_eq!(
            body_of(&[("fn f(a) { 1 }", false), ("fn f(a, b) { 2 }", false), ("fn f(a) { 3 }", false), ("f(1)", true)]),
            "fn f(a, b) { 2 }\nfn f(a) { 3 }\nf(1)\n"
        );
    }

    #[test]
    fn literals_become_parameters_on_request() {
        let inputs = worked(&[
            ("let s = server(\"web-1\");", false),
            ("s.update(#{ name: \"web-9\", region: \"x\" });", false),
            ("server(\"web-2\").volumes(#{ minSize: 5 }).len()", true),
        ]);
        let text = recipe(&inputs, "Grown.", Literals::BecomeParameters, &["region".to_owned()]);
        assert!(
            text.contains(
                "let args = params(#{\n    server: \"web-1\",\n    name: \"web-9\",\n    the_region: \"x\",\n    server_2: \"web-2\",\n    min_size: 5,\n});\n"
            ),
            "{text}"
        );
        assert!(text.contains("server(args.server_2).volumes(#{ minSize: args.min_size }).len()"), "{text}");
    }

    #[test]
    fn the_header_asks_for_what_the_recipe_needs() {
        let text = recipe(&worked(&[("server(\"web-1\").stop();", false)]), "Stop it.", Literals::Stay, &[]);
        assert!(
            text.starts_with("//! Stop it.\n//! Permissions: iaas.server.list, iaas.server.stop\n\nserver("),
            "{text}"
        );
    }
}
