//! Shapes become a table in which each structure stands once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::merge::{Marks, leak};
use super::operation::ErrorAnswer;
use super::shape::{Field, Shape, ShapeId, Shapes};
use super::source;

/// Numbers shapes; named ones first, so that they may refer to themselves.
pub struct Interner {
    shapes: Vec<Shape>,
    names: BTreeMap<String, ShapeId>,
    marks: Marks,
    errors: Vec<Vec<ErrorAnswer>>,
}

impl Interner {
    pub fn new(sources: &BTreeMap<String, source::Shape>, marks: Marks) -> Self {
        let names = sources.keys().zip(0..).map(|(name, id)| (name.clone(), id)).collect();
        let mut interner = Self { shapes: vec![Shape::Any; sources.len()], names, marks, errors: Vec::new() };
        for (id, (name, shape)) in sources.iter().enumerate() {
            interner.shapes[id] = interner.convert(shape, name);
        }
        interner
    }

    /// The number of a shape, for now; [`Interner::finish`] tells the final one.
    pub fn add(&mut self, shape: &source::Shape) -> ShapeId {
        self.place(shape, "")
    }

    /// The number of a set of error answers.
    pub fn add_errors(&mut self, errors: Vec<ErrorAnswer>) -> u32 {
        let found = self.errors.iter().position(|other| *other == errors);
        let position = found.unwrap_or_else(|| {
            self.errors.push(errors);
            self.errors.len() - 1
        });
        u32::try_from(position).expect("a service has fewer than 2^32 operations")
    }

    /// The table, and the final number of each number given out.
    pub fn finish(self, problems: &mut Vec<String>) -> (Shapes, Vec<ShapeId>) {
        let Marks { module, secret, volatile, only_with, seen } = self.marks;
        for row in secret.iter().chain(&volatile).chain(only_with.keys()).collect::<BTreeSet<_>>() {
            if !seen.contains(row) {
                problems.push(format!("fields: {module} has no field `{row}`"));
            }
        }
        let (all, ids) = each_once(self.shapes);
        let names = self.names.iter().map(|(name, id)| (leak(name), ids[*id as usize])).collect();
        let mut errors = self.errors;
        for shape in errors.iter_mut().flatten().filter_map(|error| error.shape.as_mut()) {
            *shape = ids[*shape as usize];
        }
        (Shapes { all, names, errors }, ids)
    }

    /// Where a shape stands: a name by its own number, a shape in place by a new one. `owner` is the path to it.
    fn place(&mut self, shape: &source::Shape, owner: &str) -> ShapeId {
        if let source::Shape::Ref(name) = shape {
            return *self.names.get(name).unwrap_or_else(|| panic!("no shape is named `{name}`"));
        }
        let shape = self.convert(shape, owner);
        self.shapes.push(shape);
        ShapeId::try_from(self.shapes.len() - 1).expect("a service has fewer than 2^32 shapes")
    }

    fn places(&mut self, shapes: &[source::Shape], owner: &str) -> Vec<ShapeId> {
        shapes.iter().map(|shape| self.place(shape, owner)).collect()
    }

    fn convert(&mut self, shape: &source::Shape, owner: &str) -> Shape {
        match shape {
            source::Shape::Any => Shape::Any,
            source::Shape::Never => Shape::Never,
            source::Shape::Boolean => Shape::Boolean,
            source::Shape::Ref(_) => Shape::AllOf(vec![self.place(shape, owner)]),
            source::Shape::Integer { minimum, maximum, values } => {
                Shape::Integer { minimum: *minimum, maximum: *maximum, values: values.clone() }
            }
            source::Shape::Number { minimum, maximum } => Shape::Number { minimum: *minimum, maximum: *maximum },
            source::Shape::Text { minimum, maximum, pattern, format, values } => Shape::Text {
                minimum: *minimum,
                maximum: *maximum,
                pattern: pattern.as_deref().map(leak),
                format: format.as_deref().map(leak),
                values: values.iter().map(|value| leak(value)).collect(),
            },
            source::Shape::List { item, minimum, maximum, unique } => {
                Shape::List { item: self.place(item, owner), minimum: *minimum, maximum: *maximum, is_unique: *unique }
            }
            source::Shape::Object(object) => self.object(object, owner),
            source::Shape::Tagged { tag, shapes } => Shape::Tagged {
                tag: leak(tag),
                shapes: shapes.iter().map(|(value, shape)| (leak(value), self.place(shape, owner))).collect(),
            },
            source::Shape::OneOf(shapes) => Shape::OneOf(self.places(shapes, owner)),
            source::Shape::AnyOf(shapes) => Shape::AnyOf(self.places(shapes, owner)),
            source::Shape::AllOf(shapes) => Shape::AllOf(self.places(shapes, owner)),
            source::Shape::Nullable(shape) => Shape::Nullable(self.place(shape, owner)),
        }
    }

    fn object(&mut self, object: &source::Object, owner: &str) -> Shape {
        let mut fields = Vec::new();
        for field in &object.fields {
            let path = format!("{owner}.{}", field.name);
            let shape = self.place(&field.shape, &path);
            self.marks.seen.insert(path.clone());
            fields.push(Field {
                name: leak(&field.name),
                shape,
                is_required: field.required,
                is_read_only: field.read_only,
                is_write_only: field.write_only,
                is_secret: self.marks.secret.contains(&path) || is_password(&field.shape),
                is_volatile: self.marks.volatile.contains(&path),
                only_with: self.marks.only_with.get(&path).map(|parameter| leak(parameter)),
            });
        }
        Shape::Object {
            fields,
            others: object.others.as_ref().map(|others| self.place(others, owner)),
            names: object.names.as_ref().map(|names| self.place(names, owner)),
            minimum: object.minimum,
            maximum: object.maximum,
        }
    }
}

/// The documents' own mark of a secret.
fn is_password(shape: &source::Shape) -> bool {
    matches!(shape, source::Shape::Text { format: Some(format), .. } if format == "password")
}

/// Merges equal shapes until none are left; merging two may make those that refer to them equal.
fn each_once(mut shapes: Vec<Shape>) -> (Vec<Shape>, Vec<ShapeId>) {
    let mut ids: Vec<ShapeId> = (0..).take(shapes.len()).collect();
    loop {
        let mut first: HashMap<Vec<u8>, ShapeId> = HashMap::new();
        let mut kept = Vec::new();
        let mut new = Vec::with_capacity(shapes.len());
        for shape in &shapes {
            let key = postcard::to_stdvec(shape).expect("a shape can be written");
            let next = ShapeId::try_from(kept.len()).expect("a service has fewer than 2^32 shapes");
            let id = *first.entry(key).or_insert_with(|| {
                kept.push(shape.clone());
                next
            });
            new.push(id);
        }
        let is_done = kept.len() == shapes.len();
        for shape in &mut kept {
            refer(shape, &new);
        }
        for id in &mut ids {
            *id = new[*id as usize];
        }
        shapes = kept;
        if is_done {
            return (shapes, ids);
        }
    }
}

/// Follows the numbers in a shape to their new ones.
fn refer(shape: &mut Shape, new: &[ShapeId]) {
    let follow = |id: &mut ShapeId| *id = new[*id as usize];
    match shape {
        Shape::Any
        | Shape::Never
        | Shape::Boolean
        | Shape::Integer { .. }
        | Shape::Number { .. }
        | Shape::Text { .. } => {}
        Shape::List { item, .. } => follow(item),
        Shape::Object { fields, others, names, .. } => {
            fields.iter_mut().map(|field| &mut field.shape).chain(others).chain(names).for_each(follow);
        }
        Shape::Tagged { shapes, .. } => shapes.iter_mut().for_each(|(_, id)| follow(id)),
        Shape::OneOf(shapes) | Shape::AnyOf(shapes) | Shape::AllOf(shapes) => shapes.iter_mut().for_each(follow),
        Shape::Nullable(shape) => follow(shape),
    }
}
