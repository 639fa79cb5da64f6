//! `stackhand doc NAME`, and the reference: all from the declarations of natives and from the catalogue.

mod index;
mod kinds;
mod lookup;
mod natives;
mod operations;
mod reference;

pub use index::doc_index;
pub use kinds::relations;
pub use lookup::doc;
pub use reference::reference;
