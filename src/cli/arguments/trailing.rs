//! Options of ours that follow RECIPE, told from the recipe's own.

use clap::{Args, CommandFactory, FromArgMatches};

use super::{CommandLine, GrantOptions, RunArguments, RunLimits, Shared};

impl RunArguments {
    /// Takes the options of ours out of what followed RECIPE, as if they had stood before it, and leaves the recipe's
    /// own in `rest`.
    ///
    /// # Errors
    /// When one of ours is misused, as clap says it.
    pub fn take_in_trailing_options(&mut self, shared: &mut Shared) -> Result<(), clap::Error> {
        let split = SplitRest::new(&self.rest);
        self.rest = split.recipes;
        if split.ours.is_empty() {
            return Ok(());
        }
        let words = ["stackhand run".to_owned()].into_iter().chain(split.ours);
        let mut command = TrailingOptions::augment_args(clap::Command::new("stackhand run").disable_help_flag(true));
        let mut matches = command.try_get_matches_from_mut(words).map_err(|error| error.format(&mut command))?;
        let trailing = TrailingOptions::from_arg_matches_mut(&mut matches)?;
        *shared = std::mem::take(shared).overridden_by(trailing.shared);
        self.limits = std::mem::take(&mut self.limits).overridden_by(trailing.limits);
        self.grants = std::mem::take(&mut self.grants).joined_by(trailing.grants);
        Ok(())
    }
}

/// The options of ours that may follow RECIPE.
#[derive(Debug, Args)]
struct TrailingOptions {
    #[command(flatten)]
    shared: Shared,
    #[command(flatten)]
    limits: RunLimits,
    #[command(flatten)]
    grants: GrantOptions,
}

/// What followed RECIPE, sorted by whose it is.
#[derive(Debug, Default, PartialEq, Eq)]
struct SplitRest {
    /// Options of ours, to be parsed as if they had stood before RECIPE.
    ours: Vec<String>,
    /// The recipe's own.
    recipes: Vec<String>,
}

impl SplitRest {
    /// Sorts what followed RECIPE: an option that `run` or every command knows is ours, with its value; after `--`
    /// everything is the recipe's.
    fn new(rest: &[String]) -> Self {
        let command = CommandLine::command();
        let run = command.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
        // `--help` asks for the recipe's help here.
        let is_ours = |arg: &&clap::Arg| !arg.is_positional() && arg.get_id() != "help";
        let known: Vec<&clap::Arg> = command.get_arguments().chain(run).filter(is_ours).collect();
        let mut split = Self::default();
        let mut tokens = rest.iter();
        while let Some(token) = tokens.next() {
            if token == "--" {
                split.recipes.extend(tokens.by_ref().cloned());
                break;
            }
            let Some((argument, has_value)) = find(&known, token) else {
                split.recipes.push(token.clone());
                continue;
            };
            split.ours.push(token.clone());
            if argument.get_action().takes_values() && !has_value {
                split.ours.extend(tokens.next().cloned());
            }
        }
        split
    }
}

/// The known option that a token spells, and whether the token carries the value too (`--region=eu01`, `-ojson`).
fn find<'c>(known: &[&'c clap::Arg], token: &str) -> Option<(&'c clap::Arg, bool)> {
    if let Some(long) = token.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        let argument = known.iter().find(|argument| argument.get_long() == Some(name))?;
        return Some((argument, long.contains('=')));
    }
    let mut letters = token.strip_prefix('-')?.chars();
    let first = letters.next()?;
    let argument = known.iter().find(|argument| argument.get_short() == Some(first))?;
    Some((argument, letters.next().is_some()))
}

/// The long names of all options that a recipe's parameter may not bear.
#[must_use]
pub fn reserved_option_names() -> Vec<String> {
    let command = CommandLine::command();
    let run = command.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let mut names: Vec<String> =
        command.get_arguments().chain(run).filter_map(|argument| argument.get_long().map(str::to_owned)).collect();
    names.extend(["help".to_owned(), "version".to_owned()]);
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::{ColorChoice, Command};

    fn split(rest: &[&str]) -> (Vec<String>, Vec<String>) {
        let rest: Vec<String> = rest.iter().map(|&word| word.to_owned()).collect();
        let SplitRest { ours, recipes } = SplitRest::new(&rest);
        (ours, recipes)
    }

    #[test]
    fn the_tree_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn options_after_the_recipe_go_where_they_belong() {
        let (ours, recipes) =
            split(&["--keep", "3", "--sim", "-o", "json", "--region=eu02", "-vv", "--timeout", "5m", "--dry"]);
        assert_eq!(ours, ["--sim", "-o", "json", "--region=eu02", "-vv", "--timeout", "5m"]);
        assert_eq!(recipes, ["--keep", "3", "--dry"]);
    }

    #[test]
    fn help_after_the_recipe_is_the_recipes() {
        let (ours, recipes) = split(&["--keep", "3", "-h", "--help"]);
        assert_eq!((ours.len(), recipes), (0, ["--keep", "3", "-h", "--help"].map(str::to_owned).to_vec()));
        let words = ["stackhand", "run", "r.rhai", "--help"];
        let Command::Run(run) = CommandLine::try_parse_from(words).expect("it parses").command else { panic!("a run") };
        assert!(run.help && run.recipe.is_some());
        assert!(CommandLine::try_parse_from(["stackhand", "run", "--help"]).is_ok());
        assert!(CommandLine::try_parse_from(["stackhand", "run"]).is_err());
    }

    #[test]
    fn after_two_dashes_everything_is_the_recipes() {
        let (ours, recipes) = split(&["--sim", "--", "--sim", "-o"]);
        assert_eq!(ours, ["--sim"]);
        assert_eq!(recipes, ["--sim", "-o"]);
    }

    #[test]
    fn options_on_both_sides_of_the_recipe_add_up() {
        let words =
            ["stackhand", "--sim", "-v", "--color", "never", "run", "r.rhai", "--keep=3", "-v", "--region", "eu02"];
        let CommandLine { mut shared, command } = CommandLine::try_parse_from(words).expect("it parses");
        let Command::Run(mut run) = command else { panic!("it is a run") };
        run.take_in_trailing_options(&mut shared).expect("they parse");
        assert!(shared.sim);
        assert_eq!((shared.verbose, shared.color), (2, Some(ColorChoice::Never)));
        assert_eq!(shared.region.as_deref(), Some("eu02"));
        assert_eq!(run.rest, ["--keep=3"]);
    }

    #[test]
    fn a_recipe_may_not_take_our_names() {
        let names = reserved_option_names();
        for name in ["sim", "output", "help", "timeout", "project-id"] {
            assert!(names.iter().any(|reserved| reserved == name), "{name}");
        }
    }
}
