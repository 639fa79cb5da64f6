//! A service as a module, built when it is first imported and then shared by all runs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rhai::{FnNamespace, Module, Shared};

use super::function::native;
use crate::catalog::{self, Service};
use crate::engine::registry;
use crate::error::{Error, Kind};

/// The module that `import "stackit/PATH"` gives.
///
/// # Errors
/// If there is no such service or version, with the nearest.
pub fn module(path: &str) -> Result<Shared<Module>, Error> {
    static BUILT: RwLock<Option<HashMap<&'static str, Shared<Module>>>> = RwLock::new(None);
    let service = service(path)?;
    let built = BUILT.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = built.as_ref().and_then(|built| built.get(service.module)) {
        return Ok(module.clone());
    }
    drop(built);
    let module = Shared::new(build(service));
    let mut built = BUILT.write().unwrap_or_else(PoisonError::into_inner);
    Ok(built.get_or_insert_with(HashMap::new).entry(service.module).or_insert(module).clone())
}

/// The service of a path: `dns`, or `iaas/v1` with a version, which may also be the newest.
///
/// # Errors
/// If there is no such service or version, with the nearest.
pub fn service(path: &str) -> Result<&'static Service, Error> {
    if let Some(service) = catalog::service(path) {
        return Ok(service);
    }
    if let Some((name, version)) = path.split_once('/')
        && let Some(service) = catalog::service(name)
    {
        if service.version == version {
            return Ok(service);
        }
        let others = catalog::modules().filter_map(|module| module.strip_prefix(name)?.strip_prefix('/'));
        let versions: Vec<_> = std::iter::once(service.version).chain(others).collect();
        let message = format!("`stackit/{name}` has no version `{version}`");
        return Err(
            Error::new(Kind::Script, "unknown_module", message).with_hint(format!("there is {}", versions.join(", ")))
        );
    }
    let error = Error::new(Kind::Script, "unknown_module", format!("there is no service `stackit/{path}`"));
    Err(match catalog::nearest_module(path) {
        Some(near) => error.with_hint(format!("did you mean `stackit/{near}`?")),
        None => error.with_hint("`stackhand doc stackit` lists the services"),
    })
}

fn build(service: &'static Service) -> Module {
    let mut module = Module::new();
    module.set_id(format!("stackit/{}", service.module));
    for operation in &service.operations {
        registry::register_all(&mut module, FnNamespace::Internal, &[Arc::new(native(operation))]);
    }
    module.build_index();
    module
}
