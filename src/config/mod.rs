//! Profiles, `stackhand.toml`, the STACKIT CLI's own profiles, and every environment variable, declared once.

pub mod duration;
