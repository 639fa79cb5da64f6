//! Selectors that stand in the script as they are sent.

use rhai::{Expr, FnCallExpr, Position};
use serde_json::Value;

use super::walker::Walker;
use crate::engine::native::Native;
use crate::error::Error;
use crate::resources::{self, Query};

/// The option that holds a selector.
const OPTION: &str = "label_selector";

impl<'t> Walker<'t> {
    /// A literal selector that no list takes.
    pub(super) fn selector(&mut self, native: &Native, call: &'t FnCallExpr) {
        let lists = |kind: &resources::Kind| kind.row().functions.all == native.name && kind.row().takes_selector();
        let Some(kind) = resources::Kind::ALL.iter().copied().find(lists) else { return };
        let (text, position) = match call.args.last() {
            Some(Expr::StringConstant(text, position)) => (text, *position),
            Some(Expr::Map(map, _)) => match map.0.iter().find(|(key, _)| key.name == OPTION) {
                Some((_, Expr::StringConstant(text, position))) => (text, *position),
                _ => return,
            },
            _ => return,
        };
        if let Err(error) = Query::of_argument(kind, Value::from(text.as_str())) {
            self.wrong_selector(error.into(), position, text);
        }
    }

    fn wrong_selector(&mut self, error: Error, position: Position, text: &str) {
        let Error { code, message, hint, .. } = error;
        self.error(code, position, text.chars().count() + 2, message).hint = hint;
    }
}
