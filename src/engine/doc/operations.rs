//! What is said of services and operations of the API.

use std::fmt::Write as _;

use super::kinds::shape_name;
use crate::catalog::{Operation, Place, Service};

/// A service as text: its operations.
#[must_use]
pub fn service_page(service: &'static Service) -> String {
    let alias = alias_of(service);
    let mut text = format!(
        "stackit/{} ({} {}), {} operations\n\n  import \"stackit/{}\" as {alias};\n\n",
        service.module,
        service.name,
        service.version,
        service.operations.len(),
        service.module,
    );
    for operation in &service.operations {
        let mark = if operation.is_deprecated { " (deprecated)" } else { "" };
        let _ = writeln!(text, "  {}{mark}", signature(&alias, operation));
    }
    text
}

/// An operation as text: signature, request, parameters, permissions.
#[must_use]
pub fn operation_page(operation: &'static Operation) -> String {
    let service = operation.service();
    let mut text = format!("{}\n\n", signature(&alias_of(service), operation));
    let _ = writeln!(text, "  {} {}", operation.method.as_str(), operation.path);
    let _ = writeln!(text, "  Effect: {}", operation.effect.as_str());
    let permissions: Vec<&str> = operation.permissions.iter().map(|permission| permission.name).collect();
    let _ = writeln!(text, "  Permissions: {}", permissions.join(", "));
    if operation.is_deprecated {
        text.push_str("  The API calls it deprecated.\n");
    }
    let rows: Vec<_> = operation.parameters.iter().filter(|parameter| parameter.filled_from().is_none()).collect();
    if !rows.is_empty() {
        text.push_str("\n  Parameters:\n");
        for parameter in rows {
            let mark = if parameter.is_required { ", required" } else { "" };
            let kind = shape_name(service, service.shape(parameter.shape), 0);
            let _ = writeln!(text, "    {}  {kind}{mark}", parameter.name);
        }
    }
    if let Some(body) = &operation.body {
        let fields = service.shapes().fields(body.shape);
        if !fields.is_empty() {
            text.push_str("\n  Fields of the body:\n");
            for field in fields {
                let mark = if field.is_required { ", required" } else { "" };
                let kind = shape_name(service, service.shape(field.shape), 0);
                let _ = writeln!(text, "    {}  {kind}{mark}", field.name);
            }
        }
    }
    text
}

fn signature(alias: &str, operation: &Operation) -> String {
    let mut parameters: Vec<&str> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Path && parameter.filled_from().is_none())
        .map(|parameter| parameter.name)
        .collect();
    let has_options =
        operation.body.is_some() || operation.parameters.iter().any(|parameter| parameter.place != Place::Path);
    if has_options {
        parameters.push("#{…}");
    }
    format!("{alias}::{}({})", operation.name, parameters.join(", "))
}

fn alias_of(service: &Service) -> String {
    service.module.split('/').next().unwrap_or_default().replace('-', "_")
}
