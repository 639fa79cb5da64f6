//! An error that nothing caught, with the way that it came.

use std::fmt::Write as _;
use std::sync::Arc;

use codespan_reporting::diagnostic::{Diagnostic, Label};
use codespan_reporting::term::{self, Config, Styles, StylesWriter, termcolor::Ansi};
use rhai::{Array, Dynamic, EvalAltResult, Map};

use super::check::{Used, hint_for_member};
use super::excerpt::Excerpt;
use super::explain::explain;
use super::sources::Sources;
use super::values::display;
use crate::error::{CallFacts, Error, is_obeyed};

/// An error that nothing caught.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened.
    pub error: Error,
    /// The error's code: our own, or what the script gave when it threw a map.
    pub code: String,
    /// Where, from the innermost place outwards; empty if the script had not begun.
    pub trace: Vec<Place>,
    /// What else there is to say: the items that failed in a `parallel`.
    pub notes: Vec<String>,
}

/// A place in a script.
#[derive(Debug, Clone)]
pub struct Place {
    /// The script's name.
    pub source: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1; 0 if only the line is known.
    pub column: usize,
    /// The function that it lies in, if it lies in one.
    pub function: Option<String>,
    /// The script's text.
    text: Option<Arc<str>>,
}

impl From<Error> for Box<Failure> {
    fn from(error: Error) -> Self {
        Self::new(Failure { code: error.code.to_owned(), error, trace: Vec::new(), notes: Vec::new() })
    }
}

impl Failure {
    /// An error as it left the script that is called `main`.
    pub(super) fn of(main: &str, fault: &EvalAltResult, sources: &Sources) -> Box<Self> {
        let explained = explain(fault);
        let mut error = explained.error;
        if error.call.is_none() {
            error.call = facts_of(&explained.details).map(Box::new);
        }
        let mut notes = notes_of(&explained.details);
        let trace = trace_of(main, fault, sources);
        notes.extend(first_place(&explained.details, trace.first()));
        if let Some(hint) = trace.first().and_then(|place| hint_for(fault, place)) {
            error.hint = Some(hint);
        }
        let code = text_in(&explained.details, "code").unwrap_or_else(|| error.code.to_owned());
        Box::new(Self { error, code, trace, notes })
    }

    /// The error as a person reads it: what happened, the line with a caret, the request, what to do, who called.
    #[must_use]
    pub fn render(&self, has_colour: bool) -> String {
        let mut diagnostic = Diagnostic::error().with_code(&self.code).with_message(readable(&self.error.message));
        let mut notes = Vec::new();
        if let Some(place) = &self.error.place {
            notes.push(format!("in: {place}"));
        }
        if let Some(call) = &self.error.call {
            notes.push(request_of(call));
        }
        notes.extend(self.notes.iter().cloned());
        if let Some(hint) = &self.error.hint {
            notes.push(format!("hint: {hint}"));
        }
        let mut shown = None;
        for place in &self.trace {
            if shown.is_none() && place.text.is_some() {
                shown = Some(place);
            } else {
                notes.push(called_from(place));
            }
        }
        let Some((place, text)) = shown.and_then(|place| Some((place, place.text.as_ref()?))) else {
            return emit(&Excerpt::empty(), &diagnostic.with_notes(notes), has_colour);
        };
        let excerpt = Excerpt::new(&place.source, text, place.line, place.column, None);
        diagnostic = diagnostic.with_label(Label::primary((), excerpt.span()));
        emit(&excerpt, &diagnostic.with_notes(notes), has_colour)
    }
}

/// A message as it is shown: not endless, and with nothing in it that a terminal would obey. Who catches the error has
/// all of it.
fn readable(message: &str) -> String {
    const LETTERS: usize = 500;
    const LINES: usize = 20;
    let mut lines = 0;
    let is_within = |(index, letter): &(usize, char)| {
        lines += usize::from(*letter == '\n');
        *index < LETTERS && lines < LINES
    };
    let mut text = String::new();
    for (_, letter) in message.chars().enumerate().take_while(is_within) {
        if is_obeyed(letter) && letter != '\n' { text.extend(letter.escape_unicode()) } else { text.push(letter) }
    }
    let count = message.chars().count();
    if count > LETTERS || lines >= LINES {
        let _ = write!(text, "… ({count} characters in all)");
    }
    text
}

fn called_from(place: &Place) -> String {
    let within = place.function.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
    format!("called from {}:{}:{}{within}", place.source, place.line, place.column)
}

fn request_of(call: &CallFacts) -> String {
    let mut text = if call.request.is_empty() { call.operation.clone() } else { call.request.clone() };
    if let Some(status) = call.status {
        let _ = write!(text, " → {status}");
    }
    if let Some(code) = &call.api_code {
        let _ = write!(text, ", code {code}");
    }
    if let Some(id) = &call.request_id {
        let _ = write!(text, " (request id {id})");
    }
    if let Some(permission) = &call.permission {
        let _ = write!(text, "\nneeds the permission `{permission}`");
    }
    if !call.candidates.is_empty() {
        let _ = write!(text, "\nmay be one of: {}", call.candidates.join(", "));
    }
    format!("request: {text}")
}

pub(super) fn emit(file: &Excerpt<'_>, diagnostic: &Diagnostic<()>, has_colour: bool) -> String {
    let config = Config::default();
    let mut bytes = Vec::new();
    let styles = if has_colour { Styles::default() } else { Styles::no_color() };
    let result = if has_colour {
        term::emit_to_write_style(&mut StylesWriter::new(Ansi::new(&mut bytes), &styles), &config, file, diagnostic)
    } else {
        term::emit_to_io_write(&mut bytes, &config, file, diagnostic)
    };
    if result.is_err() {
        return format!("error: {}\n", diagnostic.message);
    }
    String::from_utf8_lossy(&bytes).trim_end().to_owned() + "\n"
}

/// What may be meant by what a module has not: only the script says what its modules are.
fn hint_for(fault: &EvalAltResult, place: &Place) -> Option<String> {
    let (member, used) = match fault.unwrap_inner() {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let (name, types) = signature.split_once(" (").unwrap_or((signature, ")"));
            let given = types.strip_suffix(')').unwrap_or(types).split(", ").filter(|kind| !kind.is_empty()).count();
            (name, Used::Called(given))
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => (name.as_str(), Used::Read),
        _ => return None,
    };
    let (alias, name) = member.split_once("::")?;
    hint_for_member(&place.source, place.text.as_ref()?, alias, name, used)
}

/// The places that an error came through, the innermost first, each with the function that it lies in.
fn trace_of(main: &str, fault: &EvalAltResult, sources: &Sources) -> Vec<Place> {
    let (mut source, mut function) = (main.to_owned(), None);
    let mut fault = fault;
    let mut places = Vec::new();
    loop {
        if let (Some(line), Some(column)) = (fault.position().line(), Some(fault.position().position().unwrap_or(0))) {
            let text = sources.get(&source);
            places.push(Place { source: source.clone(), line, column, function: function.clone(), text });
        }
        fault = match fault {
            EvalAltResult::ErrorInFunctionCall(name, named, inner, _) => {
                if !named.is_empty() {
                    source.clone_from(named);
                }
                function = Some(if name.starts_with("anon$") { "a closure".to_owned() } else { format!("`{name}`") });
                inner
            }
            EvalAltResult::ErrorInModule(name, inner, _) => {
                source.clone_from(name);
                function = None;
                inner
            }
            _ => break,
        };
    }
    // A function of rhai's that calls a closure adds a frame at the place of its own call.
    places.dedup_by(|inner, outer| {
        outer.source == inner.source && outer.line == inner.line && outer.column == inner.column
    });
    places.reverse();
    places
}

fn text_in(map: &Map, key: &str) -> Option<String> {
    map.get(key).and_then(|value| value.clone().into_immutable_string().ok()).map(|text| text.to_string())
}

/// The facts of the call, from a map that was caught and thrown again.
fn facts_of(map: &Map) -> Option<CallFacts> {
    let operation = text_in(map, "operation")?;
    Some(CallFacts {
        operation,
        request: String::new(),
        status: map.get("status").and_then(|status| status.as_int().ok()).and_then(|status| u16::try_from(status).ok()),
        api_code: text_in(map, "api_code"),
        request_id: text_in(map, "request_id"),
        permission: text_in(map, "permission"),
        retryable: map.get("retryable").is_some_and(|flag| flag.as_bool() == Ok(true)),
        candidates: Vec::new(),
    })
}

/// Where an error that was caught and thrown again first was raised.
fn first_place(map: &Map, shown: Option<&Place>) -> Option<String> {
    let line = map.get("line")?.as_int().ok().and_then(|line| usize::try_from(line).ok())?;
    let source = text_in(map, "source")?;
    let is_shown = shown.is_some_and(|place| place.line == line && place.source == source);
    (!is_shown).then(|| format!("first raised at {source}:{line}"))
}

/// The first few items that failed, from the results that a `parallel` holds.
fn notes_of(map: &Map) -> Vec<String> {
    const SHOWN: usize = 5;
    let Some(results) = map.get("results").and_then(Dynamic::read_lock::<Array>) else { return Vec::new() };
    let failed = |row: &Dynamic| {
        let row = row.read_lock::<Map>()?;
        let error = row.get("error")?.read_lock::<Map>()?.clone();
        Some((row.get("item").cloned().unwrap_or_default(), error))
    };
    let failures: Vec<_> = results.iter().enumerate().filter_map(|(index, row)| Some((index, failed(row)?))).collect();
    let mut notes: Vec<_> = failures
        .iter()
        .take(SHOWN)
        .map(|(index, (item, error))| {
            let line = error.get("line").and_then(|line| line.as_int().ok());
            let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
            format!("item {index}, {}: {}{line}", name_of(item), text_in(error, "message").unwrap_or_default())
        })
        .collect();
    if failures.len() > SHOWN {
        notes.push(format!("and {} more", failures.len() - SHOWN));
    }
    notes
}

/// How a note calls an item: by its name, if it has one.
fn name_of(item: &Dynamic) -> String {
    let named = super::values::FieldPath::parse("name").ok().and_then(|path| path.read(item).ok());
    let item = named.filter(Dynamic::is_string).unwrap_or_else(|| item.clone());
    let mut text = display(&item, 4096).unwrap_or_default();
    if text.chars().count() > 60 {
        text = text.chars().take(59).chain(['…']).collect();
    }
    text
}
