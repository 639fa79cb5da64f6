//! A recipe's options on the command line, and in files and jobs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::kind::ParameterKind;
use super::parameters::{Parameter, Parameters};
use crate::error::{Error, Kind, Result, nearest};

impl Parameters {
    /// Reads a recipe's options: `--grace-time 5m`, `--grace-time=5m`, `--dry`, `--no-dry`; lists by commas or by
    /// repetition; maps as `key=value` or JSON. Gives those that are there, by the parameters' names.
    ///
    /// # Errors
    /// Kind `usage`: an unknown or repeated option (with the nearest name), a value of another type, or one missing.
    pub fn parse(&self, arguments: &[String]) -> Result<BTreeMap<String, Value>> {
        let mut given = BTreeMap::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(option) = argument.strip_prefix("--").filter(|option| !option.is_empty()) else {
                return Err(self.stray(argument));
            };
            let (name, inline) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let (parameter, is_negated) = self.find(name)?;
            let text =
                match (&parameter.kind, inline) {
                    (ParameterKind::Boolean, None) => (!is_negated).to_string(),
                    (ParameterKind::Boolean, Some(_)) if is_negated => {
                        return Err(usage("wrong_parameter", format!("`--{name}` takes no value")));
                    }
                    (_, Some(text)) => text,
                    (kind, None) => match rest.clone().next().filter(|next| !next.starts_with("--")) {
                        Some(next) => {
                            rest.next();
                            next.clone()
                        }
                        None => {
                            return Err(usage("wrong_parameter", format!("`--{name}` needs a value"))
                                .with_hint(format!("{}, as in `--{name} {}`", kind.wanted(), kind.example())));
                        }
                    },
                };
            let value = parameter.kind.read(&text).map_err(|wanted| wrong(&format!("--{name}"), &text, &wanted))?;
            add(&mut given, parameter, value)?;
        }
        self.complete(given)
    }

    /// Takes values from a file or a job, by the parameters' names.
    ///
    /// # Errors
    /// Kind `usage`: an unknown parameter (with the nearest name), a value of another type, or one missing.
    pub fn accept(&self, values: &Map<String, Value>) -> Result<BTreeMap<String, Value>> {
        let mut given = BTreeMap::new();
        for (name, value) in values {
            let Some(parameter) = self.named(name) else {
                return Err(self.unknown(name, self.all.iter().map(|one| one.name.as_str()), ""));
            };
            let value = parameter.kind.accept(value).map_err(|wanted| wrong(name, &value.to_string(), &wanted))?;
            given.insert(parameter.name.clone(), value);
        }
        self.complete(given)
    }

    fn find(&self, name: &str) -> Result<(&Parameter, bool)> {
        let by_option = |option: &str| self.all.iter().find(|parameter| parameter.option == option);
        if let Some(parameter) = by_option(name) {
            return Ok((parameter, false));
        }
        let negated = name.strip_prefix("no-").and_then(by_option);
        if let Some(parameter) = negated.filter(|parameter| parameter.kind == ParameterKind::Boolean) {
            return Ok((parameter, true));
        }
        Err(self.unknown(name, self.all.iter().map(|one| one.option.as_str()), "--"))
    }

    fn unknown<'n>(&self, name: &str, names: impl Iterator<Item = &'n str>, dashes: &str) -> Error {
        let error = usage("unknown_parameter", format!("the recipe has no parameter `{dashes}{name}`"));
        // `--grace_time` is what the recipe itself says.
        let spelled = if dashes.is_empty() { name.to_owned() } else { name.replace('_', "-") };
        match nearest(&spelled, names) {
            Some(near) => error.with_hint(format!("did you mean `{dashes}{near}`?")),
            None if self.all.is_empty() => error.with_hint("it has no parameters at all"),
            None => error.with_hint(format!(
                "it has {}",
                self.all
                    .iter()
                    .map(|one| format!("`{dashes}{}`", if dashes.is_empty() { &one.name } else { &one.option }))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    }

    fn stray(&self, argument: &str) -> Error {
        let error = usage("stray_argument", format!("`{argument}` belongs to no option"));
        match self.all.iter().find(|parameter| parameter.kind == ParameterKind::Boolean) {
            Some(switch) if matches!(argument, "true" | "false" | "yes" | "no") => {
                error.with_hint(format!("switches take their value with `=`, as in `--{}={argument}`", switch.option))
            }
            _ => error.with_hint("a recipe takes options only, such as `--name value`"),
        }
    }

    fn complete(&self, given: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>> {
        let missing: Vec<&Parameter> =
            self.all.iter().filter(|one| one.default.is_none() && !given.contains_key(&one.name)).collect();
        if missing.is_empty() {
            return Ok(given);
        }
        let names: Vec<String> = missing.iter().map(|one| format!("`--{}`", one.option)).collect();
        let examples: Vec<String> =
            missing.iter().map(|one| format!("--{} {}", one.option, one.kind.example())).collect();
        Err(usage("missing_parameter", format!("the recipe needs {}", names.join(" and ")))
            .with_hint(format!("such as `{}`", examples.join(" "))))
    }
}

/// Lists and maps grow by repetition; anything else is given once.
fn add(given: &mut BTreeMap<String, Value>, parameter: &Parameter, value: Value) -> Result<()> {
    match (given.get_mut(&parameter.name), value) {
        (None, value) => {
            given.insert(parameter.name.clone(), value);
        }
        (Some(Value::Array(items)), Value::Array(more)) if matches!(parameter.kind, ParameterKind::List(_)) => {
            items.extend(more);
        }
        (Some(Value::Object(fields)), Value::Object(more)) if matches!(parameter.kind, ParameterKind::Map(_)) => {
            fields.extend(more);
        }
        _ => return Err(usage("repeated_parameter", format!("`--{}` is given twice", parameter.option))),
    }
    Ok(())
}

fn wrong(name: &str, text: &str, wanted: &str) -> Error {
    usage("wrong_parameter", format!("`{name}` cannot be `{text}`")).with_hint(wanted.to_owned())
}

fn usage(code: &'static str, message: String) -> Error {
    Error::new(Kind::Usage, code, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::parameters::tests::read;
    use super::*;

    const SOURCE: &str = r#"params(#{
        selector: "a=b", grace_time: minutes(10), keep: 7, ratio: 0.5, dry: false, loud: true,
        tiers: ["web"], rules: #{ daily: 7 }, mode: one_of(["edge", "enforce"]), ending: (),
    })"#;

    fn parse(source: &str, line: &str) -> Result<BTreeMap<String, Value>> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        read(source).0.parse(&arguments)
    }

    #[test]
    fn options_become_values() {
        for (line, values) in [
            ("", json!({})),
            ("--grace-time 5m", json!({ "grace_time": "5m" })),
            ("--grace-time=5m --keep=3", json!({ "grace_time": "5m", "keep": 3 })),
            ("--keep -3", json!({ "keep": -3 })),
            ("--dry --no-loud", json!({ "dry": true, "loud": false })),
            ("--dry=no", json!({ "dry": false })),
            ("--tiers a,b --tiers c", json!({ "tiers": ["a", "b", "c"] })),
            (r#"--tiers ["a"]"#, json!({ "tiers": ["a"] })),
            (r#"--rules {"daily":3} --rules weekly=4"#, json!({ "rules": { "daily": 3, "weekly": 4 } })),
            ("--selector=a=b", json!({ "selector": "a=b" })),
            ("--selector=", json!({ "selector": "" })),
            ("--mode enforce --ending x", json!({ "mode": "enforce", "ending": "x" })),
        ] {
            let parsed = parse(SOURCE, line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(json!(parsed), values, "{line}");
        }
    }

    #[test]
    fn wrong_options_say_what_is_wrong_and_what_to_do() {
        for (line, code, hint) in [
            ("--grace-tim 5m", "unknown_parameter", "did you mean `--grace-time`?"),
            ("--grace_time 5m", "unknown_parameter", "did you mean `--grace-time`?"),
            ("--colour red", "unknown_parameter", "it has `--selector`, "),
            ("--no-keep", "unknown_parameter", "it has `--selector`, "),
            ("--grace-time 10", "wrong_parameter", "a unit must follow `10`"),
            ("--grace-time", "wrong_parameter", "a duration, such as `15m`"),
            ("--keep --dry", "wrong_parameter", "as in `--keep 3`"),
            ("--keep many", "wrong_parameter", "a whole number"),
            ("--dry=perhaps", "wrong_parameter", "`true` or `false`"),
            ("--dry true", "stray_argument", "`--dry=true`"),
            ("web-1", "stray_argument", "options only"),
            ("-k 3", "stray_argument", "options only"),
            ("--", "stray_argument", "options only"),
            ("--keep 1 --keep 2", "repeated_parameter", ""),
            ("--mode fast", "wrong_parameter", "one of edge, enforce"),
            ("--rules daily", "wrong_parameter", "a map"),
        ] {
            let error = parse(SOURCE, line).expect_err(line);
            assert_eq!((error.code, error.kind), (code, Kind::Usage), "{line}");
            assert!(error.hint.unwrap_or_default().contains(hint), "{line}");
        }
        let error = parse("1", "--anything 1").expect_err("no parameters");
        assert_eq!(error.hint.as_deref(), Some("it has no parameters at all"));
    }

    #[test]
    fn all_missing_parameters_are_named_at_once() {
        let source = "params(#{ name: required(\"text\"), count: required(\"int\"), other: 1 })";
        let error = parse(source, "--other 2").expect_err("two are missing");
        assert_eq!(error.message, "the recipe needs `--name` and `--count`");
        assert_eq!(error.hint.as_deref(), Some("such as `--name web --count 3`"));
        assert!(parse(source, "--name a --count 1").is_ok());
    }

    #[test]
    fn values_of_files_are_checked_alike() {
        let (parameters, _) = read(SOURCE);
        let accept = |value: Value| parameters.accept(value.as_object().expect("an object"));
        assert_eq!(
            json!(accept(json!({ "ratio": 1, "tiers": ["a"] })).expect("right")),
            json!({ "ratio": 1.0, "tiers": ["a"] })
        );
        assert_eq!(
            accept(json!({ "grace_tme": "5m" })).expect_err("unknown").hint.as_deref(),
            Some("did you mean `grace_time`?")
        );
        assert_eq!(accept(json!({ "keep": "3" })).expect_err("text").code, "wrong_parameter");
    }

    proptest! {
        #[test]
        fn no_command_line_makes_it_panic(arguments in prop::collection::vec("(--)?(keep|dry|tiers|rules|no-dry|é)?=?\\PC{0,6}", 0..5)) {
            let _ = read(SOURCE).0.parse(&arguments);
        }

        #[test]
        fn both_spellings_of_a_value_mean_the_same(keep in any::<i64>(), text in "[a-z,=]{1,8}") {
            let split = |line: [String; 2]| read(SOURCE).0.parse(&line);
            let joined = |line: String| read(SOURCE).0.parse(&[line]);
            prop_assert_eq!(
                split(["--keep".into(), keep.to_string()]).expect("a number"),
                joined(format!("--keep={keep}")).expect("a number")
            );
            prop_assert_eq!(
                split(["--tiers".into(), text.clone()]).expect("a list"),
                joined(format!("--tiers={text}")).expect("a list")
            );
        }
    }
}
