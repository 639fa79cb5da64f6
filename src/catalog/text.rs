//! Values that arrive as text, from a command line or a query, become what their shape says.

use serde_json::Value;

use super::operation::{Parameter, Service};
use super::shape::{Shape, ShapeId, Shapes};

/// The value that a text stands for; the text itself where the shape says text, or where it is not what the shape says
/// (then [`super::validate`] tells). A list is separated by commas, or JSON; an object is JSON.
#[must_use]
pub fn value_from_text(service: &Service, shape: ShapeId, text: &str) -> Value {
    read(service.shapes(), shape, text).unwrap_or_else(|| Value::from(text))
}

/// The value of a query parameter that may be given several times.
#[must_use]
pub fn value_from_query(service: &Service, parameter: &Parameter, texts: &[String]) -> Value {
    match texts {
        [text] => value_from_text(service, parameter.shape, text),
        texts => {
            texts.iter().map(|text| value_from_text(service, item(service.shapes(), parameter.shape), text)).collect()
        }
    }
}

fn read(shapes: &Shapes, shape: ShapeId, text: &str) -> Option<Value> {
    match shapes.get(shape) {
        Shape::Boolean => text.parse().ok().map(Value::Bool),
        Shape::Integer { .. } => text.parse::<i64>().ok().map(Value::from),
        Shape::Number { .. } => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        Shape::List { .. } if text.starts_with('[') => serde_json::from_str(text).ok(),
        Shape::List { .. } if text.is_empty() => Some(Value::Array(Vec::new())),
        Shape::List { item, .. } => {
            let piece = |piece: &str| read(shapes, *item, piece).unwrap_or_else(|| Value::from(piece));
            Some(text.split(',').map(piece).collect())
        }
        Shape::Object { .. } | Shape::Tagged { .. } | Shape::Any => {
            text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
        }
        Shape::OneOf(choices) | Shape::AnyOf(choices) | Shape::AllOf(choices) => {
            choices.iter().find_map(|choice| read(shapes, *choice, text))
        }
        Shape::Nullable(inner) if text == "null" => read(shapes, *inner, text).or(Some(Value::Null)),
        Shape::Nullable(inner) => read(shapes, *inner, text),
        Shape::Text { .. } => Some(Value::from(text)),
        Shape::Never => None,
    }
}

/// The shape of a list's items; a shape that is no list stands for itself.
fn item(shapes: &Shapes, shape: ShapeId) -> ShapeId {
    match shapes.get(shape) {
        Shape::List { item, .. } => *item,
        Shape::Nullable(inner) => item(shapes, *inner),
        _ => shape,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;

    fn read(module: &str, operation: &str, parameter: &str, text: &str) -> Value {
        let operation = catalog::operation(module, operation).unwrap();
        value_from_text(operation.service(), operation.parameter(parameter).unwrap().shape, text)
    }

    #[test]
    fn a_text_becomes_what_its_shape_says() {
        assert_eq!(read("iaas", "list_servers", "details", "true"), json!(true));
        assert_eq!(read("iaas", "list_servers", "label_selector", "true"), json!("true"));
        assert_eq!(read("iaas", "get_server_log", "length", "50"), json!(50));
        assert_eq!(read("pim", "list_skus", "region", "eu01,eu02"), json!(["eu01", "eu02"]));
        assert_eq!(read("pim", "list_skus", "region", r#"["eu01"]"#), json!(["eu01"]));
        assert_eq!(read("vpn", "list_gateways", "label_selector", r#"{"a":"b"}"#), json!({"a": "b"}));
    }

    #[test]
    fn a_wrong_text_stays_text_so_that_the_check_can_tell() {
        assert_eq!(read("iaas", "list_servers", "details", "yes"), json!("yes"));
        assert_eq!(read("iaas", "get_server_log", "length", "many"), json!("many"));
    }

    #[test]
    fn a_repeated_query_parameter_is_a_list() {
        let operation = catalog::operation("pim", "list_skus").unwrap();
        let parameter = operation.parameter("region").unwrap();
        let texts = ["eu01".to_owned(), "eu02".to_owned()];
        assert_eq!(value_from_query(operation.service(), parameter, &texts), json!(["eu01", "eu02"]));
        assert_eq!(value_from_query(operation.service(), parameter, &texts[..1]), json!(["eu01"]));
    }
}
