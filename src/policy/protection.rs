//! Objects that must not be changed, by their label or by the profile.

use super::act::Act;
use super::labels::changes;
use super::{Deed, Knowledge, Object, Place, Refusal, Selector};

/// The label that protects an object.
pub const PROTECT: &str = "stackhand.protect";

/// What a profile protects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    entries: Vec<Entry>,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// An object's name or id.
    Called(String),
    Matching(Selector),
}

impl Protected {
    /// Reads what a profile protects: selectors such as `env=prod`, else names and ids.
    ///
    /// # Errors
    /// When one of them is empty, or a selector breaks the grammar.
    pub fn parse(texts: &[String], place: Place) -> Result<Self, String> {
        let entries = texts.iter().map(|text| {
            let text = text.trim();
            let is_name = !text.is_empty() && !text.contains(['=', '!', ',', '(']);
            if is_name {
                return Ok(Entry::Called(text.to_owned()));
            }
            Selector::parse(text).map(Entry::Matching).map_err(|error| error.to_string())
        });
        Ok(Self { entries: entries.collect::<Result<_, _>>()?, place })
    }

    fn covering(&self, object: &Object<'_>) -> Option<String> {
        let facts = match object.knowledge {
            Knowledge::Known(facts) => Some(facts),
            Knowledge::Unlabelled | Knowledge::Gone | Knowledge::Forbidden(_) => None,
        };
        self.entries.iter().find_map(|entry| match entry {
            Entry::Called(name) => {
                let is_meant = name.eq_ignore_ascii_case(object.id)
                    || facts.is_some_and(|facts| facts.name.as_ref() == Some(name) || facts.id.as_ref() == Some(name));
                is_meant.then(|| name.clone())
            }
            Entry::Matching(selector) => {
                facts.is_some_and(|facts| selector.matches(&facts.labels)).then(|| selector.to_string())
            }
        })
    }
}

/// Refuses a change of what is protected.
///
/// # Errors
/// When one of the objects is, or nobody can know.
pub(super) fn protect(deed: &Deed<'_>, protected: Option<&Protected>) -> Result<(), Refusal> {
    for (act, object) in deed.acts() {
        by_label(deed, act, object)?;
        if let Some(protected) = protected
            && let Some(entry) = protected.covering(object)
        {
            let place = &protected.place;
            let message = format!(
                "{} is refused: `{}` is protected by `{entry}` of the profile `{}` ({})",
                deed.shown(),
                object.label(),
                place.name,
                place.at
            );
            return Err(Refusal::new("protected", message)
                .hinting("no option lifts that; take it out of `protect` of the profile if it shall be changed"));
        }
    }
    Ok(())
}

fn by_label(deed: &Deed<'_>, act: Act, object: &Object<'_>) -> Result<(), Refusal> {
    let facts = match object.knowledge {
        Knowledge::Known(facts) => facts,
        Knowledge::Unlabelled | Knowledge::Gone => return Ok(()),
        Knowledge::Forbidden(permission) => {
            let message = format!(
                "{} is refused: `{}` cannot be read, so that nobody knows whether it is protected",
                deed.shown(),
                object.label()
            );
            return Err(Refusal::new("unreadable_object", message).needing(&permission).hinting(format!(
                "the credential lacks `{permission}`, which every change of a {} needs",
                object.kind
            )));
        }
    };
    let Some(value) = facts.labels.get(PROTECT) else { return Ok(()) };
    let forbidden = match value.as_str() {
        "delete" | "power" if act == Act::Delete => "that it is deleted",
        "power" if matches!(act, Act::Power | Act::Start) => "changes of its power state",
        // It could be deleted in the next call.
        "delete" | "power" if changes(deed, PROTECT) && sets_less(deed) => "that this label is changed",
        "delete" | "power" => return Ok(()),
        _ => "every change",
    };
    let message = format!(
        "{} is refused: `{}` is protected, its label {PROTECT}={value} forbids {forbidden}",
        deed.shown(),
        object.label()
    );
    Err(Refusal::new("protected", message)
        .hinting("no option lifts that; remove the label in STACKIT's portal if it shall be changed"))
}

/// Whether the label is sent with a value that does not protect from everything.
fn sets_less(deed: &Deed<'_>) -> bool {
    deed.sent_labels().and_then(|labels| labels.get(PROTECT)).and_then(|value| value.as_str()) != Some("true")
}
