//! Texts such as `${run}`: rhai's optimizer puts constants into a text while it compiles, and writes a type of ours as
//! its path in our code. Here such a text is taken apart again, so that the value is shown when it is reached.

use rhai::{Dynamic, Expr, Position, Scope};

/// The constants of a scope that the optimizer writes by their types.
pub(super) struct FoldedConstants(Vec<(&'static str, Dynamic)>);

impl FoldedConstants {
    pub(super) fn of(scope: &Scope<'_>) -> Self {
        let values = scope.iter_raw().map(|(_, _, value)| (value.type_name(), value.clone()));
        Self(values.filter(|(path, _)| path.contains("::")).collect())
    }

    /// Whether the optimizer has put one of them into a text.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.first_in(text).is_some()
    }

    /// The text with its constants apart; `None` if there are none in it.
    pub(super) fn parts_of(&self, text: &str, position: Position) -> Option<Expr> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((start, path, value)) = self.first_in(rest) {
            parts.push(Expr::StringConstant(rest[..start].into(), position));
            parts.push(Expr::DynamicConstant(Box::new(value.clone()), position));
            rest = &rest[start + path.len()..];
        }
        if parts.is_empty() {
            return None;
        }
        parts.push(Expr::StringConstant(rest.into(), position));
        Some(Expr::InterpolatedString(parts.into_iter().collect(), position))
    }

    fn first_in(&self, text: &str) -> Option<(usize, &'static str, &Dynamic)> {
        let found = self.0.iter().filter_map(|(path, value)| Some((text.find(path)?, *path, value)));
        found.min_by_key(|(start, ..)| *start)
    }
}
