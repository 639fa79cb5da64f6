//! Fields that a call names by text or by the keys of a map: `pluck("name")`, `where(#{ status: "ACTIVE" })`.

use rhai::{Expr, FnCallExpr, Position};

use super::kinds::Kind;
use super::walker::Walker;
use crate::engine::native::Native;

/// The natives that look up fields in the items of a list.
const LOOKING: [&str; 8] = ["where", "pluck", "sort_by", "group_by", "count_by", "sum_by", "unique", "table"];

impl<'t> Walker<'t> {
    /// Looks for the named fields in what the list holds, if it is known.
    pub(super) fn named_fields(&mut self, native: &Native, kinds: &[Kind], call: &'t FnCallExpr) {
        let Some(item @ Kind::Object(_)) = kinds.first().filter(|kind| matches!(kind, Kind::List(_))).map(Kind::item)
        else {
            return;
        };
        if !LOOKING.contains(&native.name) {
            return;
        }
        // In `list.pluck(…)` the list is no argument; the fields come right after it. What follows is no field,
        // such as the direction of `sort_by`.
        let Some(fields) = call.args.get(call.args.len() + 1 - kinds.len()) else { return };
        match fields {
            Expr::Map(map, _) => {
                map.0.iter().for_each(|(name, _)| self.named_field(&item, &name.name, name.pos));
            }
            Expr::Array(paths, _) => paths.iter().for_each(|path| self.named_path(&item, path)),
            path => self.named_path(&item, path),
        }
    }

    fn named_path(&mut self, item: &Kind, path: &'t Expr) {
        if let Expr::StringConstant(path, position) = path {
            self.named_field(item, path, *position);
        }
    }

    /// Only the first part: label keys have dots of their own.
    fn named_field(&mut self, item: &Kind, path: &str, position: Position) {
        let name = path.split('.').next().unwrap_or(path);
        self.field(item, name, position);
    }
}
