//! A recipe as it describes itself.

use rhai::{OptimizationLevel, Scope};

use super::{Finding, Header, Parameters, Severity};
use crate::engine::{Limits, Source, builder, compile};

/// A recipe's help, requests and parameters, found without running it.
#[derive(Debug, Clone, Default)]
pub struct Recipe {
    /// The `//!` lines.
    pub header: Header,
    /// The parameters.
    pub parameters: Parameters,
    /// What is wrong with either.
    pub findings: Vec<Finding>,
    /// Whether the script could be parsed at all; if not, running it says why.
    pub is_readable: bool,
}

impl Recipe {
    /// Reads a recipe. `reserved` are the names that its parameters may not bear.
    #[must_use]
    pub fn read(source: &Source, reserved: &[String]) -> Self {
        let (header, mut findings) = Header::read(&source.text);
        let mut engine = builder::bare(&Limits::default());
        engine.set_strict_variables(false);
        engine.set_optimization_level(OptimizationLevel::None);
        let Ok(ast) = compile::parse(&engine, &Scope::new(), &source.name, &source.text) else {
            return Self { header, findings, ..Self::default() };
        };
        let (parameters, more) = Parameters::read(&source.text, &ast, reserved);
        findings.extend(more);
        Self { header, parameters, findings, is_readable: true }
    }

    /// The first problem that keeps the recipe from running.
    #[must_use]
    pub fn first_error(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_describes_itself_without_being_run() {
        let text = "//! Stops things.\nlet args = params(#{ grace: minutes(10), // how long\n});\nthrow run.id";
        let recipe = Recipe::read(&Source::inline("r.rhai", text), &[]);
        assert!(recipe.is_readable && recipe.findings.is_empty(), "{recipe:?}");
        assert_eq!(recipe.header.summary(), "Stops things.");
        assert_eq!(recipe.parameters.all[0].help, "how long");
    }

    #[test]
    fn a_recipe_that_does_not_parse_is_left_to_the_run() {
        assert!(!Recipe::read(&Source::inline("r.rhai", "let = 1"), &[]).is_readable);
    }

    #[test]
    fn a_parameter_may_not_bear_an_option_of_ours() {
        let recipe = Recipe::read(&Source::inline("r.rhai", "params(#{ sim: true })"), &["sim".to_owned()]);
        assert!(recipe.first_error().is_some());
    }
}
