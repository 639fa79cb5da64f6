//! Other projects and regions: `project("…").servers()`, `region("eu02").volumes()`.

use std::any::TypeId;

use rhai::Dynamic;

use super::script::here;
use crate::engine::native::{Native, Type};
use crate::error::{Error, Kind as ErrorKind};
use crate::transport::Target;

/// A project and a region that functions of the platform can act in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub target: Target,
}

/// Places, as natives declare them.
pub(super) const PLACE: Type = Type::Custom("Place", TypeId::of::<Place>);

pub(super) fn natives() -> Vec<Native> {
    let project = super::script::anywhere("project", |native| {
        native
            .takes("id", Type::Text)
            .gives(PLACE)
            .doc(
                "Another project, by its id. What it gives has the functions of the platform as methods, which act \
                 there: `project(\"…\").servers()`. The credential needs its permissions there too.",
            )
            .errors(&["invalid: the id is empty or no UUID"])
            .example("project(\"6f1c5e0e-9d2f-4b55-8c3a-0d3d6f6f2a10\").region(\"eu02\")")
            .by(|call| {
                let (platform, first) = here(call)?;
                // The API knows ids in small letters only, people copy them in any.
                let id = named(&call.text(first)?, "project")?.to_lowercase();
                if uuid::Uuid::try_parse(&id).is_err() || id.len() != 36 {
                    let message = format!("the project `{id}` is named by its id, which is a UUID");
                    return Err(Error::new(ErrorKind::Invalid, "bad_project_id", message)
                        .with_hint("the portal shows it beside the project's name")
                        .into());
                }
                Ok(Dynamic::from(Place { target: platform.project(&id).target().clone() }))
            })
    });
    let region = super::script::anywhere("region", |native| {
        native
            .takes("name", Type::Text)
            .gives(PLACE)
            .doc(
                "Another region, such as `eu02`. What it gives has the functions of the platform as methods, which act \
                 there: `region(\"eu02\").volumes()`.",
            )
            .errors(&["invalid: the name is empty"])
            .example("region(\"eu02\").volumes()")
            .by(|call| {
                let (platform, first) = here(call)?;
                let name = named(&call.text(first)?, "region")?;
                Ok(Dynamic::from(Place { target: platform.region(&name).target().clone() }))
            })
    });
    let printed = Native::method(PLACE, "to_string")
        .gives(Type::Text)
        .doc("The project and the region, for people.")
        .example("region(\"eu02\").to_string()")
        .by(|call| {
            let Target { project, region } = call.get::<Place>(0)?.target;
            let unset = || "unset".to_owned();
            Ok(format!("project {}, region {}", project.unwrap_or_else(unset), region.unwrap_or_else(unset)).into())
        });
    project.into_iter().chain(region).chain([printed]).collect()
}

fn named(text: &str, what: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "empty_name", format!("the {what} is empty")));
    }
    Ok(text.to_owned())
}
