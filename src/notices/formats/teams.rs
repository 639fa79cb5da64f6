//! Microsoft Teams: an Adaptive Card, as the workflow "post to a channel when a webhook request is received" takes it.
//!
//! Source: `https://adaptivecards.io/schemas/adaptive-card.json` (version 1.4), and "Create incoming webhooks with
//! Workflows for Microsoft Teams": a message with attachments of `application/vnd.microsoft.card.adaptive`; messages
//! beyond 28 KB are refused.

use serde_json::{Value, json};

use crate::notices::bounded::shortened;
use crate::notices::letter::Letter;
use crate::notices::notice::Severity;

const LONGEST_TEXT: usize = 6_000;
const LONGEST_FACT: usize = 400;
const MOST_FACTS: usize = 24;

/// The body of a letter. Texts are runs, in which, unlike in text blocks, nothing is markup.
pub(in crate::notices) fn teams(letter: &Letter) -> Value {
    let color = match letter.notice.severity {
        Severity::Info => "Good",
        Severity::Warning => "Warning",
        Severity::Error => "Attention",
    };
    let title =
        json!({ "type": "TextRun", "text": letter.title(), "weight": "Bolder", "size": "Medium", "color": color });
    let mut body = vec![runs(&[title])];
    if let Some(text) = letter.text() {
        body.push(runs(&[json!({ "type": "TextRun", "text": shortened(text, LONGEST_TEXT) })]));
    }
    for (name, value) in letter.facts().into_iter().take(MOST_FACTS) {
        body.push(runs(&[
            json!({ "type": "TextRun", "text": format!("{}: ", shortened(&name, LONGEST_FACT)), "isSubtle": true }),
            json!({ "type": "TextRun", "text": shortened(&value, LONGEST_FACT) }),
        ]));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "msteams": { "width": "Full" },
            },
        }],
    })
}

fn runs(inlines: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines, "spacing": "Small" })
}
