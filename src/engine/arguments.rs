//! One call of a native: its arguments, and the run that it happens in.

use std::future::Future;
use std::sync::Arc;

use rhai::{Array, Dynamic, FnPtr, FuncArgs, ImmutableString, Map, NativeCallContext};

use super::bridge;
use super::context::RunContext;
use super::fault::Fault;
use super::native::{Native, type_name_of};
use super::values::Object;
use crate::error::{Error, Kind};
use crate::secret::Scrubber;

/// What a native's body gets. Arguments are counted from 0, the receiver first if the native has one; their types have
/// been checked against the declaration.
pub struct Arguments<'a, 'v> {
    pub(super) context: &'a NativeCallContext<'a>,
    pub(super) run: &'a Arc<RunContext>,
    pub(super) native: &'a Native,
    pub(super) values: &'a mut [&'v mut Dynamic],
}

impl<'a> Arguments<'a, '_> {
    /// The run.
    #[must_use]
    pub fn run(&self) -> &'a Arc<RunContext> {
        self.run
    }

    /// What keeps the run's secrets out of every output.
    pub fn scrubber(&self) -> &'a Scrubber {
        &self.run().surroundings.scrubber
    }

    /// The declaration.
    #[must_use]
    pub fn native(&self) -> &'a Native {
        self.native
    }

    /// Rhai's own view of the call.
    #[must_use]
    pub fn context(&self) -> &'a NativeCallContext<'a> {
        self.context
    }

    /// How many arguments were given, the receiver counted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Whether an optional argument was given.
    #[must_use]
    pub fn has(&self, index: usize) -> bool {
        index < self.values.len()
    }

    /// An argument as it stands.
    ///
    /// # Errors
    /// A bug of ours if there is none.
    pub fn value(&self, index: usize) -> Result<&Dynamic, Fault> {
        self.values.get(index).map(|value| &**value).ok_or_else(|| self.misdeclared(index, "anything"))
    }

    /// An argument to change; only of a native that is declared mutating.
    ///
    /// # Errors
    /// A bug of ours if there is none.
    pub fn value_mut(&mut self, index: usize) -> Result<&mut Dynamic, Fault> {
        if index < self.values.len() {
            return Ok(self.values[index]);
        }
        Err(self.misdeclared(index, "anything"))
    }

    /// A copy of an argument, of a Rust type that Rhai knows; takes it without a copy unless it is the first.
    ///
    /// # Errors
    /// A bug of ours if it is of another type.
    pub fn get<T: Clone + Send + Sync + 'static>(&mut self, index: usize) -> Result<T, Fault> {
        // The first argument may be the caller's own variable; the others are ours to take.
        let value = match self.values.get_mut(index) {
            None => None,
            Some(value) if index == 0 => value.read_lock::<T>().map(|inner| inner.clone()),
            Some(value) => std::mem::take(*value).flatten().try_cast::<T>(),
        };
        value.ok_or_else(|| self.misdeclared(index, std::any::type_name::<T>()))
    }

    /// An optional argument of a Rust type.
    ///
    /// # Errors
    /// A bug of ours if it is of another type.
    pub fn get_if<T: Clone + Send + Sync + 'static>(&mut self, index: usize) -> Result<Option<T>, Fault> {
        if self.has(index) { self.get(index).map(Some) } else { Ok(None) }
    }

    /// Text.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn text(&mut self, index: usize) -> Result<ImmutableString, Fault> {
        self.get(index)
    }

    /// A whole number.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn integer(&mut self, index: usize) -> Result<i64, Fault> {
        self.get(index)
    }

    /// A whole or a decimal number.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn number(&mut self, index: usize) -> Result<f64, Fault> {
        let value = self.value(index)?;
        #[expect(clippy::cast_precision_loss, reason = "the caller asks for a float")]
        let number = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
        number.map_err(|_| self.misdeclared(index, "number"))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn boolean(&mut self, index: usize) -> Result<bool, Fault> {
        self.get(index)
    }

    /// A list.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn list(&mut self, index: usize) -> Result<Array, Fault> {
        self.get(index)
    }

    /// A map; an object of the API is turned into one.
    ///
    /// # Errors
    /// A bug of ours if it is neither.
    pub fn map(&mut self, index: usize) -> Result<Map, Fault> {
        if let Some(object) = self.value(index)?.read_lock::<Object>() {
            return Ok(object.to_map());
        }
        self.get(index)
    }

    /// A closure.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn function(&mut self, index: usize) -> Result<FnPtr, Fault> {
        self.get(index)
    }

    /// An object of the API.
    ///
    /// # Errors
    /// A bug of ours if it is not.
    pub fn object(&mut self, index: usize) -> Result<Object, Fault> {
        self.get(index)
    }

    /// Any value; taken without a copy unless it is the first.
    ///
    /// # Errors
    /// A bug of ours if there is none.
    pub fn any(&mut self, index: usize) -> Result<Dynamic, Fault> {
        match self.values.get_mut(index) {
            None => Err(self.misdeclared(index, "anything")),
            Some(value) if index == 0 => Ok(value.flatten_clone()),
            Some(value) => Ok(std::mem::take(*value).flatten()),
        }
    }

    /// Calls a closure of the script.
    ///
    /// # Errors
    /// What the closure throws.
    pub fn call(&self, function: &FnPtr, arguments: impl FuncArgs) -> Result<Dynamic, Fault> {
        function.call_within_context(self.context, arguments)
    }

    /// Blocks this script thread on a future of the shared runtime; a cancel or the deadline ends it at once.
    ///
    /// # Errors
    /// When the run is cancelled or out of time, or with the future's own error.
    pub fn wait<T, E>(&self, future: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, Fault>
    where
        T: Send + 'static,
        E: Into<Error> + Send + 'static,
    {
        bridge::wait(self.run, future)?.map_err(|error| Fault::from(error.into()))
    }

    /// An error that blames an argument: its name, what was given, what is wanted.
    #[must_use]
    pub fn wrong(&self, index: usize, wanted: &str) -> Fault {
        let name = self.parameter_name(index);
        let given = self.values.get(index).map_or_else(|| "nothing".into(), |value| type_name_of(value));
        let message = format!("`{}`: `{name}` must be {wanted}, not {given}", self.native.name);
        Error::new(Kind::Invalid, "wrong_argument", message)
            .with_hint(format!("it is called as `{}`", self.native.signature()))
            .into()
    }

    fn parameter_name(&self, index: usize) -> &'static str {
        let offset = usize::from(self.native.receiver.is_some());
        let parameter = index.checked_sub(offset).and_then(|index| self.native.parameters.get(index));
        parameter.map_or("receiver", |parameter| parameter.name)
    }

    #[cold]
    fn misdeclared(&self, index: usize, wanted: &str) -> Fault {
        let message = format!("`{}` asks for {wanted} as argument {index}, against its declaration", self.native.name);
        Error::new(Kind::Bug, "misdeclared_native", message).into()
    }
}
