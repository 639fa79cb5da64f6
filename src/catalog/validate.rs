//! Checks JSON against a shape: requests before they are sent, answers before they are believed.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use serde_json::{Map, Value};

use super::operation::{Operation, Service};
use super::pattern;
use super::shape::{Field, Shape, ShapeId, Shapes};
use super::suggest::nearest;

/// Which way a value travels: fields that only answers have do not count in requests, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From us to the service.
    Request,
    /// From the service to us.
    Answer,
}

impl Direction {
    /// Whether a field is part of what travels this way.
    #[must_use]
    pub fn counts(self, field: &Field) -> bool {
        match self {
            Self::Request => !field.is_read_only,
            Self::Answer => !field.is_write_only,
        }
    }
}

/// What is wrong with a value, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: `items[0].name`; empty for the value as a whole.
    pub path: String,
    /// What, as the end of a sentence: `must be a whole number`.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}` {}", self.message),
        }
    }
}

/// All that is wrong with a value of a shape; empty if it fits. Fields that the document does not know are fine, unless
/// it closes the object.
#[must_use]
pub fn validate(service: &Service, shape: ShapeId, value: &Value, direction: Direction) -> Vec<Violation> {
    let mut check = Check { shapes: service.shapes(), direction, path: String::new(), violations: Vec::new() };
    check.value(shape, value);
    check.violations
}

impl Operation {
    /// All that is wrong with a call's parameters: unknown ones, missing ones, wrong values. Parameters that a run
    /// fills by itself ([`super::Parameter::filled_from`]) may be missing.
    #[must_use]
    pub fn check_parameters(&self, parameters: &Map<String, Value>) -> Vec<Violation> {
        let mut violations = Vec::new();
        for name in parameters.keys().filter(|name| self.parameter(name).is_none()) {
            let known = self.parameters.iter().map(|parameter| parameter.name);
            let message = match nearest(name, known.clone()) {
                Some(near) => format!("is no parameter of {}; `{near}` is", self.name),
                None if self.parameters.is_empty() => format!("is no parameter of {}; it has none", self.name),
                None => format!("is no parameter of {}; it has {}", self.name, quoted(known)),
            };
            violations.push(Violation { path: name.clone(), message });
        }
        for parameter in &self.parameters {
            match parameters.get(parameter.name) {
                Some(value) => {
                    let mut found = validate(self.service(), parameter.shape, value, Direction::Request);
                    for violation in &mut found {
                        let separator =
                            if violation.path.is_empty() || violation.path.starts_with('[') { "" } else { "." };
                        violation.path = format!("{}{separator}{}", parameter.name, violation.path);
                    }
                    violations.extend(found);
                }
                None if parameter.is_required && parameter.filled_from().is_none() => {
                    violations.push(Violation { path: parameter.name.to_owned(), message: "is missing".to_owned() });
                }
                None => {}
            }
        }
        violations
    }
}

struct Check {
    shapes: &'static Shapes,
    direction: Direction,
    path: String,
    violations: Vec<Violation>,
}

impl Check {
    fn value(&mut self, id: ShapeId, value: &Value) {
        match self.shapes.get(id) {
            Shape::Any => {}
            Shape::Never => self.fail("is not allowed"),
            Shape::Boolean => self.expect(value.is_boolean(), "must be true or false"),
            Shape::Integer { minimum, maximum, values } => self.integer(value, *minimum, *maximum, values),
            Shape::Number { minimum, maximum } => self.number(value, *minimum, *maximum),
            shape @ Shape::Text { .. } => match value.as_str() {
                Some(text) => self.text(shape, text),
                None => self.fail("must be text"),
            },
            Shape::List { item, minimum, maximum, is_unique } => match value.as_array() {
                Some(items) => {
                    self.count(items.len(), *minimum, *maximum, "items");
                    self.expect(!is_unique || are_distinct(items), "must not hold an item twice");
                    for (position, element) in items.iter().enumerate() {
                        self.within(&format!("[{position}]"), |check| check.value(*item, element));
                    }
                }
                None => self.fail("must be a list"),
            },
            shape @ Shape::Object { .. } => match value.as_object() {
                Some(members) => self.object(shape, members),
                None => self.fail("must be an object"),
            },
            Shape::Tagged { tag, shapes } => self.tagged(tag, shapes, value),
            Shape::OneOf(shapes) => self.choice(shapes, value, true),
            Shape::AnyOf(shapes) => self.choice(shapes, value, false),
            Shape::AllOf(shapes) => shapes.iter().for_each(|shape| self.value(*shape, value)),
            Shape::Nullable(inner) => {
                if !value.is_null() {
                    self.value(*inner, value);
                }
            }
        }
    }

    fn integer(&mut self, value: &Value, minimum: Option<i64>, maximum: Option<i64>, values: &[i64]) {
        let is_whole = value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0);
        if !is_whole {
            return self.fail("must be a whole number");
        }
        // Beyond i64 only the side counts.
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        let number = value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)).unwrap_or(i64::MAX);
        if let Some(minimum) = minimum.filter(|minimum| number < *minimum) {
            self.fail(format!("must be at least {minimum}"));
        }
        if let Some(maximum) = maximum.filter(|maximum| number > *maximum) {
            self.fail(format!("must be at most {maximum}"));
        }
        if !values.is_empty() && !values.contains(&number) {
            self.fail(format!("must be one of {}", quoted(values)));
        }
    }

    fn number(&mut self, value: &Value, minimum: Option<f64>, maximum: Option<f64>) {
        let Some(number) = value.as_f64() else { return self.fail("must be a number") };
        if let Some(minimum) = minimum.filter(|minimum| number < *minimum) {
            self.fail(format!("must be at least {minimum}"));
        }
        if let Some(maximum) = maximum.filter(|maximum| number > *maximum) {
            self.fail(format!("must be at most {maximum}"));
        }
    }

    /// One violation at most: a text that is no UUID is also too short and has the wrong letters.
    fn text(&mut self, shape: &Shape, text: &str) {
        let Shape::Text { minimum, maximum, pattern, format, values } = shape else { return };
        if !values.is_empty() && !values.contains(&text) {
            return self.fail(format!("must be one of {}", quoted(values)));
        }
        if let Some(what) = format.and_then(|format| wrong_format(format, text)) {
            return self.fail(format!("must be {what}"));
        }
        let before = self.violations.len();
        self.count(text.chars().count(), *minimum, *maximum, "characters");
        if self.violations.len() > before {
            return;
        }
        if let Some(pattern) = pattern.filter(|pattern| !pattern::is_match(pattern, text)) {
            self.fail(format!("must match `{pattern}`"));
        }
    }

    fn object(&mut self, shape: &Shape, members: &Map<String, Value>) {
        let Shape::Object { fields, others, names, minimum, maximum } = shape else { return };
        self.count(members.len(), *minimum, *maximum, "fields");
        let direction = self.direction;
        for field in fields.iter().filter(|field| direction.counts(field)) {
            match members.get(field.name) {
                Some(value) => self.within(field.name, |check| check.value(field.shape, value)),
                None if field.is_required => self.within(field.name, |check| check.fail("is missing")),
                None => {}
            }
        }
        if others.is_none() && names.is_none() {
            return;
        }
        for (name, value) in members.iter().filter(|(name, _)| fields.iter().all(|field| field.name != *name)) {
            if let Some(names) = names {
                let before = self.violations.len();
                self.within(name, |check| check.value(*names, &Value::from(name.as_str())));
                for violation in &mut self.violations[before..] {
                    violation.message.insert_str(0, "as a name ");
                }
            }
            if let Some(others) = others {
                self.within(name, |check| check.value(*others, value));
            }
        }
    }

    fn tagged(&mut self, tag: &'static str, shapes: &[(&'static str, ShapeId)], value: &Value) {
        let Some(members) = value.as_object() else { return self.fail("must be an object") };
        let Some(found) = members.get(tag).and_then(Value::as_str) else {
            return self.within(tag, |check| check.fail("is missing"));
        };
        if let Some((_, shape)) = shapes.iter().find(|(name, _)| *name == found) {
            return self.value(*shape, value);
        }
        let message = format!("must be one of {}", quoted(shapes.iter().map(|(name, _)| name)));
        self.within(tag, |check| check.fail(message));
    }

    /// One of the shapes must fit, and only one if `is_exclusive`. If none fits, what is wrong with the nearest is told:
    /// the one that knows most of the value's fields.
    fn choice(&mut self, shapes: &[ShapeId], value: &Value, is_exclusive: bool) {
        let mut fitting = 0;
        let mut nearest: Option<(usize, Vec<Violation>)> = None;
        for shape in shapes {
            let mut attempt = Self {
                shapes: self.shapes,
                direction: self.direction,
                path: self.path.clone(),
                violations: Vec::new(),
            };
            attempt.value(*shape, value);
            if attempt.violations.is_empty() {
                fitting += 1;
                continue;
            }
            let strangeness = self.unknown_fields(*shape, value);
            let is_nearer = |(other, violations): &(usize, Vec<Violation>)| {
                (strangeness, attempt.violations.len()) < (*other, violations.len())
            };
            if nearest.as_ref().is_none_or(is_nearer) {
                nearest = Some((strangeness, attempt.violations));
            }
        }
        match fitting {
            0 => self.violations.extend(nearest.into_iter().flat_map(|(_, violations)| violations)),
            1 => {}
            _ if is_exclusive => self.fail(format!("fits {fitting} of {} forms, and must fit one", shapes.len())),
            _ => {}
        }
    }

    fn unknown_fields(&self, shape: ShapeId, value: &Value) -> usize {
        let Some(members) = value.as_object() else { return 0 };
        let fields = self.shapes.fields(shape);
        members.keys().filter(|name| fields.iter().all(|field| field.name != *name)).count()
    }

    fn count(&mut self, count: usize, minimum: Option<u32>, maximum: Option<u32>, what: &str) {
        if let Some(minimum) = minimum.filter(|minimum| count < *minimum as usize) {
            self.fail(format!("must have at least {minimum} {what}"));
        }
        if let Some(maximum) = maximum.filter(|maximum| count > *maximum as usize) {
            self.fail(format!("must have at most {maximum} {what}"));
        }
    }

    fn expect(&mut self, holds: bool, message: &str) {
        if !holds {
            self.fail(message);
        }
    }

    fn fail(&mut self, message: impl Into<String>) {
        self.violations.push(Violation { path: self.path.clone(), message: message.into() });
    }

    /// Checks a part; `step` is a field's name or `[position]`.
    fn within(&mut self, step: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        let is_plain = step.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if step.starts_with('[') {
            self.path.push_str(step);
        } else if is_plain {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(step);
        } else {
            let _ = write!(self.path, "[{step:?}]");
        }
        check(self);
        self.path.truncate(length);
    }
}

/// What a text of this format should be, if it is not. Formats that only describe are not checked.
fn wrong_format(format: &str, text: &str) -> Option<&'static str> {
    let (is_right, what) = match format {
        "uuid" => (text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(), "a UUID"),
        "date-time" => {
            (chrono::DateTime::parse_from_rfc3339(text).is_ok(), "a date and time such as `2026-01-31T12:00:00Z`")
        }
        "date" => (chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(), "a date such as `2026-01-31`"),
        "byte" => (base64::engine::general_purpose::STANDARD.decode(text).is_ok(), "base64"),
        "ipv4" => (text.parse::<std::net::Ipv4Addr>().is_ok(), "an IPv4 address"),
        "ipv6" => (text.parse::<std::net::Ipv6Addr>().is_ok(), "an IPv6 address"),
        _ => return None,
    };
    (!is_right).then_some(what)
}

fn are_distinct(items: &[Value]) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| seen.insert(item.to_string()))
}

fn quoted<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;

    fn body(module: &str, name: &str, value: &Value) -> Vec<String> {
        let operation = catalog::operation(module, name).unwrap();
        let shape = operation.body.as_ref().unwrap().shape;
        texts(&validate(operation.service(), shape, value, Direction::Request))
    }

    fn answer(module: &str, name: &str, value: &Value) -> Vec<String> {
        let operation = catalog::operation(module, name).unwrap();
        texts(&validate(operation.service(), operation.answer_shape().unwrap(), value, Direction::Answer))
    }

    fn texts(violations: &[Violation]) -> Vec<String> {
        violations.iter().map(ToString::to_string).collect()
    }

    const ID: &str = "5f2a9a5e-6c3b-4f0e-9d57-0d3b3d3a1c11";

    #[test]
    fn a_right_request_has_no_violations() {
        let server = json!({"name": "web-1", "machineType": "g2i.1", "networking": {"networkId": ID},
            "labels": {"team": "web", "mcm.gardener.cloud/role": "node", "gone": null}, "unknown": 1});
        assert!(body("iaas", "create_server", &server).is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let server = json!({"name": "web_1!", "labels": {"team": "a:b", "-x": "y"}, "networking": {"nicIds": ["x"]}});
        let found = body("iaas", "create_server", &server);
        assert!(found.contains(&"`machineType` is missing".to_owned()), "{found:?}");
        assert!(found.iter().any(|text| text.starts_with("`name` must match")), "{found:?}");
        assert!(found.iter().any(|text| text.starts_with("`labels.team` must match")), "{found:?}");
        assert!(found.iter().any(|text| text.starts_with("`labels[\"-x\"]` as a name must match")), "{found:?}");
        assert!(found.iter().any(|text| text.starts_with("`networking.nicIds[0]` must")), "{found:?}");
    }

    #[test]
    fn wrong_kinds_and_bounds_are_told() {
        assert_eq!(body("iaas", "create_server", &json!([])), ["must be an object"]);
        let volume = json!({"availabilityZone": 3, "size": 1.5, "name": null});
        assert_eq!(
            body("iaas", "create_volume", &volume),
            ["`availabilityZone` must be text", "`name` must be text", "`size` must be a whole number"]
        );
        let rule = json!({"direction": "ingress", "portRange": {"min": -1, "max": 70000}});
        assert_eq!(
            body("iaas", "create_security_group_rule", &rule),
            ["`portRange.max` must be at most 65535", "`portRange.min` must be at least 0"]
        );
    }

    #[test]
    fn exactly_one_form_must_fit() {
        let both = json!({"name": "n", "machineType": "m", "networking": {"networkId": ID, "nicIds": [ID]}});
        assert_eq!(body("iaas", "create_server", &both).len(), 1, "closed forms refuse each other's field");
        let route = json!({"items": [{"destination": {"type": "cidrv5", "value": "10.0.0.0/8"}}]});
        let found = body("iaas", "add_routes_to_routing_table", &route);
        assert!(
            found.contains(&"`items[0].destination.type` must be one of `cidrv4`, `cidrv6`".to_owned()),
            "{found:?}"
        );
        assert!(found.contains(&"`items[0].nexthop` is missing".to_owned()), "{found:?}");
    }

    #[test]
    fn read_only_fields_count_in_answers_alone_and_write_only_ones_in_requests() {
        let snapshot = json!({"volumeId": ID, "id": 7});
        assert!(body("iaas", "create_snapshot", &snapshot).is_empty());
        assert_eq!(answer("iaas", "create_snapshot", &snapshot), ["`id` must be text"]);
        let server = json!({"name": "a", "machineType": "m", "securityGroups": 7});
        assert!(answer("iaas", "get_server", &server).is_empty());
    }

    #[test]
    fn an_answer_is_checked_deep() {
        let list = json!({"items": [{"name": "a", "machineType": "m"}, {"name": "b", "createdAt": "yesterday"}]});
        assert_eq!(
            answer("iaas", "list_servers", &list),
            [
                "`items[1].createdAt` must be a date and time such as `2026-01-31T12:00:00Z`",
                "`items[1].machineType` is missing"
            ]
        );
        let quotas = json!({"quotas": {"vcpu": {"limit": 1}}});
        let found = answer("iaas", "list_quotas", &quotas);
        assert!(found.contains(&"`quotas.vcpu.usage` is missing".to_owned()), "{found:?}");
    }

    #[test]
    fn wrong_parameters_are_named_before_anything_is_sent() {
        let check = |name: &str, value: Value| {
            texts(&catalog::operation("iaas", name).unwrap().check_parameters(value.as_object().unwrap()))
        };
        assert!(check("list_servers", json!({"label_selector": "a=b", "details": true})).is_empty());
        assert_eq!(
            check("list_servers", json!({"label_selektor": "a=b"})),
            ["`label_selektor` is no parameter of list_servers; `label_selector` is"]
        );
        assert_eq!(check("list_servers", json!({"details": "yes"})), ["`details` must be true or false"]);
        assert_eq!(check("get_server", json!({})), ["`serverId` is missing"]);
        assert_eq!(check("get_server", json!({"serverId": "7"})), ["`serverId` must be a UUID"]);
    }

    #[test]
    fn formats_are_checked_where_they_can_be() {
        for (format, right, wrong) in [
            ("uuid", ID, "5f2a9a5e6c3b4f0e9d570d3b3d3a1c11"),
            ("date-time", "2026-01-31T12:00:00.5+01:00", "2026-01-31 12:00:00"),
            ("date", "2026-02-28", "2026-02-30"),
            ("byte", "aGk=", "a"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "fe80::1", "fe80::g"),
        ] {
            assert_eq!(wrong_format(format, right), None);
            assert!(wrong_format(format, wrong).is_some(), "{format}");
        }
        assert_eq!(wrong_format("hostname", "?"), None);
    }
}
