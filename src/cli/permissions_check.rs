//! `stackhand permissions --check`: what the credential has, held against what recipes need.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use super::arguments::{GrantOptions, Shared};
use super::execute::{DONE, opening, runtime};
use super::permissions_report::{Told, of_credential, permissions_of};
use super::process::Process;
use crate::app::{self, Depth, Session};
use crate::engine::footprint::PermissionNeed;
use crate::error::{Error, ExitCode, Kind, Result};
use crate::policy::Sources;

/// What is missing and what is too much.
#[derive(Debug, Default, PartialEq, Eq)]
struct Comparison {
    missing: BTreeSet<String>,
    /// Calls of which the credential may make none, each with its alternatives.
    missing_one_of: Vec<BTreeSet<&'static str>>,
    surplus: BTreeSet<String>,
    /// Names of ours, which no role can hold: whether the credential may do it is not told.
    untold: BTreeSet<String>,
}

/// Asks the authorization API what the account may do, and compares.
pub(super) fn check(process: &Process, shared: &Shared, told: &[Told], needs: &[PermissionNeed]) -> Result<u8> {
    let session = Session::open(&opening(process, shared, &GrantOptions::default(), Sources::default())?)?;
    if session.is_simulated() {
        return Err(Error::new(
            Kind::Usage,
            "simulated",
            "there is no credential to ask about: this runs on the simulator",
        )
        .with_hint("leave `--sim` out to ask about the real credential; `--observe` runs on the simulator"));
    }
    session.check_credential()?;
    let project = session.target.project.clone().ok_or_else(|| {
        Error::new(Kind::Config, "no_project", "permissions are held in a project, and none is set")
            .with_hint("name it with `--project-id`")
    })?;
    let runtime = runtime()?;
    let (email, held) = runtime.block_on(async {
        let status = app::auth_status(&process.environment, &shared.given(), &process.scrubber, Depth::Check).await?;
        let email = status.token.as_ref().and_then(|token| token.email.clone());
        let email = email.or_else(|| status.identity.as_ref().and_then(|identity| identity.email.clone()));
        let email = email.ok_or_else(|| {
            Error::new(Kind::Auth, "unknown_account", "the credential does not tell whose it is")
                .with_hint("a service account key tells; a bare token may not")
        })?;
        let held = app::held_permissions(&session.client, &email, &project).await?;
        Ok::<_, Error>((email, held))
    })?;
    let compared = compare(told, needs, &held);
    let value = json!({
        "account": email,
        "project": project,
        "missing": compared.missing,
        "missing_one_of": compared.missing_one_of,
        "surplus": compared.surplus,
        "untold": compared.untold,
    });
    process.printer.result(&value, &text(&compared))?;
    process.printer.note(&format!(
        "this is what the authorization API calls effective for {email} in project {project}; it does not say whether that \
         counts roles of a folder or the organization, and it tells nothing of quotas and of the state of objects"
    ));
    let is_enough = compared.missing.is_empty() && compared.missing_one_of.is_empty();
    Ok(if is_enough { DONE } else { ExitCode::Refused as u8 })
}

fn compare(told: &[Told], needs: &[PermissionNeed], held: &BTreeSet<String>) -> Comparison {
    let mut compared = Comparison::default();
    for need in of_credential(needs) {
        if !held.contains(&need.permission) {
            compared.missing.insert(need.permission.clone());
        }
    }
    compared.untold = needs.iter().filter(|need| need.is_ours).map(|need| need.permission.clone()).collect();
    let mut useful: BTreeSet<&str> = needs.iter().map(|need| need.permission.as_str()).collect();
    for choice in told.iter().flat_map(|one| &one.footprint.choices).filter(|choice| !choice.is_known) {
        let names = permissions_of(&choice.operations);
        useful.extend(&names);
        let may = |operation: &&&'static crate::catalog::Operation| {
            operation.permissions.iter().all(|permission| held.contains(permission.name))
        };
        if !choice.operations.iter().any(|operation| may(&operation)) {
            compared.missing_one_of.push(names);
        }
    }
    compared.surplus = held.iter().filter(|name| !useful.contains(name.as_str())).cloned().collect();
    compared
}

fn text(compared: &Comparison) -> String {
    let mut text = String::new();
    let mut list = |title: &str, names: &BTreeSet<String>| {
        if !names.is_empty() {
            let _ = writeln!(text, "{title}");
            for name in names {
                let _ = writeln!(text, "  {name}");
            }
        }
    };
    list("missing: needed, and the credential does not have it", &compared.missing);
    list("surplus: the credential has it, and nothing needs it", &compared.surplus);
    list("not told: the API names no permission for it", &compared.untold);
    for names in &compared.missing_one_of {
        let names: Vec<&str> = names.iter().copied().collect();
        let _ = writeln!(text, "missing: one of {}", names.join(" | "));
    }
    if text.is_empty() {
        text.push_str("the credential has exactly what is needed");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Source;
    use crate::engine::footprint::derive;

    fn compared(text: &str, held: &[&str]) -> Comparison {
        let source = Source::inline("a.rhai", text);
        let told = [Told { footprint: derive(&source), source, used: None }];
        let held = held.iter().map(|&name| name.to_owned()).collect();
        compare(&told, &told[0].footprint.permissions(), &held)
    }

    #[test]
    fn missing_and_surplus_are_told_apart_and_what_only_helps_is_neither() {
        let found = compared("servers().deallocate().wait_all()", &["iaas.server.list", "iaas.volume.delete"]);
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found.missing), ["iaas.server.deallocate", "iaas.server.get"]);
        assert_eq!(names(&found.surplus), ["iaas.volume.delete"]);
        assert!(text(&found).contains("missing: needed"), "{}", text(&found));
    }

    #[test]
    fn exactly_enough_is_said() {
        let held = ["iaas.server.list", "iaas.server.get", "iaas.server.stop"];
        let found = compared("servers().stop()", &held);
        assert_eq!(found, Comparison::default());
        assert_eq!(text(&found), "the credential has exactly what is needed");
    }

    #[test]
    fn of_what_is_not_known_one_is_enough() {
        let recipe = "let args = params(#{ f: \"\" }); Fn(args.f).call().delete()";
        let one = compared(recipe, &["iaas.volume.delete"]);
        assert!(one.missing_one_of.is_empty() && one.surplus.is_empty(), "{one:?}");
        assert_eq!(compared(recipe, &[]).missing_one_of.len(), 1);
    }
}
