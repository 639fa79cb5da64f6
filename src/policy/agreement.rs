//! What a person was shown and agreed to, call by call.

use std::collections::{HashMap, HashSet};

use super::{Change, Excess};

/// How often each call is made on which objects.
pub type Calls = HashMap<CallOn, u64>;

/// An operation with the objects that it is called on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallOn {
    operation: (&'static str, &'static str),
    objects: Vec<String>,
}

/// What a person agreed to, and what was made of it so far.
#[derive(Debug)]
pub(super) struct Agreement {
    /// The ids that were there when it was shown. What the run makes itself has another id each time, and counts as one
    /// of those that were made.
    known: HashSet<String>,
    agreed: Calls,
    made: Calls,
}

impl CallOn {
    /// The call of a change.
    pub(super) fn of(change: &Change) -> Self {
        let operation = (change.operation.module, change.operation.name);
        Self { operation, objects: change.ids.clone() }
    }

    /// The same, in which all that is not known is alike.
    fn among(mut self, known: &HashSet<String>) -> Self {
        self.objects.iter_mut().filter(|id| !known.contains(*id)).for_each(String::clear);
        self
    }
}

impl Agreement {
    /// To these calls, when these ids were there.
    pub fn to(calls: &Calls, known: HashSet<String>) -> Self {
        let mut agreed = Calls::new();
        for (call, count) in calls {
            *agreed.entry(call.clone().among(&known)).or_default() += count;
        }
        Self { known, agreed, made: Calls::new() }
    }

    pub fn add(&mut self, change: &Change) {
        *self.made.entry(self.call(change)).or_default() += 1;
    }

    pub fn subtract(&mut self, change: &Change) {
        let call = self.call(change);
        self.made.entry(call).and_modify(|count| *count = count.saturating_sub(1));
    }

    /// What a change that was added makes more than was agreed to.
    pub fn excess(&self, change: &Change) -> Option<Excess> {
        let call = self.call(change);
        let count_in = |calls: &Calls| calls.get(&call).copied().unwrap_or_default();
        let (count, agreed) = (count_in(&self.made), count_in(&self.agreed));
        let object = change.objects.last().map(|object| object.name.as_ref().unwrap_or(&object.id));
        let object = object.or(change.ids.last()).cloned();
        (count > agreed).then_some(Excess::Unagreed { operation: change.operation.name, object, count, agreed })
    }

    fn call(&self, change: &Change) -> CallOn {
        CallOn::of(change).among(&self.known)
    }
}
