//! `try … catch (e)` gives our error map for every error, rhai's own too.
//!
//! rhai hands a thrown value to `catch` as it is, and makes a map of its own for the rest, from which the innermost
//! message and line cannot be had any more. So each `try` body is wrapped, after the parser is done with it, in an
//! expression of ours that evaluates the body and turns whatever it throws into the map. Parser, variables and
//! positions know nothing of it.

use rhai::{CustomExpr, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, FlowControl, Stmt, StmtBlock};

use super::fault::{Fault, caught, is_final};

/// The key of the expression that wraps a `try` body; no script can write it.
const TRY: &str = "$try$";

/// Lets an engine evaluate what [`wrap`] makes.
pub(super) fn install(engine: &mut Engine) {
    engine.register_custom_syntax_with_state_raw(
        TRY,
        |_, _, _| Ok(None),
        false,
        |context, inputs, _| inputs.first().map_or(Ok(Dynamic::UNIT), |body| evaluate_guarded(context, body)),
    );
}

fn evaluate_guarded(
    context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
    body: &Expression<'_>,
) -> Result<Dynamic, Fault> {
    context.eval_expression_tree(body).map_err(|fault| {
        if is_final(&fault) {
            return fault;
        }
        let map = caught(&fault, context.source()).1;
        EvalAltResult::ErrorRuntime(map.into(), fault.position()).into()
    })
}

/// Wraps the body of a `try`.
pub(super) fn wrap(flow: &mut FlowControl) {
    let span = flow.body.span();
    let body = std::mem::take(&mut flow.body);
    let wrapping = CustomExpr {
        inputs: [Expr::Stmt(Box::new(body))].into_iter().collect(),
        tokens: [TRY.into()].into_iter().collect(),
        state: Dynamic::UNIT,
        scope_may_be_changed: false,
        self_terminated: true,
    };
    let wrapping = Expr::Custom(Box::new(wrapping), span.start());
    flow.body = StmtBlock::new_with_span([Stmt::Expr(Box::new(wrapping))], span);
}
