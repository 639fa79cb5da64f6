//! Reading: lists, objects by id or by name, and reading again.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::Error;
use super::kind::Kind;
use super::list::{Listed, Unread};
use super::options::{self, Options, Query};
use super::platform::{Platform, is_refused_with};
use super::resource::{Form, Resource};
use crate::error::Kind as ErrorKind;
use crate::policy::{Labels, Selector};

/// What a list gave.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The objects, each matching the selector.
    pub objects: Vec<Resource>,
    /// What the reader of the recipe should know: a selector that nothing carries.
    pub warnings: Vec<String>,
}

impl Platform {
    /// Lists the objects of a kind: all of them that match, or an error.
    ///
    /// The API is asked for what one requirement of the selector narrows, and everything it answers is matched here.
    ///
    /// # Errors
    /// Of the call, or `incomplete` when the answer is not a whole list.
    pub async fn list(&self, kind: Kind, query: &Query) -> Result<Listing, Error> {
        self.listed(kind, query).await?.listing()
    }

    /// As [`Self::list`], but what need not be looked at stays as it came.
    ///
    /// # Errors
    /// As [`Self::list`]; that what is unread is no whole list is found by whoever reads it.
    pub async fn listed(&self, kind: Kind, query: &Query) -> Result<Listed, Error> {
        if kind == Kind::Quota {
            let objects = self.quotas().await?;
            return Ok(Listed::Selected(Listing { objects, warnings: Vec::new() }));
        }
        let Some(selector) = &query.selector else {
            return Ok(Listed::Unread(self.list_sent(kind, query, None).await?));
        };
        let sent = selector.sent();
        let listed = self.list_sent(kind, query, Some(selector)).await?.objects()?;
        let mut objects = Vec::new();
        for object in &listed {
            if selector.matches(&object.head()?.labels()) {
                objects.push(object.clone());
            }
        }
        let mut warnings = warnings(kind, selector, objects.len(), &listed)?;
        if !warnings.is_empty() && sent.is_some() {
            // Only the whole list tells a slip of the pen from an honest "none".
            warnings = match self.list_sent(kind, query, None).await {
                Ok(all) => self::warnings(kind, selector, objects.len(), &all.objects()?)?,
                // A run that may see nothing but these cannot be told of others.
                Err(error) if is_refused_with(&error, ErrorKind::Policy) => Vec::new(),
                Err(error) => return Err(error),
            };
        }
        Ok(Listed::Selected(Listing { objects, warnings }))
    }

    /// Lists what the API narrows to a selector, of which the caller must take what matches.
    async fn list_sent(&self, kind: Kind, query: &Query, selector: Option<&Selector>) -> Result<Unread, Error> {
        let call = self.call_of(kind, kind.row().operations.list, "list")?;
        let mut call = super::platform::with_options(call, &query.parameters);
        if let Some(selector) = selector {
            call.selects = Some(selector.to_string());
            if let Some(sent) = selector.sent() {
                call = call.with("label_selector", sent);
            }
        }
        self.send_for_unread(call, kind, query.form()).await
    }

    /// Reads one object by its identifier.
    ///
    /// # Errors
    /// Of the call; `not_found` if there is none.
    pub async fn get(&self, kind: Kind, id: &str, options: &Options) -> Result<Resource, Error> {
        let row = kind.row();
        options::check(row.functions.one, options, row.get_options)?;
        let call = self.call_of(kind, row.operations.get, "read")?.with(row.id_parameter, id);
        let call = super::platform::with_options(call, options);
        self.send_for(call, kind, options::form_of(options)).await
    }

    /// The one object with this identifier or name.
    ///
    /// # Errors
    /// `not_found` with the nearest names if there is none, `invalid` naming the ids if there are several.
    pub async fn find(&self, kind: Kind, wanted: &str, options: &Options) -> Result<Resource, Error> {
        let row = kind.row();
        options::check(row.functions.one, options, row.get_options)?;
        if wanted.trim().is_empty() {
            return Err(Error::EmptyName { kind });
        }
        let has_id = row.id_field == "id" && uuid::Uuid::try_parse(wanted).is_ok();
        // A kind without ids is read by its name.
        if has_id || (row.id_field == "name" && row.operations.get.is_some()) {
            match self.get(kind, wanted, options).await {
                Err(error) if is_refused_with(&error, ErrorKind::NotFound) && !has_id => {}
                Err(error) if is_refused_with(&error, ErrorKind::NotFound) => {
                    return Err(Error::NotFound { kind, wanted: wanted.to_owned(), nearest: Vec::new() });
                }
                result => return result,
            }
        }
        let query = Query { selector: None, parameters: options.clone() };
        one_named(kind, wanted, self.list(kind, &query).await?.objects)
    }

    /// Reads an object again, in the form it has.
    ///
    /// # Errors
    /// Of the call; `not_found` if it has gone.
    pub async fn refresh(&self, object: &Resource) -> Result<Resource, Error> {
        let (kind, row) = (object.kind(), object.kind().row());
        let here = self.at(object.target().clone());
        if kind == Kind::Quota {
            return one_named(kind, object.id()?, here.quotas().await?);
        }
        let mut call = identify(here.call_of(kind, row.operations.get, "read")?, object)?;
        if object.form() == Form::Detailed {
            call = call.with("details", true);
        }
        here.send_for(call, kind, object.form()).await
    }
}

/// Names the object in a call's path.
pub(super) fn identify(call: crate::transport::Call, object: &Resource) -> Result<crate::transport::Call, Error> {
    let call = call.with(object.kind().row().id_parameter, object.id()?);
    if object.kind() != Kind::VolumeAttachment {
        return Ok(call);
    }
    let server = object.head()?.server_id.clone();
    let why = || Error::BadObject { kind: object.kind(), why: "`serverId` is missing".to_owned() };
    Ok(call.with("serverId", server.ok_or_else(why)?))
}

fn one_named(kind: Kind, wanted: &str, objects: Vec<Resource>) -> Result<Resource, Error> {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for object in objects {
        object.head()?;
        if object.name() == Some(wanted) {
            found.push(object);
        } else {
            names.extend(object.name().map(str::to_owned));
        }
    }
    match found.len() {
        0 => Err(Error::NotFound { kind, wanted: wanted.to_owned(), nearest: nearest_names(wanted, &names) }),
        1 => Ok(found.remove(0)),
        _ => {
            let ids = found.iter().map(|object| object.id().map(str::to_owned)).collect::<Result<_, _>>()?;
            Err(Error::SeveralFound { kind, name: wanted.to_owned(), ids })
        }
    }
}

/// Up to three names that are most like the wanted one.
fn nearest_names(wanted: &str, names: &BTreeSet<String>) -> Vec<String> {
    const MOST: usize = 3;
    let mut left: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    while found.len() < MOST
        && let Some(near) = crate::error::nearest(wanted, left.iter().copied())
    {
        found.push(near.to_owned());
        left.retain(|name| *name != near);
    }
    found
}

/// What is odd about a selector, given everything that it could have selected.
fn warnings(kind: Kind, selector: &Selector, selected: usize, objects: &[Resource]) -> Result<Vec<String>, Error> {
    let labels: Vec<Labels> = objects.iter().map(|object| Ok(object.head()?.labels())).collect::<Result<_, Error>>()?;
    if labels.is_empty() {
        return Ok(vec![format!("`{selector}` selects nothing: there are no {}", kind.row().plural)]);
    }
    let selects = format!("`{selector}` selects {selected} of {} {}", labels.len(), kind.row().plural);
    let missing = selector.unmatched(&labels);
    if missing.is_empty() && selected == 0 {
        return Ok(vec![format!("{selects}; each of its labels exists, but not together")]);
    }
    Ok(missing.iter().map(|missing| format!("{selects}: {missing}")).collect())
}

impl Query {
    /// The query of a list that was given one argument: a selector, or a map of options.
    ///
    /// # Errors
    /// As [`Query::selecting`] and [`Query::of_list`].
    pub fn of_argument(kind: Kind, argument: Value) -> Result<Self, Error> {
        match argument {
            Value::Object(options) => Self::of_list(kind, options),
            Value::String(selector) => Self::selecting(kind, &selector),
            _ => Err(Error::Bug("a list takes a selector or a map")),
        }
    }
}
