//! Lists that are whole: every page of them, however the service counts its pages, or an error.

use std::collections::HashSet;

use serde_json::Value;

use crate::catalog::{Operation, Paging};
use crate::error::Kind;
use crate::transport::client::Inner;
use crate::transport::error::name_of;
use crate::transport::{Answer, Call, Client, Error};

/// Which way requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Through the gate: the run asks.
    Gated,
    /// Past it: the pipeline asks for its own sake, to know what a change is a part of.
    Past,
}

/// A list of more pages than this goes in circles.
const MOST_PAGES: usize = 10_000;

impl Client {
    /// Makes a call of a list and returns all its pages, in their order. A call that asks for one page itself, with a
    /// page number, an offset or a cursor, gets that one.
    ///
    /// # Errors
    /// As [`Client::send`]; of kind `incomplete` when the service says that there is more and has no way to ask for it,
    /// or its pages lead in a circle.
    pub async fn pages(&self, call: Call) -> Result<Vec<Answer>, Error> {
        self.0.pages(call, Passage::Gated).await
    }
}

impl Inner {
    /// All pages of a list.
    pub async fn pages(&self, call: Call, passage: Passage) -> Result<Vec<Answer>, Error> {
        let operation = call.operation;
        match operation.paging {
            Paging::None => Ok(vec![self.pass(&call, passage).await?]),
            Paging::Token { parameter, .. } | Paging::Number { parameter, .. } | Paging::Offset { parameter, .. }
                if call.parameters.contains_key(parameter) =>
            {
                Ok(vec![self.pass(&call, passage).await?])
            }
            Paging::Token { parameter, next, .. } => self.by_token(call, passage, parameter, next).await,
            Paging::Number { parameter, total, .. } => self.by_number(call, passage, parameter, total).await,
            Paging::Offset { parameter, .. } => self.by_offset(call, passage, parameter).await,
            Paging::Cut { next } => {
                let answer = self.pass(&call, passage).await?;
                let body: Value = answer.json(operation)?;
                match next.and_then(|next| token(&body, next)) {
                    None => Ok(vec![answer]),
                    Some(_) => Err(incomplete(operation, "there is more, and the API has no way to ask for it")),
                }
            }
            Paging::Counted { total } => {
                let answer = self.pass(&call, passage).await?;
                let body: Value = answer.json(operation)?;
                let (came, said) = (items(operation, &body), number(&body, total));
                if said.is_none_or(|said| said <= came as u64) {
                    return Ok(vec![answer]);
                }
                let text =
                    format!("{came} of {} came, and the API has no way to ask for the rest", said.unwrap_or_default());
                Err(incomplete(operation, &text))
            }
        }
    }

    async fn pass(&self, call: &Call, passage: Passage) -> Result<Answer, Error> {
        match passage {
            Passage::Gated => self.send(call).await,
            Passage::Past => self.read_past_the_gate(call).await,
        }
    }

    async fn by_token(
        &self,
        mut call: Call,
        passage: Passage,
        parameter: &str,
        next: &str,
    ) -> Result<Vec<Answer>, Error> {
        let operation = call.operation;
        let mut pages = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let answer = self.pass(&call, passage).await?;
            let following = token(&answer.json(operation)?, next);
            pages.push(answer);
            let Some(following) = following else { return Ok(pages) };
            if !seen.insert(following.to_string()) {
                return Err(incomplete(operation, "its pages lead in a circle"));
            }
            call.parameters.insert(parameter.to_owned(), following);
        }
    }

    async fn by_number(
        &self,
        mut call: Call,
        passage: Passage,
        parameter: &str,
        total: &str,
    ) -> Result<Vec<Answer>, Error> {
        let operation = call.operation;
        let mut pages = Vec::new();
        for page in 1..=MOST_PAGES {
            call.parameters.insert(parameter.to_owned(), Value::from(page));
            let answer = self.pass(&call, passage).await?;
            let body: Value = answer.json(operation)?;
            pages.push(answer);
            // Without a total, the page that is empty is the last.
            let is_last = match number(&body, total) {
                Some(total) => page as u64 >= total,
                None => items(operation, &body) == 0,
            };
            if is_last {
                return Ok(pages);
            }
        }
        Err(incomplete(operation, "its pages do not end"))
    }

    /// A service may give fewer than it was asked for, so only an empty page is surely the last.
    async fn by_offset(&self, mut call: Call, passage: Passage, parameter: &str) -> Result<Vec<Answer>, Error> {
        let operation = call.operation;
        let mut pages = Vec::new();
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            if offset > 0 {
                call.parameters.insert(parameter.to_owned(), Value::from(offset));
            }
            let answer = self.pass(&call, passage).await?;
            let came = items(operation, &answer.json(operation)?);
            if came > 0 || pages.is_empty() {
                pages.push(answer);
            }
            if came == 0 {
                return Ok(pages);
            }
            offset += came;
        }
        Err(incomplete(operation, "its pages do not end"))
    }
}

/// The array of a list's answer.
pub(super) fn items_of<'v>(operation: &Operation, body: &'v Value) -> &'v [Value] {
    let items = match operation.list_key {
        Some(key) if !key.is_empty() => body.get(key),
        _ => Some(body),
    };
    items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn items(operation: &Operation, body: &Value) -> usize {
    items_of(operation, body).len()
}

fn at<'v>(body: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(body, |value, key| value.get(key))
}

fn token(body: &Value, path: &str) -> Option<Value> {
    at(body, path).filter(|token| token.is_number() || token.as_str().is_some_and(|token| !token.is_empty())).cloned()
}

fn number(body: &Value, path: &str) -> Option<u64> {
    at(body, path)?.as_u64()
}

fn incomplete(operation: &'static Operation, why: &str) -> Error {
    let text = format!("`{}` did not give the whole list: {why}", name_of(operation));
    Error::before_sending(operation, Kind::Incomplete, "list_incomplete", text)
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
