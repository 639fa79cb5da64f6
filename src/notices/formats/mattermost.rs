//! Mattermost: a message with an attachment.
//!
//! Source: `https://developers.mattermost.com/integrate/reference/message-attachments/` and `…/webhooks/incoming/`.

use serde_json::{Value, json};

use crate::notices::bounded::shortened;
use crate::notices::letter::Letter;
use crate::notices::notice::Severity;

const LONGEST_TEXT: usize = 4_000;
const LONGEST_FACT: usize = 1_000;
const MOST_FACTS: usize = 30;

/// The body of a letter. All of it is Markdown there, so that what has a meaning in it is escaped.
pub(in crate::notices) fn mattermost(letter: &Letter) -> Value {
    let color = match letter.notice.severity {
        Severity::Info => "#2e7d32",
        Severity::Warning => "#ed8b00",
        Severity::Error => "#c62828",
    };
    let fields = letter.facts().into_iter().take(MOST_FACTS).map(|(name, value)| {
        let value = escaped(&shortened(&value, LONGEST_FACT));
        json!({ "title": escaped(&shortened(&name, LONGEST_FACT)), "value": value, "short": true })
    });
    let title = letter.title();
    let mut attachment = json!({
        "fallback": title.replace('@', "@\u{200b}"),
        "color": color,
        "title": escaped(&title),
        "fields": fields.collect::<Vec<_>>(),
    });
    if let Some(text) = letter.text() {
        attachment["text"] = escaped(&shortened(text, LONGEST_TEXT)).into();
    }
    json!({ "attachments": [attachment] })
}

/// Backslashes before what Markdown would take for its own; nobody is mentioned by an `@` with nothing after it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if "\\`*_{}[]()<>#+-.!|~:".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
        if letter == '@' {
            escaped.push('\u{200b}');
        }
    }
    escaped
}
