//! What a service says when it refuses: a dozen shapes of body become one.
//!
//! Source: the error schemas of all documents; IaaS `code`/`msg`, the long form with `timeStamp`/`path`/`status`, the
//! nested `error` of service-account, PIM's `details`, problem+json, edge's code as text, object-storage's `detail`.

use serde_json::{Map, Value};

/// How much of a text that is not JSON is shown.
const LONGEST_TEXT: usize = 300;
/// How many details are shown.
const MOST_DETAILS: usize = 5;

/// What the body of a refusal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The service's own code, as text.
    pub api_code: Option<String>,
    /// What the service says, with its details; empty if it says nothing.
    pub message: String,
    /// An identifier for the provider's support, where the body has one.
    pub trace_id: Option<String>,
    /// Whether the body is no API's: a web page of something in between.
    pub is_foreign: bool,
}

/// Reads the body of an answer that is no success.
pub(super) fn read(body: &[u8]) -> Refusal {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(fields)) => from_object(&fields),
        Ok(Value::Array(items)) => {
            let message = items.iter().take(MOST_DETAILS).filter_map(detail).collect::<Vec<_>>().join("; ");
            Refusal { message, ..Refusal::default() }
        }
        Ok(Value::String(message)) => Refusal { message: shortened(&message), ..Refusal::default() },
        Ok(_) => Refusal::default(),
        Err(_) => from_text(&String::from_utf8_lossy(body)),
    }
}

fn from_object(fields: &Map<String, Value>) -> Refusal {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    // The nested form is the flat one, one level down.
    if let Some(Value::Object(nested)) = fields.get("error") {
        let mut refusal = from_object(nested);
        refusal.trace_id = refusal.trace_id.or_else(|| text("traceId").map(str::to_owned));
        return refusal;
    }
    let said = ["msg", "message", "description", "detail", "error_description", "title", "error"];
    let (source, mut message) = said.iter().find_map(|name| Some((*name, shortened(text(name)?)))).unwrap_or_default();
    if source == "detail"
        && let Some(title) = text("title")
    {
        message = format!("{}: {message}", shortened(title));
    }
    let details = details(fields, &message);
    if !details.is_empty() {
        let details = details.join("; ");
        message = if message.is_empty() { details } else { format!("{message}: {details}") };
    }
    let scalar = |name: &str| match fields.get(name) {
        Some(Value::String(code)) if !code.is_empty() && code != "about:blank" => Some(code.clone()),
        Some(Value::Number(code)) => Some(code.to_string()),
        _ => None,
    };
    let error = if source == "error" { None } else { scalar("error") };
    let api_code = scalar("code").or(error).or_else(|| scalar("type")).or_else(|| scalar("status"));
    Refusal { api_code, message, trace_id: text("traceId").map(str::to_owned), is_foreign: false }
}

fn details(fields: &Map<String, Value>, message: &str) -> Vec<String> {
    let mut told = Vec::new();
    for name in ["details", "detail", "errors", "validation", "fields"] {
        match fields.get(name) {
            Some(Value::Array(items)) => told.extend(items.iter().filter_map(detail)),
            Some(Value::Object(fields)) => {
                told.extend(fields.iter().filter_map(|(field, value)| Some(format!("`{field}`: {}", detail(value)?))));
            }
            Some(Value::String(text)) if name == "details" && !text.is_empty() => told.push(shortened(text)),
            _ => {}
        }
    }
    told.retain(|detail| detail != message);
    told.truncate(MOST_DETAILS);
    told
}

fn detail(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(shortened(text)).filter(|text| !text.is_empty()),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(detail).collect();
            if items.is_empty() { None } else { Some(items.join(", ")) }
        }
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            let said = ["msg", "message", "reason", "en", "description", "detail", "title", "key"];
            let message = said.iter().find_map(|name| text(name))?;
            let place = text("field").map(str::to_owned).or_else(|| {
                let steps = fields.get("loc")?.as_array()?;
                let steps: Vec<_> =
                    steps.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
                Some(steps.join("."))
            });
            Some(place.map_or_else(|| shortened(message), |place| format!("`{place}`: {}", shortened(message))))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn from_text(body: &str) -> Refusal {
    let body = body.trim();
    let head = &body[..body.floor_char_boundary(4_096)];
    let lower = head.to_ascii_lowercase();
    if !(lower.contains("<html") || lower.starts_with("<!doctype") || lower.starts_with("<?xml")) {
        return Refusal { message: shortened(body), ..Refusal::default() };
    }
    let between = |open: &str, close: &str| {
        let start = lower.find(open)? + open.len();
        let end = start + lower[start..].find(close)?;
        Some(shortened(&head[start..end])).filter(|title| !title.is_empty())
    };
    let title = between("<title>", "</title>").or_else(|| between("<h1>", "</h1>"));
    let message = title
        .map_or_else(|| "a web page instead of an answer".to_owned(), |title| format!("a web page titled `{title}`"));
    Refusal { message, is_foreign: true, ..Refusal::default() }
}

/// One line, not too long, without control characters.
fn shortened(text: &str) -> String {
    let mut line = String::new();
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST_TEXT {
            line.truncate(line.floor_char_boundary(LONGEST_TEXT));
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_the_documents_gives_code_and_message() {
        let cases = [
            // iaas
            (r#"{"code":404,"msg":"server not found"}"#, Some("404"), "server not found"),
            // resource-manager, authorization, cost, service-account
            (
                r#"{"timeStamp":"2026-01-01T00:00:00Z","path":"/v2/projects","status":403,"error":"Forbidden","message":"no"}"#,
                Some("Forbidden"),
                "no",
            ),
            // service-account's 401, automation, vpn
            (
                r#"{"error":{"code":401,"message":"token expired","status":"UNAUTHENTICATED"}}"#,
                Some("401"),
                "token expired",
            ),
            // pim v2
            (
                r#"{"code":400,"message":"bad","details":[{"field":"pageSize","description":"too large"}]}"#,
                Some("400"),
                "bad: `pageSize`: too large",
            ),
            // problem+json
            (
                r#"{"type":"about:blank","status":422,"title":"Unprocessable","detail":"name is taken"}"#,
                Some("422"),
                "Unprocessable: name is taken",
            ),
            // sfs
            (
                r#"{"type":"invalid","title":"Bad Request","fields":[{"field":"size","reason":"must grow"}]}"#,
                Some("invalid"),
                "Bad Request: `size`: must grow",
            ),
            // edge: the code is text
            (r#"{"code":"400","message":"no plan"}"#, Some("400"), "no plan"),
            // cost
            (r#"{"msg":"unknown account"}"#, None, "unknown account"),
            // observability
            (r#"{"message":"Bad","errors":[{"message":"a"},{"message":"b"}]}"#, None, "Bad: a; b"),
            (r#"{"detail":"instance not found"}"#, None, "instance not found"),
            // object-storage
            (
                r#"{"detail":[{"loc":["body","name",0],"msg":"too short","type":"value_error"}]}"#,
                None,
                "`body.name.0`: too short",
            ),
            (r#"{"detail":[{"key":"bucket.exists","msg":"bucket exists"}]}"#, None, "bucket exists"),
            // logme, redis, …
            (r#"{"error":"Conflict","description":"busy"}"#, Some("Conflict"), "busy"),
            // postgres
            (r#"{"code":400,"validation":[{"field":"acl","message":"is no CIDR"}]}"#, Some("400"), "`acl`: is no CIDR"),
            // cdn
            (
                r#"{"message":"wrong","details":[{"en":"bad origin","de":"falsch","key":"k"}]}"#,
                None,
                "wrong: bad origin",
            ),
            // git
            (r#"{"error":"invalid","details":"no such plan"}"#, None, "invalid: no such plan"),
            (r#"["first", {"msg": "second"}]"#, None, "first; second"),
            (r#""just text""#, None, "just text"),
            ("plain\ntext", None, "plain text"),
            ("", None, ""),
            ("{}", None, ""),
            ("42", None, ""),
            (r#"{"error":null,"message":17}"#, None, ""),
        ];
        for (body, api_code, message) in cases {
            let refusal = read(body.as_bytes());
            assert_eq!((refusal.api_code.as_deref(), refusal.message.as_str()), (api_code, message), "{body}");
        }
    }

    #[test]
    fn a_trace_id_in_the_body_is_found() {
        let refusal = read(br#"{"code":500,"type":"InternalError","message":"oops","traceId":"abc"}"#);
        assert_eq!(refusal.trace_id.as_deref(), Some("abc"));
    }

    #[test]
    fn a_web_page_of_a_proxy_is_told_by_its_title() {
        let refusal = read(b"<!DOCTYPE html>\n<html><head><title>502\nBad Gateway</title></head></html>");
        assert_eq!(refusal.message, "a web page titled `502 Bad Gateway`");
        assert!(refusal.is_foreign);
        assert!(read(b"<html>").is_foreign);
    }

    #[test]
    fn long_and_broken_text_is_cut_to_one_line() {
        let refusal = read(format!("{}é\u{0}", "word ".repeat(200)).as_bytes());
        assert!(refusal.message.len() <= LONGEST_TEXT + '…'.len_utf8());
        assert!(refusal.message.ends_with('…'));
        assert_eq!(read(&[0xff, b'x']).message, "\u{fffd}x");
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>, text: String) {
            read(&body);
            read(text.as_bytes());
            read(format!("<html><title>{text}").as_bytes());
        }
    }
}
