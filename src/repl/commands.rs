//! What each command does.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command as Program, Stdio};

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::command::{COMMANDS, Command};
use super::conversation::{Conversation, Step};
use super::growth::{Literals, recipe};
use super::{show, spreadsheet};
use crate::app::Confirm;
use crate::engine::recipe::{Recipe, Severity};
use crate::engine::{Shown, Source, check, doc};
use crate::error::{Error, Kind, Result, io_cause};
use crate::policy::Sources;

impl Conversation {
    /// Carries a command out.
    pub(super) fn command(&mut self, read: Result<(Command, &str)>) -> Step {
        let result = read.and_then(|(command, argument)| self.carry_out(command, argument));
        result.unwrap_or_else(|error| {
            self.screen.error(&error);
            Step::Failed(error.exit_code() as u8)
        })
    }

    fn carry_out(&mut self, command: Command, argument: &str) -> Result<Step> {
        match command {
            Command::Clear => self.clear(argument)?,
            Command::Confirm => self.confirm(argument)?,
            Command::Csv => self.csv(argument)?,
            Command::Doc => {
                let page = if argument.is_empty() { crate::engine::doc_index() } else { doc(argument)? };
                self.screen.data(&show::wrapped(&page, self.screen.width()));
            }
            Command::Edit => return self.edit(argument),
            Command::Help => self.help(argument)?,
            Command::History => self.history(),
            Command::Json => {
                let shown = self.result_of(argument)?;
                let text = serde_json::to_string_pretty(&shown.value).map_err(|error| unwritable(&error))?;
                self.screen.data(&text);
            }
            Command::Yaml => {
                let shown = self.result_of(argument)?;
                let text = serde_saphyr::to_string(&shown.value).map_err(|error| unwritable(&error))?;
                self.screen.data(text.trim_end());
            }
            Command::Load => return self.load(argument),
            Command::More => self.more()?,
            Command::Profile => self.profile(argument)?,
            Command::Project => self.project(argument)?,
            Command::Region => self.region(argument)?,
            Command::Quit => return Ok(Step::Leave(0)),
            Command::Save => self.save(argument)?,
            Command::Sh => self.shell(argument)?,
            Command::Table => self.table(argument)?,
            Command::Time => return Ok(self.time(argument)),
            Command::Trace => {
                let is_on = on_or_off("trace", argument)?;
                self.screen.set_trace(is_on);
            }
            Command::Type => self.type_of(argument)?,
            Command::Vars => self.vars(),
        }
        Ok(Step::Next)
    }

    fn help(&self, argument: &str) -> Result<()> {
        let wanted = argument.trim_start_matches(':');
        let only = if wanted.is_empty() { None } else { Command::named(wanted) };
        if !wanted.is_empty() && only.is_none() {
            self.screen.data(&show::wrapped(&doc(wanted)?, self.screen.width()));
            return Ok(());
        }
        let mut table = plain_table(self.screen.width());
        for row in COMMANDS.iter().filter(|row| only.is_none_or(|only| only == row.command)) {
            table.add_row([format!(":{} {}", row.name, row.arguments), row.meaning.to_owned()]);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == 0 { 2 } else { 0 }));
        }
        let mut text = table.trim_fmt();
        if only.is_none() {
            text.push_str(
                "\n\nEverything else is a script: servers(), server(\"web-1\").status, let x = 1;\n\
                 `last` is the latest result, `out3` that of input 3. Tab completes, Ctrl-R searches the history,\n\
                 Ctrl-C ends what is being evaluated, an empty line submits an open input.",
            );
        }
        self.screen.data(&text);
        Ok(())
    }

    fn vars(&self) {
        let interpreter = &self.interactive.interpreter;
        let mut rows: Vec<[String; 3]> = Vec::new();
        for variable in interpreter.variables() {
            let mark = if variable.is_constant { "const " } else { "" };
            rows.push([format!("{mark}{}", variable.name), variable.kind, variable.preview]);
        }
        for function in interpreter.functions() {
            let call = format!("fn {}({})", function.name, function.parameters.join(", "));
            rows.push([call, String::new(), String::new()]);
        }
        for (alias, path) in interpreter.imports() {
            rows.push([format!("import {alias}"), path, String::new()]);
        }
        if rows.is_empty() {
            self.screen.note("nothing is declared");
        } else {
            self.screen.data(&show::rows(&rows, self.screen.width()));
        }
    }

    fn clear(&mut self, name: &str) -> Result<()> {
        if name.is_empty() {
            self.interactive.interpreter.clear();
            self.has_result = false;
            self.rest = None;
            self.worked.clear();
            return Ok(());
        }
        if self.interactive.interpreter.forget(name) {
            return Ok(());
        }
        Err(usage("unknown_variable", &format!("there is no variable `{name}`")).with_hint("`:vars` lists them"))
    }

    fn confirm(&mut self, argument: &str) -> Result<()> {
        let is_on = on_or_off("confirm", argument)?;
        self.is_unasked = !is_on;
        self.interactive.set_confirm(match (is_on, self.screen.is_watched()) {
            (false, _) => Confirm::Off,
            (true, true) => Confirm::Asked,
            (true, false) => Confirm::Refused,
        });
        if !is_on && self.interactive.session.settings.is_production {
            self.screen.warning("this is production, and changes are not asked about any more");
        }
        Ok(())
    }

    fn type_of(&mut self, expression: &str) -> Result<()> {
        if expression.is_empty() {
            return Err(usage("no_expression", "`:type` wants an expression"));
        }
        let text = self.silent_part(expression, Some(0..0))?.type_name;
        self.screen.data(&text);
        Ok(())
    }

    /// The last result, or that of an expression.
    fn result_of(&mut self, expression: &str) -> Result<Shown> {
        if expression.is_empty() {
            self.check_result()?;
        }
        self.silent(if expression.is_empty() { "last" } else { expression })
    }

    fn check_result(&self) -> Result<()> {
        if self.has_result { Ok(()) } else { Err(usage("no_result", "there is no result yet")) }
    }

    fn more(&mut self) -> Result<()> {
        self.check_result()?;
        if let Some(rest) = self.rest.clone() {
            return self.show_expression(&rest.of, rest.from);
        }
        self.screen.note("all of it was shown");
        Ok(())
    }

    fn table(&mut self, columns: &str) -> Result<()> {
        let names: Vec<String> = columns
            .split([',', ' '])
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| serde_json::Value::from(name).to_string())
            .collect();
        if names.is_empty() {
            return Err(usage("no_columns", "`:table` wants the names of fields").with_hint("`:table name, status`"));
        }
        self.check_result()?;
        self.show_expression(&format!("table(last, [{}])", names.join(", ")), 0)
    }

    fn csv(&mut self, file: &str) -> Result<()> {
        let shown = self.result_of("")?;
        let text = spreadsheet::csv(&shown.value)?;
        if file.is_empty() {
            self.screen.data(text.trim_end());
            return Ok(());
        }
        write_new(Path::new(file), &self.interactive.opening().scrubber.scrub(&text))?;
        self.screen.note(&format!("{} rows in {file}", text.lines().count().saturating_sub(1)));
        Ok(())
    }

    fn shell(&mut self, command: &str) -> Result<()> {
        if command.is_empty() {
            return Err(usage("no_command", "`:sh` wants a command").with_hint("`:sh less`"));
        }
        let shown = self.result_of("")?;
        let text = self.interactive.opening().scrubber.scrub(&self.laid_out(&shown, None, false)).into_owned();
        let failed =
            |error: std::io::Error| usage("no_shell", &format!("`{command}` cannot be started: {}", io_cause(&error)));
        let mut child = Program::new("sh").args(["-c", command]).stdin(Stdio::piped()).spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads only the beginning closes the pipe.
            let _ = stdin.write_all(text.as_bytes()).and_then(|()| stdin.write_all(b"\n"));
        }
        let status = child.wait().map_err(failed)?;
        if !status.success() {
            self.screen.note(&format!("`{command}` ended with {status}"));
        }
        Ok(())
    }

    fn load(&mut self, file: &str) -> Result<Step> {
        if file.is_empty() {
            return Err(usage("no_file", "`:load` wants a file"));
        }
        let source = Source::read(Path::new(file))?;
        let recipe = Recipe::read(&source, &self.reserved);
        if let Some(finding) = recipe.first_error() {
            self.screen.talk(&finding.render(&source, self.screen.has_talk_colour()));
            return Ok(Step::Failed(Kind::Script.exit_code() as u8));
        }
        // It was not typed: it may do what it could do in a run of its own.
        let sources = Sources { header: recipe.header.listed(&source.name), ..Sources::of_file(&source.name) };
        self.interactive.narrow(Some(sources))?;
        let step = self.evaluate(source);
        self.interactive.narrow(None)?;
        Ok(step)
    }

    fn edit(&mut self, argument: &str) -> Result<Step> {
        let text = match argument.parse::<usize>() {
            Ok(number) => self.entered.iter().find(|(known, _)| *known == number).map(|(_, text)| text.clone()),
            Err(_) if !argument.is_empty() => None,
            Err(_) => Some(self.entered.last().map(|(_, text)| text.clone()).unwrap_or_default()),
        };
        let text = text.ok_or_else(|| usage("unknown_input", &format!("there is no input `{argument}`")))?;
        let written = super::external_editor::write(&text, &self.interactive.opening().environment)?;
        if written.trim().is_empty() {
            self.screen.note("nothing was written");
            return Ok(Step::Next);
        }
        self.screen.talk(written.trim_end());
        let source = self.interactive.interpreter.typed(self.number, written.trim_end());
        Ok(self.evaluate(source))
    }

    fn save(&mut self, argument: &str) -> Result<()> {
        let words: Vec<&str> = argument.split_whitespace().collect();
        let literals = if words.contains(&"--params") { Literals::BecomeParameters } else { Literals::Stay };
        let files: Vec<&str> = words.into_iter().filter(|word| *word != "--params").collect();
        let [file] = files.as_slice() else {
            return Err(usage("no_file", "`:save` wants one file").with_hint("`:save night.rhai --params`"));
        };
        if self.worked.is_empty() {
            return Err(usage("nothing_worked", "nothing that could become a recipe has worked yet"));
        }
        let day = self.interactive.session.process_clock.now().format("%Y-%m-%d");
        let place = self.place();
        let title = format!(
            "Grown in a session on {day}{}.",
            place.profile.map(|name| format!(" with `{name}`")).unwrap_or_default()
        );
        let text = recipe(&self.worked, &title, literals, &self.reserved);
        let text = self.interactive.opening().scrubber.scrub(&text).into_owned();
        let path = if file.contains('.') { (*file).to_owned() } else { format!("{file}.rhai") };
        write_new(Path::new(&path), &text)?;
        let source = Source::read(Path::new(&path))?;
        let report = check::check(&source, &self.reserved);
        for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Error) {
            self.screen.talk(&finding.render(&source, self.screen.has_talk_colour()));
        }
        let inputs = self.worked.len();
        self.screen.note(&format!("{inputs} inputs in {path}; `stackhand run {path} --help` shows what it is"));
        Ok(())
    }

    fn time(&mut self, expression: &str) -> Step {
        let session = &self.interactive.session;
        let (real, recipe) = (crate::clock::Clock::process(), session.recipe_clock.clone());
        let (real_before, recipe_before) = (real.monotonic(), recipe.monotonic());
        let source = self.interactive.interpreter.typed(self.number, expression);
        let step = self.evaluate(source);
        let took = real.monotonic().saturating_sub(real_before);
        let mut text = format!("{:.3} s", took.as_secs_f64());
        if recipe.is_virtual() {
            let passed = recipe.monotonic().saturating_sub(recipe_before);
            let _ = write!(text, ", {:.1} s in the simulated world", passed.as_secs_f64());
        }
        self.screen.note(&text);
        step
    }

    fn history(&self) {
        let lines: Vec<String> = self
            .entered
            .iter()
            .map(|(number, text)| format!("{number:>4}  {}", text.replace('\n', "\n      ")))
            .collect();
        self.screen.data(&lines.join("\n"));
    }

    fn profile(&mut self, name: &str) -> Result<()> {
        if name.is_empty() {
            let place = self.place();
            self.screen.data(place.profile.as_deref().unwrap_or(if place.is_simulated { "sim" } else { "no profile" }));
            return Ok(());
        }
        let name = name.to_owned();
        self.switch(move |opening| {
            opening.given.is_simulated = name == "sim";
            opening.given.profile = Some(name).filter(|name| name != "sim");
            // What was given for the profile before says nothing about this one.
            (opening.given.project, opening.given.region) = (None, None);
        })
    }

    fn project(&mut self, id: &str) -> Result<()> {
        if id.is_empty() {
            let project = self.interactive.session.target.project.clone();
            self.screen.data(&project.unwrap_or_else(|| "no project".to_owned()));
            return Ok(());
        }
        let id = id.to_owned();
        self.switch(move |opening| opening.given.project = Some(id))
    }

    fn region(&mut self, name: &str) -> Result<()> {
        if name.is_empty() {
            let region = self.interactive.session.target.region.clone();
            self.screen.data(&region.unwrap_or_default());
            return Ok(());
        }
        let name = name.to_owned();
        self.switch(move |opening| opening.given.region = Some(name))
    }
}

fn plain_table(width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        table.set_width(width);
    }
    table
}

fn on_or_off(command: &str, argument: &str) -> Result<bool> {
    match argument {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(usage("on_or_off", &format!("`:{command}` wants `on` or `off`"))),
    }
}

/// Writes a file that was not there.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let written = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "there is such a file already".to_owned(),
            _ => io_cause(&error),
        };
        usage("not_written", &format!("`{}` is not written: {why}", path.display()))
    })
}

fn unwritable(error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Script, "result_not_writable", format!("the result has no such form: {error}"))
}

pub(super) fn usage(code: &'static str, message: &str) -> Error {
    Error::new(Kind::Usage, code, message)
}
