//! A recipe that undoes what a run did, to be read before it is run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::inverse::{Inverse, Step, inverse};
use super::rows::ChangeRow;
use crate::catalog::{self, plain_text};
use crate::journal::{Change, History, Outcome, Touched};

/// The longest comment, in letters.
const LONGEST: usize = 220;

/// A recipe that undoes the changes of a run, the last one first. What cannot be undone, and what nobody knows the
/// outcome of, stands in it as comments.
#[must_use]
pub fn undo(run: &History) -> String {
    let mut recipe = Recipe { ends: Ends::of(run), ..Recipe::default() };
    for change in run.changes.iter().rev() {
        recipe.add(run, change);
    }
    recipe.text(run)
}

/// What the run itself made and deleted.
#[derive(Default)]
struct Ends<'r> {
    made: BTreeSet<&'r str>,
    deleted: BTreeSet<&'r str>,
}

impl<'r> Ends<'r> {
    fn of(run: &'r History) -> Self {
        let done = run.changes.iter().filter(|change| change.outcome() == Outcome::Done);
        let mut ends = Self::default();
        for change in done {
            match &*change.before.effect {
                "create" => ends.made.extend(change.result().and_then(|made| made.id.as_deref())),
                // What is detached can be attached again; it is not gone.
                "delete" if inverse(change).steps.is_empty() => {
                    ends.deleted.extend(about(change).iter().map(|object| &*object.id));
                }
                _ => {}
            }
        }
        ends
    }

    /// Why a change needs not be undone: what it is about came and went, or is gone.
    fn excuse(&self, change: &Change) -> Option<&'static str> {
        let made = change.result().and_then(|made| made.id.as_deref()).filter(|_| change.before.effect == "create");
        let touched = about(change).first().map(|object| &*object.id);
        let id = made.or(touched)?;
        let is_made = self.made.contains(id);
        match (self.deleted.contains(id), &*change.before.effect) {
            (false, _) => None,
            (true, "delete") => is_made.then_some("the run had made it itself"),
            (true, _) => Some("the run deleted it later"),
        }
    }
}

/// What a change is about: the last object that its parameters name, and what goes along with it.
fn about(change: &Change) -> &[Touched<'_>] {
    let objects = &change.before.objects;
    let is_named = |object: &Touched<'_>| change.before.parameters.values().any(|value| plain_text(value) == object.id);
    let last = objects.len().saturating_sub(1);
    objects.get(objects.iter().rposition(is_named).unwrap_or(last)..).unwrap_or_default()
}

#[derive(Default)]
struct Recipe<'r> {
    ends: Ends<'r>,
    body: String,
    permissions: BTreeSet<&'static str>,
    /// The services that are imported, with the names they go by.
    modules: BTreeMap<&'static str, String>,
}

impl Recipe<'_> {
    fn add(&mut self, run: &History, change: &Change) {
        let row = ChangeRow::of(&run.began.run, change);
        let outcome = change.outcome();
        if matches!(outcome, Outcome::Refused | Outcome::Unsent) {
            return;
        }
        let Inverse { steps, remark } = match self.ends.excuse(change) {
            Some(why) => Inverse::none(why),
            None => inverse(change),
        };
        let was = row.was.as_ref().map(|was| format!(", which was {was}")).unwrap_or_default();
        let time = row.time.format("%H:%M:%S");
        self.comment(&format!("{time}: `{}` of {}{was}", row.operation, named(&row)));
        if let Some(remark) = remark {
            self.comment(&format!("not undone: {remark}"));
        }
        if outcome == Outcome::Unknown {
            self.comment("nobody knows whether it took effect: look first, then take the slashes away");
        }
        for step in &steps {
            let statement = self.statement(step);
            let slashes = if outcome == Outcome::Unknown { "// " } else { "" };
            let _ = writeln!(self.body, "{slashes}{statement}");
        }
        self.body.push('\n');
    }

    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.body, "// {}", plain(text));
    }

    /// A step as it is written, which brings what it needs into the header.
    fn statement(&mut self, step: &Step) -> String {
        match step {
            Step::Verbs { id, verbs } => {
                let names = verbs.iter().map(|verb| format!("{verb}_server"));
                for name in names.chain(["get_server".to_owned()]) {
                    self.permissions.extend(permissions("iaas", &name));
                }
                let mut statement = format!("server({})", literal(&Value::from(id.as_str())));
                for verb in *verbs {
                    let _ = write!(statement, ".{verb}().wait()");
                }
                statement + ";"
            }
            Step::Resize { id, machine_type } => {
                for name in ["resize_server", "get_server"] {
                    self.permissions.extend(permissions("iaas", name));
                }
                let [id, machine_type] = [id, machine_type].map(|text| literal(&Value::from(text.as_str())));
                format!("server({id}).resize({machine_type}).wait();")
            }
            Step::Detach { id, volume } => {
                for name in ["remove_volume_from_server", "get_attached_volume", "get_server", "get_volume"] {
                    self.permissions.extend(permissions("iaas", name));
                }
                let [id, volume] = [id, volume].map(|text| literal(&Value::from(text.as_str())));
                format!("server({id}).detach(volume({volume})).wait();")
            }
            Step::Call { operation, ids, options } => {
                self.permissions.extend(operation.permissions.iter().map(|permission| permission.name));
                let alias = operation.module.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
                self.modules.insert(operation.module, alias.clone());
                let mut arguments: Vec<String> = ids.iter().map(|id| literal(&Value::from(id.as_str()))).collect();
                if !options.is_empty() {
                    arguments.push(literal(&Value::Object(options.clone())));
                }
                format!("{alias}::{}({});", operation.name, arguments.join(", "))
            }
        }
    }

    fn text(self, run: &History) -> String {
        let began = &run.began;
        let of = began.recipe.as_ref().map(|recipe| format!(" of {}", recipe.name)).unwrap_or_default();
        let mut text = String::new();
        let time = run.time.format("%Y-%m-%d %H:%M UTC");
        let _ = writeln!(text, "//! {}", plain(&format!("Undoes what the run {}{of} did on {time}.", began.run)));
        if let Some(project) = &began.project {
            let region = began.region.as_deref().map(|region| format!(", region {region}")).unwrap_or_default();
            let _ =
                writeln!(text, "//! {}", plain(&format!("It acts in the project {project}{region}: run it there.")));
        }
        if !self.permissions.is_empty() {
            let permissions: Vec<&str> = self.permissions.into_iter().collect();
            let _ = writeln!(text, "//! Permissions: {}", permissions.join(", "));
        }
        text.push('\n');
        for (module, alias) in &self.modules {
            let _ = writeln!(text, "import \"stackit/{module}\" as {alias};");
        }
        if !self.modules.is_empty() {
            text.push('\n');
        }
        if self.body.is_empty() {
            text.push_str("// The run changed nothing.\n");
        }
        text.push_str(self.body.trim_end());
        text.trim_end().to_owned() + "\n"
    }
}

fn permissions(module: &str, name: &str) -> impl Iterator<Item = &'static str> {
    let operation = catalog::operation(module, name);
    operation.into_iter().flat_map(|operation| operation.permissions.iter().map(|permission| permission.name))
}

/// How a comment calls an object.
fn named(row: &ChangeRow) -> String {
    match (&row.name, &row.id) {
        (Some(name), Some(id)) => format!("`{name}` ({id})"),
        (None, Some(id)) => format!("`{id}`"),
        (Some(name), None) => format!("`{name}`"),
        (None, None) => "an object without a name".to_owned(),
    }
}

/// A text that stays on its line, whatever somebody called their servers: what follows would be code.
fn plain(text: &str) -> String {
    let mut line: String = text.chars().map(|letter| if is_break(letter) { ' ' } else { letter }).collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST).chain(['…']).collect();
    }
    line
}

fn is_break(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A value as a script writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "()".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), literal(value))).collect();
            format!("#{{ {} }}", fields.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if is_break(letter) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
