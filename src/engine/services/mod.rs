//! The services of the API as modules: `import "stackit/dns" as dns; dns::list_zones()`. Every operation of the
//! catalogue is a function, whether or not there is an object made by hand for it.

mod arguments;
mod function;
mod module;

pub(super) use arguments::{snake_case, usage};
pub(super) use module::{module, service};
