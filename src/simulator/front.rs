//! A message as any client sends it: which operation it means, or what of the simulator itself.

use bytes::Bytes;
use http::{Method as HttpMethod, Request};

use super::answers::UPLOADS;
use super::control::PREFIX;
use super::simulator::Simulator;
use super::wire::{Refusal, Reply};
use crate::catalog::{self, Method, Operation, Routes};

impl Simulator {
    /// Answers a message, from its path alone. One address serves all services; a service's name before the path, as in
    /// `/resource-manager/v2/projects/…`, tells operations apart that share a path.
    pub async fn answer(&self, request: Request<Bytes>) -> Reply {
        let path = format!("/{}", request.uri().path().trim_start_matches('/'));
        let (service, inner) = split_service(&path);
        if inner == "/token" {
            return self.whole(self.tokens().answer_request(&request, self.process_clock.now()));
        }
        if path.starts_with(UPLOADS) && request.method() == HttpMethod::PUT {
            let operation = catalog::operation("iaas", "upload_image").expect("the catalogue has it");
            return self.answer_operation(operation, at(request, &path)).await;
        }
        if let Some(rest) = path.strip_prefix(PREFIX) {
            return Reply::Whole(self.control(rest, &request));
        }
        match self.find(request.method(), service, inner) {
            Ok(operation) => {
                let inner = inner.to_owned();
                self.answer_operation(operation, at(request, &inner)).await
            }
            Err(refusal) => self.whole(refusal.to_response()),
        }
    }

    fn whole(&self, response: http::Response<Bytes>) -> Reply {
        let id = self.next_request_id();
        Reply::Whole(self.finish(response, &id))
    }

    fn find(&self, method: &HttpMethod, service: Option<&str>, path: &str) -> Result<&'static Operation, Refusal> {
        let method = match method.as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            other => return Err(Refusal::new(405, format!("method {other} is not allowed"))),
        };
        let routes = self.routes();
        let Some(route) = routes.find(method, path) else {
            return Err(match routes.methods(path).as_slice() {
                [] => Refusal::new(404, format!("no operation of the API has the path {path}")),
                _ => Refusal::new(405, format!("method {} is not allowed", method.as_str())),
            });
        };
        let mut all = std::iter::once(route.operation).chain(route.others);
        let Some(service) = service else {
            // `GET /v2/projects/{id}` is of two services; only the resource manager takes a container id.
            let is_uuid = route.parameters.first().is_none_or(|(_, id)| super::world::is_uuid(id));
            return Ok(if is_uuid { route.operation } else { all.nth(1).unwrap_or(route.operation) });
        };
        let found = all.find(|operation| operation.module == service);
        found.ok_or_else(|| Refusal::new(404, format!("no operation of {service} has the path {path}")))
    }
}

/// All services, those first whose operations are answered.
pub fn all_routes() -> Routes {
    let first = ["iaas", "resource-manager"];
    Routes::new(first.into_iter().chain(catalog::modules().filter(|module| !first.contains(module))))
}

/// A path without the name of the service before it.
fn split_service(path: &str) -> (Option<&'static str>, &str) {
    let rest = &path[1..];
    let found = catalog::modules().find(|module| rest.strip_prefix(module).is_some_and(|rest| rest.starts_with("/v")));
    match found {
        Some(module) => (Some(module), &path[module.len() + 1..]),
        None => match rest.strip_prefix("service-account/token") {
            Some("") => (Some("service-account"), "/token"),
            _ => (None, path),
        },
    }
}

/// The request with another path.
fn at(mut request: Request<Bytes>, path: &str) -> Request<Bytes> {
    if request.uri().path() != path {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        if let Ok(path) = format!("{path}{query}").parse() {
            parts.path_and_query = Some(path);
            if let Ok(uri) = http::Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}
