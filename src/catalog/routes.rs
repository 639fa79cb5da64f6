//! From a method and a path back to the operation, for whoever answers requests.

use std::collections::HashMap;

use super::address::{Piece, percent_decode, pieces};
use super::operation::{Method, Operation};
use super::table;

/// The operations of some modules as a tree of path segments.
#[derive(Debug)]
pub struct Routes {
    /// The root is first.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<&'static str, usize>,
    variable: Option<usize>,
    operations: Vec<&'static Operation>,
}

/// The operation that a path means.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The operation; of several that share the path, the one whose module was named first.
    pub operation: &'static Operation,
    /// Its path parameters by name, percent-decoded, in the order of the path.
    pub parameters: Vec<(&'static str, String)>,
    /// Further operations that share method and path: IaaS and the resource manager both have
    /// `GET /v2/projects/{id}`.
    pub others: Vec<&'static Operation>,
}

impl Routes {
    /// The routes of these modules; unknown ones are left out, as are operations whose host an earlier answer gives.
    #[must_use]
    pub fn new<'m>(modules: impl IntoIterator<Item = &'m str>) -> Self {
        let mut routes = Self { nodes: vec![Node::default()] };
        for service in modules.into_iter().filter_map(table::service) {
            for operation in service.operations.iter().filter(|operation| operation.given_host().is_none()) {
                routes.add(operation);
            }
        }
        routes
    }

    /// The operation behind a method and a path without query. A literal segment beats a variable one; doubled slashes
    /// at the start are one.
    #[must_use]
    pub fn find(&self, method: Method, path: &str) -> Option<Route> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let mut values = Vec::new();
        let operations = self.descend(0, method, &segments, &mut values)?;
        let (&operation, others) = operations.split_first()?;
        let names = pieces(operation.path).filter_map(|piece| match piece {
            Piece::Parameter(name) => Some(name),
            Piece::Literal(_) => None,
        });
        let mut parameters = Vec::new();
        for (name, value) in names.zip(values) {
            parameters.push((name, percent_decode(value)?));
        }
        Some(Route { operation, parameters, others: others.to_vec() })
    }

    /// The methods that a path has, to tell a wrong method from a wrong path.
    #[must_use]
    pub fn methods(&self, path: &str) -> Vec<Method> {
        [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete]
            .into_iter()
            .filter(|method| self.find(*method, path).is_some())
            .collect()
    }

    fn descend<'p>(
        &self,
        node: usize,
        method: Method,
        segments: &[&'p str],
        values: &mut Vec<&'p str>,
    ) -> Option<Vec<&'static Operation>> {
        let node = &self.nodes[node];
        let Some((segment, rest)) = segments.split_first() else {
            let here: Vec<_> = node.operations.iter().copied().filter(|found| found.method == method).collect();
            return (!here.is_empty()).then_some(here);
        };
        if let Some(next) = node.literals.get(segment)
            && let Some(found) = self.descend(*next, method, rest, values)
        {
            return Some(found);
        }
        let next = node.variable.filter(|_| !segment.is_empty())?;
        values.push(segment);
        let found = self.descend(next, method, rest, values);
        if found.is_none() {
            values.pop();
        }
        found
    }

    fn add(&mut self, operation: &'static Operation) {
        let mut node = 0;
        for segment in operation.path.trim_start_matches('/').split('/') {
            let fresh = self.nodes.len();
            let next = if segment.starts_with('{') {
                *self.nodes[node].variable.get_or_insert(fresh)
            } else {
                *self.nodes[node].literals.entry(segment).or_insert(fresh)
            };
            if next == fresh {
                self.nodes.push(Node::default());
            }
            node = next;
        }
        self.nodes[node].operations.push(operation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    fn names(routes: &Routes, method: Method, path: &str) -> Option<(&'static str, &'static str)> {
        routes.find(method, path).map(|route| (route.operation.module, route.operation.name))
    }

    #[test]
    fn every_path_leads_back_to_its_operation() {
        for module in catalog::modules() {
            let routes = Routes::new([module]);
            for operation in &catalog::service(module).unwrap().operations {
                if operation.given_host().is_some() {
                    continue;
                }
                let filled = operation.path.replace(['{', '}'], "");
                let route = routes.find(operation.method, &filled).unwrap();
                assert_eq!(route.operation.name, operation.name, "{module} {}", operation.path);
                assert!(route.others.is_empty());
            }
        }
    }

    #[test]
    fn a_variable_is_always_a_whole_segment() {
        for operation in catalog::services().flat_map(|service| &service.operations) {
            for segment in operation.path.split('/').filter(|segment| segment.contains(['{', '}'])) {
                let is_whole = segment.starts_with('{') && segment.ends_with('}') && segment.matches('{').count() == 1;
                assert!(is_whole, "{}", operation.path);
            }
        }
    }

    #[test]
    fn literal_segments_beat_variables() {
        let routes = Routes::new(["authorization", "iaas", "resource-manager", "service-account"]);
        assert_eq!(
            names(&routes, Method::Get, "/v2/projects/p/service-accounts"),
            Some(("service-account", "list_service_accounts"))
        );
        assert_eq!(names(&routes, Method::Get, "/v2/project/p/members"), Some(("authorization", "list_members")));
        assert_eq!(
            names(&routes, Method::Get, "/v2/organizations/o/members"),
            Some(("authorization", "list_members")),
            "back from a literal that leads nowhere"
        );
    }

    #[test]
    fn parameters_are_decoded_and_slashes_at_the_start_do_not_count() {
        let routes = Routes::new(["iaas"]);
        let route = routes.find(Method::Get, "//v2/projects/p%201/regions/eu01/servers/a%2Fb").unwrap();
        assert_eq!(route.operation.name, "get_server");
        assert_eq!(
            route.parameters,
            [("projectId", "p 1".to_owned()), ("region", "eu01".to_owned()), ("serverId", "a/b".to_owned())]
        );
        assert!(routes.find(Method::Get, "/v2/projects/p/regions/eu01/servers/%ff").is_none());
        assert!(routes.find(Method::Get, "/v2/projects//regions/eu01/servers").is_none());
        assert!(routes.find(Method::Get, "/v2/projects/p/regions/eu01/serverz").is_none());
        assert_eq!(
            routes.methods("/v2/projects/p/regions/eu01/servers/s"),
            [Method::Get, Method::Patch, Method::Delete]
        );
    }

    #[test]
    fn a_shared_path_names_both() {
        let routes = Routes::new(["iaas", "resource-manager"]);
        let route = routes.find(Method::Get, "/v2/projects/p").unwrap();
        assert_eq!(route.operation.name, "get_project_details");
        assert_eq!(route.others[0].name, "get_project");
    }
}
