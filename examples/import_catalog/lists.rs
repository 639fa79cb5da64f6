//! Which operations answer a list, under which key, and how the list goes on.

use serde_json::Value;

use super::document::{Api, list, object, text};
use super::source::{List, Paging};

/// Keys of an answer that name the next page, and the parameter that takes it.
const TOKENS: &[(&str, &str)] = &[
    ("nextPageToken", "pageToken"),
    ("nextPageId", "pageId"),
    ("nextPageIdentifier", "pageIdentifier"),
    ("nextCursor", "cursor"),
    ("meta.nextCursor", "cursor"),
    ("cursor", "cursor"),
    ("next_page_token", "page_token"),
];

/// Keys that say how many pages there are.
const TOTALS: &[&str] = &["totalPages", "pagination.totalPages"];

/// What is known of an answer as a list; nothing if it is an object.
///
/// A list is an array, or an object with exactly one array, asked for by an operation that says so: a `list…`, a
/// `search…`, or a GET whose answer goes on in pages.
pub fn describe(api: &Api, name: &str, method: &str, answer: &Value, query: &[&str]) -> Result<Option<List>, String> {
    let answer = api.resolve(answer)?;
    let says_so = name.starts_with("list_") || name.contains("_list_") || name.starts_with("search_");
    if text(answer, "type") == Some("array") {
        return Ok((method == "get").then(|| List { key: Some(String::new()), paging: None }));
    }
    let keys = keys(api, answer)?;
    let paging = paging(&keys, query);
    let arrays: Vec<&str> = keys.iter().filter(|key| key.is_array).map(|key| key.path.as_str()).collect();
    if !says_so && (method != "get" || paging.is_none()) {
        return Ok(None);
    }
    let key = match arrays.as_slice() {
        [key] => Some((*key).to_owned()),
        _ => None,
    };
    Ok((key.is_some() || paging.is_some()).then_some(List { key, paging }))
}

struct Key {
    path: String,
    is_array: bool,
}

/// The answer's keys, and those of the objects in it, one level deep.
fn keys(api: &Api, answer: &Value) -> Result<Vec<Key>, String> {
    let mut keys = Vec::new();
    for (name, property) in properties(api, answer)? {
        let property = api.resolve(property)?;
        keys.push(Key { path: name.to_owned(), is_array: is_array(api, property)? });
        for (inner, _) in properties(api, property)? {
            keys.push(Key { path: format!("{name}.{inner}"), is_array: false });
        }
    }
    Ok(keys)
}

fn is_array(api: &Api, schema: &Value) -> Result<bool, String> {
    if text(schema, "type") == Some("array") {
        return Ok(true);
    }
    for member in list(schema, "allOf") {
        if is_array(api, api.resolve(member)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn properties<'v>(api: &'v Api, schema: &'v Value) -> Result<Vec<(&'v str, &'v Value)>, String> {
    let mut found: Vec<(&str, &Value)> =
        object(schema, "properties").into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect();
    for member in list(schema, "allOf") {
        found.extend(properties(api, api.resolve(member)?)?);
    }
    Ok(found)
}

fn paging(keys: &[Key], query: &[&str]) -> Option<Paging> {
    let has_key = |path: &str| keys.iter().any(|key| key.path == path && !key.is_array);
    let first = |names: &[&str]| names.iter().find(|name| query.contains(name)).map(|name| (*name).to_owned());
    if query.contains(&"offset") && query.contains(&"limit") {
        return Some(Paging::Offset { parameter: "offset".to_owned(), size: "limit".to_owned() });
    }
    if query.contains(&"page") {
        let total = TOTALS.iter().find(|total| has_key(total))?;
        let size = first(&["size", "perPage", "pageSize"]);
        return Some(Paging::Number { parameter: "page".to_owned(), size, total: (*total).to_owned() });
    }
    if let Some((next, parameter)) = TOKENS.iter().find(|(next, parameter)| has_key(next) && query.contains(parameter))
    {
        let size = first(&["pageSize", "limit"]);
        return Some(Paging::Token { parameter: (*parameter).to_owned(), next: (*next).to_owned(), size });
    }
    if let Some((next, _)) = TOKENS.iter().find(|(next, _)| has_key(next)) {
        return Some(Paging::Cut { next: Some((*next).to_owned()) });
    }
    if query.contains(&"cursor") {
        return Some(Paging::Cut { next: None });
    }
    has_key("totalResults").then(|| Paging::Counted { total: "totalResults".to_owned() })
}
