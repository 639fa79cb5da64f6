//! Bodies as they may be shown: without the fields that the catalogue marks secret, and those whose name says it.

use http::HeaderMap;
use serde_json::Value;

use crate::catalog::{self, Answer, Operation, Shape, ShapeId};
use crate::secret::REDACTED;
use crate::transport::trace::Side;

/// No longer body is shown.
pub(super) const LONGEST: usize = 16 * 1_024;

/// The body of a request or an answer of `operation` with every secret replaced; what is no JSON is not shown at all,
/// for nothing tells what is in it.
pub(super) fn redacted(operation: &'static Operation, headers: &HeaderMap, body: &[u8], side: Side) -> String {
    if body.is_empty() {
        return String::new();
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        return format!("({} bytes of {})", body.len(), content_type.unwrap_or("an unknown type"));
    };
    // A mint's answer is a credential, whatever its fields are called.
    if operation.effect == catalog::Effect::Mint && side == Side::Answer {
        return format!("({} bytes, not shown: they hold a credential)", body.len());
    }
    hide_secrets(operation, &mut value, side);
    let mut text = value.to_string();
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// Replaces the secrets of a request or an answer of `operation`.
pub(super) fn hide_secrets(operation: &'static Operation, value: &mut Value, side: Side) {
    let shape = match (side, &operation.body, &operation.answer) {
        (Side::Request, Some(body), _) => Some(body.shape),
        (Side::Answer, _, Answer::Json(shape)) => Some(*shape),
        _ => None,
    };
    redact_by_name(value);
    if let (Some(service), Some(shape)) = (catalog::service(operation.module), shape) {
        redact_by_shape(service, shape, value);
    }
}

fn redact_by_shape(service: &'static catalog::Service, shape: ShapeId, value: &mut Value) {
    match (service.shape(shape), value) {
        (Shape::Object { fields, others, .. }, Value::Object(entries)) => {
            for (name, value) in entries {
                match fields.iter().find(|field| field.name == name) {
                    Some(field) if field.is_secret => hide(value),
                    Some(field) => redact_by_shape(service, field.shape, value),
                    None => {
                        if let Some(others) = others {
                            redact_by_shape(service, *others, value);
                        }
                    }
                }
            }
        }
        (Shape::List { item, .. }, Value::Array(items)) => {
            for value in items {
                redact_by_shape(service, *item, value);
            }
        }
        // What any of the alternatives calls secret is secret.
        (Shape::OneOf(shapes) | Shape::AnyOf(shapes) | Shape::AllOf(shapes), value) => {
            for shape in shapes {
                redact_by_shape(service, *shape, value);
            }
        }
        (Shape::Tagged { shapes, .. }, value) => {
            for (_, shape) in shapes {
                redact_by_shape(service, *shape, value);
            }
        }
        (Shape::Nullable(shape), value) if !value.is_null() => redact_by_shape(service, *shape, value),
        _ => {}
    }
}

fn redact_by_name(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                if names_a_secret(name) { hide(value) } else { redact_by_name(value) }
            }
        }
        Value::Array(items) => {
            for value in items {
                redact_by_name(value);
            }
        }
        _ => {}
    }
}

/// Whether a field's name says that its value is not for everyone. Names of other things' secrets are not.
#[must_use]
pub fn names_a_secret(name: &str) -> bool {
    const PARTS: &[&str] =
        &["password", "passwd", "secret", "token", "privatekey", "kubeconfig", "credentials", "apikey"];
    const HARMLESS: &[&str] = &["tokentype", "secretid", "tokenid", "expires", "pagetoken", "tokenendpoint"];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let is_harmless = HARMLESS.iter().any(|part| plain.contains(part));
    plain == "authorization" || (!is_harmless && PARTS.iter().any(|part| plain.contains(part)))
}

fn hide(value: &mut Value) {
    if !value.is_null() {
        *value = Value::from(REDACTED);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::transport::testing::operation;

    fn shown(operation: &'static Operation, body: &Value, side: Side) -> String {
        redacted(operation, &HeaderMap::new(), body.to_string().as_bytes(), side)
    }

    #[test]
    fn fields_that_the_catalogue_marks_are_hidden_wherever_they_stand() {
        let servers = json!({ "items": [{ "name": "web-1", "userData": "I2Nsb3VkLWNvbmZpZw==" }] });
        let text = shown(operation("list_servers"), &servers, Side::Answer);
        assert_eq!(text, r#"{"items":[{"name":"web-1","userData":"***"}]}"#);
        let image = json!({ "id": "1", "uploadUrl": "https://storage.example/x?signature=y" });
        assert!(!shown(operation("create_image"), &image, Side::Answer).contains("signature"));
        let server = json!({ "name": "web-1", "userData": "aGVsbG8=" });
        assert!(!shown(operation("create_server"), &server, Side::Request).contains("aGVsbG8="));
    }

    #[test]
    fn names_that_say_it_are_hidden_too_and_others_are_not() {
        for name in
            ["password", "rootPassword", "client_secret", "access_token", "private-key", "Authorization", "apiKey"]
        {
            assert!(names_a_secret(name), "{name}");
        }
        for name in ["name", "expires_in", "token_type", "nextPageToken", "keypairName", "secretId", "keyId"] {
            assert!(!names_a_secret(name), "{name}");
        }
        let nested = json!({ "deep": [{ "dbPassword": { "value": "x1" }, "size": 1 }], "token": null });
        let text = shown(operation("start_server"), &nested, Side::Answer);
        assert_eq!(text, r#"{"deep":[{"dbPassword":"***","size":1}],"token":null}"#);
    }

    #[test]
    fn a_minted_credential_and_what_is_no_json_are_not_shown_at_all() {
        let mint = catalog::operation("service-account", "create_access_token").expect("the catalogue has it");
        assert!(!shown(mint, &json!({ "whatever": "s3cr3t" }), Side::Answer).contains("s3cr3t"));
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "text/yaml".parse().expect("a value"));
        let text = redacted(operation("get_server"), &headers, b"password: hunter2", Side::Answer);
        assert_eq!(text, "(17 bytes of text/yaml)");
        assert_eq!(redacted(operation("get_server"), &headers, b"", Side::Answer), "");
    }

    #[test]
    fn a_long_body_is_cut() {
        let long = json!({ "name": "é".repeat(LONGEST) });
        assert!(shown(operation("create_volume"), &long, Side::Request).len() <= LONGEST + '…'.len_utf8());
    }
}
