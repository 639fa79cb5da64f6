//! An object of the API as a script holds it: a copy-on-write map that knows what it is.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use rhai::{Array, Dynamic, ImmutableString, Map};

use super::form::Form;
use crate::engine::builtins::time::Instant;
use crate::error::{Error, Kind, nearest};
use crate::transport::Target;

/// How deep objects may lie in each other when a script puts them there; dropping a deeper one could fill the stack.
const MAX_DEPTH: u16 = 200;

/// What is known of an object beside its fields. Objects of one list share it.
#[derive(Clone, Default)]
pub struct About {
    /// What `type_of` says: `Server`, `Volume`, … Empty for objects without a kind of their own.
    pub kind: &'static str,
    /// Where it lives; verbs act there.
    pub target: Target,
    /// Who else looks after it, such as `ske`.
    pub managed_by: Option<&'static str>,
    /// The outcome that `wait` waits for; `resources` knows its type.
    pub expected: Option<Arc<dyn Any + Send + Sync>>,
    /// The fields that this form of the answer leaves out.
    pub left_out: &'static [&'static str],
    /// How to get them: `servers(#{ details: true })`.
    pub fetched_with: &'static str,
}

/// An object of the API. Copies share their fields until one of them is changed.
#[derive(Clone)]
pub struct Object {
    fields: Arc<Fields>,
    about: Option<Arc<About>>,
}

#[derive(Clone, Default)]
struct Fields {
    entries: Vec<(ImmutableString, Dynamic)>,
    form: Option<Arc<Form>>,
    /// How many objects lie in each other here, at most.
    depth: u16,
}

impl Object {
    /// An object of these fields, in this order.
    #[must_use]
    pub fn new(entries: Vec<(ImmutableString, Dynamic)>, form: Option<Arc<Form>>) -> Self {
        let depth = entries.iter().map(|(_, value)| depth_of(value)).max().unwrap_or(0).saturating_add(1);
        Self { fields: Arc::new(Fields { entries, form, depth }), about: None }
    }

    /// Its kind, empty if it has none.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.about.as_ref().map_or("", |about| about.kind)
    }

    /// What `type_of` says.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.kind() {
            "" => "map",
            kind => kind,
        }
    }

    /// What is known of it beside its fields.
    #[must_use]
    pub fn about(&self) -> Option<&Arc<About>> {
        self.about.as_ref()
    }

    /// The same fields with something else known of them.
    #[must_use]
    pub fn with_about(mut self, about: Arc<About>) -> Self {
        self.about = Some(about);
        self
    }

    /// What the catalogue says of its fields.
    #[must_use]
    pub fn form(&self) -> Option<&Arc<Form>> {
        self.fields.form.as_ref()
    }

    /// How many fields it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.entries.len()
    }

    /// Whether it has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.entries.is_empty()
    }

    /// Whether two are the same object in memory, and so equal.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.fields, &other.fields)
    }

    /// A field as it came over the wire, if it is there: times are text.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&Dynamic> {
        self.fields.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A field, if it is there; times are instants.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Dynamic> {
        self.raw(name).map(|value| self.seen(name, value))
    }

    /// A field that is text, if it is there.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<ImmutableString> {
        self.raw(name).and_then(|value| value.clone().into_immutable_string().ok())
    }

    /// A field as `object.name` reads it.
    ///
    /// # Errors
    /// Kind `incomplete` if this form of the answer leaves it out, kind `script` if no such field exists. One that
    /// exists but is absent is `()`.
    pub fn read(&self, name: &str) -> Result<Dynamic, Error> {
        if let Some(value) = self.get(name) {
            return Ok(value);
        }
        if name == "managed_by"
            && let Some(about) = &self.about
            && !about.kind.is_empty()
        {
            return Ok(about.managed_by.map_or(Dynamic::UNIT, Dynamic::from));
        }
        self.check_left_out(name)?;
        match &self.fields.form {
            Some(form) if !form.is_open() && !form.knows(name) => Err(self.unknown(name, form)),
            _ => Ok(Dynamic::UNIT),
        }
    }

    /// Whether a field is there.
    ///
    /// # Errors
    /// Kind `incomplete` if this form of the answer leaves it out, so that nobody can tell.
    pub fn contains(&self, name: &str) -> Result<bool, Error> {
        if self.raw(name).is_some() {
            return Ok(true);
        }
        self.check_left_out(name).map(|()| false)
    }

    fn check_left_out(&self, name: &str) -> Result<(), Error> {
        match &self.about {
            Some(about) if about.left_out.contains(&name) => {
                let message = format!("`{name}` is left out of this answer about a {}", self.type_name());
                Err(Error::new(Kind::Incomplete, "field_left_out", message)
                    .with_hint(format!("`{}` fetches it", about.fetched_with)))
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn unknown(&self, name: &str, form: &Form) -> Error {
        let own = self.fields.entries.iter().map(|(key, _)| key.as_str());
        let what = if self.kind().is_empty() { "this object" } else { self.kind() };
        let error = Error::new(Kind::Script, "unknown_field", format!("{what} has no field `{name}`"));
        match nearest(name, form.names().chain(own)) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("`keys()` lists the fields that are there; `get(\"name\")` asks without an error"),
        }
    }

    /// Sets a field of this copy.
    ///
    /// # Errors
    /// If objects would lie too deep in each other.
    pub fn set(&mut self, name: &str, value: Dynamic) -> Result<(), Error> {
        let depth = depth_of(&value).saturating_add(1);
        if depth > MAX_DEPTH {
            let message = format!("objects lie in each other more than {MAX_DEPTH} deep");
            return Err(Error::new(Kind::Script, "too_deep", message));
        }
        let fields = Arc::make_mut(&mut self.fields);
        fields.depth = fields.depth.max(depth);
        match fields.entries.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => fields.entries.push((name.into(), value)),
        }
        Ok(())
    }

    /// Takes a field out of this copy.
    pub fn remove(&mut self, name: &str) -> Option<Dynamic> {
        let position = self.fields.entries.iter().position(|(key, _)| key == name)?;
        let value = self.get(name);
        let _ = Arc::make_mut(&mut self.fields).entries.remove(position);
        value
    }

    /// Empties this copy.
    pub fn clear(&mut self) {
        Arc::make_mut(&mut self.fields).entries.clear();
    }

    /// Its fields' names, in the API's order.
    pub fn keys(&self) -> impl Iterator<Item = &ImmutableString> {
        self.fields.entries.iter().map(|(key, _)| key)
    }

    /// Its fields as they came over the wire.
    pub fn entries(&self) -> impl Iterator<Item = (&ImmutableString, &Dynamic)> {
        self.fields.entries.iter().map(|(key, value)| (key, value))
    }

    /// Its fields as scripts see them.
    pub fn values(&self) -> impl Iterator<Item = Dynamic> {
        self.fields.entries.iter().map(|(key, value)| self.seen(key, value))
    }

    /// Its fields as a map of the script's own.
    #[must_use]
    pub fn to_map(&self) -> Map {
        self.fields.entries.iter().map(|(key, value)| (key.as_str().into(), self.seen(key, value))).collect()
    }

    /// The same object with other fields.
    #[must_use]
    pub fn with_fields(&self, map: Map) -> Self {
        let entries = map.into_iter().map(|(key, value)| (key.as_str().into(), value)).collect();
        Self { about: self.about.clone(), ..Self::new(entries, self.fields.form.clone()) }
    }

    /// A value as scripts see it: text that the catalogue calls a time becomes an instant.
    fn seen(&self, name: &str, value: &Dynamic) -> Dynamic {
        if let Some(form) = &self.fields.form
            && value.is_string()
            && form.is_time(name)
            && let Ok(text) = value.as_immutable_string_ref()
            && let Some(instant) = Instant::from_wire(&text)
        {
            return Dynamic::from(instant);
        }
        value.clone()
    }
}

/// How many objects lie in each other in a value, at most.
fn depth_of(value: &Dynamic) -> u16 {
    if value.is_variant() {
        return value.read_lock::<Object>().map_or(0, |object| object.fields.depth);
    }
    if value.is_array() {
        return value.read_lock::<Array>().and_then(|list| list.iter().map(depth_of).max()).unwrap_or(0);
    }
    if value.is_map() {
        return value.read_lock::<Map>().and_then(|map| map.values().map(depth_of).max()).unwrap_or(0);
    }
    0
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.type_name()).field("fields", &self.fields.entries).finish_non_exhaustive()
    }
}
