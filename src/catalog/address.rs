//! From an operation and its parameters to a URL, and the parts of one that need care.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::operation::{Operation, Parameter, Place, Style};

/// Why an operation has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A path parameter has no value.
    #[error("parameter `{parameter}` is missing")]
    Missing {
        /// As on the wire.
        parameter: &'static str,
    },
    /// A path parameter's value cannot stand in a path: empty, `.` or `..` would name another object.
    #[error("parameter `{parameter}` cannot be `{value}`")]
    Unusable {
        /// As on the wire.
        parameter: &'static str,
        /// What was given.
        value: String,
    },
    /// An address that an earlier answer should have given is none.
    #[error("parameter `{parameter}` is no http or https URL")]
    NoUrl {
        /// As on the wire.
        parameter: &'static str,
    },
}

/// What a path parameter that a call leaves open is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilledFrom {
    /// The project of the run.
    Project,
    /// The region of the run.
    Region,
}

impl Parameter {
    /// What fills it when a call leaves it open: the documents spell the region `region` or `regionId`.
    #[must_use]
    pub fn filled_from(&self) -> Option<FilledFrom> {
        match (self.place, self.name) {
            (Place::Path, "projectId") => Some(FilledFrom::Project),
            (Place::Path, "region" | "regionId") => Some(FilledFrom::Region),
            _ => None,
        }
    }

    /// The query's name and value pairs for a value of this parameter, not yet percent-encoded.
    #[must_use]
    pub fn pairs(&self, value: &Value) -> Vec<(String, String)> {
        match (value, self.style) {
            (Value::Null, _) => Vec::new(),
            (Value::Array(items), Style::Joined) => {
                vec![(self.name.to_owned(), items.iter().map(plain_text).collect::<Vec<_>>().join(","))]
            }
            (Value::Array(items), _) => items.iter().map(|item| (self.name.to_owned(), plain_text(item))).collect(),
            (Value::Object(fields), Style::Brackets) => {
                fields.iter().map(|(key, value)| (format!("{}[{key}]", self.name), plain_text(value))).collect()
            }
            (Value::Object(fields), _) => fields.iter().map(|(key, value)| (key.clone(), plain_text(value))).collect(),
            (value, _) => vec![(self.name.to_owned(), plain_text(value))],
        }
    }
}

impl Operation {
    /// The URL without query: the host, or `base_url` in its stead, and the path with its parameters percent-encoded.
    ///
    /// `value` gives a parameter's text by its name on the wire. The region is also asked for when only the host names
    /// it. An operation that goes where an earlier answer said (`{uploadUrl}`) takes no other base.
    ///
    /// # Errors
    /// [`AddressError`], naming the parameter.
    pub fn url<'v>(
        &self,
        base_url: Option<&str>,
        value: impl Fn(&str) -> Option<Cow<'v, str>>,
    ) -> Result<String, AddressError> {
        if let Some(parameter) = self.given_host() {
            return match value(parameter) {
                None => Err(AddressError::Missing { parameter }),
                Some(url) if url.starts_with("https://") || url.starts_with("http://") => Ok(url.into_owned()),
                Some(_) => Err(AddressError::NoUrl { parameter }),
            };
        }
        let mut url = match base_url {
            Some(base_url) => base_url.trim_end_matches('/').to_owned(),
            None => self.host(&value)?,
        };
        for piece in pieces(self.path) {
            match piece {
                Piece::Literal(text) => url.push_str(text),
                Piece::Parameter(name) => {
                    let value = value(name).ok_or(AddressError::Missing { parameter: name })?;
                    if matches!(value.as_ref(), "" | "." | "..") {
                        return Err(AddressError::Unusable { parameter: name, value: value.into_owned() });
                    }
                    url.push_str(&percent_encode(&value));
                }
            }
        }
        Ok(url)
    }

    /// The query of a call's parameters, percent-encoded, without `?`; empty if there is none. Parameters that the
    /// operation does not have are left out: [`Operation::check_parameters`] names them.
    #[must_use]
    pub fn query(&self, parameters: &Map<String, Value>) -> String {
        let mut query = String::new();
        for parameter in self.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
            let Some(value) = parameters.get(parameter.name) else { continue };
            for (name, value) in parameter.pairs(value) {
                let separator = if query.is_empty() { "" } else { "&" };
                let _ = write!(query, "{separator}{}={}", percent_encode(&name), percent_encode(&value));
            }
        }
        query
    }

    /// A parameter by its name on the wire.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The parameter that holds the whole address, if an earlier answer gives it.
    #[must_use]
    pub fn given_host(&self) -> Option<&'static str> {
        let inner = self.base_url.strip_prefix('{')?.strip_suffix('}')?;
        self.path.is_empty().then_some(inner)
    }

    fn host<'v>(&self, value: &impl Fn(&str) -> Option<Cow<'v, str>>) -> Result<String, AddressError> {
        let mut host = String::new();
        for piece in pieces(self.base_url) {
            match piece {
                Piece::Literal(text) => host.push_str(text),
                Piece::Parameter(name) => {
                    let value = value(name).ok_or(AddressError::Missing { parameter: name })?;
                    let region = value.trim_end_matches('.');
                    let is_label = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
                    if region.is_empty() || !region.chars().all(is_label) {
                        return Err(AddressError::Unusable { parameter: name, value: value.into_owned() });
                    }
                    host.push_str(region);
                    host.push('.');
                }
            }
        }
        Ok(host)
    }
}

/// A part of a template.
pub(super) enum Piece {
    Literal(&'static str),
    Parameter(&'static str),
}

/// The parts of a template such as `/v2/projects/{projectId}/servers`.
pub(super) fn pieces(template: &'static str) -> impl Iterator<Item = Piece> {
    template.split('{').enumerate().flat_map(|(position, part)| {
        let (name, rest) = match part.split_once('}') {
            Some((name, rest)) if position > 0 => (Some(Piece::Parameter(name)), rest),
            _ => (None, part),
        };
        name.into_iter().chain((!rest.is_empty()).then_some(Piece::Literal(rest)))
    })
}

/// A value as it stands in a path or query: text as it is, everything else as JSON writes it.
#[must_use]
pub fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encodes all but the characters that never need it (RFC 3986 "unreserved").
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    // Identifiers never need it, and there are two in every path.
    if text.bytes().all(is_unreserved) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_unreserved(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Undoes percent-encoding; nothing if it is broken or no UTF-8.
#[must_use]
pub fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;

    fn url(module: &str, name: &str, base: Option<&str>, values: &[(&str, &str)]) -> Result<String, AddressError> {
        let value = |name: &str| {
            values.iter().find(|(other, _)| *other == name).map(|(_, value)| Cow::Owned((*value).to_owned()))
        };
        catalog::operation(module, name).unwrap().url(base, value)
    }

    #[test]
    fn path_parameters_are_filled_in_and_encoded() {
        let values = [("projectId", "p 1"), ("region", "eu01"), ("serverId", "a/b?c")];
        assert_eq!(
            url("iaas", "get_server", None, &values).unwrap(),
            "https://iaas.api.stackit.cloud/v2/projects/p%201/regions/eu01/servers/a%2Fb%3Fc"
        );
        assert_eq!(
            url("iaas", "get_server", Some("http://127.0.0.1:8080/iaas/"), &values).unwrap(),
            "http://127.0.0.1:8080/iaas/v2/projects/p%201/regions/eu01/servers/a%2Fb%3Fc"
        );
    }

    #[test]
    fn the_region_of_a_dotted_host_gets_its_dot_once() {
        for region in ["eu01", "eu01."] {
            let values = [("projectId", "p"), ("region", region)];
            assert_eq!(
                url("iaas/v1", "list_servers", None, &values).unwrap(),
                "https://iaas.api.eu01.stackit.cloud/v1/projects/p/servers"
            );
        }
        let evil = [("projectId", "p"), ("region", "evil.example/")];
        assert!(matches!(url("iaas/v1", "list_servers", None, &evil), Err(AddressError::Unusable { .. })));
    }

    #[test]
    fn a_missing_parameter_is_named() {
        let error = url("iaas", "get_server", None, &[("projectId", "p"), ("region", "eu01")]).unwrap_err();
        assert_eq!(error.to_string(), "parameter `serverId` is missing");
    }

    #[test]
    fn a_parameter_never_climbs_out_of_its_segment() {
        for value in ["", ".", ".."] {
            let values = [("projectId", "p"), ("region", "eu01"), ("serverId", value)];
            assert!(matches!(url("iaas", "get_server", None, &values), Err(AddressError::Unusable { .. })));
        }
    }

    #[test]
    fn an_upload_goes_where_the_answer_said() {
        let operation = catalog::operation("iaas", "upload_image").unwrap();
        assert_eq!(operation.given_host(), Some("uploadUrl"));
        let values = [("uploadUrl", "https://store.example/x?signature=1")];
        assert_eq!(
            url("iaas", "upload_image", Some("http://127.0.0.1:1"), &values).unwrap(),
            "https://store.example/x?signature=1"
        );
        assert!(matches!(
            url("iaas", "upload_image", None, &[("uploadUrl", "file:///etc/passwd")]),
            Err(AddressError::NoUrl { .. })
        ));
    }

    #[test]
    fn query_parameters_follow_their_style() {
        let query = |module: &str, name: &str, value: Value| {
            catalog::operation(module, name).unwrap().query(value.as_object().unwrap())
        };
        assert_eq!(
            query("iaas", "list_servers", json!({"label_selector": "a=b,c", "details": true, "nope": 1})),
            "details=true&label_selector=a%3Db%2Cc"
        );
        assert_eq!(query("pim", "list_skus", json!({"region": ["eu01", "eu02"]})), "region=eu01&region=eu02");
        assert_eq!(query("observability", "delete_scrape_configs", json!({"jobName": ["a", "b"]})), "jobName=a%2Cb");
        assert_eq!(query("vpn", "list_gateways", json!({"label_selector": {"a": "b"}})), "label_selector%5Ba%5D=b");
    }

    #[test]
    fn percent_encoding_and_decoding_are_inverse() {
        for text in ["", "plain-._~", "a b/ü?%", "100%"] {
            assert_eq!(percent_decode(&percent_encode(text)).as_deref(), Some(text));
        }
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decode(broken), None);
        }
    }
}
