//! `stackhand api SERVICE OPERATION`: one call, or the list of what can be called.

use std::io::Read;

use comfy_table::presets::NOTHING;
use serde_json::{Map, Value, json};

use super::arguments::{ApiArguments, Shared};
use super::execute::{DONE, note_simulation, opening, runtime};
use super::process::Process;
use super::rehearsal::{Leave, before_call};
use crate::app::{GivenCaps, Opening, Recording, Session, ended_call};
use crate::catalog::{self, Effect, Operation, Service};
use crate::error::{Error, Kind, Result, io_cause, nearest};
use crate::policy::Sources;
use crate::transport::{Call, Payload};

/// Makes one call and shows its answer.
pub fn api(process: &Process, shared: &Shared, arguments: &ApiArguments) -> Result<u8> {
    let service = service(&arguments.service)?;
    let Some(name) = &arguments.operation else { return list(process, service) };
    let operation = operation(service, name)?;
    let mut parameters = Map::new();
    for written in &arguments.parameters {
        let (name, value) = parameter(operation, written)?;
        if parameters.contains_key(&name) {
            return Err(Error::new(Kind::Usage, "bad_parameter", format!("`{name}` is given twice"))
                .with_place("--param")
                .with_hint(format!("of several values, make a list: `--param {name}=a,b`")));
        }
        parameters.insert(name, value);
    }
    let payload = arguments.body.as_deref().map_or(Ok(Payload::Empty), payload)?;
    let recording = (operation.effect != Effect::Read).then(|| Recording {
        command: "api",
        reason: arguments.reason.clone(),
        ..Recording::default()
    });
    let opening = opening(process, shared, &arguments.grants, Sources::default())?;
    let runtime = runtime()?;
    let caps = GivenCaps { flag: arguments.caps.clone(), ..GivenCaps::default() };
    let session = Session::open(&Opening { caps, recording, ..opening })?;
    if let Err(why) = session.check_credential() {
        session.end(ended_call(Err(&why)));
        return Err(why);
    }
    session.warnings.iter().for_each(|warning| process.printer.warning(warning));
    note_simulation(process, &session);
    let mut call = Call::new(operation, session.target.clone());
    call.parameters = parameters;
    call.payload = payload;
    if let Leave::Refused(why) = before_call(&process.printer, &session, runtime.handle(), arguments.yes, &call)? {
        // Whoever was asked may still sit before a line that nobody reads any more.
        runtime.shutdown_background();
        return Ok(why.exit_code() as u8);
    }
    let busy = session.process_clock.busy();
    let answer = runtime.block_on(session.client.send(call)).map_err(|error| misused(error.into()));
    drop(busy);
    session.end(ended_call(answer.as_ref().map(drop)));
    let answer = answer?;
    show(process, &answer.body, answer.status)?;
    session.save_world(&super::execute::simulation(shared))?;
    Ok(DONE)
}

/// What was found wrong before it was sent came from the command line.
fn misused(mut error: Error) -> Error {
    if error.kind == Kind::Invalid && error.call.as_ref().is_none_or(|call| call.status.is_none()) {
        error.kind = Kind::Usage;
    }
    error
}

fn service(name: &str) -> Result<&'static Service> {
    let name = name.trim_start_matches("stackit/");
    catalog::service(name).ok_or_else(|| {
        let error = Error::new(Kind::Usage, "unknown_service", format!("there is no service `{name}`"));
        match nearest(name, catalog::modules()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("the services are {}", catalog::modules().collect::<Vec<_>>().join(", "))),
        }
    })
}

fn operation(service: &'static Service, name: &str) -> Result<&'static Operation> {
    let by_id = |operation: &&Operation| operation.id.eq_ignore_ascii_case(name);
    service.operation(name).or_else(|| service.operations.iter().find(by_id)).ok_or_else(|| {
        let module = service.module;
        let error = Error::new(Kind::Usage, "unknown_operation", format!("`{module}` has no operation `{name}`"));
        match nearest(name, service.operations.iter().map(|operation| operation.name)) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("`stackhand api {module}` lists them")),
        }
    })
}

/// `NAME=VALUE`, the value read as the parameter's kind wants it.
fn parameter(operation: &Operation, written: &str) -> Result<(String, Value)> {
    let Some((name, text)) = written.split_once('=') else {
        return Err(Error::new(Kind::Usage, "bad_parameter", format!("`{written}` is not `NAME=VALUE`"))
            .with_place("--param")
            .with_hint("for example `--param details=true`"));
    };
    let value = match operation.parameter(name) {
        Some(parameter) => catalog::value_from_text(operation.service(), parameter.shape, text),
        // The transport names the nearest parameter.
        None => Value::String(text.to_owned()),
    };
    Ok((name.to_owned(), value))
}

fn payload(given: &str) -> Result<Payload> {
    let broken = |message: String| {
        Error::new(Kind::Usage, "bad_body", message)
            .with_place("--body")
            .with_hint("give a JSON file, `-` for the standard input, or the JSON itself")
    };
    let text = match given {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| broken(io_cause(&error)))?;
            text
        }
        json if json.trim_start().starts_with(['{', '[']) => json.to_owned(),
        path => std::fs::read_to_string(path)
            .map_err(|error| broken(format!("cannot read `{path}`: {}", io_cause(&error))))?,
    };
    let value = serde_json::from_str(&text).map_err(|error| broken(format!("the body is not JSON: {error}")))?;
    Ok(Payload::Json(value))
}

fn show(process: &Process, body: &[u8], status: u16) -> Result<()> {
    if body.is_empty() {
        process.printer.note(&format!("done ({status})"));
        return process.printer.result(&Value::Null, "");
    }
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return process.printer.result(&value, &format!("{value:#}"));
    }
    let text = String::from_utf8_lossy(body);
    process.printer.result(&Value::String(text.to_string()), &text)
}

fn list(process: &Process, service: &'static Service) -> Result<u8> {
    let mut table = comfy_table::Table::new();
    table.load_style(NOTHING).set_header(["OPERATION", "EFFECT", "PERMISSIONS", "REQUEST"]);
    if let Some(width) = process.printer.streams.width {
        table.set_width(width).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    }
    let mut rows = Vec::new();
    for operation in &service.operations {
        let permissions: Vec<&str> = operation.permissions.iter().map(|permission| permission.name).collect();
        let request = format!("{} {}", operation.method.as_str(), operation.path);
        table.add_row([operation.name, operation.effect.as_str(), &permissions.join(", "), &request]);
        rows.push(json!({
            "operation": operation.name,
            "effect": operation.effect.as_str(),
            "permissions": permissions,
            "request": request,
            "deprecated": operation.is_deprecated,
        }));
    }
    process.printer.result(&Value::Array(rows), &table.to_string())?;
    Ok(DONE)
}
