//! What the catalogue says of an answer: which fields an object may have, and which of them are times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rhai::ImmutableString;

use crate::catalog::{Service, Shape, ShapeId};

/// What the catalogue says of one place in an answer.
#[derive(Debug, Clone)]
pub enum Node {
    /// Nothing that matters here.
    Plain,
    /// Text that is a point in time.
    Time,
    /// A secret: every text in it becomes a `Secret`.
    Secret,
    /// A list of these.
    List(Arc<Node>),
    /// An object.
    Object(Arc<Form>),
}

/// The fields that an object may have.
#[derive(Debug)]
pub struct Form {
    service: &'static Service,
    fields: Vec<FormField>,
    /// The shape of fields that the document does not name, if it allows any.
    others: Option<FormField>,
    is_open: bool,
}

#[derive(Debug)]
struct FormField {
    name: &'static str,
    /// The same, as objects hold it.
    key: ImmutableString,
    shape: ShapeId,
    is_secret: bool,
    node: OnceLock<Node>,
}

impl Node {
    /// What the catalogue says of a shape of a service.
    #[must_use]
    pub fn of(service: &'static Service, shape: ShapeId) -> Self {
        match shape_at(service, shape) {
            Shape::Text { format: Some("date-time"), .. } => Self::Time,
            Shape::List { item, .. } => Self::List(Arc::new(Self::of_item(service, *item))),
            Shape::Nullable(inner) => Self::of(service, *inner),
            Shape::Object { .. } | Shape::AllOf(_) | Shape::AnyOf(_) | Shape::OneOf(_) | Shape::Tagged { .. } => {
                Form::of(service, shape).map_or(Self::Plain, Self::Object)
            }
            _ => Self::Plain,
        }
    }

    /// A list's item; lists of lists are followed a few levels deep, so that a shape within itself ends.
    fn of_item(service: &'static Service, item: ShapeId) -> Self {
        match shape_at(service, item) {
            Shape::List { item: inner, .. } if *inner == item => Self::Plain,
            _ => Self::of(service, item),
        }
    }

    /// What it says of a field of the object here.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        match self {
            Self::Object(form) => form.node(name),
            Self::Secret => Self::Secret,
            Self::Plain | Self::Time | Self::List(_) => Self::Plain,
        }
    }

    /// What it says of an item of the list here.
    #[must_use]
    pub fn item(&self) -> Self {
        match self {
            Self::List(item) => Self::clone(item),
            Self::Secret => Self::Secret,
            Self::Plain | Self::Time | Self::Object(_) => Self::Plain,
        }
    }

    /// The form of the object here.
    #[must_use]
    pub fn form(&self) -> Option<&Arc<Form>> {
        match self {
            Self::Object(form) => Some(form),
            Self::Plain | Self::Time | Self::Secret | Self::List(_) => None,
        }
    }
}

impl Form {
    /// The form of an object's shape; `None` if no field is known.
    #[must_use]
    pub fn of(service: &'static Service, shape: ShapeId) -> Option<Arc<Self>> {
        type Known = HashMap<(&'static str, ShapeId), Option<Arc<Form>>>;
        static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(HashMap::new);
        known.entry((service.module, shape)).or_insert_with(|| Self::build(service, shape)).clone()
    }

    fn build(service: &'static Service, shape: ShapeId) -> Option<Arc<Self>> {
        let mut form = Self { service, fields: Vec::new(), others: None, is_open: false };
        form.collect(shape, 0);
        (!form.fields.is_empty() || form.others.is_some()).then(|| Arc::new(form))
    }

    /// Adds the fields of a shape; alternatives add those of each.
    fn collect(&mut self, shape: ShapeId, depth: u8) {
        if depth > 16 {
            return;
        }
        match shape_at(self.service, shape) {
            Shape::Object { fields, others, .. } => {
                for field in fields {
                    if self.fields.iter().all(|known| known.name != field.name) {
                        self.fields.push(FormField::new(field.name, field.shape, field.is_secret));
                    }
                }
                if let Some(others) = others
                    && !matches!(shape_at(self.service, *others), Shape::Never)
                {
                    self.is_open = true;
                    self.others = Some(FormField::new("", *others, false));
                }
                self.is_open |= fields.is_empty() && others.is_none();
            }
            Shape::AllOf(parts) | Shape::AnyOf(parts) | Shape::OneOf(parts) => {
                for part in parts {
                    self.collect(*part, depth + 1);
                }
            }
            Shape::Tagged { shapes, .. } => {
                for (_, part) in shapes {
                    self.collect(*part, depth + 1);
                }
            }
            Shape::Nullable(inner) => self.collect(*inner, depth + 1),
            Shape::Any => self.is_open = true,
            _ => {}
        }
    }

    /// Whether the document names this field.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// Whether fields may appear that the document does not name: label maps and the like.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The names that the document gives, in its order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name)
    }

    /// Whether a field is a point in time.
    #[must_use]
    pub fn is_time(&self, name: &str) -> bool {
        let field = self.fields.iter().find(|field| field.name == name).or(self.others.as_ref());
        field.is_some_and(|field| matches!(field.node(self.service), Node::Time))
    }

    /// What the catalogue says of a field.
    #[must_use]
    pub fn node(&self, name: &str) -> Node {
        let field = self.fields.iter().find(|field| field.name == name).or(self.others.as_ref());
        field.map_or(Node::Plain, |field| field.node(self.service).clone())
    }

    /// The shared key of a field and what is known of it; the search starts at `hint`, since answers keep an order.
    pub(super) fn key(&self, name: &str, hint: usize) -> Option<(ImmutableString, &Node, usize)> {
        let mut positions = (hint..self.fields.len()).chain(0..hint);
        let position = positions.find(|&index| self.fields[index].name == name)?;
        let field = &self.fields[position];
        Some((field.key.clone(), field.node(self.service), position + 1))
    }

    pub(super) fn other(&self) -> Option<&Node> {
        self.others.as_ref().map(|others| others.node(self.service))
    }
}

impl FormField {
    fn new(name: &'static str, shape: ShapeId, is_secret: bool) -> Self {
        Self { name, key: name.into(), shape, is_secret, node: OnceLock::new() }
    }

    fn node(&self, service: &'static Service) -> &Node {
        self.node.get_or_init(|| if self.is_secret { Node::Secret } else { Node::of(service, self.shape) })
    }
}

fn shape_at(service: &'static Service, shape: ShapeId) -> &'static Shape {
    service.shape(shape)
}
