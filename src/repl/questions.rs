//! How a change is put to a person: what would be done to which object, and what is sent.

use std::fmt::Write as _;
use std::sync::Arc;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::Value;

use super::interrupts::Interrupts;
use super::screen::Screen;
use crate::app::{Asker, Word};
use crate::catalog::Effect;
use crate::policy::{Role, plural};
use crate::transport::{Proposal, Proposed};

/// How many changes are listed one by one.
const LISTED: usize = 20;

/// The longest value of a field that is shown whole.
const LONGEST: usize = 60;

/// Somebody who answers questions.
pub trait Keyboard {
    /// The line that is typed after this question; nothing if there is none, or it was interrupted.
    fn answer(&mut self, question: &str) -> Option<String>;
}

/// Nobody answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Keyboard for Nobody {
    fn answer(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// Asks at a terminal.
pub(super) struct Questions {
    pub screen: Arc<dyn Screen>,
    pub interrupts: Interrupts,
    pub keyboard: Box<dyn Keyboard>,
}

impl Asker for Questions {
    fn ask(&mut self, proposals: &[&Proposal]) -> Word {
        self.screen.set_busy(false);
        self.screen.talk(&described(proposals, self.screen.width()));
        let can_stay = proposals.iter().all(|proposal| proposal.operation.effect != Effect::Delete);
        let question = question(proposals, can_stay);
        let word = loop {
            let Some(answer) = self.keyboard.answer(&question) else {
                // Who interrupts a question wants none of what would ask it again.
                self.interrupts.interrupt();
                break Word::No;
            };
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => break Word::Yes,
                "" | "n" | "no" => break Word::No,
                "a" | "always" if can_stay => break Word::Always,
                "a" | "always" => self.screen.note("a deletion is asked about each time"),
                _ => self.screen.note("y makes the change, n does not"),
            }
        };
        self.screen.set_busy(true);
        word
    }
}

fn question(proposals: &[&Proposal], can_stay: bool) -> String {
    let what = match proposals.len() {
        1 => "Make this change?".to_owned(),
        count => format!("Make these {count} changes?"),
    };
    let choice = if can_stay { "[y/N/a]" } else { "[y/N]" };
    format!("{what} {choice} ")
}

/// What would be done, as a person reads it.
fn described(proposals: &[&Proposal], width: Option<u16>) -> String {
    match proposals {
        [one] => card(one),
        many => listing(many, width),
    }
}

/// `delete server `web-1``: the operation's name says what is done, the object to what.
fn card(proposal: &Proposal) -> String {
    let operation = proposal.operation;
    let mut text = format!("{} ({}.{})", in_words(proposal), operation.module, operation.name);
    for (label, value) in rows(proposal) {
        let _ = write!(text, "\n  {label:<10} {value}");
    }
    text
}

/// What is done, in words: `deallocate server web-1`.
fn in_words(proposal: &Proposal) -> String {
    let verb = proposal.operation.name.replace('_', " ");
    match proposal.objects.last() {
        Some(object) => format!("{verb}: {}", name_of(object)),
        None => match name_in(proposal.body.as_ref()) {
            Some(name) => format!("{verb}: {name}"),
            None => verb,
        },
    }
}

fn rows(proposal: &Proposal) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> =
        proposal.objects.iter().map(|object| (object.kind.clone(), described_object(object))).collect();
    rows.extend(beside(proposal).map(|(word, object)| (format!("{word} {}", object.kind), described_object(object))));
    match &proposal.body {
        Some(Value::Object(fields)) => {
            rows.extend(fields.iter().map(|(name, value)| (name.clone(), short(value))));
        }
        Some(other) => rows.push(("sends".to_owned(), short(other))),
        None => {}
    }
    rows
}

/// What is reached beside the object itself, each with a word for how; what is only entered stays as it is.
fn beside(proposal: &Proposal) -> impl Iterator<Item = (&'static str, &Proposed)> {
    proposal.also.iter().filter_map(|(role, object)| match role {
        Role::Along | Role::Deleted => Some(("and", object)),
        Role::Taken => Some(("takes", object)),
        Role::Robbed => Some(("off", object)),
        Role::Entered => None,
    })
}

fn described_object(object: &Proposed) -> String {
    let mut text = name_of(object).to_owned();
    if text != object.id {
        let _ = write!(text, " ({})", object.id);
    }
    if let Some(status) = &object.status {
        let _ = write!(text, " {status}");
    }
    text
}

fn listing(proposals: &[&Proposal], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(["change", "object", "state", "beside"]);
    for proposal in proposals.iter().take(LISTED) {
        let object = proposal.objects.last();
        let name = object.map(|object| name_of(object).to_owned()).or_else(|| name_in(proposal.body.as_ref()));
        let also: Vec<_> =
            beside(proposal).map(|(word, object)| format!("{word} {} {}", object.kind, name_of(object))).collect();
        table.add_row([
            proposal.operation.name.replace('_', " "),
            name.unwrap_or_default(),
            object.and_then(|object| object.status.clone()).unwrap_or_default(),
            also.join(", "),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = table.trim_fmt();
    if proposals.len() > LISTED {
        let _ = write!(text, "\nand {} more", proposals.len() - LISTED);
    }
    let _ = write!(text, "\n{}", counted(proposals));
    text
}

/// `deallocate server: 12 servers, delete volume: 3 volumes`.
fn counted(proposals: &[&Proposal]) -> String {
    let mut counts: Vec<(&Proposal, usize)> = Vec::new();
    for &proposal in proposals {
        match counts.iter_mut().find(|(known, _)| known.operation.name == proposal.operation.name) {
            Some((_, count)) => *count += 1,
            None => counts.push((proposal, 1)),
        }
    }
    let words = counts.iter().map(|(proposal, count)| {
        let kind = proposal.objects.last().map_or("call", |object| object.kind.as_str());
        let kind = if *count == 1 { kind.to_owned() } else { plural(kind) };
        format!("{}: {count} {kind}", proposal.operation.name.replace('_', " "))
    });
    words.collect::<Vec<_>>().join(", ")
}

fn name_of(object: &Proposed) -> &str {
    object.name.as_deref().unwrap_or(&object.id)
}

fn name_in(body: Option<&Value>) -> Option<String> {
    body?.get("name")?.as_str().map(str::to_owned)
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;

    fn proposal(operation: &str, name: Option<&str>, body: Option<Value>) -> Proposal {
        let object = name.map(|name| Proposed {
            kind: "server".to_owned(),
            id: "0c1d".to_owned(),
            name: Some(name.to_owned()),
            status: Some("ACTIVE".to_owned()),
        });
        Proposal {
            operation: catalog::operation("iaas", operation).expect(operation),
            objects: object.into_iter().collect(),
            also: Vec::new(),
            body,
        }
    }

    #[test]
    fn one_change_says_what_is_done_to_which_object_and_what_is_sent() {
        let text = described(&[&proposal("update_server", Some("web-1"), Some(json!({ "name": "web-9" })))], None);
        assert_eq!(
            text,
            "update server: web-1 (iaas.update_server)\n  server     web-1 (0c1d) ACTIVE\n  name       web-9"
        );
        let text = described(&[&proposal("create_volume", None, Some(json!({ "name": "data", "size": 5 })))], None);
        assert_eq!(text, "create volume: data (iaas.create_volume)\n  name       data\n  size       5");
    }

    #[test]
    fn many_changes_are_one_table_with_a_count() {
        let all: Vec<_> = (0..23).map(|number| proposal("stop_server", Some(&format!("web-{number}")), None)).collect();
        let text = described(&all.iter().collect::<Vec<_>>(), Some(60));
        assert!(text.contains("stop server  web-19") && !text.contains("web-20"), "{text}");
        assert!(text.ends_with("and 3 more\nstop server: 23 servers"), "{text}");
    }
}
