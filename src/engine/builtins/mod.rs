//! The native functions of recipes, each declared once.

pub mod time;
