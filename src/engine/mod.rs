//! Everything that touches Rhai: builder, natives, bridge, values, resolver, limits, diagnostics.

pub mod builtins;
