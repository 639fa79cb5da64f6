//! An object of the API as a script holds it: a copy-on-write map that knows what it is.

use std::any::Any;
use std::sync::Arc;

use rhai::{Dynamic, ImmutableString, Map};

use crate::transport::Target;

/// What is known of an object beside its fields.
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
}

/// An object of the API. Copies share their fields until one of them is changed.
#[derive(Clone)]
pub struct Object {
    fields: Arc<Vec<(ImmutableString, Dynamic)>>,
    about: Option<Arc<About>>,
}

impl Object {
    /// An object of these fields, in this order.
    #[must_use]
    pub fn new(fields: Vec<(ImmutableString, Dynamic)>, about: Option<Arc<About>>) -> Self {
        Self { fields: Arc::new(fields), about }
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
    pub fn with_about(mut self, about: About) -> Self {
        self.about = Some(Arc::new(about));
        self
    }

    /// A field, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Dynamic> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// A field that is text, if it is there.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<ImmutableString> {
        self.get(name).and_then(|value| value.into_immutable_string().ok())
    }

    /// Sets a field of this copy.
    pub fn set(&mut self, name: &str, value: Dynamic) {
        let fields = Arc::make_mut(&mut self.fields);
        match fields.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name.into(), value)),
        }
    }

    /// Its fields as a map of the script's own.
    #[must_use]
    pub fn to_map(&self) -> Map {
        self.fields.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect()
    }
}
