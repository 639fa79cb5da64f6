//! The services of the API as modules: `import "stackit/dns" as dns; dns::list_zones()`.

use rhai::{Module, Shared};

use crate::error::{Error, Kind};

pub(super) fn module(path: &str) -> Result<Shared<Module>, Error> {
    Err(Error::new(Kind::Script, "unknown_module", format!("there is no module `stackit/{path}`")))
}
