//! Lists followed to their end. A list is whole, or this is an error.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::catalog::{Operation, Paging, Shape};
use crate::error::{Error, Kind};
use crate::transport::{Answer, Call};

/// The pages of a list, each as it came.
pub type Pages = Vec<Bytes>;

/// So many items of a page are asked for where the document sets no bound.
const PAGE_SIZE: i64 = 100;

/// Asks for all pages of a list.
///
/// # Errors
/// Of the calls; kind `incomplete` when the list goes on but there is no way to follow it.
pub async fn fetch<F, S>(call: Call, send: S) -> Result<Pages, Error>
where
    F: Future<Output = Result<Answer, Error>> + Send,
    S: Fn(Call) -> F + Send,
{
    let key = call.operation.list_key.unwrap_or_default();
    match call.operation.paging {
        Paging::None => Ok(vec![send(call).await?.body]),
        Paging::Cut { next } => {
            let (operation, page) = (call.operation, send(call).await?.body);
            match next.and_then(|next| text_at(&page, next)) {
                None => Ok(vec![page]),
                Some(_) => Err(cut(operation, "has further pages, and the API has no way to ask for them")),
            }
        }
        Paging::Counted { total } => {
            let (operation, page) = (call.operation, send(call).await?.body);
            match number_at(&page, total) {
                Some(total) if total > count_at(&page, key) => {
                    Err(cut(operation, "has further pages, and the API has no way to ask for them"))
                }
                _ => Ok(vec![page]),
            }
        }
        Paging::Token { parameter, next, size } => by_token(with_size(call, size), parameter, next, send).await,
        Paging::Number { parameter, size, total } => {
            by_number(with_size(call, size), parameter, total, key, send).await
        }
        Paging::Offset { parameter, size } => by_offset(with_size(call, Some(size)), parameter, key, send).await,
    }
}

async fn by_token<F, S>(mut call: Call, parameter: &str, next: &str, send: S) -> Result<Pages, Error>
where
    F: Future<Output = Result<Answer, Error>> + Send,
    S: Fn(Call) -> F + Send,
{
    let mut pages = Vec::new();
    let mut seen = HashSet::new();
    loop {
        let page = send(call.clone()).await?.body;
        let token = text_at(&page, next);
        pages.push(page);
        let Some(token) = token else { return Ok(pages) };
        if !seen.insert(token.clone()) {
            return Err(cut(call.operation, "leads back to a page that has been read"));
        }
        call.parameters.insert(parameter.to_owned(), Value::from(token));
    }
}

async fn by_number<F, S>(mut call: Call, parameter: &str, total: &str, key: &str, send: S) -> Result<Pages, Error>
where
    F: Future<Output = Result<Answer, Error>> + Send,
    S: Fn(Call) -> F + Send,
{
    let mut pages = Vec::new();
    for number in 1_u64.. {
        call.parameters.insert(parameter.to_owned(), Value::from(number));
        let page = send(call.clone()).await?.body;
        let is_last = match number_at(&page, total) {
            Some(total) => number >= total,
            // Without a total, only a page without items is certain to be past the end.
            None => count_at(&page, key) == 0,
        };
        pages.push(page);
        if is_last {
            break;
        }
    }
    Ok(pages)
}

async fn by_offset<F, S>(mut call: Call, parameter: &str, key: &str, send: S) -> Result<Pages, Error>
where
    F: Future<Output = Result<Answer, Error>> + Send,
    S: Fn(Call) -> F + Send,
{
    let mut pages = Vec::new();
    let mut offset = 0;
    loop {
        call.parameters.insert(parameter.to_owned(), Value::from(offset));
        let page = send(call.clone()).await?.body;
        let count = count_at(&page, key);
        offset += count;
        pages.push(page);
        // A service may give fewer than were asked for; only a page without items is certain to be past the end.
        if count == 0 {
            return Ok(pages);
        }
    }
}

/// Asks for pages as large as the document allows.
fn with_size(mut call: Call, size: Option<&str>) -> Call {
    let Some(size) = size else { return call };
    let Some(parameter) = call.operation.parameter(size) else { return call };
    if !call.parameters.contains_key(size) {
        let bound = match call.operation.service().shape(parameter.shape) {
            Shape::Integer { maximum: Some(maximum), .. } => (*maximum).clamp(1, 1000),
            _ => PAGE_SIZE,
        };
        call.parameters.insert(size.to_owned(), Value::from(bound));
    }
    call
}

fn cut(operation: &Operation, why: &str) -> Error {
    let message = format!("the list of `{}.{}` {why}", operation.module, operation.name);
    Error::new(Kind::Incomplete, "list_cut", message)
        .with_hint("narrow it with its parameters, so that it fits one page")
}

/// The text or number under a dotted path, as text; `None` if it is absent, `null` or empty.
fn text_at(page: &[u8], path: &str) -> Option<String> {
    match value_at(page, path)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number_at(page: &[u8], path: &str) -> Option<u64> {
    match value_at(page, path)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn value_at(page: &[u8], path: &str) -> Option<Value> {
    let steps: Vec<_> = path.split('.').collect();
    At { steps: &steps, wants: Wanted::Value }
        .deserialize(&mut serde_json::Deserializer::from_slice(page))
        .ok()
        .flatten()
}

/// How many items the list under a key has.
fn count_at(page: &[u8], key: &str) -> u64 {
    let steps: Vec<_> = if key.is_empty() { Vec::new() } else { vec![key] };
    let count =
        At { steps: &steps, wants: Wanted::Count }.deserialize(&mut serde_json::Deserializer::from_slice(page)).ok();
    count.flatten().and_then(|count| count.as_u64()).unwrap_or(0)
}

#[derive(Clone, Copy)]
enum Wanted {
    Value,
    Count,
}

/// Reads one place of a document and skips the rest.
struct At<'s> {
    steps: &'s [&'s str],
    wants: Wanted,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match (self.steps, self.wants) {
            ([], Wanted::Value) => serde::Deserialize::deserialize(deserializer).map(Some),
            ([], Wanted::Count) | ([_, ..], _) => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = fields.next_key::<std::borrow::Cow<'_, str>>()? {
            match self.steps.split_first() {
                Some((step, rest)) if name == *step => {
                    found = fields.next_value_seed(At { steps: rest, wants: self.wants })?;
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut count = 0_u64;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(self.steps.is_empty().then(|| Value::from(count)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
