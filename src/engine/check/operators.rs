//! Comparisons that throw, or that say something else than what is meant.

use rhai::{Expr, FnCallExpr, Position};

use super::kinds::Kind;
use super::values::Read;
use super::walker::Walker;
use crate::engine::Registry;
use crate::engine::recipe::Severity;

const COMPARISONS: [&str; 6] = ["==", "!=", "<", ">", "<=", ">="];

impl<'t> Walker<'t> {
    /// An operator and its sides.
    pub(super) fn operator(&mut self, call: &'t FnCallExpr, position: Position) -> Kind {
        let sides: Vec<Read> = call.args.iter().map(|side| self.read(side)).collect();
        let name = call.name.as_str();
        if let ([left, right], [a, b]) = (&sides[..], &call.args[..])
            && COMPARISONS.contains(&name)
        {
            self.incomparable(name, &left.kind, &right.kind, position);
            let is_presence_test = [a, b].iter().any(|side| matches!(side, Expr::Unit(_)));
            if name != "==" && !is_presence_test && self.guards == 0 {
                for side in [left, right] {
                    self.absent_field(name, side, position);
                }
            }
            return Kind::Boolean;
        }
        match (name, &sides[..]) {
            ("!" | "&&" | "||" | "contains", _) => Kind::Boolean,
            (_, [left, right]) => {
                let native = Registry::shared().get(name).iter().find(|native| {
                    let receiver = native.receiver.as_ref();
                    receiver.is_some_and(|receiver| left.kind != Kind::Unknown && left.kind.fits(receiver))
                        && native
                            .parameters
                            .first()
                            .is_some_and(|parameter| right.kind != Kind::Unknown && right.kind.fits(&parameter.kind))
                });
                match native {
                    Some(native) => Kind::of(&native.result),
                    None if matches!((&left.kind, &right.kind), (Kind::Integer, Kind::Integer)) => Kind::Integer,
                    None if name == "+" && left.kind == Kind::Text && right.kind == Kind::Text => Kind::Text,
                    None => Kind::Unknown,
                }
            }
            _ => Kind::Unknown,
        }
    }

    fn incomparable(&mut self, operator: &str, left: &Kind, right: &Kind, position: Position) {
        let is_ours = |kind: &Kind| {
            matches!(kind, Kind::Custom("Instant" | "Duration" | "Secret", _))
                || matches!(kind, Kind::Object(object) if !object.type_name.is_empty())
        };
        let are_alike = match (left, right) {
            (Kind::Unknown, _)
            | (_, Kind::Unknown)
            | (Kind::Object(_), Kind::Object(_) | Kind::Map(_))
            | (Kind::Map(_), Kind::Object(_)) => true,
            (left, right) => left == right,
        };
        if are_alike || !(is_ours(left) || is_ours(right)) {
            return;
        }
        let (one, other) = (left.name(), right.name());
        let has = |name: &str| one == name || other == name;
        let hint = if has("()") {
            "to ask whether a field is there, use `\"field\" in object`; to give it a value if not, `object.field ?? other`"
        } else if has("Instant") && has("Duration") {
            "compare an age with a duration, as in `age(x) > days(7)`"
        } else if has("Instant") {
            "make an instant of it first: `instant(\"2026-11-22T08:00:00Z\")`"
        } else if has("Duration") {
            "make a duration of it first, such as `minutes(10)`"
        } else {
            "compare one of its fields, such as `server.name == \"web-1\"`"
        };
        let message = format!("{one} cannot be compared with {other} by `{operator}`");
        self.error("incomparable", position, operator.len(), message).hint = Some(hint.to_owned());
    }

    fn absent_field(&mut self, operator: &str, side: &Read, position: Position) {
        let Some(field) = &side.optional_field else { return };
        let message = format!("`{field}` may be absent, and `{operator}` then compares with `()`");
        let hint = match operator {
            "!=" => "an object without it passes, too; say what it counts as, as in `(x.field ?? \"\") != …`",
            _ => "say what it counts as, as in `(x.field ?? 0) < …`, or ask before: `\"field\" in x && …`",
        };
        let finding = self.error("absent_field", position, operator.len(), message);
        finding.severity = Severity::Warning;
        finding.hint = Some(hint.to_owned());
    }
}
