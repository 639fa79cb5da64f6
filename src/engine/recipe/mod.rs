//! What a recipe says of itself, found without running it: its help, what it asks for, its parameters.

mod command_line;
mod comments;
mod finding;
mod header;
mod help;
mod kind;
mod literal;
mod parameters;
mod reading;

pub use comments::{Comment, CommentKind, comments};
pub use finding::{Finding, Severity};
pub use header::{AskedPermission, Header};
pub use help::help;
pub use kind::ParameterKind;
pub use parameters::{Parameter, Parameters, secret_parameters};
pub use reading::Recipe;

pub use super::check::findings as check;
