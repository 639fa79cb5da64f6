//! The hosts that answers named for uploads: a presigned upload goes there and nowhere else.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use serde_json::Value;

use crate::catalog::Operation;
use crate::error::Kind;
use crate::transport::{Endpoints, Error};

/// The field in which a create answers where to upload.
///
/// Source: iaas v2, `ImageCreateResponse`.
const FIELD: &str = "uploadUrl";

/// Scheme, host and port of every upload URL that this process was answered.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<HashSet<String>>);

impl Uploads {
    /// Remembers the upload URL in the answer of a successful create, if it has one.
    pub fn learn(&self, body: &[u8]) {
        if !body.windows(FIELD.len()).any(|window| window == FIELD.as_bytes()) {
            return;
        }
        let answered = serde_json::from_slice::<Value>(body).ok();
        let address = answered.as_ref().and_then(|answer| answer.get(FIELD)?.as_str()?.parse::<Uri>().ok());
        if let Some(origin) = address.as_ref().and_then(origin) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(origin);
        }
    }

    /// The address, if it is one that a create of this process may have answered, and safe to send to.
    pub fn checked(&self, operation: &'static Operation, address: &str, endpoints: &Endpoints) -> Result<Uri, Error> {
        let refuse = |kind, code, text: &str| Err(Error::before_sending(operation, kind, code, text));
        let Some((uri, origin)) = address.parse::<Uri>().ok().and_then(|uri| origin(&uri).map(|at| (uri, at))) else {
            return refuse(Kind::Invalid, "bad_address", "the upload URL is not a URL");
        };
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&origin) {
            let text = format!("no image that was created here is to be uploaded to `{origin}`");
            return refuse(Kind::Policy, "foreign_upload", &text).map_err(|error| {
                error.with_hint("use the `uploadUrl` that creating the image answered, in the same run")
            });
        }
        let is_safe = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => uri.host().is_some_and(|host| endpoints.allows_plain_http(host)),
            _ => false,
        };
        if !is_safe {
            return refuse(
                Kind::Policy,
                "plain_http",
                "an upload over plain http could be read and changed on its way",
            );
        }
        Ok(uri)
    }
}

fn origin(uri: &Uri) -> Option<String> {
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority().filter(|at| !at.as_str().contains('@'))?))
}
