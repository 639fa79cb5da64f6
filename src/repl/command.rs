//! The commands of a session: what begins with a colon.

use crate::error::{Error, Kind, Result, nearest};

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `:clear`
    Clear,
    /// `:confirm`
    Confirm,
    /// `:csv`
    Csv,
    /// `:doc`
    Doc,
    /// `:edit`
    Edit,
    /// `:help`
    Help,
    /// `:history`
    History,
    /// `:json`
    Json,
    /// `:load`
    Load,
    /// `:more`
    More,
    /// `:profile`
    Profile,
    /// `:project`
    Project,
    /// `:quit`
    Quit,
    /// `:region`
    Region,
    /// `:save`
    Save,
    /// `:sh`
    Sh,
    /// `:table`
    Table,
    /// `:time`
    Time,
    /// `:trace`
    Trace,
    /// `:type`
    Type,
    /// `:vars`
    Vars,
    /// `:yaml`
    Yaml,
}

/// A command as help shows it.
#[derive(Debug)]
pub struct Row {
    /// The command.
    pub command: Command,
    /// What is typed after the colon.
    pub name: &'static str,
    /// What may follow.
    pub arguments: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn row(command: Command, name: &'static str, arguments: &'static str, meaning: &'static str) -> Row {
    Row { command, name, arguments, meaning }
}

/// All commands, in the order of help.
pub const COMMANDS: [Row; 22] = [
    row(Command::Help, "help", "[COMMAND]", "what there is"),
    row(Command::Doc, "doc", "NAME", "explain a function, a kind of object, an operation or a service"),
    row(Command::Type, "type", "EXPRESSION", "the type of a value"),
    row(Command::Vars, "vars", "", "variables, functions and imports"),
    row(Command::Clear, "clear", "[NAME]", "forget everything that was declared, or one variable"),
    row(Command::More, "more", "", "the next rows of a long list"),
    row(Command::Json, "json", "[EXPRESSION]", "the last result, or another one, as JSON"),
    row(Command::Yaml, "yaml", "[EXPRESSION]", "the same as YAML"),
    row(Command::Table, "table", "COLUMNS", "the last result as a table of these fields: name, status"),
    row(Command::Csv, "csv", "[FILE]", "the last result as CSV, into a file or on the screen"),
    row(Command::Sh, "sh", "COMMAND", "give the last result to a command of the shell, such as less"),
    row(Command::Load, "load", "FILE", "evaluate a file, within its `Permissions:`"),
    row(Command::Edit, "edit", "[NUMBER]", "write an input in $EDITOR, from the last one or from another"),
    row(
        Command::Save,
        "save",
        "FILE [--params]",
        "make a recipe of the inputs that worked; literals become parameters",
    ),
    row(Command::Time, "time", "EXPRESSION", "evaluate, and tell how long it took"),
    row(Command::Trace, "trace", "on|off", "tell of each API call as it happens"),
    row(Command::Confirm, "confirm", "on|off", "whether changes are asked about"),
    row(Command::Profile, "profile", "[NAME]", "act with another profile; `sim` is the simulator"),
    row(Command::Project, "project", "[UUID]", "act in another project"),
    row(Command::Region, "region", "[NAME]", "act in another region"),
    row(Command::History, "history", "", "the inputs of this session"),
    row(Command::Quit, "quit", "", "leave"),
];

impl Command {
    /// The command and its argument that a text says; nothing if it is none.
    ///
    /// # Errors
    /// Kind `usage` if there is no such command, with the nearest.
    pub fn read(text: &str) -> Option<Result<(Self, &str)>> {
        let said = text.trim().strip_prefix(':')?;
        let (name, argument) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        Some(match Self::named(name) {
            Some(command) => Ok((command, argument.trim())),
            None => Err(unknown(name)),
        })
    }

    /// The command of a name, or of the beginning of one that no other shares.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        if let Some(row) = COMMANDS.iter().find(|row| row.name == name) {
            return Some(row.command);
        }
        let mut beginning = COMMANDS.iter().filter(|row| row.name.starts_with(name));
        beginning.next().filter(|_| beginning.next().is_none()).map(|row| row.command)
    }
}

fn unknown(name: &str) -> Error {
    let error = Error::new(Kind::Usage, "unknown_command", format!("there is no command `:{name}`"));
    match nearest(name, COMMANDS.iter().map(|row| row.name)) {
        Some(near) => error.with_hint(format!("did you mean `:{near}`?")),
        None => error.with_hint("`:help` lists the commands"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_what_follows_and_by_their_beginning() {
        assert!(matches!(Command::read("  :save a b.rhai "), Some(Ok((Command::Save, "a b.rhai")))));
        assert!(matches!(Command::read(":q"), Some(Ok((Command::Quit, "")))));
        assert!(Command::read("servers()").is_none());
        // `project` and `profile` both begin so.
        let error = Command::read(":pro").expect("a command").expect_err("it could be either");
        assert_eq!(error.code, "unknown_command");
    }

    #[test]
    fn an_unknown_one_names_the_nearest() {
        let error = Command::read(":hlep").expect("a command").expect_err("it is none");
        assert_eq!(error.hint.as_deref(), Some("did you mean `:help`?"));
    }
}
