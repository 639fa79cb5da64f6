//! `stackhand permissions --role NAME`: a custom role that holds what recipes need.

use serde_json::{Value, json};

use super::permissions_report::{Told, of_credential};
use crate::catalog::{self, Direction};
use crate::engine::footprint::PermissionNeed;
use crate::error::{Error, Kind, Result};

/// The longest description that the API takes.
///
/// Source: `AddRolePayload` of the authorization document.
const LONGEST_DESCRIPTION: usize = 255;

/// The body that `authorization.add_role` takes.
///
/// # Errors
/// When the API would not take the name, or there is nothing to put into the role.
pub(super) fn body(name: &str, told: &[Told], needs: &[PermissionNeed]) -> Result<Value> {
    let permissions: Vec<Value> = of_credential(needs).map(|need| json!({ "name": need.permission })).collect();
    if permissions.is_empty() {
        return Err(Error::new(Kind::Usage, "nothing_needed", "nothing is needed, so a role would hold nothing"));
    }
    let recipes: Vec<&str> = told.iter().map(|one| one.source.name.as_str()).collect();
    let description: String =
        format!("What stackhand needs to run {}", recipes.join(", ")).chars().take(LONGEST_DESCRIPTION).collect();
    let body = json!({ "name": name, "description": description, "permissions": permissions });
    check(&body)?;
    Ok(body)
}

/// Holds a role against what the catalogue says of `add_role`.
fn check(body: &Value) -> Result<()> {
    let operation = catalog::operation("authorization", "add_role");
    let Some((operation, shape)) = operation.and_then(|one| Some((one, one.body.as_ref()?.shape))) else {
        return Err(Error::new(Kind::Bug, "no_operation", "the catalogue lacks `authorization.add_role`"));
    };
    let violations = catalog::validate(operation.service(), shape, body, Direction::Request);
    let Some(first) = violations.first() else { return Ok(()) };
    Err(Error::new(Kind::Usage, "bad_role", format!("the API would not take the role: {first}"))
        .with_place("--role")
        .with_hint("a role's name has lower-case letters, with single `-` or `.` between them, such as `night-shift`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Source;
    use crate::engine::footprint::derive;

    fn told(text: &str) -> [Told; 1] {
        let source = Source::inline("night.rhai", text);
        let footprint = derive(&source);
        [Told { source, footprint, used: None }]
    }

    #[test]
    fn a_role_holds_what_the_recipe_and_its_belts_need() {
        let told = told("let t = env(\"X\"); servers().deallocate()");
        let body = body("night-shift", &told, &told[0].footprint.permissions()).expect("a role");
        let names: Vec<&str> =
            body["permissions"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["iaas.server.deallocate", "iaas.server.list", "iaas.server.get"]);
        assert_eq!(body["description"], "What stackhand needs to run night.rhai");
    }

    #[test]
    fn a_name_that_the_api_does_not_take_is_refused_before_it_is_printed() {
        let told = told("servers()");
        for name in ["Night Shift", "n", "-a", "a--b", "night1"] {
            let error = body(name, &told, &told[0].footprint.permissions()).expect_err(name);
            assert_eq!(error.code, "bad_role", "{name}");
        }
        assert!(body("night", &self::told("1"), &[]).is_err());
    }
}
