//! What is changed in a syntax tree after the parser is done with it: `try` bodies are wrapped, and texts that the
//! optimizer folded too early are unfolded. Parser, variables and positions know nothing of it.

use std::cell::RefCell;
use std::sync::Arc;

use rhai::{
    AST, ASTNode, Dynamic, Engine, Expr, Expression, FlowControl, FnCallExpr, Module, Position, Scope, ScriptFuncDef,
    Shared, Stmt, StmtBlock,
};

use super::catching;
use super::fault::Fault;
use super::folded::FoldedConstants;

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

/// Lets an engine evaluate what [`rewrite`] makes.
pub(super) fn install(engine: &mut Engine) {
    catching::install(engine);
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

/// Changes what a script and its functions need changed.
///
/// # Errors
/// Never, unless the engine was not prepared by [`install`].
pub(super) fn rewrite(engine: &Engine, scope: &Scope<'_>, ast: AST) -> Result<AST, Fault> {
    Rewriter { engine, constants: FoldedConstants::of(scope) }.script(ast)
}

struct Rewriter<'e> {
    engine: &'e Engine,
    constants: FoldedConstants,
}

impl Rewriter<'_> {
    fn script(&self, ast: AST) -> Result<AST, Fault> {
        if !self.needs_change(&ast) {
            return Ok(ast);
        }
        let mut statements = ast.statements().to_vec();
        for statement in &mut statements {
            self.in_statement(statement);
        }
        let mut functions = Module::new();
        for function in ast.iter_fn_def() {
            functions.set_script_fn(self.in_function(function)?);
        }
        let mut changed = AST::new(statements, functions);
        if let Some(source) = ast.source() {
            changed.set_source(source);
        }
        Ok(changed)
    }

    fn needs_change(&self, ast: &AST) -> bool {
        let mut is_found = false;
        ast.walk(&mut |path| {
            is_found |= match path.last() {
                Some(ASTNode::Stmt(Stmt::TryCatch(..))) => true,
                Some(ASTNode::Expr(Expr::StringConstant(text, _))) => self.constants.are_in(text),
                _ => false,
            };
            !is_found
        });
        is_found
    }

    fn in_function(&self, function: &Shared<ScriptFuncDef>) -> Result<Shared<ScriptFuncDef>, Fault> {
        let alone = AST::new([], Module::from([function.clone()]));
        if !self.needs_change(&alone) {
            return Ok(function.clone());
        }
        let mut statements = Vec::new();
        alone.walk(&mut |path| {
            if let [ASTNode::Stmt(statement)] = path {
                statements.push(Stmt::clone(statement));
            }
            true
        });
        for statement in &mut statements {
            self.in_statement(statement);
        }
        let block = StmtBlock::new(statements, Position::NONE, Position::NONE);
        NEXT_BODY.set(Some(Body(Arc::new(Expr::Stmt(Box::new(block))))));
        let template = self.engine.compile(format!("fn template() {{ {BODY} }}"))?;
        let mut changed = ScriptFuncDef::clone(function);
        if let Some(template) = template.iter_fn_def().next() {
            changed.body = template.body.clone();
        }
        Ok(changed.into())
    }

    fn in_block(&self, block: &mut StmtBlock) {
        block.statements_mut().iter_mut().for_each(|one| self.in_statement(one));
    }

    fn in_flow(&self, flow: &mut FlowControl) {
        self.in_expression(&mut flow.expr);
        self.in_block(&mut flow.body);
        self.in_block(&mut flow.branch);
    }

    fn in_statement(&self, statement: &mut Stmt) {
        match statement {
            Stmt::TryCatch(flow, _) => {
                self.in_flow(flow);
                catching::wrap(flow);
            }
            Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, _, _) => self.in_flow(flow),
            Stmt::For(parts, _) => self.in_flow(&mut parts.2),
            Stmt::Switch(parts, _) => {
                self.in_expression(&mut parts.0);
                for case in &mut parts.1.expressions {
                    self.in_expression(&mut case.lhs);
                    self.in_expression(&mut case.rhs);
                }
            }
            Stmt::Var(parts, _, _) => self.in_expression(&mut parts.1),
            Stmt::Assignment(parts) => {
                self.in_expression(&mut parts.1.lhs);
                self.in_expression(&mut parts.1.rhs);
            }
            Stmt::FnCall(call, _) => self.in_call(call),
            Stmt::Block(block) => self.in_block(block),
            Stmt::Expr(expression) | Stmt::BreakLoop(Some(expression), _, _) | Stmt::Return(Some(expression), _, _) => {
                self.in_expression(expression);
            }
            Stmt::Import(parts, _) => self.in_expression(&mut parts.0),
            _ => {}
        }
    }

    fn in_call(&self, call: &mut FnCallExpr) {
        call.args.iter_mut().for_each(|one| self.in_expression(one));
    }

    fn in_expression(&self, expression: &mut Expr) {
        match expression {
            Expr::StringConstant(text, position) => {
                if let Some(parts) = self.constants.parts_of(text, *position) {
                    *expression = parts;
                }
            }
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                parts.iter_mut().for_each(|one| self.in_expression(one));
            }
            Expr::Map(parts, _) => parts.0.iter_mut().for_each(|(_, value)| self.in_expression(value)),
            Expr::MethodCall(call, _) | Expr::FnCall(call, _) => self.in_call(call),
            Expr::Stmt(block) => self.in_block(block),
            Expr::Dot(parts, _, _) | Expr::Index(parts, _, _) => {
                self.in_expression(&mut parts.lhs);
                self.in_expression(&mut parts.rhs);
            }
            Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => {
                parts.iter_mut().for_each(|one| self.in_expression(one));
            }
            Expr::Custom(custom, _) => custom.inputs.iter_mut().for_each(|one| self.in_expression(one)),
            _ => {}
        }
    }
}
