//! What may be typed next: the place is told from the text before the cursor, the candidates from the session, the
//! language and the names of the project's objects. Nothing here waits for anybody.

use std::ops::Range;
use std::path::Path;

use super::command::{COMMANDS, Command};
use super::lexer::{Class, Piece, pieces};
use crate::app::Names;
use crate::engine::{Candidate, Scene};

/// So many candidates are shown with what they are.
const FEW: usize = 12;

/// The most parts of a text that are looked at where the whole of it is no script.
const MOST_PARTS: usize = 6;

/// The most candidates of one completion.
const MOST: usize = 200;

/// What may be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What takes the place of the word at the cursor.
    pub text: String,
    /// What is shown in a list: the name, and what it is.
    pub shown: String,
}

/// What completion knows.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// What the session has declared.
    pub scene: Scene,
    /// What the objects are called.
    pub names: Names,
    /// The folder that files are named from.
    pub folder: std::path::PathBuf,
}

/// The word at the cursor, and what may take its place, at most 200 of them.
#[must_use]
pub fn complete(text: &str, cursor: usize, knowledge: &Knowledge) -> (usize, Vec<Completion>) {
    let before = &text[..text.floor_char_boundary(cursor.min(text.len()))];
    let (start, mut found) = candidates(before, knowledge);
    found.truncate(MOST);
    (start, found)
}

fn candidates(before: &str, knowledge: &Knowledge) -> (usize, Vec<Completion>) {
    if let Some(said) = before.trim_start().strip_prefix(':') {
        return in_command(before, said, knowledge);
    }
    let own = pieces(before);
    match own.last() {
        Some(piece)
            if piece.class == Class::Comment && (!piece.is_closed || before[piece.span.start..].starts_with("//")) =>
        {
            return (before.len(), Vec::new());
        }
        Some(piece) if piece.class == Class::Text && !piece.is_closed => {
            return in_text(before, &own, piece.span.clone(), knowledge);
        }
        _ => {}
    }
    let word = own.last().filter(|piece| {
        piece.span.end == before.len()
            && matches!(piece.class, Class::Name | Class::Call | Class::Module | Class::Keyword)
    });
    let start = word.map_or(before.len(), |word| word.span.start);
    let prefix = &before[start..];
    let around = &own[..own.len() - usize::from(word.is_some())];
    let sign = around.last().map_or("", |piece| &before[piece.span.clone()]);
    let scene = &knowledge.scene;
    let found = match sign {
        "." | "?." => in_parts(&before[..start], around, |part, closers| scene.members(part, prefix, closers)),
        "::" => {
            let alias = around.iter().rev().nth(1).map_or("", |piece| &before[piece.span.clone()]);
            scene.operations(alias, before)
        }
        "#{" | "," if is_at_key(before, around) => {
            in_parts(&before[..start], around, |part, closers| scene.options(part, closers))
        }
        _ if prefix.is_empty() => Vec::new(),
        _ => names(before, start, scene),
    };
    (start, matching(found, prefix))
}

/// What is found in the whole text; if that is no script, in what follows the first statements of it, as something in
/// them is wrong: the fewer the better, of the last few.
fn in_parts(before: &str, around: &[Piece], find: impl Fn(&str, &str) -> Option<Vec<Candidate>>) -> Vec<Candidate> {
    if let Some(found) = find(before, &closers(before, around)) {
        return found;
    }
    let starts = statements(before, around);
    let parts = starts[starts.len().saturating_sub(MOST_PARTS)..].iter();
    let mut found = parts.filter_map(|&(index, at)| find(&before[at..], &closers(before, &around[index..])));
    found.next().unwrap_or_default()
}

/// The statements that do not begin the text and are not over at its end: the index of each one's first piece, and where
/// it begins. Those within others come last.
fn statements(before: &str, around: &[Piece]) -> Vec<(usize, usize)> {
    // Of each block that is open: the statements that began in it.
    let mut blocks: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
    for (index, piece) in around.iter().enumerate() {
        let begins = (index + 1, piece.span.end);
        match (piece.class, &before[piece.span.clone()]) {
            (Class::Open, "{") => blocks.push(vec![begins]),
            (Class::Open, _) => blocks.push(Vec::new()),
            (Class::Close, _) if blocks.len() > 1 => {
                blocks.pop();
            }
            (_, ";") => blocks.last_mut().into_iter().for_each(|block| block.push(begins)),
            _ => {}
        }
    }
    blocks.concat()
}

/// Variables of the text itself first, then what the session and the language know.
fn names(before: &str, start: usize, scene: &Scene) -> Vec<Candidate> {
    let own = pieces(&before[..start]);
    let mut all: Vec<Candidate> = Vec::new();
    let mut add = |name: &str| {
        if !all.iter().any(|known| known.name == name) {
            all.push(Candidate { name: name.to_owned(), detail: String::new(), is_called: false });
        }
    };
    for pair in own.windows(2) {
        let is_declared = ["let", "const", "for", "|"].contains(&&before[pair[0].span.clone()]);
        if is_declared && pair[1].class == Class::Name {
            add(&before[pair[1].span.clone()]);
        }
    }
    all.extend(scene.names());
    for word in [
        "let", "const", "fn", "if", "else", "for", "while", "loop", "switch", "import", "return", "throw", "try",
        "true", "false",
    ] {
        all.push(Candidate { name: word.to_owned(), detail: String::new(), is_called: false });
    }
    all
}

/// What begins so. A few are shown with what they are; many by their names alone, so that they fit on the screen.
fn matching(found: Vec<Candidate>, prefix: &str) -> Vec<Completion> {
    let fitting: Vec<Candidate> = found.into_iter().filter(|candidate| candidate.name.starts_with(prefix)).collect();
    let are_few = fitting.len() <= FEW;
    fitting
        .into_iter()
        .map(|candidate| {
            let text = if candidate.is_called { format!("{}(", candidate.name) } else { candidate.name.clone() };
            let shown = if !are_few {
                if candidate.is_called { format!("{}()", candidate.name) } else { candidate.name }
            } else if candidate.detail.is_empty() || candidate.detail == candidate.name {
                candidate.name
            } else if candidate.is_called && candidate.detail.contains('(') {
                candidate.detail
            } else {
                format!("{}  {}", candidate.name, candidate.detail)
            };
            Completion { text, shown }
        })
        .collect()
}

/// Whether a map is open, and what comes next is a key of it.
fn is_at_key(before: &str, around: &[Piece]) -> bool {
    let mut depth = 0_usize;
    for piece in around.iter().rev() {
        match piece.class {
            Class::Close => depth += 1,
            Class::Open if depth == 0 => return &before[piece.span.clone()] == "#{",
            Class::Open => depth -= 1,
            _ => {}
        }
    }
    false
}

/// What closes the brackets that are open at the end, with a body for each `if` or loop whose head is being typed.
fn closers(before: &str, around: &[Piece]) -> String {
    // Of each level, the bracket that opened it, and whether a head waits for its body there.
    let mut levels: Vec<(&str, bool)> = vec![("", false)];
    for piece in around {
        let said = &before[piece.span.clone()];
        let (_, waits) = levels.last_mut().expect("the outermost stays");
        match (piece.class, said) {
            (Class::Keyword, "if" | "while" | "for" | "switch") => *waits = true,
            (Class::Sign, ";") => *waits = false,
            (Class::Open, _) => {
                *waits &= said != "{";
                levels.push((said, false));
            }
            (Class::Close, _) if levels.len() > 1 => {
                levels.pop();
            }
            _ => {}
        }
    }
    let closing = levels.iter().rev().flat_map(|&(bracket, waits)| {
        let bracket = match bracket {
            "" => "",
            "(" => ")",
            "[" => "]",
            "${" => "}`",
            _ => "}",
        };
        [if waits { " {}" } else { "" }, bracket]
    });
    closing.collect()
}

/// Within a text: the name of an object that a function looks up, or the path of a module.
fn in_text(before: &str, own: &[Piece], span: Range<usize>, knowledge: &Knowledge) -> (usize, Vec<Completion>) {
    let start = span.start + 1;
    let typed = &before[start..];
    let said = |back: usize| own.iter().rev().nth(back).map_or("", |piece| &before[piece.span.clone()]);
    let quote = &before[span.start..start];
    let found = match (said(1), said(2)) {
        ("import", _) => {
            let modules =
                Scene::modules().into_iter().map(|module| module.name).chain(recipes(&knowledge.folder, typed));
            modules
                .filter(|path| path.starts_with(typed))
                .map(|path| Completion { text: format!("{path}{quote}"), shown: path })
                .collect()
        }
        ("(", function) => {
            let live = knowledge.names.of(function);
            let fitting = live.iter().filter(|live| live.name.starts_with(typed) && !live.name.contains('"'));
            fitting
                .take(MOST)
                .map(|live| Completion {
                    text: format!("{}{quote}", live.name),
                    shown: if live.state.is_empty() {
                        live.name.clone()
                    } else {
                        format!("{}  {}", live.name, live.state)
                    },
                })
                .collect()
        }
        _ => Vec::new(),
    };
    (start, found)
}

/// After a colon: commands, then what each takes.
fn in_command(before: &str, said: &str, knowledge: &Knowledge) -> (usize, Vec<Completion>) {
    let Some((name, argument)) = said.split_once(char::is_whitespace) else {
        let found = COMMANDS.iter().filter(|row| row.name.starts_with(said));
        let found = found
            .map(|row| Completion { text: format!("{} ", row.name), shown: format!(":{}  {}", row.name, row.meaning) });
        return (before.len() - said.len(), found.collect());
    };
    match Command::named(name) {
        Some(Command::Load) => {
            let typed = argument.trim_start();
            let found = recipes(&knowledge.folder, typed).filter(|path| path.starts_with(typed));
            (before.len() - typed.len(), found.map(|path| Completion { text: path.clone(), shown: path }).collect())
        }
        Some(Command::Trace | Command::Confirm) => {
            let typed = argument.trim_start();
            let found = ["on", "off"].into_iter().filter(|word| word.starts_with(typed));
            let found = found.map(|word| Completion { text: word.to_owned(), shown: word.to_owned() });
            (before.len() - typed.len(), found.collect())
        }
        Some(
            Command::Doc
            | Command::Help
            | Command::Type
            | Command::Time
            | Command::Json
            | Command::Yaml
            | Command::Clear,
        ) => {
            let offset = before.len() - argument.len();
            let (start, mut found) = candidates(argument, knowledge);
            if matches!(Command::named(name), Some(Command::Doc | Command::Help)) {
                for one in &mut found {
                    one.text = one.text.trim_end_matches('(').to_owned();
                }
            }
            (offset + start, found)
        }
        _ => (before.len(), Vec::new()),
    }
}

/// The recipes that lie where a path leads so far.
fn recipes(folder: &Path, typed: &str) -> impl Iterator<Item = String> {
    let parent = typed.rsplit_once('/').map_or("", |(parent, _)| parent);
    let is_inside = !parent.starts_with('/') && !parent.split('/').any(|part| part == "..");
    let entries = is_inside.then(|| std::fs::read_dir(folder.join(parent)).ok()).flatten();
    let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
    let mut found: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .take(10_000)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            if name.starts_with('.') {
                return None;
            }
            if entry.path().is_dir() {
                return Some(format!("{prefix}{name}/"));
            }
            let is_recipe = Path::new(&name).extension().is_some_and(|extension| extension == "rhai");
            is_recipe.then(|| format!("{prefix}{name}"))
        })
        .collect();
    found.sort();
    found.into_iter()
}

#[cfg(test)]
#[path = "completion_tests.rs"]
mod tests;
