//! Chains such as `a.b[0].c(1)`, laid out in the order in which they run.

use rhai::{ASTFlags, BinaryExpr, Expr, FnCallExpr, Position};

/// A chain: what it begins with, and its steps.
pub struct Chain<'t> {
    /// `a`
    pub base: &'t Expr,
    /// `.b`, `[0]`, `.c(1)`
    pub steps: Vec<Step<'t>>,
}

/// A step of a chain.
pub enum Step<'t> {
    /// `.name`
    Field(&'t str, Position),
    /// `.name(…)`
    Method(&'t FnCallExpr, Position),
    /// `[index]`
    Index(&'t Expr),
}

impl<'t> Chain<'t> {
    /// The chain that an expression is, if it is one.
    pub fn of(expression: &'t Expr) -> Option<Self> {
        let (pair, flags, is_dot) = parts(expression)?;
        let mut chain = Self { base: &pair.lhs, steps: Vec::new() };
        chain.follow(&pair.rhs, flags, is_dot);
        Some(chain)
    }

    fn follow(&mut self, rest: &'t Expr, flags: ASTFlags, is_dot: bool) {
        let goes_on = is_dot || !flags.contains(ASTFlags::BREAK);
        match parts(rest).filter(|_| goes_on) {
            Some((pair, inner, inner_is_dot)) => {
                self.push(&pair.lhs, is_dot);
                self.follow(&pair.rhs, inner, inner_is_dot);
            }
            None => self.push(rest, is_dot),
        }
    }

    fn push(&mut self, expression: &'t Expr, is_dot: bool) {
        self.steps.push(match expression {
            Expr::Property(property, position) if is_dot => Step::Field(property.2.as_str(), *position),
            Expr::MethodCall(call, position) | Expr::FnCall(call, position) if is_dot => Step::Method(call, *position),
            other => Step::Index(other),
        });
    }
}

fn parts(expression: &Expr) -> Option<(&BinaryExpr, ASTFlags, bool)> {
    match expression {
        Expr::Dot(pair, flags, _) => Some((pair, *flags, true)),
        Expr::Index(pair, flags, _) => Some((pair, *flags, false)),
        _ => None,
    }
}
