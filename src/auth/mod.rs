//! Credentials in, bearer tokens out.
