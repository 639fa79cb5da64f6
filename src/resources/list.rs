//! The answer to a list, taken apart no further than somebody needs.

use std::sync::Arc;

use bytes::Bytes;

use super::answer;
use super::error::Error;
use super::kind::Kind;
use super::platform::bad_answer;
use super::read::Listing;
use super::resource::{Form, Resource};
use crate::catalog::Operation;
use crate::transport::Target;

/// What a list gave.
#[derive(Debug, Clone)]
pub enum Listed {
    /// All that the API answered, unread.
    Unread(Unread),
    /// Objects that had to be looked at to know that they are meant.
    Selected(Listing),
}

/// The answer to a list whose objects nobody has looked at.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The kind of the objects.
    pub kind: Kind,
    /// Where they are.
    pub target: Arc<Target>,
    /// Which form of the answer they have.
    pub form: Form,
    /// The JSON as it came.
    pub body: Bytes,
    /// The operation that answered.
    pub operation: &'static Operation,
}

impl Unread {
    /// The key of the list in the JSON; empty if it is the whole.
    ///
    /// # Errors
    /// If the catalogue does not say it, which would be our mistake.
    pub fn key(&self) -> Result<&'static str, Error> {
        self.operation.list_key.ok_or(Error::Bug("a list's operation has no list key in the catalogue"))
    }

    /// The objects, each with bytes of its own. The list is whole, or this is an error.
    ///
    /// # Errors
    /// `incomplete` when the answer is not a whole list.
    pub fn objects(&self) -> Result<Vec<Resource>, Error> {
        let elements = answer::elements(&self.body, self.key()?).map_err(|why| bad_answer(self.operation, why))?;
        let resource = |body| Resource::new(self.kind, self.target.clone(), self.form, body);
        Ok(elements.into_iter().map(resource).collect())
    }
}

impl Listed {
    /// The objects that are meant, with what the reader of the recipe should know.
    ///
    /// # Errors
    /// As [`Unread::objects`].
    pub fn listing(self) -> Result<Listing, Error> {
        match self {
            Self::Unread(list) => Ok(Listing { objects: list.objects()?, warnings: Vec::new() }),
            Self::Selected(listing) => Ok(listing),
        }
    }
}
