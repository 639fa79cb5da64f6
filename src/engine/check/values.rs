//! Expressions: what kind of value each gives, and the names and fields that it uses.

use std::rc::Rc;

use rhai::{Expr, Position};

use super::chain::{Chain, Step};
use super::kinds::{FieldKind, Kind};
use super::probe::PROBE;
use super::walker::Walker;
use crate::engine::Registry;
use crate::error::nearest;

/// The last step of a chain that may be absent, for the comparisons.
pub struct Read {
    pub kind: Kind,
    /// `server.labels.team`, if the answer may lack it.
    pub optional_field: Option<String>,
}

impl<'t> Walker<'t> {
    /// Walks through an expression; gives the kind of its value.
    pub(super) fn value(&mut self, expression: &'t Expr) -> Kind {
        self.read(expression).kind
    }

    pub(super) fn read(&mut self, expression: &'t Expr) -> Read {
        if let Some(chain) = Chain::of(expression) {
            return self.chain(&chain);
        }
        Read { kind: self.simple(expression), optional_field: None }
    }

    fn simple(&mut self, expression: &'t Expr) -> Kind {
        match expression {
            Expr::BoolConstant(..) => Kind::Boolean,
            Expr::IntegerConstant(..) => Kind::Integer,
            Expr::FloatConstant(..) => Kind::Float,
            Expr::StringConstant(..) => Kind::Text,
            Expr::Unit(_) => Kind::Nothing,
            Expr::InterpolatedString(parts, _) => {
                for part in parts {
                    let kind = self.value(part);
                    self.secret_in_text(&kind, part);
                }
                Kind::Text
            }
            Expr::Array(items, _) => {
                let kinds: Vec<Kind> = items.iter().map(|item| self.value(item)).collect();
                let first = kinds.first().cloned().unwrap_or(Kind::Unknown);
                let item = if kinds.iter().all(|kind| *kind == first) { first } else { Kind::Unknown };
                Kind::List(Box::new(item))
            }
            Expr::Map(map, _) => {
                let fields = map.0.iter().map(|(name, value)| (name.name.to_string(), self.value(value)));
                Kind::Map(Rc::new(fields.collect()))
            }
            Expr::Variable(variable, _, position) => {
                if variable.2.is_empty() {
                    self.variable(&variable.1, *position)
                } else {
                    self.constant(&variable.2, &variable.1, *position);
                    Kind::Unknown
                }
            }
            Expr::FnCall(call, position) | Expr::MethodCall(call, position) => self.call(call, *position),
            Expr::And(sides, _) | Expr::Or(sides, _) => {
                let guards = self.guards;
                for side in sides.iter() {
                    self.value(side);
                    self.guards += usize::from(super::statements::asks_for_presence(side));
                }
                self.guards = guards;
                Kind::Boolean
            }
            Expr::Coalesce(sides, _) => {
                let kinds: Vec<Kind> = sides.iter().map(|side| self.value(side)).collect();
                let first = kinds.first().cloned().unwrap_or(Kind::Unknown);
                if kinds.iter().all(|kind| *kind == first) { first } else { Kind::Unknown }
            }
            Expr::Stmt(_) | Expr::DynamicConstant(..) if super::closures::function_of(expression).is_some() => {
                self.closure(expression, &[])
            }
            Expr::Stmt(block) => self.within(|walker| walker.block(block.statements())),
            _ => Kind::Unknown,
        }
    }

    pub(super) fn variable(&mut self, name: &str, position: Position) -> Kind {
        if let Some(kind) = self.meaning(name) {
            return kind.clone();
        }
        let near = nearest(name, self.visible()).map(str::to_owned);
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if !Registry::shared().get(name).is_empty() || self.functions.contains_key(name) => {
                format!("as a function it is called: `{name}(…)`")
            }
            None => {
                "functions see no variables from outside but the constants; hand them over as parameters".to_owned()
            }
        };
        let finding =
            self.error("unknown_variable", position, name.chars().count(), format!("there is no variable `{name}`"));
        finding.hint = Some(hint);
        Kind::Unknown
    }

    fn chain(&mut self, chain: &Chain<'t>) -> Read {
        let mut kind = self.value(chain.base);
        let root = match chain.base {
            Expr::Variable(variable, ..) => Some(variable.1.as_str()),
            _ => None,
        };
        let mut optional_field = None;
        let mut path = root.unwrap_or("…").to_owned();
        for step in &chain.steps {
            let mut is_optional = false;
            kind = match step {
                Step::Field(name, _) if *name == PROBE => {
                    self.probed.kind = Some(kind.clone());
                    Kind::Unknown
                }
                Step::Field(name, position) => {
                    path = format!("{path}.{name}");
                    let (field, may_lack) = self.field(&kind, name, *position);
                    is_optional = may_lack;
                    field
                }
                Step::Index(index) => self.index(&kind, index),
                Step::Method(call, position) => {
                    self.captured_receiver(root, call);
                    self.method(&kind, call, *position)
                }
            };
            // Once something may be absent, everything behind it may be.
            let was_optional = optional_field.is_some() && matches!(step, Step::Field(..) | Step::Index(_));
            optional_field = (is_optional || was_optional).then(|| path.clone());
        }
        Read { kind, optional_field }
    }

    fn index(&mut self, kind: &Kind, index: &'t Expr) -> Kind {
        let by = self.value(index);
        match (kind, index) {
            (Kind::List(_), _) if by == Kind::Integer => kind.item(),
            (Kind::Object(_) | Kind::Args(_), Expr::StringConstant(name, position)) => {
                self.field(kind, name, *position).0
            }
            _ => Kind::Unknown,
        }
    }

    /// The kind of a field, and whether the object may lack it.
    pub(super) fn field(&mut self, kind: &Kind, name: &str, position: Position) -> (Kind, bool) {
        let length = name.chars().count();
        match kind {
            Kind::Object(object) => match object.field(name) {
                FieldKind::Present { kind, is_optional } => (kind, is_optional),
                FieldKind::Absent(names) => {
                    let is_method = Registry::shared()
                        .get(name)
                        .iter()
                        .any(|native| native.receiver.as_ref().is_some_and(|receiver| kind.fits(receiver)));
                    let hint = if is_method {
                        format!("to call the method, write `{name}()`")
                    } else {
                        match nearest(name, names.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!("it has {}", names.join(", ")),
                        }
                    };
                    let message = format!("`{}` has no field `{name}`", object.name);
                    self.error("unknown_field", position, length, message).hint = Some(hint);
                    (Kind::Unknown, false)
                }
            },
            Kind::Args(parameters) => {
                if let Some(kind) = parameters.get(name) {
                    return (kind.clone(), false);
                }
                let hint = match nearest(name, parameters.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "declare it in `params(#{ … })`".to_owned(),
                };
                let message = format!("the recipe has no parameter `{name}`");
                self.error("unknown_parameter", position, length, message).hint = Some(hint);
                (Kind::Unknown, false)
            }
            Kind::Map(fields) => (fields.get(name).cloned().unwrap_or(Kind::Unknown), false),
            Kind::Custom(type_name, _) => {
                let properties = || {
                    Registry::shared()
                        .iter()
                        .filter(|native| native.is_property)
                        .filter(|native| native.receiver.as_ref().is_some_and(|receiver| kind.fits(receiver)))
                };
                if let Some(property) = properties().find(|native| native.name == name) {
                    return (Kind::of(&property.result), false);
                }
                let names: Vec<&str> = properties().map(|native| native.name).collect();
                if names.is_empty() {
                    return (Kind::Unknown, false);
                }
                let hint = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has {}", names.join(", ")),
                };
                let message = format!("`{type_name}` has no field `{name}`");
                self.error("unknown_field", position, length, message).hint = Some(hint);
                (Kind::Unknown, false)
            }
            _ => (Kind::Unknown, false),
        }
    }

    fn secret_in_text(&mut self, kind: &Kind, part: &'t Expr) {
        if matches!(kind, Kind::Custom("Secret", _)) {
            let finding = self.error(
                "secret_in_text",
                part.start_position(),
                0,
                "a secret inside of a text is shown as `***`".to_owned(),
            );
            finding.severity = crate::engine::recipe::Severity::Warning;
            finding.hint = Some("join it with `+`, which gives a secret again".to_owned());
        }
    }
}
