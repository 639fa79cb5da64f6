//! An operation as a function.

use std::sync::OnceLock;

use rhai::{Array, Dynamic};

use super::arguments::{call_of, positional};
use crate::catalog::{Answer, Effect, Operation, Paging, Shape};
use crate::engine::arguments::Arguments;
use crate::engine::context::RunContext;
use crate::engine::fault::Fault;
use crate::engine::native::{Native, NativeEffect, Type};
use crate::engine::values::{About, Decoder, Node, Object};
use crate::error::{Error, Kind};
use crate::transport::Call;

/// The function of an operation. Its positional parameters are the identifiers that its path needs beside project and
/// region, in the path's order; everything else is in one map, which also holds the fields of the body:
/// `dns::get_zone(id)`, `dns::create_zone(#{ name: "a", dnsName: "a.example" })`,
/// `dns::list_zones(#{ region: "eu02", page_size: 50 })`.
pub fn native(operation: &'static Operation) -> Native {
    let mut native = Native::function(operation.name);
    for parameter in positional(operation) {
        native = native.may_take(parameter.name, Type::Any);
    }
    let left_out: OnceLock<LeftOut> = OnceLock::new();
    native
        .may_take("options", Type::Map)
        .gives(result_of(operation))
        .effect(effect_of(operation.effect))
        .by(move |call| carry_out(call, operation, &left_out))
}

fn effect_of(effect: Effect) -> NativeEffect {
    match effect {
        Effect::Read => NativeEffect::Read,
        Effect::Create => NativeEffect::Create,
        Effect::Update => NativeEffect::Update,
        Effect::Delete => NativeEffect::Delete,
        Effect::Mint => NativeEffect::Mint,
    }
}

fn result_of(operation: &Operation) -> Type {
    match (&operation.answer, operation.list_key) {
        (Answer::Empty, _) => Type::Nothing,
        (Answer::Bytes(_), _) => Type::Text,
        (Answer::Json(_), Some(_)) => Type::List,
        (Answer::Json(_), None) => Type::Any,
    }
}

fn carry_out(
    call: &mut Arguments<'_, '_>,
    operation: &'static Operation,
    left_out: &OnceLock<LeftOut>,
) -> Result<Dynamic, Fault> {
    let Some(platform) = call.run().platform.clone() else {
        let message = format!("`{}` needs a platform, and this run has none", operation.name);
        return Err(Error::new(Kind::Config, "no_platform", message).into());
    };
    let mut values = Vec::with_capacity(call.count());
    for index in 0..call.count() {
        values.push(call.any(index)?);
    }
    let asked = call_of(operation, platform.target().clone(), values)?;
    let left_out = left_out.get_or_init(|| LeftOut::of(operation));
    let is_given = left_out.option.is_some_and(|option| asked.parameters.contains_key(option));
    let about = About {
        target: asked.target.clone(),
        left_out: if is_given { &[] } else { left_out.fields },
        fetched_with: left_out.how,
        ..About::default()
    };
    if operation.list_key.is_some() && !asks_for_one_page(&asked) {
        let asked = in_large_pages(asked);
        let pages = call.wait(async move { platform.pages(asked).await })?;
        return Ok(list_of(call.run(), operation, pages, about)?.into());
    }
    let answer = call.wait(async move { platform.answer(asked).await })?;
    value_of(call.run(), operation, &answer.body, about)
}

/// Whether the caller names a page; it then gets just that page, as the API answers it.
fn asks_for_one_page(call: &Call) -> bool {
    match call.operation.paging {
        Paging::Token { parameter, .. } | Paging::Number { parameter, .. } | Paging::Offset { parameter, .. } => {
            call.parameters.contains_key(parameter)
        }
        Paging::None | Paging::Cut { .. } | Paging::Counted { .. } => false,
    }
}

/// So many items of a page are asked for where the document sets no bound.
const PAGE_SIZE: i64 = 100;

/// Asks for pages as large as the document allows, unless the caller says how large.
fn in_large_pages(mut call: Call) -> Call {
    let size = match call.operation.paging {
        Paging::Token { size, .. } | Paging::Number { size, .. } => size,
        Paging::Offset { size, .. } => Some(size),
        Paging::None | Paging::Cut { .. } | Paging::Counted { .. } => None,
    };
    let Some(parameter) = size.and_then(|size| call.operation.parameter(size)) else { return call };
    let bound = match call.operation.service().shape(parameter.shape) {
        Shape::Integer { maximum: Some(maximum), .. } => (*maximum).clamp(1, 1000),
        _ => PAGE_SIZE,
    };
    call.parameters.entry(parameter.name).or_insert_with(|| bound.into());
    call
}

fn node_of(operation: &'static Operation) -> Node {
    match operation.answer {
        Answer::Json(shape) => Node::of(operation.service(), shape),
        Answer::Empty | Answer::Bytes(_) => Node::Plain,
    }
}

/// The fields that answers have only on request; the same for each call of an operation.
#[derive(Default)]
struct LeftOut {
    fields: &'static [&'static str],
    /// The parameter that asks for them.
    option: Option<&'static str>,
    how: &'static str,
}

impl LeftOut {
    fn of(operation: &'static Operation) -> Self {
        let Answer::Json(shape) = operation.answer else { return Self::default() };
        let shapes = operation.service().shapes();
        let mut fields = shapes.fields(shape);
        if let Some(list) = operation.list_key.and_then(|key| fields.iter().find(|field| field.name == key)) {
            fields = shapes.fields(list.shape);
        }
        let Some(option) = fields.iter().find_map(|field| field.only_with) else { return Self::default() };
        let on_request = fields.iter().filter(|field| field.only_with == Some(option));
        let names: Vec<_> = on_request.map(|field| field.name).collect();
        // Once for an operation that is called, and for as long as the process lives, as the catalogue itself.
        let how: &'static str = Box::leak(format!("{}(#{{ {option}: true }})", operation.name).into_boxed_str());
        Self { fields: Box::leak(names.into_boxed_slice()), option: Some(option), how }
    }
}

fn list_of(
    run: &RunContext,
    operation: &'static Operation,
    pages: Vec<crate::transport::Answer>,
    about: About,
) -> Result<Array, Fault> {
    let (node, key) = (node_of(operation), operation.list_key.unwrap_or_default());
    let about = std::sync::Arc::new(about);
    let mut decoder = Decoder::for_list();
    let mut list = Array::new();
    for page in pages {
        run.reserve(VALUE_BYTES * page.body.len() as u64)?;
        for item in decoder.list(&page.body, key, &node)? {
            list.push(match item.try_cast_result::<Object>() {
                Ok(object) => Dynamic::from(object.with_about(about.clone())),
                Err(item) => item,
            });
        }
    }
    decoder.teach(&run.surroundings.scrubber);
    Ok(list)
}

/// Values take about so many bytes for each byte of JSON.
const VALUE_BYTES: u64 = 4;

/// What a call that is no list gives: an object, another JSON value, text, or the bytes of a file.
fn value_of(
    run: &RunContext,
    operation: &'static Operation,
    body: &bytes::Bytes,
    about: About,
) -> Result<Dynamic, Fault> {
    run.reserve(VALUE_BYTES * body.len() as u64)?;
    match operation.answer {
        Answer::Empty => Ok(Dynamic::UNIT),
        Answer::Json(_) if body.is_empty() => Ok(Dynamic::UNIT),
        Answer::Json(_) => {
            let mut decoder = Decoder::default();
            let value = decoder.value(body, &node_of(operation))?;
            decoder.teach(&run.surroundings.scrubber);
            Ok(match value.try_cast_result::<Object>() {
                Ok(object) => Dynamic::from(object.with_about(about.into())),
                Err(value) => value,
            })
        }
        Answer::Bytes(_) => Ok(match std::str::from_utf8(body) {
            Ok(text) => text.into(),
            Err(_) => Dynamic::from_blob(body.to_vec()),
        }),
    }
}
