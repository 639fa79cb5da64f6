//! Slack: blocks, and a text for what shows no blocks.
//!
//! Source: `https://api.slack.com/reference/block-kit/blocks`: a header holds 150 characters of plain text, a section
//! 3000, each of its ten fields 2000; `https://api.slack.com/reference/surfaces/formatting`: `&`, `<` and `>` of a text
//! are escaped.

use serde_json::{Value, json};

use crate::notices::bounded::shortened;
use crate::notices::letter::Letter;
use crate::notices::notice::Severity;

const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 3_000;
const LONGEST_FIELD: usize = 1_000;
const FIELDS_OF_A_SECTION: usize = 10;
const MOST_FACTS: usize = 30;

/// The body of a letter. Blocks hold plain text, in which nobody is mentioned and nothing is a link.
pub(in crate::notices) fn slack(letter: &Letter) -> Value {
    let mark = match letter.notice.severity {
        Severity::Info => ":information_source:",
        Severity::Warning => ":warning:",
        Severity::Error => ":red_circle:",
    };
    let title = letter.title();
    let mut blocks = vec![json!({ "type": "header", "text": plain(&format!("{mark} {title}"), LONGEST_HEADER) })];
    if let Some(text) = letter.text() {
        blocks.push(json!({ "type": "section", "text": plain(text, LONGEST_SECTION) }));
    }
    let facts: Vec<_> = letter.facts().into_iter().take(MOST_FACTS).collect();
    for facts in facts.chunks(FIELDS_OF_A_SECTION) {
        let fields = facts.iter().map(|(name, value)| plain(&format!("{name}\n{value}"), LONGEST_FIELD));
        blocks.push(json!({ "type": "section", "fields": fields.collect::<Vec<_>>() }));
    }
    json!({ "text": escaped(&title), "blocks": blocks })
}

fn plain(text: &str, longest: usize) -> Value {
    json!({ "type": "plain_text", "text": shortened(text, longest), "emoji": true })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
