//! The permissions that a credential has, as the authorization API tells.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::catalog;
use crate::error::{Error, Kind, Result};
use crate::transport::{Call, Client, Target};

/// Source: `ListUserPermissionsResponse` of the authorization document.
#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    items: Vec<OfResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfResource {
    resource_id: String,
    #[serde(default)]
    permissions: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The permissions that the account of this e-mail address has in a project, by whatever role.
///
/// Source: authorization v2, `ListUserPermissions`: everybody may ask for the own address.
///
/// # Errors
/// Of the call; `incomplete` if the answer is none.
pub async fn held_permissions(client: &Client, email: &str, project: &str) -> Result<BTreeSet<String>> {
    let operation = catalog::operation("authorization", "list_user_permissions")
        .ok_or_else(|| Error::new(Kind::Bug, "no_operation", "the catalogue lacks `list_user_permissions`"))?;
    let call = Call::new(operation, Target { project: Some(project.to_owned()), region: None })
        .with("email", email)
        .with("resource", project)
        .with("resourceType", "project");
    let answer = client.send(call).await?;
    let listed: Listed = serde_json::from_slice(&answer.body).map_err(|why| {
        let message = format!("the answer of `authorization.list_user_permissions` is not what it should be: {why}");
        Error::new(Kind::Incomplete, "bad_answer", message)
    })?;
    let of_project = listed.items.into_iter().filter(|item| item.resource_id == project);
    Ok(of_project.flat_map(|item| item.permissions).map(|permission| permission.name).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use futures_util::future::BoxFuture;
    use http::{Request, Response};
    use serde_json::json;

    use super::*;
    use crate::auth::{self, TokenSource};
    use crate::catalog::{Answer, Direction, Operation};
    use crate::clock::Clock;
    use crate::secret::Secret;
    use crate::transport::{Backend, Sending};

    const PROJECT: &str = "6f1c5e0e-9d2f-4b55-8c3a-0d3d6f6f2a10";

    /// Answers what the API would.
    struct Told(serde_json::Value);

    impl Backend for Told {
        fn send<'b>(&'b self, operation: &'static Operation, request: Request<Bytes>) -> Sending<'b> {
            assert_eq!(operation.name, "list_user_permissions");
            assert_eq!(
                request.uri().path_and_query().expect("a path").as_str(),
                format!("/v2/users/robot@sa.stackit.cloud/permissions?resource={PROJECT}&resourceType=project")
                    .replace('@', "%40")
            );
            let response = Response::builder().header("content-type", "application/json");
            let response = response.body(Bytes::from(self.0.to_string())).expect("it is well formed");
            Box::pin(std::future::ready(Ok(response)))
        }
    }

    #[derive(Debug)]
    struct Token;

    impl TokenSource for Token {
        fn token(&self) -> BoxFuture<'_, std::result::Result<Secret, auth::Error>> {
            Box::pin(std::future::ready(Ok(Secret::new("token"))))
        }

        fn reject(&self, _token: &Secret) {}
    }

    #[tokio::test]
    async fn the_permissions_of_the_project_are_those_of_all_roles() {
        let answer = json!({ "items": [
            { "resourceId": PROJECT, "resourceType": "project", "permissions": [
                { "name": "iaas.server.list", "description": "" },
                { "name": "iaas.server.get", "description": "" },
            ] },
            { "resourceId": "another", "resourceType": "project", "permissions": [
                { "name": "iaas.server.delete", "description": "" },
            ] },
        ] });
        let operation = catalog::operation("authorization", "list_user_permissions").expect("it is there");
        let Answer::Json(shape) = operation.answer else { panic!("it answers JSON") };
        assert_eq!(catalog::validate(operation.service(), shape, &answer, Direction::Answer), [], "as documented");
        let client = Client::builder(Arc::new(Told(answer)), Arc::new(Token), Clock::process()).build();
        let held = held_permissions(&client, "robot@sa.stackit.cloud", PROJECT).await.expect("it is told");
        assert_eq!(held.into_iter().collect::<Vec<_>>(), ["iaas.server.get", "iaas.server.list"]);
    }
}
