//! The platform as Rust sees it: verbs, relations, waiters. Decodes only what it acts on, passes the bytes on.
