//! The packed tables, decoded service by service, each once.

use std::sync::OnceLock;

use super::operation::{Operation, Service};
use super::shape::{Shape, ShapeId, Shapes};

/// One service as `build.rs` packed it.
struct Packed {
    module: &'static str,
    operations: &'static [u8],
    shapes: &'static [u8],
    service: OnceLock<Service>,
    decoded_shapes: OnceLock<Shapes>,
}

impl Packed {
    const fn new(module: &'static str, operations: &'static [u8], shapes: &'static [u8]) -> Self {
        Self { module, operations, shapes, service: OnceLock::new(), decoded_shapes: OnceLock::new() }
    }

    fn service(&'static self) -> &'static Service {
        self.service.get_or_init(|| postcard::from_bytes(self.operations).expect("build.rs packed this very type"))
    }

    fn shapes(&'static self) -> &'static Shapes {
        self.decoded_shapes.get_or_init(|| postcard::from_bytes(self.shapes).expect("build.rs packed this very type"))
    }
}

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// An operation by its module and name: `("iaas", "list_servers")`, `("iaas/v1", "list_servers")`.
#[must_use]
pub fn operation(module: &str, name: &str) -> Option<&'static Operation> {
    service(module)?.operation(name)
}

/// A service by its module; decodes it, but not its shapes, when first asked for.
#[must_use]
pub fn service(module: &str) -> Option<&'static Service> {
    packed(module).map(Packed::service)
}

/// All modules, sorted; decodes nothing.
pub fn modules() -> impl ExactSizeIterator<Item = &'static str> {
    TABLE.iter().map(|packed| packed.module)
}

/// All services, sorted by module; decodes each as it is reached.
pub fn services() -> impl ExactSizeIterator<Item = &'static Service> {
    TABLE.iter().map(Packed::service)
}

fn packed(module: &str) -> Option<&'static Packed> {
    let position = TABLE.binary_search_by(|packed| packed.module.cmp(module)).ok()?;
    Some(&TABLE[position])
}

impl Service {
    /// An operation by our name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        let position = self.operations.binary_search_by(|operation| operation.name.cmp(name)).ok()?;
        Some(&self.operations[position])
    }

    /// The shapes that the operations refer to; decoded when first asked for.
    #[must_use]
    pub fn shapes(&self) -> &'static Shapes {
        packed(self.module).expect("a service is an entry of the table").shapes()
    }

    /// A shape by its number.
    #[must_use]
    pub fn shape(&self, id: ShapeId) -> &'static Shape {
        self.shapes().get(id)
    }
}

impl Operation {
    /// The service that it belongs to.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        service(self.module).expect("an operation belongs to an entry of the table")
    }
}

impl Shapes {
    /// A shape by its number.
    ///
    /// # Panics
    /// With a number of another service that has more shapes.
    #[must_use]
    pub fn get(&self, id: ShapeId) -> &Shape {
        &self.all[id as usize]
    }

    /// A shape by the document's name, such as `Server`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<ShapeId> {
        let position = self.names.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
        Some(self.names[position].1)
    }

    /// A name that the document gives to a shape, if it gives one.
    #[must_use]
    pub fn name_of(&self, id: ShapeId) -> Option<&'static str> {
        self.names.iter().find(|(_, other)| *other == id).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_operations_are_there() {
        let documented = services().map(|service| service.operations.len()).sum::<usize>();
        assert_eq!(documented, 1_102 + 3, "1,102 documented, two uploads of images and the old list of SKUs");
        assert_eq!(modules().len(), 52);
    }

    #[test]
    fn an_operation_is_found_by_module_and_name() {
        let list = operation("iaas", "list_servers").unwrap();
        assert_eq!(list.path, "/v2/projects/{projectId}/regions/{region}/servers");
        assert_eq!(operation("iaas/v1", "list_servers").unwrap().path, "/v1/projects/{projectId}/servers");
        assert!(operation("iaas", "list_serverz").is_none());
        assert!(operation("iass", "list_servers").is_none());
    }

    #[test]
    fn shapes_decode_and_are_found_by_name() {
        for service in services() {
            assert!(!service.shapes().all.is_empty(), "{}", service.module);
        }
        let shapes = service("iaas").unwrap().shapes();
        assert!(matches!(shapes.get(shapes.named("Server").unwrap()), Shape::Object { .. }));
    }
}
