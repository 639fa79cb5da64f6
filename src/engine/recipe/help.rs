//! The help of a recipe, from its header and its parameters.

use std::fmt::Write as _;

use serde_json::Value;

use super::header::Header;
use super::kind::ParameterKind;
use super::parameters::{Parameter, Parameters};

/// What `stackhand run RECIPE --help` prints.
#[must_use]
pub fn help(recipe: &str, header: &Header, parameters: &Parameters) -> String {
    let mut text = String::new();
    if !header.help.is_empty() {
        text.push_str(&header.help);
        text.push_str("\n\n");
    }
    let needed: String = parameters
        .all
        .iter()
        .filter(|one| one.default.is_none())
        .fold(String::new(), |line, one| format!("{line} --{} <{}>", one.option, one.kind));
    let _ = writeln!(
        text,
        "Usage: stackhand run {recipe}{needed}{}",
        if parameters.all.is_empty() { "" } else { " [OPTIONS]" }
    );
    if !parameters.all.is_empty() {
        text.push_str("\nOptions of the recipe:\n");
        let heads: Vec<String> = parameters.all.iter().map(head).collect();
        let width = heads.iter().map(|head| head.chars().count()).max().unwrap_or(0);
        for (head, parameter) in heads.iter().zip(&parameters.all) {
            let line = format!("  {head:width$}  {}{}", parameter.help, default(parameter));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    if let Some(permissions) = &header.permissions
        && !permissions.is_empty()
    {
        text.push_str("\nPermissions:\n");
        for asked in permissions {
            let _ = writeln!(text, "  {}", asked.grant);
        }
    }
    text.push_str("\nOptions of stackhand itself are listed by `stackhand run --help`.\n");
    text
}

fn head(parameter: &Parameter) -> String {
    match (&parameter.kind, &parameter.default) {
        (ParameterKind::Boolean, Some(Value::Bool(true))) => format!("--{0}, --no-{0}", parameter.option),
        (ParameterKind::Boolean, _) => format!("--{}", parameter.option),
        (kind, _) => format!("--{} <{kind}>", parameter.option),
    }
}

fn default(parameter: &Parameter) -> String {
    let shown = match (&parameter.kind, &parameter.default) {
        (_, None) => "required".to_owned(),
        (ParameterKind::Boolean, Some(Value::Bool(true))) => "default: on".to_owned(),
        (ParameterKind::Boolean, _) | (_, Some(Value::Null)) => return String::new(),
        (_, Some(Value::String(text))) if text.is_empty() => return String::new(),
        (_, Some(Value::String(text))) => format!("default: {text}"),
        (_, Some(Value::Array(items))) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            if items.is_empty() {
                return String::new();
            }
            format!("default: {}", items.join(","))
        }
        (_, Some(value)) => format!("default: {value}"),
    };
    if parameter.help.is_empty() { format!("[{shown}]") } else { format!(" [{shown}]") }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::tests::read;
    use super::*;

    #[test]
    fn help_says_everything_that_the_recipe_says_of_itself() {
        let source = r#"//! Deallocate the servers that need not run at night.
//!
//! Servers labelled `stackhand.keep-until` are left alone.
//! Permissions: iaas.server.list, iaas.server.deallocate where schedule=office-hours
let args = params(#{
    selector: "schedule=office-hours",   // which servers
    grace: minutes(10),                  // how long a shutdown may take
    tiers: ["web", "db"],
    loud: true,                          // say what is done
    channel: required("text"),           // whom to tell
});
"#;
        let (header, _) = Header::read(source);
        let (parameters, _) = read(source);
        insta::assert_snapshot!(help("night.rhai", &header, &parameters), @r"
        Deallocate the servers that need not run at night.

        Servers labelled `stackhand.keep-until` are left alone.

        Usage: stackhand run night.rhai --channel <text> [OPTIONS]

        Options of the recipe:
          --selector <text>       which servers [default: schedule=office-hours]
          --grace <duration>      how long a shutdown may take [default: 10m]
          --tiers <list of text>  [default: web,db]
          --loud, --no-loud       say what is done [default: on]
          --channel <text>        whom to tell [required]

        Permissions:
          iaas.server.list
          iaas.server.deallocate where schedule=office-hours

        Options of stackhand itself are listed by `stackhand run --help`.
        ");
    }

    #[test]
    fn a_recipe_that_says_nothing_has_a_usage_line() {
        let text = help("x.rhai", &Header::default(), &Parameters::default());
        assert!(text.starts_with("Usage: stackhand run x.rhai\n"));
    }
}
