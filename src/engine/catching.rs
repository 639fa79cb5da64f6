//! `try … catch (e)` gives our error map for every error, rhai's own too.
//!
//! rhai hands a thrown value to `catch` as it is, and makes a map of its own for the rest, from which the innermost
//! message and line cannot be had any more. So each `try` body is wrapped, after the parser is done with it, in an
//! expression of ours that evaluates the body and turns whatever it throws into the map. Parser, variables and
//! positions know nothing of it.

use std::cell::RefCell;
use std::sync::Arc;

use rhai::{
    AST, ASTNode, CustomExpr, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, FlowControl, FnCallExpr,
    Module, Position, ScriptFuncDef, Shared, Stmt, StmtBlock,
};

use super::fault::{Fault, caught, is_final};

/// The key of the expression that wraps a `try` body; no script can write it.
const TRY: &str = "$try$";

/// The key of the expression that stands for the whole body of a function. rhai lets nobody put statements into a
/// function, so the parser is given a function of this one word, and the word brings the statements along.
const BODY: &str = "stackhand_function_body";

/// The statements that [`BODY`] stands for.
#[derive(Clone)]
struct Body(Arc<Expr>);

thread_local! {
    /// What the next [`BODY`] that this thread parses stands for.
    static NEXT_BODY: RefCell<Option<Body>> = const { RefCell::new(None) };
}

/// Lets an engine evaluate what [`wrap`] makes.
pub(super) fn install(engine: &mut Engine) {
    engine.register_custom_syntax_with_state_raw(
        TRY,
        |_, _, _| Ok(None),
        false,
        |context, inputs, _| inputs.first().map_or(Ok(Dynamic::UNIT), |body| evaluate_guarded(context, body)),
    );
    engine.register_custom_syntax_with_state_raw(
        BODY,
        |_, _, state| {
            *state = NEXT_BODY.take().map_or(Dynamic::UNIT, Dynamic::from);
            Ok(None)
        },
        false,
        |context, _, state| {
            let body = state.read_lock::<Body>().map(|body| body.clone());
            body.map_or(Ok(Dynamic::UNIT), |body| context.eval_expression_tree(&Expression::from(body.0.as_ref())))
        },
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

/// Wraps every `try` body of a script and of its functions.
///
/// # Errors
/// Never, unless the engine was not prepared by [`install`].
pub(super) fn wrap(engine: &Engine, ast: AST) -> Result<AST, Fault> {
    if !has_try(&ast) {
        return Ok(ast);
    }
    let mut statements = ast.statements().to_vec();
    statements.iter_mut().for_each(in_statement);
    let mut functions = Module::new();
    for function in ast.iter_fn_def() {
        functions.set_script_fn(in_function(engine, function)?);
    }
    let mut wrapped = AST::new(statements, functions);
    if let Some(source) = ast.source() {
        wrapped.set_source(source);
    }
    Ok(wrapped)
}

fn has_try(ast: &AST) -> bool {
    let mut is_found = false;
    ast.walk(&mut |path| {
        is_found |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::TryCatch(..))));
        !is_found
    });
    is_found
}

fn in_function(engine: &Engine, function: &Shared<ScriptFuncDef>) -> Result<Shared<ScriptFuncDef>, Fault> {
    let alone = AST::new([], Module::from([function.clone()]));
    if !has_try(&alone) {
        return Ok(function.clone());
    }
    let mut statements = Vec::new();
    alone.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push(Stmt::clone(statement));
        }
        true
    });
    statements.iter_mut().for_each(in_statement);
    let block = StmtBlock::new(statements, Position::NONE, Position::NONE);
    NEXT_BODY.set(Some(Body(Arc::new(Expr::Stmt(Box::new(block))))));
    let template = engine.compile(format!("fn template() {{ {BODY} }}"))?;
    let mut wrapped = ScriptFuncDef::clone(function);
    if let Some(template) = template.iter_fn_def().next() {
        wrapped.body = template.body.clone();
    }
    Ok(wrapped.into())
}

fn in_block(block: &mut StmtBlock) {
    block.statements_mut().iter_mut().for_each(in_statement);
}

fn in_flow(flow: &mut FlowControl) {
    in_expression(&mut flow.expr);
    in_block(&mut flow.body);
    in_block(&mut flow.branch);
}

fn in_statement(statement: &mut Stmt) {
    match statement {
        Stmt::TryCatch(flow, _) => {
            in_flow(flow);
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
        Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, _, _) => in_flow(flow),
        Stmt::For(parts, _) => in_flow(&mut parts.2),
        Stmt::Switch(parts, _) => {
            in_expression(&mut parts.0);
            for case in &mut parts.1.expressions {
                in_expression(&mut case.lhs);
                in_expression(&mut case.rhs);
            }
        }
        Stmt::Var(parts, _, _) => in_expression(&mut parts.1),
        Stmt::Assignment(parts) => {
            in_expression(&mut parts.1.lhs);
            in_expression(&mut parts.1.rhs);
        }
        Stmt::FnCall(call, _) => in_call(call),
        Stmt::Block(block) => in_block(block),
        Stmt::Expr(expression) | Stmt::BreakLoop(Some(expression), _, _) | Stmt::Return(Some(expression), _, _) => {
            in_expression(expression);
        }
        Stmt::Import(parts, _) => in_expression(&mut parts.0),
        _ => {}
    }
}

fn in_call(call: &mut FnCallExpr) {
    call.args.iter_mut().for_each(in_expression);
}

fn in_expression(expression: &mut Expr) {
    match expression {
        Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => parts.iter_mut().for_each(in_expression),
        Expr::Map(parts, _) => parts.0.iter_mut().for_each(|(_, value)| in_expression(value)),
        Expr::MethodCall(call, _) | Expr::FnCall(call, _) => in_call(call),
        Expr::Stmt(block) => in_block(block),
        Expr::Dot(parts, _, _) | Expr::Index(parts, _, _) => {
            in_expression(&mut parts.lhs);
            in_expression(&mut parts.rhs);
        }
        Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => {
            parts.iter_mut().for_each(in_expression);
        }
        Expr::Custom(custom, _) => custom.inputs.iter_mut().for_each(in_expression),
        _ => {}
    }
}
